"""What a column is made of, and the records in which a relation tells it.

A column has *values* it is computed from: every column inside its expression, those in CASE
conditions, FILTER, OVER(...) and ORDER BY of an aggregate among them. What only decides which rows
there are (WHERE, ON, GROUP BY, HAVING, QUALIFY, DISTINCT, LIMIT) is a *filter*.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from retailsql.runner.node import Place


@dataclass(frozen=True)
class Key:
    """A table of the project, or outside of it.

    Args:
        name: of a node, or as the person writes it: ``raw.orders``, ``'orders/*.parquet'``.
        node: True for one that a file of the project makes.
    """

    name: str
    node: bool


@dataclass(frozen=True)
class Ref:
    """A column of a table, or of a file that is read."""

    table: Key
    column: str


@dataclass(frozen=True)
class Rows:
    """Which rows a table has: all that decides it is a filter of what is read from it."""

    table: Key


@dataclass(frozen=True)
class ModelCall:
    """A value that a trained model gave for other values.

    Args:
        model: name of the project's training file, or of the model in the registry.
        verb: score, predict, recommend, ...
        text: the call as written.
        place: where it stands.
        inputs: what went in.
        note: what is uncertain about them.
    """

    model: str
    verb: str
    text: str
    place: Place
    inputs: frozenset[Origin]
    note: str = ""


@dataclass(frozen=True)
class Lost:
    """Something that cannot be followed: what, and where."""

    why: str
    place: Place


Origin = Ref | Rows | ModelCall | Lost
NOTHING: frozenset[Origin] = frozenset()


@dataclass(frozen=True)
class Step:
    """An expression on the way inside one file.

    Args:
        name: the column's name there.
        text: the SQL as written.
        place: where.
    """

    name: str
    text: str
    place: Place


@dataclass(frozen=True)
class Found:
    """What an expression is made of.

    Args:
        value: columns, calls and what is lost.
        filters: what decides the rows of subqueries in it.
        steps: expressions behind it in the same file, nearest first.
        fields: for a row or struct whose fields are known: the same of each field.
    """

    value: frozenset[Origin] = NOTHING
    filters: frozenset[Origin] = NOTHING
    steps: tuple[Step, ...] = ()
    fields: Fields | None = None

    @property
    def all(self) -> frozenset[Origin]:
        """Values and filters."""
        return self.value | self.filters


@dataclass(frozen=True)
class Fields:
    """Fields of a row: those that are known, and what any other would be made of."""

    known: Mapping[str, Found]
    rest: Callable[[str], Found] | None = None

    def get(self, name: str) -> Found | None:
        """The field of that name, or None if there is none."""
        found = self.known.get(name.lower())
        return self.rest(name) if found is None and self.rest is not None else found


def together(parts: Iterable[Found]) -> Found:
    """What several expressions are made of, as one.

    >>> a, b = Ref(Key("t", True), "a"), Ref(Key("t", True), "b")
    >>> together([Found(frozenset([a])), Found(frozenset([b]))]).value == {a, b}
    True
    """
    parts = list(parts)
    steps = dict.fromkeys(step for part in parts for step in part.steps)
    return Found(
        NOTHING.union(*(p.value for p in parts)),
        NOTHING.union(*(p.filters for p in parts)),
        tuple(steps),
    )


@dataclass(frozen=True)
class Out:
    """A column of a relation."""

    name: str
    found: Found


def distinct(columns: Iterable[Out]) -> list[Out]:
    """Columns under names that differ, as a table of them has: the second ``id`` is ``id_1``.

    >>> [c.name for c in distinct([Out("id", Found()), Out("ID", Found()), Out("id", Found())])]
    ['id', 'ID_1', 'id_2']
    """
    seen: dict[str, int] = {}
    found = []
    for column in columns:
        name = column.name.lower()
        seen[name] = seen.get(name, -1) + 1
        found.append(Out(f"{column.name}_{seen[name]}", column.found) if seen[name] else column)
    return found


@dataclass(frozen=True)
class Relation:
    """What stands after FROM, or the result of a query.

    Args:
        columns: in order, as far as they are known.
        filters: what decides which rows there are.
        rest: what a column is made of that is not among ``columns``; None if they are all.
    """

    columns: tuple[Out, ...] = ()
    filters: frozenset[Origin] = NOTHING
    rest: Callable[[str], Found] | None = None
    by_name: Mapping[str, Found] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = {c.name.lower(): c.found for c in reversed(distinct(self.columns))}
        object.__setattr__(self, "by_name", named)

    def get(self, name: str) -> Found | None:
        """A column, whether it is listed or of the rest; None if there is no such column."""
        found = self.by_name.get(name.lower())
        return self.rest(name) if found is None and self.rest is not None else found

    @property
    def row(self) -> Found:
        """The whole row as a value."""
        value = together(c.found for c in self.columns)
        if self.rest is not None:
            value = together([value, self.rest("*")])
        return Found(value.value, value.filters, (), Fields(self.by_name, self.rest))
