"""One file of the project at a time: its columns, in terms of the tables that it reads itself."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from sqlglot import parse_one
from sqlglot.errors import SqlglotError

from retailsql.runner.lineage.catalog import Catalog
from retailsql.runner.lineage.names import Scope
from retailsql.runner.lineage.origin import (
    Found,
    Key,
    Lost,
    Origin,
    Out,
    Ref,
    Relation,
    Rows,
    distinct,
    together,
)
from retailsql.runner.lineage.query import Work
from retailsql.runner.lineage.scores import score_table
from retailsql.runner.lineage.spans import Text
from retailsql.runner.lineage.tables import Base, outside
from retailsql.runner.node import Node, Place, Project

_WORD = re.compile(r"[A-Za-z_]\w*")


class Files:
    """The columns of every file, read when first asked for.

    Args:
        catalog: what the database knows.
        project: the files.
    """

    def __init__(self, catalog: Catalog, project: Project) -> None:
        self.catalog, self.project = catalog, project
        self._read: dict[str, Relation] = {}
        self._names = {name.lower(): name for name in project.nodes}

    def node(self, name: str) -> Node | None:
        """A node or a query, whatever the case of its name."""
        known = {n.lower(): n for n in self.project.queries}
        if name.lower() in self._names:
            return self.project.nodes[self._names[name.lower()]]
        return self.project.queries[known[name.lower()]] if name.lower() in known else None

    def relation(self, name: str) -> Relation:
        """The columns of a node or query; of a training file those it learns from."""
        for needed in self._in_order(name):
            node = self.node(needed)
            if node is not None:
                # one that reads itself, or is read by what it reads, finds its names and no more
                self._read[needed] = outside(Key(needed, True), self.catalog.node_columns(needed))
                self._read[needed] = self._of(node)
        return self._read[name]

    def _in_order(self, name: str) -> list[str]:
        """What a file needs, and itself last: however long the way, none waits inside another."""
        found: list[str] = []
        seen = set(self._read)
        todo = [(name, False)]
        while todo:
            at, ready = todo.pop()
            node = self.node(at)
            if ready:
                found.append(at)
            elif at not in seen and node is not None:
                seen.add(at)
                todo += [(at, True), *((needed, False) for needed in node.needs)]
        return found

    def _of(self, node: Node) -> Relation:
        if node.kind == "seed":
            return outside(Key(node.name, True), self._seed(node))
        found = self.query(node.sql, node.lines, node.file, self.base)
        if node.again is not None and node.again != node.sql:
            found = _both(found, self._again(node, found))
        if node.kind == "score":
            work = self._work("", (), node.file, self.base)
            found = score_table(node, found, work, self.project)
        return self._named(node, found)

    def _again(self, node: Node, first: Relation) -> Relation:
        """What the file is on top of what is there; what it reads of itself is left out."""
        names = [c.name for c in first.columns]
        self._read[node.name] = outside(Key(node.name, True), names, more=first.rest is not None)
        found = self.query(node.again or "", node.lines_again, node.file, self.base)
        itself = Key(node.name, True)
        columns = tuple(Out(c.name, _without(c.found, itself)) for c in found.columns)
        return replace(found, columns=columns, filters=_not_of(found.filters, itself))

    def query(self, sql: str, lines: Sequence[Place], file: str, base: Base) -> Relation:
        """The columns of any SQL of the project: of a file, or of a test."""
        work = self._work(sql, lines, file, base)
        try:
            return work.relation(parse_one(sql, read="duckdb"), Scope())
        except SqlglotError as error:
            found = getattr(error, "errors", None)
            place = work.text.place(found[0].get("line") or 0 if found else 0)
            return _unread("sqlglot cannot read this SQL, and nothing behind it is known", place)
        except RecursionError:
            return _unread("this SQL is nested too deeply to be followed", work.text.place(0))

    def _work(self, sql: str, lines: Sequence[Place], file: str, base: Base) -> Work:
        return Work(self.catalog, Text(sql, lines, file), base)

    def base(self, parts: Sequence[str], text: str) -> Relation:
        """A table that a file reads.

        Args:
            parts: the table's name.
            text: the table as written.
        """
        name = self._node_named(parts)
        if name is not None:
            return self._of_node(name)
        source, relation = self.source_of(text)
        known = self.catalog.columns(text)
        described = self.catalog.described(source) if source else ()
        return outside(Key(relation, False), known or described, more=known is None)

    def _of_node(self, name: str) -> Relation:
        node = self.project.nodes[name]
        key = Key(name, True)
        if node.kind == "model":  # ref() of a training file is a view of the registry
            return outside(key, self.catalog.node_columns(name))
        inner = self.relation(name)
        return outside(key, [c.name for c in inner.columns], more=inner.rest is not None)

    def _node_named(self, parts: Sequence[str]) -> str | None:
        """The node that a table's name means."""
        name = self._names.get(parts[-1].lower())
        if name is None or len(parts) > 3:
            return None
        front = [p.lower() for p in parts[:-1]]
        schema = [p.lower() for p in self.project.schema.split(".")]
        fits = not front or front[-1] == schema[-1]
        return name if fits else None

    @cached_property
    def _sources(self) -> dict[str, tuple[str, str]]:
        """A source's relation, as sqlglot would write it -> its name, and as the person does."""
        found: dict[str, tuple[str, str]] = {}
        for name, relation in self.catalog.sources():
            try:
                tree = parse_one(f"SELECT * FROM {relation}", read="duckdb")
                table = tree.args["from_"].this.sql("duckdb", comments=False)
            except (SqlglotError, RecursionError, KeyError):
                table = relation
            found.setdefault(table.lower(), (name, relation))
        return found

    def source_of(self, text: str) -> tuple[str, str]:
        """The source that a relation stands for, and the relation as the person writes it."""
        found = self._sources.get(text.lower())
        if found is not None:
            return found
        identity = self.catalog.identity(text)
        if identity is None:
            return "", text
        return self._identities.setdefault(identity, ("", text))

    @cached_property
    def _identities(self) -> dict[tuple[str, str, str], tuple[str, str]]:
        """The same by the table that it is in the database: t, main.t and shop.main.t are one."""
        found: dict[tuple[str, str, str], tuple[str, str]] = {}
        for name, relation in self._sources.values():
            identity = self.catalog.identity(relation)
            if identity is not None:
                found.setdefault(identity, (name, relation))
        return found

    def source_name(self, table: Key) -> str:
        """The source that a table outside of the project is declared as; empty for none."""
        return next((n for n, relation in self._sources.values() if relation == table.name), "")

    def _seed(self, node: Node) -> Sequence[str] | None:
        """The columns of a seed: the first line of its file."""
        path = self.project.path / node.file
        if not path.is_file():
            return self.catalog.node_columns(node.name)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            first = next(csv.reader(lines, delimiter=str(node.options.get("delimiter", ","))), [])
        return [name.strip() for name in first] or self.catalog.node_columns(node.name)

    def _named(self, node: Node, found: Relation) -> Relation:
        """Columns that only the database, or a yml file, can name."""
        if node.kind in ("query", "model"):
            return found
        found = replace(found, columns=tuple(distinct(found.columns)))
        names = self.catalog.node_columns(node.name)
        rest = found.rest
        if rest is None:
            # an item without an alias bears the name that DuckDB gave it
            if names is None or len(names) != len(found.columns):
                return found
            pairs = zip(names, found.columns, strict=True)
            return replace(found, columns=tuple(Out(_either(n, c.name), c.found) for n, c in pairs))
        told = names or [c.name for c in node.columns]
        if not told:
            return found
        columns = tuple(Out(n, found.by_name.get(n.lower()) or rest(n)) for n in told)
        return replace(found, columns=columns, rest=None if names else rest)


def _either(table: str, file: str) -> str:
    """The name in the table, unless the file has given another since: then the table is old."""
    return table if _WORD.fullmatch(file) is None else file


def _unread(why: str, place: Place) -> Relation:
    """A file that cannot be followed: whatever column is asked for, this is said of it."""
    mark = Found(frozenset([Lost(why, place)]))
    return Relation((), mark.value, lambda name: mark)


def _both(first: Relation, again: Relation) -> Relation:
    """A first run and a later one together."""
    columns = tuple(
        Out(c.name, together([c.found, again.get(c.name) or Found()])) for c in first.columns
    )
    return replace(first, columns=columns, filters=first.filters | again.filters)


def _not_of(origins: frozenset[Origin], table: Key) -> frozenset[Origin]:
    return frozenset(o for o in origins if not (isinstance(o, Ref | Rows) and o.table == table))


def _without(found: Found, table: Key) -> Found:
    return Found(_not_of(found.value, table), _not_of(found.filters, table), found.steps)
