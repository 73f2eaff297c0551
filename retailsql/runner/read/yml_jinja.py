"""Jinja in yml files, by dbt's rules: text stays text, a lone expression keeps its type."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.sandbox import SandboxedEnvironment

from retailsql.errors import ProjectError
from retailsql.runner.node import Place
from retailsql.runner.read.offered import EVERYWHERE, RefusedError, Var
from retailsql.runner.read.yml import YList, YMap

_UNREAD = ("data_tests", "tests", "description")


class _Text(str):
    """``| as_text``."""


class _Native(str):
    """``| as_native``: read as a Python literal."""


class _Bool(_Native):
    """``| as_bool``."""


class _Number(_Native):
    """``| as_number``."""


def _concat(pieces: Iterable[Any]) -> Any:
    """One piece keeps its type, several are text."""
    parts = list(pieces)
    if not parts:
        return ""
    if len(parts) > 1:
        return "".join(str(p) for p in parts)
    (value,) = parts
    if isinstance(value, _Text):
        return "".join(value)
    if not isinstance(value, _Native):
        return value
    try:
        found = literal_eval(value)
    except (ValueError, SyntaxError, MemoryError):
        found = "".join(value)
    number = isinstance(found, int | float) and not isinstance(found, bool)
    if isinstance(value, _Bool) and not isinstance(found, bool):
        raise RefusedError("as_bool is given something else", seen=str(value), wanted="True")
    if isinstance(value, _Number) and not number:
        raise RefusedError("as_number is given something else", seen=str(value), wanted="7")
    return found


class _Environment(SandboxedEnvironment):
    """Values, not text."""

    code_generator_class = NativeCodeGenerator
    concat = staticmethod(_concat)

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, autoescape=False)
        self.filters.update(
            as_text=_as(_Text), as_native=_as(_Native), as_bool=_as(_Bool), as_number=_as(_Number)
        )


def _as(kind: type[str]) -> Callable[[Any], str]:
    return lambda value: kind(value)


_ENVIRONMENT = _Environment()


@lru_cache(maxsize=2000)
def _compiled(text: str) -> Template:
    """Compiling takes longer than all else; the names come with each rendering."""
    return _ENVIRONMENT.from_string(text)


class YmlJinja:
    """Renders the values of yml files.

    Args:
        names: ``var``, ``target`` and what else the files may use.

    >>> YmlJinja({"n": 3}).value("{{ n }}", Place("x.yml")) + 1
    4
    """

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = {**EVERYWHERE, **names}
        if isinstance(var := names.get("var"), Var):
            var.render = lambda text: str(self.text(text, Place("vars")))

    def value(self, value: Any, place: Place) -> Any:
        """One value; what is in it, too. Tests and descriptions are left as they are.

        Raises:
            ProjectError: Jinja cannot read it, or a variable has no value; names file and line.
        """
        if isinstance(value, str):
            return self.text(value, place) if "{" in value else value
        if isinstance(value, YMap):
            made = YMap(value.place.file, value.place.line)
            made.lines = value.lines
            for key, inner in value.items():
                made[key] = inner if key in _UNREAD else self.value(inner, value.at(key))
            return made
        if isinstance(value, YList):
            several = YList(value.place.file, value.place.line)
            several.lines = value.lines
            several += [self.value(v, value.at(i)) for i, v in enumerate(value)]
            return several
        return value

    def text(self, text: str, place: Place, more: Mapping[str, Any] | None = None) -> Any:
        """One text.

        Args:
            text: with or without Jinja.
            place: where it stands.
            more: further names.

        Raises:
            ProjectError: see :meth:`value`.
        """
        if not any(mark in text for mark in ("{{", "{%", "{#")):
            return text
        try:
            template = _compiled(text)
            return _concat(
                template.root_render_func(template.new_context({**self._names, **(more or {})}))
            )
        except RefusedError as error:
            raise ProjectError(
                f"{place}: {error.fact}", seen=error.seen, wanted=error.wanted, todo=error.todo
            ) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise ProjectError(
                f"{place}: Jinja cannot work out this value",
                seen=f"{text.strip()}: {error}",
                todo="correct the expression between {{ and }}",
            ) from error
