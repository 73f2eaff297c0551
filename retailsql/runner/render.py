"""One SQL file through Jinja, with every error turned into file, line and what to do."""

from __future__ import annotations

import datetime
import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from jinja2 import TemplateError
from jinja2.exceptions import TemplateSyntaxError, UndefinedError

from retailsql.errors import ProjectError, nearest
from retailsql.runner.node import Place
from retailsql.runner.read.config_in_jinja import DEFAULTS, Config, Known, Model
from retailsql.runner.read.environment import MACRO, Macro, SqlEnvironment, here
from retailsql.runner.read.line_map import plain
from retailsql.runner.read.offered import EVERYWHERE, RefusedError, ReturnError, SaidError, Var
from retailsql.runner.read.relation import Relation
from retailsql.runner.read.world import Rendered, World

_T = TypeVar("_T")


class Renderer:
    """Renders the files of one project.

    Args:
        world: the project.
        asked: names of variables that some file reads are added to it.
    """

    def __init__(self, world: World, asked: set[str]) -> None:
        self.world, self.asked = world, asked
        self._now = Rendered()
        self._known_config: Mapping[str, Any] = {}
        self._incremental = False
        self._env = SqlEnvironment(world.files, {*world.macros, *world.lent})
        self._scope: dict[str, Any] = {**self._env.globals, **EVERYWHERE, **self._offered()}
        self.macros: dict[str, Macro] = {}
        for file in world.macros:
            self._load_macros(file, lent=False)
        for file in world.lent:
            self._load_macros(file, lent=True)

    def render(
        self,
        file: str,
        this: Relation,
        config: Mapping[str, Any],
        incremental: bool = False,
    ) -> Rendered:
        """Render one file.

        Args:
            file: its name.
            this: the relation it makes.
            config: what is known of its configuration, for ``config.get``.
            incremental: what ``is_incremental()`` returns.

        Raises:
            ProjectError: names file and line.
        """
        return self.collect(
            file, this, config, lambda: self._env.get_template(file).render(self._scope),
            incremental,
        )  # fmt: skip

    def collect(
        self,
        file: str,
        this: Relation,
        config: Mapping[str, Any],
        work: Callable[[], Any],
        incremental: bool = False,
    ) -> Rendered:
        """Do ``work``, which renders, and collect what it refers to."""
        before = self._now, self._known_config, self._incremental
        self._now, self._known_config, self._incremental = Rendered(), config, incremental
        self._scope["this"] = this
        self._scope["model"] = Model(
            name=this.identifier, alias=this.identifier, schema=this.schema,
            database=this.database, original_file_path=file, package_name=self.world.name,
            config=self._scope["config"],
        )  # fmt: skip
        try:
            out = self._now
            out.sql = self.guard(file, lambda: _text(work())).strip()
            return out
        finally:
            self._now, self._known_config, self._incremental = before

    @property
    def names(self) -> Mapping[str, Any]:
        """What Jinja knows by name."""
        return self._scope

    def render_text(self, text: str) -> str:
        """A text with Jinja in it, which stands in no file."""
        return "".join(self._env.from_string(text).render(self._scope))

    def this(self, name: str) -> Relation:
        """The relation that a file makes."""
        return Relation.of(self.world.schema, name, self.world.database)

    def call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """The result of a macro; to be called inside of :meth:`collect` or :meth:`guard`."""
        if name not in self.macros:
            raise RefusedError(
                f"The project has no macro {name!r}", wanted=nearest(name, self.macros)
            )
        return self.macros[name](*args, **kwargs)

    @contextmanager
    def replaced(self, names: Mapping[str, Any]) -> Iterator[None]:
        """Other values for some names, for a while."""
        before = {name: self._scope[name] for name in names if name in self._scope}
        self._scope.update(names)
        try:
            yield
        finally:
            for name in names:
                del self._scope[name]
            self._scope.update(before)

    def guard(self, file: str, work: Callable[[], _T]) -> _T:
        """Do ``work``; say where it went wrong.

        Raises:
            ProjectError: names file and line.
        """
        try:
            return work()
        except TemplateSyntaxError as error:
            raise ProjectError(
                f"{error.name or file}:{error.lineno}: Jinja cannot read this", seen=error.message,
                todo="close what is open: {{ with }}, ( with ), {% if %} with {% endif %}",
            ) from error  # fmt: skip
        except RefusedError as error:
            raise ProjectError(
                self._told(error, file), seen=error.seen, wanted=error.wanted, todo=error.todo
            ) from error
        except ReturnError as error:
            raise ProjectError(
                f"{self._place(error, file)}: return() outside a macro", todo="write the value out"
            ) from error
        except UndefinedError as error:
            known = [n for n in (*self.macros, *self._scope) if isinstance(n, str)]
            name = re.match("'(.*?)' is undefined", str(error))
            raise self._failed(error, file, nearest(name[1], known) if name else None) from error
        except (
            TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError,
            RecursionError,
        ) as error:  # fmt: skip
            raise self._failed(error, file) from error

    def _told(self, error: RefusedError, file: str) -> str:
        """The fact and its place; of a macro, also the line of the file that calls it.

        What a macro says by itself is about what it was given: the caller's line comes first.
        """
        places = self._places(error) or [Place(file)]
        first, last = places[0], places[-1]
        if first.file == last.file:
            return f"{last}: {error.fact}"
        if isinstance(error, SaidError):
            return f"{first}: {error.fact} (said by {last})"
        return f"{last}: {error.fact} (called from {first})"

    def _failed(self, error: Exception, file: str, wanted: str | None = None) -> ProjectError:
        """The error for a failure inside of Jinja; if in a macro, with the line that called it."""
        places = self._places(error) or [Place(file)]
        called = ", ".join(str(p) for p in places[:-1] if p != places[-1])
        return ProjectError(
            f"{places[-1]}: Jinja failed",
            seen=f"{error}{f' (called from {called})' if called else ''}", wanted=wanted,
            todo="correct the expression on this line, or what it is given",
        )  # fmt: skip

    def _load_macros(self, file: str, lent: bool) -> None:
        """Into the very scope that the files look names up in."""

        def load() -> dict[str, Any]:
            # shared: macros of one file then see those of every other file
            return vars(self._env.get_template(file).make_module(self._scope, shared=True))

        for inner, macro in self.guard(file, load).items():
            name = inner.removeprefix(MACRO)
            if name == inner or (lent and name in self.macros):
                continue
            if name in self.macros:
                raise ProjectError(
                    f"Two macros are called {name!r}", seen=f"{self.macros[name].file} and {file}",
                    todo="rename one",
                )  # fmt: skip
            macro.name = name  # what Jinja's messages call it
            self.macros[name] = self._scope[name] = Macro(macro, file)
        own = self._scope.setdefault(self.world.name, {})
        if isinstance(own, dict):
            own.update(self.macros)  # project_name.macro(), as dbt allows

    def _place(self, error: BaseException, file: str) -> Place:
        """The innermost template line of an error."""
        return (self._places(error) or [Place(file)])[-1]

    def _places(self, error: BaseException) -> list[Place]:
        """The template lines of an error, outermost first (Jinja rewrites its tracebacks)."""
        frames = traceback.extract_tb(error.__traceback__)
        return [Place(f.filename, f.lineno or 1) for f in frames if f.filename in self.world.files]

    def _offered(self) -> dict[str, Any]:
        world = self.world
        var = Var(world.variables, self.asked)
        var.render = self.render_text
        return {
            "ref": self._ref,
            "source": self._source,
            "var": var,
            "config": Config(self.said, self.known_config),
            "is_incremental": self._is_incremental,
            "target": Known(world.target),
            "schema": world.schema,
            "database": world.database,
            "project_name": world.name,
            "run_started_at": datetime.datetime.now(datetime.UTC),
            "builtins": {"ref": self._ref, "source": self._source},
        }

    def _ref(self, *names: str, **versions: Any) -> Relation:
        if versions:
            raise RefusedError(
                "The light runner knows no versions of models", seen=f"ref{names} {versions}"
            )
        if len(names) == 2 and names[0] != self.world.name:
            raise RefusedError(
                f"ref{names!r} names a package", wanted=self.world.name,
                todo="copy what is needed into this project: the light runner uses no packages",
            )  # fmt: skip
        name = names[-1] if names else ""
        if name not in self.world.known:
            raise RefusedError(
                f"ref({name!r}) names no model", wanted=nearest(str(name), self.world.known)
            )
        self._now.needs.setdefault(name, here(Place("")))
        return self.world.known[name]

    def _source(self, source: str, table: str) -> Relation:
        if (source, table) not in self.world.sources:
            names = [f"{s}.{t}" for s, t in self.world.sources]
            raise RefusedError(
                f"source({source!r}, {table!r}) is declared in no yml file",
                wanted=nearest(f"{source}.{table}", names),
            )
        self._now.sources.setdefault((source, table), here(Place("")))
        return self.world.sources[source, table]

    def _is_incremental(self) -> bool:
        self._now.incremental = True
        return self._incremental

    def said(self, options: Mapping[str, Any]) -> str:
        """``config(...)`` was called."""
        self._now.config.update(plain(dict(options)))
        self._now.config_place = here(Place(""))
        return ""

    def known_config(self) -> Mapping[str, Any]:
        """What config.get() may read."""
        self._now.config_read = True
        # the file is rendered again if this was asked; then all that it says is known before
        return {**DEFAULTS, **self._now.config, **self._known_config}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
