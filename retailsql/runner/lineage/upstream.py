"""Where a column comes from: the tree back to sources and seeds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.functions.connection import raw
from retailsql.registry.names import split_name
from retailsql.runner.lineage.catalog import Catalog
from retailsql.runner.lineage.files import Files
from retailsql.runner.lineage.filters import Filters, leaf
from retailsql.runner.lineage.no_table import no_table
from retailsql.runner.lineage.origin import Found, Lost, ModelCall, Origin, Ref, Rows
from retailsql.runner.lineage.tree import ColumnTree, Role
from retailsql.runner.node import Node, Place, Project


def column_lineage(
    con: Any, project: Project, column: str, *, filters: bool = False, training: bool = False
) -> ColumnTree:
    """The way of a column back to the raw columns it is computed from.

    Args:
        con: a DuckDB connection or a Session; its catalog is read and nothing is run. None for no
            database: models are then not known, nor the columns of tables outside the project.
        project: from :func:`retailsql.runner.project.load_project`.
        column: ``table.column`` of a model, seed, score file or query of the project.
        filters: also list the raw columns that only decide which rows there are.
        training: also follow what the models on the way have learned from.

    Raises:
        ProjectError: no such table or column; the message has the nearest names.
    """
    files = open_files(con, project)
    node, name = find_column(files, column)
    tree = Upstream(files, training).of(node, name)
    if not filters:
        return tree
    return replace(tree, filters=Filters(files).of(node, name, tree.raw))


def open_files(con: Any, project: Project) -> Files:
    """A project with the database beside it."""
    return Files(Catalog(raw(con) if con is not None else None, project), project)


def find_column(files: Files, text: str) -> tuple[Node, str]:
    """The node and the column that ``table.column`` means, spelled as they are.

    Raises:
        ProjectError: there is none; the message has the nearest names.
    """
    *front, name = split_name(text)
    known = [*files.project.nodes, *files.project.queries]
    if not front:
        raise no_table(files, text)
    node = files.node(front[-1])
    if node is None:
        raise ProjectError(
            f"The project makes no table {front[-1]!r}", wanted=nearest(front[-1], known),
            todo="name a table, view, seed, score file or query of the project; of a column of a "
            "source ask who uses it: --down",
        )  # fmt: skip
    relation = files.relation(node.name)
    listed = next((c.name for c in relation.columns if c.name.lower() == name.lower()), None)
    if listed is None and relation.rest is None:
        raise ProjectError(
            f"{node.file}: {node.name} has no column {name!r}",
            wanted=nearest(name, [c.name for c in relation.columns]),
        )
    return node, listed or name


class Upstream:
    """Builds the tree; a column that comes up again is not drawn out twice.

    Args:
        files: the project.
        training: follow what models have learned from.
    """

    def __init__(self, files: Files, training: bool) -> None:
        self._files, self._training = files, training
        self._shown: set[tuple[str, str, Role]] = set()

    def of(self, node: Node, column: str, role: Role = "value") -> ColumnTree:
        """The tree of a column of a file."""
        relation = self._files.relation(node.name)
        found = relation.get(column) or Found()
        if node.kind == "seed":
            return ColumnTree(node.name, column, "seed", Place(node.file), role=role)
        nearest_step = found.steps[0] if found.steps else None
        tree = ColumnTree(
            node.name, column, node.kind,
            nearest_step.place if nearest_step else Place(node.file),
            nearest_step.text if nearest_step else "", role,
            steps=tuple(s for s in found.steps[1:] if not s.text.endswith("*")),
            note=_note(found),
        )  # fmt: skip
        key = (node.name, column.lower(), role)
        if key in self._shown:
            return replace(tree, shown=bool(found.value), steps=())
        self._shown.add(key)
        return replace(tree, children=self.children(found.value, role))

    def children(self, origins: Iterable[Origin], role: Role = "value") -> tuple[ColumnTree, ...]:
        """The trees of what a column is made of, models first."""
        return tuple(self._child(o, role) for o in sorted(origins, key=order_of))

    def _child(self, origin: Origin, role: Role) -> ColumnTree:
        match origin:
            case ModelCall():
                return self._model(origin, role)
            case Lost():
                return ColumnTree("", "", "lost", origin.place, role=role, note=origin.why)
            case Rows():
                return leaf(self._files, origin.table, "*", role)
        if origin.table.node:
            node = self._files.project.nodes[origin.table.name]
            if node.kind == "model":
                place = Place(node.file)
                return ColumnTree(node.name, origin.column, "model", place, role=role)
            return self.of(node, origin.column, role)
        return leaf(self._files, origin.table, origin.column, role)

    def _model(self, call: ModelCall, role: Role) -> ColumnTree:
        """A model: the features it took, and what it learned from if asked for."""
        children = self.children(call.inputs, role)
        node = self._files.project.nodes.get(call.model)
        if self._training and node is not None and node.kind == "model":
            children += self._learned(node)
        note = call.note
        if self._training and node is None:
            note = note or "no file of the project trains it: what it learned from is unknown"
        return ColumnTree(
            call.model, call.verb, "model", call.place, call.text, role, note=note,
            children=children,
        )  # fmt: skip

    def _learned(self, node: Node) -> tuple[ColumnTree, ...]:
        columns = self._files.relation(node.name).columns
        return tuple(self.of(node, c.name, "training") for c in columns)


def _note(found: Found) -> str:
    """What there is to say of a column that no column stands behind."""
    if found.value:
        return ""
    tables = sorted({o.table.name for o in found.filters if isinstance(o, Rows)})
    return f"counts rows of {', '.join(tables)}" if tables else "no column: a constant or a time"


def order_of(origin: Origin) -> tuple[int, str, str]:
    """Models, then columns by table and name, then what is lost."""
    match origin:
        case ModelCall():
            return 0, origin.model, origin.text
        case Ref():
            return 1, origin.table.name, origin.column
        case Rows():
            return 2, origin.table.name, ""
    return 3, str(origin.place), origin.why
