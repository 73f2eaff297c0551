"""Who uses a column: the tree forward, to scores, queries, tests and exposures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.registry.names import split_name
from retailsql.runner.lineage.files import Files
from retailsql.runner.lineage.no_table import no_table, short_name
from retailsql.runner.lineage.origin import Found, Key, ModelCall, Origin, Ref, Rows
from retailsql.runner.lineage.tree import ColumnTree, Role
from retailsql.runner.lineage.upstream import open_files
from retailsql.runner.node import DataTest, Node, Place, Project

ROWS = "(rows)"
"""Stands for a column where one only decides which rows a table has."""


def downstream(
    con: Any, project: Project, column: str, *, filters: bool = True, training: bool = True
) -> ColumnTree:
    """Who uses a column: what is computed from it, and which tables choose their rows by it.

    The tree has the columns computed from it, and so on to scores and queries; models that learn
    from it; data tests that look at it; ``(rows)`` of the tables it is a filter of; and, at its
    end, the exposures that use any of these tables.

    Args:
        con: a DuckDB connection or a Session; None for no database.
        project: from :func:`retailsql.runner.project.load_project`.
        column: ``table.column`` of the project or of a source, as the person writes its table or
            as the source is declared: ``raw.order_lines.store_id``.
        filters: go on behind a table whose rows it chooses, to all that read that table.
        training: go on behind a model that learns from it, to all that it scores.

    Raises:
        ProjectError: no such table or column; the message has the nearest names.
    """
    files = open_files(con, project)
    uses = _all_uses(files)
    start = _find(files, column, uses)
    return _Drawn(files, uses, filters, training).of(start)


@dataclass(frozen=True)
class _Use:
    """One use of a column: by which column of which file, and how."""

    file: str
    column: str
    kind: str
    place: Place
    expression: str
    role: Role
    again: Ref | None = None  # what it is called where it is used in turn
    note: str = ""


_Uses = dict[Ref, dict[_Use, None]]


def _key(ref: Ref) -> Ref:
    return Ref(ref.table, ref.column.lower())


def _all_uses(files: Files) -> _Uses:
    """Every direct use of every column in the project."""
    uses: _Uses = defaultdict(dict)
    project = files.project
    for node in (*project.nodes.values(), *project.queries.values()):
        if node.kind != "seed":
            _uses_of_file(files, node, uses)
    for test in project.tests:
        _uses_of_test(files, test, uses)
    return uses


def _uses_of_file(files: Files, node: Node, uses: _Uses) -> None:
    relation = files.relation(node.name)
    role: Role = "training" if node.kind == "model" else "value"
    for out in relation.columns:
        step = out.found.steps[0] if out.found.steps else None
        use = _Use(
            node.name, out.name, node.kind, step.place if step else Place(node.file),
            step.text if step else "", role, _key(Ref(Key(node.name, True), out.name)),
            next((o.note for o in out.found.value if isinstance(o, ModelCall)), ""),
        )  # fmt: skip
        for ref in _refs(out.found.value):
            uses[_key(ref)][use] = None
        for ref in _refs(out.found.filters):
            uses[_key(ref)][replace(use, role="filter", again=None)] = None
    rows = Ref(Key(node.name, True), ROWS)
    decides = _Use(node.name, ROWS, node.kind, Place(node.file), "", "filter", rows)
    for ref in _refs(relation.filters):
        uses[_key(ref)][decides] = None
    if relation.rest is not None:
        for ref in _refs(relation.rest("*").value):
            uses[_key(ref)][replace(decides, column="*", role=role, again=None)] = None


def _uses_of_test(files: Files, test: DataTest, uses: _Uses) -> None:
    file = test.place.file
    relation = files.query(test.sql, test.lines, file, files.base)
    # SELECT * returns the rows that are wrong; it does not look at every column
    named = [c.found for c in relation.columns if not _of_star(c.found)]
    use = _Use(test.name, "", "test", test.place, "", "value")
    for ref in _refs(relation.filters.union(*(f.all for f in named))):
        uses[_key(ref)][use] = None


def _of_star(found: Found) -> bool:
    return bool(found.steps) and found.steps[0].text.endswith("*")


def _refs(origins: Iterable[Origin]) -> Iterator[Ref]:
    """The columns among origins, those that went into a model among them."""
    for origin in origins:
        match origin:
            case ModelCall():
                yield from _refs(origin.inputs)
            case Ref():
                yield origin


def _find(files: Files, text: str, uses: _Uses) -> Ref:
    """The column that a person names."""
    *front, name = split_name(text)
    if not front:
        raise no_table(files, text)
    node = files.node(front[-1])
    if node is not None and _is_ours(files, front):
        columns = [c.name for c in files.relation(node.name).columns]
        key = Key(node.name, True)
    else:
        key, columns = _outside(files, ".".join(front))
    used = [ref.column for ref in uses if ref.table == key]
    known = {c.lower(): c for c in (*used, *columns)}
    if name.lower() not in known:
        of = next((s for s, name in files.catalog.sources() if name == key.name), "")
        table = short_name(key.name, of)
        raise ProjectError(
            f"{table} has no column {name!r}, or nothing in the project reads it",
            wanted=nearest(name, [c for c in known.values() if c not in (ROWS, "*")]),
        )
    return Ref(key, known[name.lower()])


def _is_ours(files: Files, front: list[str]) -> bool:
    schema = files.project.schema.split(".")[-1].lower()
    return len(front) == 1 or front[-2].lower() == schema


def _outside(files: Files, table: str) -> tuple[Key, list[str]]:
    """A table outside of the project, by its own name or by that of its source."""
    known: dict[str, str] = {}
    for name, relation in files.catalog.sources():
        known[name.lower()] = known[relation.lower()] = relation
    found = known.get(table.lower())
    if found is None:
        every = [*files.project.nodes, *known]
        raise ProjectError(
            f"{table!r} is neither a table of the project nor a source of it",
            wanted=nearest(table, every), todo="write TABLE.COLUMN",
        )  # fmt: skip
    return Key(found, False), list(files.catalog.columns(found) or ())


class _Drawn:
    """Builds the tree; a column that comes up again is not drawn out twice."""

    def __init__(self, files: Files, uses: _Uses, filters: bool, training: bool) -> None:
        self._files, self._uses = files, uses
        self._filters, self._training = filters, training
        self._shown: set[tuple[Ref, Role]] = set()
        self._used: set[str] = set()
        self._learners = self._calls()

    def of(self, ref: Ref) -> ColumnTree:
        """The tree from a column on."""
        node = self._files.node(ref.table.name) if ref.table.node else None
        source = "" if node is not None else self._files.source_name(ref.table)
        place = Place(node.file) if node is not None else None
        kind = node.kind if node is not None else "source"
        if node is not None:
            self._used.add(node.name)
        below = self._children(_key(ref))
        return ColumnTree(
            ref.table.name, ref.column, kind, place, source=source,
            children=(*below, *self._exposures()),
        )  # fmt: skip

    def _children(self, ref: Ref, role: Role = "value") -> tuple[ColumnTree, ...]:
        self._shown.add((ref, role))
        star = Ref(ref.table, "*")
        found = [*self._uses.get(ref, {}), *(self._uses.get(star, {}) if star != ref else {})]
        order = sorted(found, key=lambda u: (u.role != "value", u.kind, u.file, u.column))
        return tuple(self._child(use, role) for use in order)

    def _child(self, use: _Use, above: Role) -> ColumnTree:
        """A use; below what a model has learned, all is training."""
        role: Role = "training" if above == "training" and use.role == "value" else use.role
        tree = ColumnTree(
            use.file, use.column, use.kind, use.place, use.expression, role, note=use.note
        )
        if use.kind == "test":
            return tree
        self._used.add(use.file)
        if use.kind == "model":
            return replace(tree, children=self._scored_by(use.file))
        if use.column == ROWS or use.again is None:
            return replace(tree, children=self._readers(use.file))
        if (use.again, role) in self._shown:
            return replace(tree, shown=bool(self._uses.get(use.again)))
        return replace(tree, children=self._children(use.again, role))

    def _exposures(self) -> tuple[ColumnTree, ...]:
        """Who uses any of the tables of the tree."""
        return tuple(
            ColumnTree(e.name, "", "exposure", e.place, note=e.description)
            for e in self._files.project.exposures
            if self._used & set(e.needs)
        )

    def _scored_by(self, model: str) -> tuple[ColumnTree, ...]:
        """What a model says, which changes when what it learns from does."""
        key: tuple[Ref, Role] = Ref(Key(model, True), "(scores)"), "training"
        if key in self._shown or not self._training:
            return ()
        self._shown.add(key)
        return tuple(self._child(use, "training") for use in self._learners.get(model, {}))

    def _calls(self) -> dict[str, dict[_Use, None]]:
        """Model -> the columns that are scores of it."""
        found: dict[str, dict[_Use, None]] = defaultdict(dict)
        project = self._files.project
        for node in (*project.nodes.values(), *project.queries.values()):
            for out in self._files.relation(node.name).columns if node.kind != "seed" else ():
                step = out.found.steps[0] if out.found.steps else None
                for model in _models(out.found):
                    found[model][_Use(
                        node.name, out.name, node.kind,
                        step.place if step else Place(node.file), step.text if step else "",
                        "training", _key(Ref(Key(node.name, True), out.name)),
                    )] = None  # fmt: skip
        return found

    def _readers(self, name: str) -> tuple[ColumnTree, ...]:
        """Tables that read a table whose rows change."""
        key: tuple[Ref, Role] = Ref(Key(name, True), ROWS), "filter"
        if key in self._shown or not self._filters:
            return ()
        self._shown.add(key)
        project = self._files.project
        found = []
        for node in (*project.nodes.values(), *project.queries.values()):
            if node.kind == "seed" or Rows(Key(name, True)) not in self._reads(node):
                continue
            tree = ColumnTree(node.name, ROWS, node.kind, Place(node.file), role="filter")
            self._used.add(node.name)
            below = self._scored_by if node.kind == "model" else self._readers
            found.append(replace(tree, children=below(node.name)))
        return tuple(found)

    def _reads(self, node: Node) -> frozenset[Origin]:
        relation = self._files.relation(node.name)
        return relation.filters | relation.row.filters


def _models(found: Found) -> Iterator[str]:
    """The models whose scores a column is made of."""
    todo = list(found.value)
    while todo:
        origin = todo.pop()
        if isinstance(origin, ModelCall):
            yield origin.model
            todo += origin.inputs
