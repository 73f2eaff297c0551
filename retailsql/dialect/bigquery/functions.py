"""How one function of BigQuery is said in DuckDB: the entry of the function tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retailsql.dialect.bigquery.known import Known
from retailsql.errors import StatementError
from retailsql.registry.names import literal

if TYPE_CHECKING:
    from sqlglot import exp

MANY = 1000


@dataclass
class Call:
    """One call of a function, its arguments rendered already.

    Args:
        name: upper case.
        texts: the arguments as DuckDB's SQL.
        nodes: the arguments as they stand in the tree.
        ask: what is known of one of them: its kind (int, float, string, bytes, bool, date,
            datetime, timestamp, instant, time, array, ...) and DuckDB's type.
        refuse: makes the error about this call, at its place.
        distinct: DISTINCT stood before the arguments.
        nulls: IGNORE or RESPECT, or nothing.
        order: ``ORDER BY ...`` as DuckDB's SQL, or nothing.
        limit: of an aggregate's LIMIT, or nothing.
        having: MAX or MIN and the expression of HAVING MAX, or None.
        windowed: OVER follows.
        note: takes a sentence for the person who runs the script.
        wanted: the builder may say here to what type the value over a window is cast.
    """

    name: str
    texts: list[str]
    nodes: list[exp.Expression]
    ask: Callable[[int], Known]
    refuse: Callable[..., StatementError]
    distinct: bool = False
    nulls: str = ""
    order: str = ""
    limit: str = ""
    having: tuple[str, str] | None = None
    windowed: bool = False
    note: Callable[[str], None] = lambda _: None
    wanted: str = ""

    def __len__(self) -> int:
        return len(self.texts)

    def text(self, i: int, default: str = "NULL") -> str:
        """An argument, or what stands for one that was left out."""
        return self.texts[i] if i < len(self.texts) else default

    def kind(self, i: int) -> str | None:
        """The kind of an argument."""
        return self.ask(i).kind if i < len(self.texts) else None

    @property
    def kinds(self) -> list[str | None]:
        """The kinds of all arguments."""
        return [self.kind(i) for i in range(len(self))]

    def type(self, i: int) -> str:
        """DuckDB's type of an argument; empty where it is not known."""
        held = self.ask(i).type if i < len(self.texts) else None
        return "" if held is None else str(held)

    def string(self, i: int, what: str) -> str:
        """An argument that must be a literal string.

        Raises:
            StatementError: it is not.
        """
        from sqlglot import exp

        node = self.nodes[i]
        if not (isinstance(node, exp.Literal) and node.is_string):
            raise self.refuse(
                f"{self.name} is translated with a literal {what} only", seen=self.texts[i],
                wanted=f"the {what} as a string literal",
            )  # fmt: skip
        return str(node.this)

    def number(self, i: int, what: str) -> int:
        """An argument that must be a literal whole number."""
        try:
            return int(self.texts[i].strip("()"))
        except ValueError:
            raise self.refuse(
                f"{self.name} is translated with a literal {what} only", seen=self.texts[i],
                wanted="a whole number",
            ) from None  # fmt: skip

    def part(self, i: int) -> tuple[str, str]:
        """A date part, and the day of WEEK(day)."""
        return part_of(self.nodes[i])


@dataclass(frozen=True)
class Function:
    """One function of BigQuery.

    Args:
        build: makes DuckDB's text of a call.
        low: fewest arguments.
        high: most arguments.
        kind: what it returns, if that is always the same; ``"0"``: what its first argument is;
            or what says it for a call.
        aggregate: takes DISTINCT, ORDER BY and LIMIT, and OVER.
    """

    build: Callable[[Call], str]
    low: int = 1
    high: int = 1
    kind: str | Callable[[Call], str | None] | None = None
    aggregate: bool = False


Table = dict[str, Function]


def say(template: str, low: int = 1, high: int | None = None, kind: str | None = None) -> Function:
    """A function that is one template: ``{0}`` is the first argument, ``{all}`` are all."""
    most = low if high is None else high

    def build(call: Call) -> str:
        return template.format(*call.texts, all=", ".join(call.texts))

    return Function(build, low, most, kind)


def same(name: str, low: int = 1, high: int | None = None, kind: str | None = None) -> Function:
    """A function that DuckDB has with the same meaning, under this name."""
    return say(f"{name}({{all}})", low, high, kind)


def fail(words: str, type_: str) -> str:
    """An expression that raises when it is reached.

    A cast that must fail, and not ``error()``: that is volatile, cannot stand in TRY and keeps
    DuckDB from computing equal expressions once.
    """
    return f"CAST({literal(words)} AS {type_})"


def part_of(node: Any) -> tuple[str, str]:
    """A date part in upper case, and for WEEK the day it begins with.

    >>> from sqlglot import exp
    >>> part_of(exp.column("isoweek"))
    ('ISOWEEK', 'MONDAY')
    """
    from sqlglot import exp

    if isinstance(node, exp.Column | exp.Var | exp.Identifier):
        word = node.name.upper()
    elif isinstance(node, exp.Week | exp.WeekStart):
        return "WEEK", node.name.upper()
    else:
        word = node.sql("bigquery").upper()
    return word, {"WEEK": "SUNDAY", "ISOWEEK": "MONDAY"}.get(word, "")
