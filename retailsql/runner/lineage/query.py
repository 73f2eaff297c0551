"""What the columns of a query are made of: SELECT, UNION and their like, WITH clauses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from retailsql.runner.lineage import expressions, pivots, select, tables
from retailsql.runner.lineage.catalog import Catalog, Model
from retailsql.runner.lineage.names import Scope
from retailsql.runner.lineage.origin import NOTHING, Found, Lost, Origin, Out, Relation, together
from retailsql.runner.lineage.spans import Text

_ROUNDS = 10
"""A recursive WITH is read until nothing new comes up; its columns may swap places each round."""


@dataclass(frozen=True)
class Work:
    """What reading one text needs.

    Args:
        catalog: tables, macros, models.
        text: the SQL as written.
        base: a table by its parts, in the words of the text -> what it is.
        depth: how many macros deep we are.
        pick: the column that COLUMNS(...) stands for just now.
        model: the model whose table function is read.
    """

    catalog: Catalog
    text: Text
    base: tables.Base
    depth: int = 0
    pick: Found | None = None
    model: Model | None = None

    def origins(self, node: exp.Expr, scope: Scope) -> Found:
        """What an expression is made of."""
        return expressions.origins(node, scope, self)

    def called(self, node: exp.Expr, model: Model | None = None) -> Work:
        """The same for the body of a macro that ``node`` calls; ``model``: whose function it is."""
        place, words = self.text.place(node), self.text.words(node)
        text = Text("", (), place.file, place, self.text.called or words)
        return replace(self, text=text, depth=self.depth + 1, model=model or self.model)

    def picking(self, found: Found) -> Work:
        """The same with a column chosen for COLUMNS(...)."""
        return replace(self, pick=found)

    def lost(self, why: str, node: exp.Expr) -> frozenset[Origin]:
        """The mark of something that cannot be followed."""
        return frozenset([Lost(why, self.text.place(node))])

    def chosen(self, node: exp.Expr, scope: Scope) -> Found:
        """What COLUMNS(...) stands for: one column, or every one where it is unpacked."""
        if self.pick is not None and not node.args.get("unpack"):
            return self.pick
        return together(out.found for out in select.choose(node, scope, self))

    def relation(self, query: exp.Expr, scope: Scope) -> Relation:
        """The columns of a query that stands in ``scope``."""
        return relation(query, scope, self)


def relation(query: exp.Expr, outer: Scope, work: Work) -> Relation:
    """What the columns of a query are made of."""
    scope = outer.inside(_with(query, outer, work))
    match query:
        case exp.Subquery():
            return _bracketed(query, scope, work)
        case exp.SetOperation():
            return _set_operation(query, scope, work)
        case exp.Select():
            return select.select(query, scope, work)
        case exp.Pivot():
            return pivots.statement(query, scope, work)
        case exp.Values():
            return tables.values(query, scope, work)
        case exp.Table():
            return tables.from_item(query, scope, work).relation
    why = f"{type(query).__name__.upper()} is no query whose columns can be followed"
    mark = Found(work.lost(why, query))
    return Relation((), mark.value, lambda name: mark)


def _bracketed(query: exp.Subquery, scope: Scope, work: Work) -> Relation:
    """A query in brackets, with an ORDER BY and LIMIT behind them."""
    inner = relation(query.this, scope, work)
    if query.args.get("limit") is None:
        return inner
    beside = Scope(aliases=dict(inner.by_name), outer=scope)
    filters = clauses(query, ("order", "limit", "offset"), beside, work)
    return replace(inner, filters=inner.filters | filters)


def clauses(query: exp.Expr, names: Iterable[str], scope: Scope, work: Work) -> frozenset[Origin]:
    """Every column that stands in some clauses of a query."""
    found = [work.origins(c, scope) for n in names if (c := query.args.get(n)) is not None]
    return NOTHING.union(*(f.all for f in found))


def _with(query: exp.Expr, scope: Scope, work: Work) -> Mapping[str, Relation]:
    """The WITH clauses in sight inside of a query."""
    clause = query.args.get("with_")
    if clause is None:
        return scope.ctes
    known = dict(scope.ctes)
    for cte in clause.expressions:
        name = cte.alias.lower()
        found = (
            _recursive(cte, replace(scope, ctes=known), work)
            if clause.args.get("recursive") and _reads(cte, name)
            else relation(cte.this, replace(scope, ctes=known), work)
        )
        known[name] = tables.renamed(found, cte.args.get("alias"))
    return known


def _reads(cte: exp.Expr, name: str) -> bool:
    return any(t.name.lower() == name and not t.db for t in cte.find_all(exp.Table))


def _recursive(cte: exp.Expr, scope: Scope, work: Work) -> Relation:
    """A WITH clause that reads itself: first without itself, then with what came out, until
    nothing new comes up.
    """
    name = cte.alias.lower()
    query = cte.this
    start = query.this if isinstance(query, exp.SetOperation) else query
    found = relation(start, replace(scope, ctes={**scope.ctes, name: Relation()}), work)
    for _ in range(_ROUNDS):
        known = {**scope.ctes, name: tables.renamed(found, cte.args.get("alias"))}
        again = relation(query, replace(scope, ctes=known), work)
        again = replace(again, columns=_widened(found.columns, again.columns))
        if _size(again) == _size(found):
            return again
        found = again
    return found


def _widened(before: tuple[Out, ...], after: tuple[Out, ...]) -> tuple[Out, ...]:
    if len(before) != len(after):
        return after
    pairs = zip(before, after, strict=True)
    return tuple(Out(a.name, together([a.found, b.found])) for b, a in pairs)


def _size(found: Relation) -> int:
    """How much is known: it only grows from round to round."""
    return len(found.filters) + sum(len(c.found.all) for c in found.columns)


def _set_operation(query: exp.SetOperation, scope: Scope, work: Work) -> Relation:
    """UNION, EXCEPT, INTERSECT, by position or BY NAME."""
    left = relation(query.this, scope, work)
    right = relation(query.expression, scope, work)
    filters = left.filters | right.filters
    distinct = bool(query.args.get("distinct")) or not isinstance(query, exp.Union)
    if distinct:  # rows that are equal in every column come once
        filters |= left.row.value | right.row.value
    if not isinstance(query, exp.Union):
        return Relation(left.columns, filters, left.rest)
    joined = _by_name if query.args.get("by_name") else _by_position
    found = joined(left, right, query, work)
    if query.args.get("limit") is not None:
        beside = Scope(aliases=dict(found.by_name), outer=scope)
        filters |= clauses(query, ("order", "limit", "offset"), beside, work)
    return replace(found, filters=filters)


def _by_position(left: Relation, right: Relation, query: exp.Expr, work: Work) -> Relation:
    sides = (left, right)
    if all(side.rest is None for side in sides) and len(left.columns) == len(right.columns):
        pairs = zip(left.columns, right.columns, strict=True)
        return Relation(tuple(Out(a.name, together([a.found, b.found])) for a, b in pairs))
    open_ended = any(side.rest is not None for side in sides)
    why = (
        "the columns of one side of the UNION are not all known"
        if open_ended
        else f"the sides of the UNION have {len(left.columns)} and {len(right.columns)} columns"
    )
    lost = Found(work.lost(why, query))

    def either(name: str) -> Found:
        """The column of the left side, and any of the right."""
        one = left.get(name)
        return together([*([one] if one else []), right.row, lost])

    known = tuple(Out(c.name, either(c.name)) for c in left.columns)
    return Relation(known, rest=either if open_ended else None)


def _by_name(left: Relation, right: Relation, query: exp.Expr, work: Work) -> Relation:
    def either(name: str) -> Found:
        return together(f for side in (left, right) if (f := side.get(name)) is not None)

    names = {c.name.lower(): c.name for c in (*right.columns, *left.columns)}
    order = dict.fromkeys(c.name.lower() for c in (*left.columns, *right.columns))
    columns = tuple(Out(names[n], either(n)) for n in order)
    open_ended = left.rest is not None or right.rest is not None
    return Relation(columns, rest=either if open_ended else None)
