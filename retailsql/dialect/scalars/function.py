"""What a preprocessing function is: statistics of a column, and the SQL of a value given them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from retailsql.dialect.tokens import Walk
from retailsql.dialect.values import read_value
from retailsql.errors import StatementError


@dataclass(frozen=True)
class Statistic:
    """One number or list that all rows together give.

    Args:
        aggregate: an aggregate's SQL over the rows.
        finish: the SQL of the statistic, from the SQL of the aggregate's value.
        sorted_by: SQL of the values, where the order in which threads add them up moves the last
            bits: :attr:`frozen` adds them up in their own order, so that the same rows always
            give the same model.
    """

    aggregate: str
    finish: Callable[[str], str] = field(default=lambda aggregate: aggregate)
    sorted_by: str = ""

    @property
    def frozen(self) -> str:
        """The SQL of the statistic over all rows of a SELECT.

        >>> Statistic("favg(x)", sorted_by="x").frozen
        'favg(x ORDER BY x)'
        """
        if not self.sorted_by:
            return self.finish(self.aggregate)
        return self.finish(f"{self.aggregate[:-1]} ORDER BY {self.sorted_by})")


@dataclass(frozen=True)
class Given:
    """The statistics' SQL, by their names.

    Args:
        sql: name -> SQL: a literal, or a window over all rows.
        frozen: they are literals, which may stand inside a lambda; a window may not.
    """

    sql: Mapping[str, str]
    frozen: bool

    def __getitem__(self, name: str) -> str:
        return self.sql[name]

    def bind(self, value: str, body: Callable[[str, Given], str]) -> str:
        """SQL in which a value stands once and is used as often as wanted.

        Args:
            value: its SQL, a person's text in it.
            body: writes the result from a short name for the value and from the statistics.

        >>> Given({"m": "2"}, True).bind("a + b", lambda v, g: f"{v} * {v} - {g['m']}")
        'list_transform([a + b], lambda __rs: __rs * __rs - 2)[1]'
        """
        if self.frozen or not self.sql:
            return bound(value, lambda v: body(v, self))
        packed = ", ".join([f"'v': {value}"] + [f"'{k}': {s}" for k, s in self.sql.items()])
        inside = Given({k: f"__rs.{k}" for k in self.sql}, False)
        return f"list_transform([{{{packed}}}], lambda __rs: {body('__rs.v', inside)})[1]"


def bound(value: str, body: Callable[[str], str], name: str = "__rs") -> str:
    """SQL in which a value stands once, under a name that is used as often as wanted."""
    return f"list_transform([{value}], lambda {name}: {body(name)})[1]"


@dataclass(frozen=True)
class Plan:
    """The SQL of one call.

    Args:
        value: writes the SQL of the result, from the statistics.
        statistics: what it needs to know of all rows, by name; empty for a function of its row.
    """

    value: Callable[[Given], str]
    statistics: Mapping[str, Statistic] = field(default_factory=dict)


@dataclass(frozen=True)
class Scalar:
    """One preprocessing function.

    Args:
        name: upper case, without ``ML.``.
        form: its arguments as documented.
        returns: the DuckDB type of its result.
        doc: one sentence for people.
        plan: reads the arguments and says the SQL.
        least: how many arguments it needs.
        most: how many it takes.
        analytic: it looks at all rows and is written with ``OVER ()``.
    """

    name: str
    form: str
    returns: str
    doc: str
    plan: Callable[[Arguments], Plan]
    least: int
    most: int
    analytic: bool = False


class Arguments:
    """The arguments of one call.

    Args:
        name: the function's name.
        call: a walk over the whole call, for errors.
        parts: a walk over each argument, as written.
        texts: each argument's SQL, ML functions in it expanded.
    """

    def __init__(self, name: str, call: Walk, parts: Sequence[Walk], texts: Sequence[str]) -> None:
        self.name, self.call, self.parts, self.texts = name, call, parts, texts

    def __getitem__(self, at: int) -> str:
        return self.texts[at]

    def double(self, at: int = 0) -> str:
        """The SQL of a number."""
        return f"CAST({self.texts[at]} AS DOUBLE)"

    def text(self, at: int = 0) -> str:
        """The SQL of a text."""
        return f"CAST({self.texts[at]} AS VARCHAR)"

    def error(self, at: int, fact: str, wanted: str, todo: str | None = None) -> StatementError:
        """The error about one argument, at its place."""
        part = self.parts[at]
        part.at = 0
        seen = part.slice(0, len(part.tokens))[:80]
        return part.error(f"ML.{self.name}: {fact}", wanted=wanted, todo=todo, seen=seen)

    def constant(
        self, at: int, default: Any, takes: Callable[[Any], bool], what: str, wanted: str
    ) -> Any:
        """An argument that must be a literal, or its default where it is left out.

        Raises:
            StatementError: it is none, or not allowed.
        """
        if at >= len(self.parts):
            return default
        try:
            value = read_literal(self.parts[at])
        except StatementError as error:
            raise self.error(at, f"{what} is no literal", wanted) from error
        if not takes(value):
            raise self.error(at, f"{what} has a wrong value", wanted)
        return value

    def whole(self, at: int, default: int, what: str, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``."""
        wanted = f"a whole number from {low:,} to {high:,}"
        value: int = self.constant(
            at, default, lambda v: is_whole(v) and low <= v <= high, what, wanted
        )
        return value

    def choice(self, at: int, default: str | None, what: str, choices: Sequence[str]) -> str:
        """One of some words; None as default: it must be there."""
        value: str = self.constant(
            at, default, lambda v: isinstance(v, str) and v.lower() in choices, what,
            " or ".join(f"'{c}'" for c in choices),
        )  # fmt: skip
        return value.lower()

    def flag(self, at: int, default: bool, what: str) -> bool:
        """TRUE or FALSE."""
        value: bool = self.constant(
            at, default, lambda v: isinstance(v, bool), what, "TRUE or FALSE"
        )
        return value

    def numbers(self, at: int, default: Any, what: str, wanted: str) -> list[float]:
        """An array of finite numbers."""
        value: list[float] = self.constant(
            at, default, lambda v: isinstance(v, list) and all(map(is_number, v)), what, wanted
        )
        return value


def is_whole(value: object) -> bool:
    """True for a whole number, not for TRUE."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """True for a finite number, not for TRUE."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def read_literal(part: Walk) -> Any:
    """A literal that is the whole of an argument; ``GENERATE_ARRAY(0, 100, 10)`` is one too."""
    part.at = 0
    if part.take("GENERATE_ARRAY"):
        start, stop = part.group()
        ends = [read_literal(part.sub(*r)) for r in part.split(start, stop)]
        value: Any = _steps(part, ends)
    else:
        value = read_value(part)
    if not part.done:
        raise part.error("Did not expect more behind a literal", wanted=", or )")
    return value


def _steps(part: Walk, ends: list[Any]) -> list[float]:
    """What GENERATE_ARRAY(first, last, step) gives: the last one belongs to it."""
    first, last, step = [*ends, 1][:3] if len(ends) == 2 else ends if len(ends) == 3 else (0, 0, 0)
    if not all(map(is_number, (first, last, step))) or step == 0:
        raise part.error("GENERATE_ARRAY needs two or three numbers", wanted="(first, last, step)")
    many = math.floor((last - first) / step + 1e-9) + 1
    if many > 10_000:
        raise part.error("GENERATE_ARRAY is too long here", seen=str(many), wanted="10,000 at most")
    return [first + i * step for i in range(max(0, many))]
