"""What stands after FROM: tables, files, subqueries, VALUES, functions; joins are beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from retailsql.runner.lineage import joins, pivots, table_functions
from retailsql.runner.lineage.names import Scope, Source
from retailsql.runner.lineage.origin import NOTHING, Found, Key, Origin, Out, Ref, Relation, Rows
from retailsql.runner.lineage.origin import together as _together

if TYPE_CHECKING:
    from retailsql.runner.lineage.query import Work

Base = Callable[[Sequence[str], str], Relation]
"""A table by its parts, and as it is written, -> what it is."""


@dataclass(frozen=True)
class Item:
    """One thing after FROM, and the name it goes by there."""

    parts: tuple[str, ...]
    relation: Relation
    plain: bool = False

    @property
    def source(self) -> Source:
        """The same, for a scope."""
        return Source(self.parts, self.relation, plain=self.plain)


def outside(key: Key, columns: Sequence[str] | None, more: bool = False) -> Relation:
    """A table as others read it: each column is itself.

    Args:
        key: the table.
        columns: its columns; None if they are not known.
        more: it may have others besides.
    """

    def column(name: str) -> Found:
        return Found(frozenset([Ref(key, name)]))

    listed = tuple(Out(c, column(c)) for c in columns or ())
    rest = column if columns is None or more else None
    return Relation(listed, frozenset([Rows(key)]), rest)


def add_sources(query: exp.Select, scope: Scope, work: Work) -> frozenset[Origin]:
    """Put what stands after FROM into a scope; what decides its rows is returned."""
    clause = query.args.get("from_")
    filters: frozenset[Origin] = NOTHING
    if clause is not None:
        filters = add_source(clause.this, scope, work)
        filters |= joins.add(clause.this.args.get("joins"), scope, work)
    filters |= joins.add(query.args.get("joins"), scope, work)
    return filters | joins.add_laterals(query.args.get("laterals"), scope, work)


def add_source(node: exp.Expr, scope: Scope, work: Work) -> frozenset[Origin]:
    """Put one thing after FROM into a scope; of ``(a JOIN b ON ...)`` both."""
    if not is_bracketed(node) or node.args.get("alias") is not None:
        item = from_item(node, scope, work)
        scope.sources.append(item.source)
        return item.relation.filters
    inner = node.this
    return add_source(inner, scope, work) | joins.add(inner.args.get("joins"), scope, work)


def is_bracketed(node: exp.Expr) -> bool:
    """True for joins in brackets, ``(a JOIN b USING (x))``."""
    inner = node.this if isinstance(node, exp.Subquery) else None
    return isinstance(inner, exp.Table | exp.Subquery) and bool(inner.args.get("joins"))


def from_item(node: exp.Expr, scope: Scope, work: Work) -> Item:
    """One thing after FROM, its pivots and alias applied."""
    match node:
        case exp.Table():
            item = _table(node, scope, work)
        case exp.Subquery():
            item = Item((), _subquery(node, scope, work))
        case exp.Values():
            item = Item((), values(node, scope, work))
        case exp.Unnest():
            item = Item(("unnest",), table_functions.unnest(node, scope, work))
        case exp.Lateral():
            inner = from_item(node.this, scope, work)
            item = Item(inner.parts, inner.relation)
        case _:
            item = Item((), work.relation(node, scope))
    for pivot in node.args.get("pivots") or []:
        found = pivots.pivoted(pivot, Source(item.parts, item.relation), scope, work)
        item = Item(item.parts, renamed(found, pivot.args.get("alias")))
        if pivot.alias:
            item = Item((pivot.alias.lower(),), item.relation)
    alias = node.args.get("alias")
    if not isinstance(alias, exp.TableAlias) or alias.this is None:
        return item
    return Item((alias.name.lower(),), renamed(item.relation, alias))


def renamed(relation: Relation, alias: exp.Expr | None) -> Relation:
    """The columns under the names of an alias, ``v(a, b)``."""
    names = [c.name for c in alias.args.get("columns") or []] if alias is not None else []
    if not names:
        return relation
    columns = list(relation.columns)
    if relation.rest is not None and len(columns) < len(names):
        row = relation.row  # which of them it is cannot be told
        columns = [Out(n, replace(row, fields=None)) for n in names]
    kept = [Out(n, c.found) for n, c in zip(names, columns, strict=False)]
    return replace(relation, columns=(*kept, *columns[len(kept) :]))


def _subquery(node: exp.Subquery, scope: Scope, work: Work) -> Relation:
    inner = node.this
    if is_bracketed(node):
        query = exp.Select(expressions=[exp.Star()], from_=exp.From(this=inner.copy()))
        return work.relation(query, scope)
    if isinstance(inner, exp.Table):
        return from_item(inner, scope, work).relation
    return work.relation(node, scope)


def _table(node: exp.Table, scope: Scope, work: Work) -> Item:
    """A table, a file, or a table function."""
    if not isinstance(node.this, exp.Identifier):
        return _function(node, scope, work)
    parts = [part.name for part in node.parts]
    name = parts[-1].lower()
    if len(parts) == 1 and name in scope.ctes:
        return Item((name,), scope.ctes[name])
    lower = tuple(p.lower() for p in parts)
    return Item(lower, work.base(parts, bare(node)), True)


def _function(node: exp.Table, scope: Scope, work: Work) -> Item:
    name, found = table_functions.function(node, scope, work)
    alias = node.args.get("alias")
    columns = found.columns
    named = isinstance(alias, exp.TableAlias) and alias.this is not None and not alias.columns
    if alias is not None and named and len(columns) == 1 and columns[0].name.lower() == name:
        found = replace(found, columns=(Out(alias.name, columns[0].found),))  # range(3) AS r: r.r
    return Item((name,), found)


def bare(node: exp.Table) -> str:
    """A table or table function without what is behind it: alias, joins, pivots."""
    copy = node.copy()
    for part in ("alias", "joins", "pivots", "sample", "laterals"):
        copy.set(part, None)
    return copy.sql("duckdb", comments=False)


def values(node: exp.Values, scope: Scope, work: Work) -> Relation:
    """VALUES: the columns are col0, col1, ..."""
    rows = [r.expressions if isinstance(r, exp.Tuple) else [r] for r in node.expressions]
    width = max((len(row) for row in rows), default=0)
    columns = []
    for i in range(width):
        cells = [work.origins(row[i], scope) for row in rows if i < len(row)]
        columns.append(Out(f"col{i}", _together(cells)))
    return Relation(tuple(columns))
