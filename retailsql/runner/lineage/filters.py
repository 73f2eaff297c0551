"""The raw columns that only decide which rows there are."""

from __future__ import annotations

from collections.abc import Iterable

from retailsql.runner.lineage.files import Files
from retailsql.runner.lineage.origin import Found, Key, Lost, ModelCall, Origin, Ref, Rows
from retailsql.runner.lineage.tree import ColumnTree, Role
from retailsql.runner.node import Node, Place


def leaf(files: Files, table: Key, column: str, role: Role = "value") -> ColumnTree:
    """A column of a table outside of the project."""
    source = files.source_name(table)
    note = ""
    if files.catalog.columns(table.name) is None:
        note = "this table is not there: its columns are as the files have them"
    if column == "*":
        note = "every column: their names are not known"
    return ColumnTree(table.name, column, "source", None, role=role, source=source, note=note)


class Filters:
    """The raw columns that decide which rows there are.

    Args:
        files: the project.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._seen: set[tuple[str, str]] = set()
        self._found: dict[tuple[str, str], ColumnTree] = {}

    def of(
        self, node: Node, column: str, values: frozenset[tuple[str, str]]
    ) -> tuple[ColumnTree, ...]:
        """All of them for a column, without those it is computed from."""
        relation = self._files.relation(node.name)
        found = relation.get(column) or Found()
        self._value(found.value)
        self._all(found.filters | relation.filters)
        kept = {key: tree for key, tree in self._found.items() if key not in values}
        return tuple(tree for _, tree in sorted(kept.items()))

    def _value(self, origins: Iterable[Origin]) -> None:
        """What decides the rows of the tables that values come from."""
        for origin in origins:
            match origin:
                case ModelCall():
                    self._value(origin.inputs)
                case Ref():
                    self._column(origin, False)

    def _all(self, origins: Iterable[Origin]) -> None:
        """Columns that filter, and all that they come from in turn."""
        for origin in origins:
            match origin:
                case ModelCall():
                    self._all(origin.inputs)
                case Ref():
                    self._column(origin, True)
                case Rows():
                    self._rows(origin.table)
                case Lost():
                    key = ("", str(origin.place) + origin.why)
                    self._found[key] = ColumnTree(
                        "", "", "lost", origin.place, role="filter", note=origin.why
                    )

    def _column(self, ref: Ref, filters: bool) -> None:
        """A column of a table; ``filters``: it decides rows itself."""
        key = (ref.table.name, f"{ref.column.lower()} {filters}")
        if key in self._seen:
            return
        self._seen.add(key)
        node = self._node(ref.table)
        if node is None or node.kind == "seed":
            if filters:
                self._add(ref, node)
            return
        self._rows(ref.table)
        if node.kind != "model":
            found = self._files.relation(node.name).get(ref.column) or Found()
            (self._all if filters else self._value)(found.value)
            self._all(found.filters)

    def _rows(self, table: Key) -> None:
        node = self._node(table)
        if node is None or node.kind in ("seed", "model") or (node.name, "rows") in self._seen:
            return
        self._seen.add((node.name, "rows"))
        self._all(self._files.relation(node.name).filters)

    def _node(self, table: Key) -> Node | None:
        return self._files.project.nodes[table.name] if table.node else None

    def _add(self, ref: Ref, node: Node | None) -> None:
        if node is not None:
            tree = ColumnTree(node.name, ref.column, "seed", Place(node.file), role="filter")
        else:
            tree = leaf(self._files, ref.table, ref.column, "filter")
        self._found[tree.table, tree.column] = tree
