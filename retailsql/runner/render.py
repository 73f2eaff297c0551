"""One SQL file through Jinja, with every error turned into file, line and what to do."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.exceptions import TemplateSyntaxError

from retailsql.errors import ProjectError, nearest
from retailsql.runner.settings import not_utf8

_NOT_GIVEN = object()


class _WrongNameError(Exception):
    """A wrong ref, source or var, before the line is known: fact, wanted, todo."""


class _Files(FileSystemLoader):
    """Files that must be UTF-8; Jinja's own loader does not say which one is not."""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        try:
            return super().get_source(environment, template)
        except UnicodeDecodeError as error:
            raise not_utf8(template, error) from error


@dataclass
class Rendered:
    """What one file came to."""

    sql: str = ""
    needs: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)


class Renderer:
    """Renders the files of one project.

    Args:
        root: the project's folder.
        sources: ``(source, table)`` -> relation.
        variables: what ``var()`` returns.
        schema: schema of what ``ref()`` and ``this`` name.
    """

    def __init__(
        self,
        root: Path,
        sources: Mapping[tuple[str, str], str],
        variables: Mapping[str, Any],
        schema: str,
    ) -> None:
        self._root, self._sources, self._vars, self._schema = root, sources, variables, schema
        self.asked: set[str] = set()  # variables that some file reads
        self._env = Environment(
            loader=_Files(root),
            undefined=StrictUndefined,
            extensions=["jinja2.ext.do"],
            autoescape=False,  # SQL, not HTML
        )
        self._macros = sorted((root / "macros").rglob("*.sql"))

    def render(self, file: Path, known: Sequence[str]) -> Rendered:
        """Render one file.

        Args:
            file: its path inside the project.
            known: names that ``ref()`` may name.

        Raises:
            ProjectError: names file and line.
        """
        out = Rendered()
        needs: dict[str, None] = {}

        def ref(*names: str) -> str:
            name = names[-1]  # dbt's two-argument form names the package first
            if name not in known:
                _refuse(f"ref({name!r}) names no model", nearest(name, known))
            needs[name] = None
            return f"{self._schema}.{name}"

        def config(**options: Any) -> str:
            out.config.update(options)
            return ""

        context = {
            "ref": ref,
            "source": self._source,
            "var": self._var,
            "config": config,
            "this": f"{self._schema}.{file.stem}",
            "target": {"schema": self._schema, "type": "duckdb", "name": "retailsql"},
            "execute": True,
        }
        out.sql = self._guard(file, lambda: self._run(file, context)).strip()
        out.needs = tuple(needs)
        return out

    def _run(self, file: Path, context: dict[str, Any]) -> str:
        """Macros first, into the very context that they look names up in, then the file."""
        scope: dict[str, Any] = {**self._env.globals, **context}
        for path in self._macros:
            template = self._env.get_template(path.relative_to(self._root).as_posix())
            # shared: macros of one file then see those of every other file
            module = template.make_module(scope, shared=True)
            scope.update({k: v for k, v in vars(module).items() if not k.startswith("_")})
        return self._env.get_template(file.as_posix()).render(scope)

    def _source(self, source: str, table: str) -> str:
        if (source, table) not in self._sources:
            names = [f"{s}.{t}" for s, t in self._sources]
            _refuse(
                f"source({source!r}, {table!r}) is declared in no yml file under models/",
                nearest(f"{source}.{table}", names),
            )
        return self._sources[source, table]

    def _var(self, name: str, default: Any = _NOT_GIVEN) -> Any:
        self.asked.add(name)
        if name in self._vars:
            return self._vars[name]
        if default is _NOT_GIVEN:
            _refuse(
                f"var({name!r}) has no value", nearest(name, self._vars),
                "set it in dbt_project.yml under vars, or with --var",
            )  # fmt: skip
        return default

    def _guard(self, file: Path, work: Callable[[], str]) -> str:
        """Run ``work``; say where it went wrong."""
        try:
            return work()
        except TemplateSyntaxError as error:
            raise ProjectError(
                f"{error.name or file}:{error.lineno}: Jinja cannot read this", seen=error.message
            ) from error
        except _WrongNameError as error:
            fact, wanted, todo = error.args
            place = self._place(error, file)
            raise ProjectError(f"{place}: {fact}", wanted=wanted, todo=todo) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            place = self._place(error, file)
            raise ProjectError(f"{place}: Jinja failed", seen=str(error)) from error

    def _place(self, error: BaseException, file: Path) -> str:
        """``file:line`` of the innermost template frame (Jinja rewrites its tracebacks)."""
        frames = traceback.extract_tb(error.__traceback__)
        root = str(self._root)
        inside = [f for f in frames if f.filename.startswith(root) and f.filename.endswith(".sql")]
        if not inside:
            return str(file)
        return f"{Path(inside[-1].filename).relative_to(self._root)}:{inside[-1].lineno}"


def _refuse(fact: str, wanted: str, todo: str | None = None) -> NoReturn:
    raise _WrongNameError(fact, wanted, todo)
