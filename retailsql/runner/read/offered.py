"""The names of Jinja that do not depend on the file: what dbt offers everywhere."""

from __future__ import annotations

import datetime
import itertools
import json
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

import pytz  # type: ignore[import-untyped]
import yaml

from retailsql.errors import nearest
from retailsql.runner.not_supported import JINJA, by_name
from retailsql.runner.read.line_map import plain

_LOG = logging.getLogger("retailsql.runner")
_NOT_GIVEN: Any = object()
_JINJA = re.compile(r"{[{%#]")


class RefusedError(Exception):
    """Something wrong in a file, before the line is known.

    Args:
        fact: what is wrong.
        seen: the value found.
        wanted: the value that would have been right.
        todo: what to do.
    """

    def __init__(
        self, fact: str, *, seen: object = None, wanted: object = None, todo: str | None = None
    ) -> None:
        super().__init__(fact)
        self.fact, self.seen, self.wanted, self.todo = fact, seen, wanted, todo


class SaidError(RefusedError):
    """``exceptions.raise_compiler_error``: the words of a macro about what it was given."""


class ReturnError(Exception):
    """``return(value)`` leaves a macro; whoever called the macro gets the value."""

    def __init__(self, value: Any) -> None:
        super().__init__("return() outside of a macro")
        self.value = value


class NotOffered:
    """A name of dbt that is not offered here: says so when it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _refuse(self, use: str) -> NoReturn:
        known = by_name(self._name)
        raise RefusedError(known.what, seen=f"{self._name}{use}", todo=known.todo)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse."""
        self._refuse("()")

    def __str__(self) -> str:
        self._refuse("")

    def __getattr__(self, name: str) -> NoReturn:
        # what Jinja itself asks every value for
        if name.startswith(("_", "jinja_")) or name in ("unsafe_callable", "alters_data"):
            raise AttributeError(name)
        self._refuse(f".{name}")


class Var:
    """``var('name', default)`` and ``var.has_var('name')``; remembers who was asked for.

    A value that is a text with Jinja in it is rendered where it is asked for, as dbt does.

    Args:
        values: the variables.
        asked: names asked for are added to it.
        todo: where to set one that has no value.

    >>> var = Var({"a": "{{ 1 + 1 }}"}, set())
    >>> var("a"), var("b", 3)
    ('{{ 1 + 1 }}', 3)
    >>> var.render = lambda text: "2"
    >>> var("a")
    '2'
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        asked: set[str],
        todo: str = "set it in dbt_project.yml under vars, or with --vars",
    ) -> None:
        self._values, self._asked, self._todo = values, asked, todo
        self.render: Callable[[str], str] | None = None

    def __call__(self, name: str, default: Any = _NOT_GIVEN) -> Any:
        """The value of a variable."""
        self._asked.add(name)
        if name in self._values:
            value = self._values[name]
            jinja = self.render and isinstance(value, str) and _JINJA.search(value)
            return self.render(value) if self.render and jinja else value
        if default is _NOT_GIVEN:
            raise RefusedError(
                f"var({name!r}) has no value", wanted=nearest(str(name), map(str, self._values)),
                todo=self._todo,
            )  # fmt: skip
        return default

    def has_var(self, name: str) -> bool:
        """Whether it has a value."""
        self._asked.add(name)
        return name in self._values


def env_var(name: str, default: Any = _NOT_GIVEN) -> str:
    """A variable of the environment.

    Raises:
        RefusedError: it is not set, and no default is given.
    """
    if name in os.environ:
        return os.environ[name]
    if default is _NOT_GIVEN or default is None:
        raise RefusedError(
            f"env_var({name!r}) is not set",
            todo=f"export {name}=..., or give a default: env_var({name!r}, '...')",
        )
    return str(default)


class _Exceptions:
    """``exceptions.raise_compiler_error`` and ``exceptions.warn``."""

    def raise_compiler_error(self, message: str, node: Any = None) -> NoReturn:
        """Stop, with a message."""
        raise SaidError(str(message))

    def warn(self, message: str, node: Any = None) -> str:
        """Into the log, as a warning."""
        _LOG.warning(str(message))
        return ""


def log(message: Any, info: bool = False) -> str:
    """Into Python's log, under ``retailsql.runner``."""
    _LOG.log(logging.INFO if info else logging.DEBUG, str(message))
    return ""


def leave(value: Any = None) -> NoReturn:
    """``return(value)``."""
    raise ReturnError(value)


def _or_default(work: Callable[[Any], Any], *errors: type[Exception]) -> Callable[..., Any]:
    def careful(value: Any, default: Any = None) -> Any:
        try:
            return work(value)
        except errors:
            return default

    return careful


def _to_json(value: Any, default: Any = None, sort_keys: bool = False) -> Any:
    try:
        return json.dumps(value, sort_keys=sort_keys)
    except (TypeError, ValueError):
        return default


def _to_yaml(value: Any, default: Any = None, sort_keys: bool = False) -> Any:
    try:
        return yaml.safe_dump(data=plain(value), sort_keys=sort_keys)
    except yaml.YAMLError:
        return default


def _zip(*args: Iterable[Any], default: Any = None) -> Any:
    try:
        return list(zip(*args, strict=False))
    except TypeError:
        return default


_DATES = ("date", "datetime", "time", "timedelta", "tzinfo")

MODULES: dict[str, dict[str, Any]] = {
    "datetime": {name: getattr(datetime, name) for name in _DATES},
    "pytz": {name: getattr(pytz, name) for name in ("timezone", "utc", "UTC", "all_timezones")},
    "re": {name: getattr(re, name) for name in re.__all__},
    "itertools": {n: getattr(itertools, n) for n in dir(itertools) if not n.startswith("_")},
}

EVERYWHERE: Mapping[str, Any] = {
    "env_var": env_var,
    "log": log,
    "print": log,
    "return": leave,
    "exceptions": _Exceptions(),
    "fromjson": _or_default(json.loads, ValueError, TypeError),
    "tojson": _to_json,
    "fromyaml": _or_default(yaml.safe_load, yaml.YAMLError, AttributeError),
    "toyaml": _to_yaml,
    "set": _or_default(set, TypeError),
    "set_strict": set,
    "zip": _zip,
    "zip_strict": zip,
    "modules": MODULES,
    "execute": True,
    **{name: NotOffered(name) for name in sorted(JINJA)},
}
"""Names that are the same in every file."""
