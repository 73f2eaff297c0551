"""What a FROM offers to a query: relations with their columns, each with where it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from retailsql.adapters.server.catalog.names import SCHEMAS, sql_file


class Column(NamedTuple):
    """A column of a relation or of a query.

    Args:
        name: in small letters.
        kind: PostgreSQL's name of its type; '' if that is none of PostgreSQL's own.
        table: PostgreSQL's number of the table whose column it is; 0: it is computed.
        number: of the column in that table, counted from 1; 0: it is computed.
    """

    name: str
    kind: str = ""
    table: int = 0
    number: int = 0


Columns = list[Column]
Look = Callable[[str, str], Columns | None]
"""Schema ('' for the search path) and name of a table -> its columns; None: there is none."""
UNKNOWN = Column("")
_RELATION = re.compile(r"\('(\w+)','(\w+)',(\d+),'\w','([^']*)'\)")


@lru_cache(maxsize=1)
def catalog_relations() -> dict[tuple[str, str], Columns]:
    """Schema (of PostgreSQL and of the shim) and relation of the catalog -> its columns."""
    out: dict[tuple[str, str], Columns] = {}
    for schema, name, oid, written in _RELATION.findall(sql_file("system_relations.sql")):
        parts = [c.rstrip("!").partition(":") for c in written.split()]
        columns = [Column(c, kind, int(oid), n) for n, (c, _, kind) in enumerate(parts, 1)]
        out[schema, name] = out[SCHEMAS[schema], name] = columns
    return out


class Relation(NamedTuple):
    """What a FROM holds.

    Args:
        alias: in small letters.
        columns: None: nobody knows them.
        merged: names of columns that a join has made one with the left's, so that a star has them
            there.
    """

    alias: str
    columns: Columns | None
    merged: frozenset[str] = frozenset()


@dataclass
class Scope:
    """What FROM offers, relation by relation."""

    relations: list[Relation] = field(default_factory=list)
    outer: Scope | None = None

    def find(self, path: Sequence[str]) -> Column:
        """A column by its name, with or without that of its relation."""
        name = path[-1].lower()
        owner = path[-2].lower() if len(path) > 1 else None
        hidden = False
        for relation in self.relations:
            if owner is not None and relation.alias != owner:
                continue
            for column in relation.columns or ():
                if column.name == name:
                    return column
            hidden |= relation.columns is None
        return UNKNOWN if hidden or self.outer is None else self.outer.find(path)

    def star(self, owner: str = "") -> Columns | None:
        """All columns, or those of one relation; None: nobody knows them."""
        out: Columns = []
        for relation in self.relations:
            if owner and relation.alias != owner:
                continue
            if relation.columns is None:
                return None
            merged = frozenset() if owner else relation.merged
            out += [c for c in relation.columns if c.name not in merged]
        return out

    def join(self, before: int, using: Sequence[str], natural: bool, one_side: bool) -> None:
        """Merge the columns that USING or NATURAL names.

        Args:
            before: the first relation on the right.
            using: their names.
            natural: those of the same name.
            one_side: the value is the left's always, so a column of its table; else of no table.
        """
        left, right = (
            {c.name for r in side for c in r.columns or ()}
            for side in (self.relations[:before], self.relations[before:])
        )
        names = left & right if natural else {name.lower() for name in using}
        for i, relation in enumerate(self.relations) if names else ():
            if i >= before:
                self.relations[i] = relation._replace(merged=relation.merged | names)
            elif relation.columns is not None and not one_side:
                plain = [Column(c.name, c.kind) if c.name in names else c for c in relation.columns]
                self.relations[i] = relation._replace(columns=plain)


def renamed(columns: Columns | None, names: Sequence[str]) -> Columns | None:
    """The columns by the names that an alias gives them."""
    if columns is None:
        return None
    fresh = [n.lower() for n in names] + [column.name for column in columns[len(names) :]]
    return [c._replace(name=name) for name, c in zip(fresh, columns, strict=False)]
