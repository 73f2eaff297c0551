"""The records of a lineage: a tree of columns, as JSON too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from retailsql.runner.lineage.origin import Step
from retailsql.runner.node import Place

Role = Literal["value", "filter", "training"]
"""How a column is used: computed with, only to choose rows, or to learn from."""


@dataclass(frozen=True)
class ColumnTree:
    """A column, and what it comes from (or, downstream, who uses it).

    Args:
        table: of the project by its name, of a source as the person writes it; a model by its
            name; empty where something is lost.
        column: its name; of a model the verb, ``score``; ``*`` for every column of a table whose
            columns are not known.
        kind: source, seed, table, view, incremental, model, score, query, test, exposure, or
            ``lost`` for what cannot be followed.
        place: file and line of the expression; None for a table outside of the project.
        expression: the SQL as written.
        role: how the column above (below, downstream) uses it.
        source: name of the source, ``raw.orders``, where the table is one.
        note: what is uncertain, or why it cannot be followed.
        steps: expressions on the way inside the same file, nearest first.
        shown: True if the same column was drawn out before in this tree: then without children.
        children: where it comes from.
        filters: of the root, if asked for: columns of sources and seeds that only decide which
            rows there are.
    """

    table: str
    column: str
    kind: str
    place: Place | None = None
    expression: str = ""
    role: Role = "value"
    source: str = ""
    note: str = ""
    steps: tuple[Step, ...] = ()
    shown: bool = False
    children: tuple[ColumnTree, ...] = ()
    filters: tuple[ColumnTree, ...] = field(default=())

    def walk(self) -> Iterator[ColumnTree]:
        """This column and all below it, each after the one above."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def raw(self) -> frozenset[tuple[str, str]]:
        """``(table, column)`` of every source and seed that is reached.

        >>> ColumnTree("t", "a", "view", children=(ColumnTree("raw.x", "b", "source"),)).raw
        frozenset({('raw.x', 'b')})
        """
        return frozenset((n.table, n.column) for n in self.walk() if n.kind in ("source", "seed"))

    @property
    def lost(self) -> tuple[ColumnTree, ...]:
        """Everything that could not be followed; empty if the tree is complete."""
        return tuple(n for n in self.walk() if n.kind == "lost")

    def to_dict(self) -> dict[str, Any]:
        """The tree as mappings and lists, as JSON has it; what is empty is left out."""
        told: dict[str, Any] = {
            "table": self.table,
            "column": self.column,
            "kind": self.kind,
            "role": self.role,
            "place": str(self.place) if self.place is not None else None,
            "expression": self.expression,
            "source": self.source,
            "note": self.note,
            "steps": [
                {"name": s.name, "expression": s.text, "place": str(s.place)} for s in self.steps
            ],
            "shown_before": self.shown,
            "children": [child.to_dict() for child in self.children],
            "filters": [f.to_dict() for f in self.filters],
        }
        return {k: v for k, v in told.items() if v not in ("", None, [], False)}


def to_json(tree: ColumnTree) -> str:
    """A tree as JSON text, with all raw columns at its end, and whether it is complete.

    >>> json.loads(to_json(ColumnTree("raw.orders", "id", "source")))["complete"]
    True
    """
    raw = [{"table": table, "column": column} for table, column in sorted(tree.raw)]
    return json.dumps({**tree.to_dict(), "raw": raw, "complete": not tree.lost}, indent=2)
