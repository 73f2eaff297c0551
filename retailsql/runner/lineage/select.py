"""A SELECT: its items, stars, clauses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from retailsql.runner.lineage import tables
from retailsql.runner.lineage.names import Scope
from retailsql.runner.lineage.origin import NOTHING, Found, Origin, Out, Relation, Step, together
from retailsql.runner.lineage.stars import choose, expand_star, is_star, star_rest

if TYPE_CHECKING:
    from collections.abc import Callable

    from retailsql.runner.lineage.query import Work

__all__ = ["choose", "select"]


def select(query: exp.Select, outer: Scope, work: Work) -> Relation:
    """What the columns of a SELECT are made of.

    Args:
        query: the SELECT.
        outer: a scope without tables in it, with the WITH clauses and the query around.
        work: see there.
    """
    scope = outer
    row_filters = tables.add_sources(query, scope, work)
    for window in query.args.get("windows") or []:
        scope.windows[window.name.lower()] = _window(window, scope, work)
    columns: list[Out] = []
    rests: list[Callable[[str], Found]] = []
    for item in query.expressions:
        found, rest = _item(item, scope, work)
        columns += found
        rests += [rest] if rest is not None else []
        for out in found if isinstance(item, exp.Alias) else []:
            scope.aliases.setdefault(out.name.lower(), out.found)
        row_filters |= _unnested(item, scope, work)
    filters = row_filters | _clauses(query, columns, scope, work)
    return Relation(tuple(columns), filters, _together(rests, query, work))


def _unnested(item: exp.Expr, scope: Scope, work: Work) -> frozenset[Origin]:
    """What unnest() in a SELECT list reads: it decides how many rows there are."""
    nodes = item.walk(prune=lambda n: isinstance(n, exp.Query))
    lists = [n for n in nodes if isinstance(n, exp.Explode | exp.Unnest)]
    return NOTHING.union(*(work.origins(n, scope).all for n in lists))


def _together(
    rests: list[Callable[[str], Found]], query: exp.Expr, work: Work
) -> Callable[[str], Found] | None:
    """What a column is made of that none of the items is known to bring."""
    if len(rests) <= 1:
        return rests[0] if rests else None
    mark = Found(work.lost("several items bring columns whose names are not known", query))
    return lambda name: together([*(rest(name) for rest in rests), mark])


def _window(window: exp.Expr, scope: Scope, work: Work) -> Found:
    """What a named window reads."""
    kept = [c for c in window.iter_expressions() if not isinstance(c, exp.Identifier)]
    base = window.args.get("alias")
    inherited = scope.windows.get(base.name.lower()) if isinstance(base, exp.Expr) else None
    return together([*(work.origins(c, scope) for c in kept), inherited or Found()])


def _item(
    item: exp.Expr, scope: Scope, work: Work
) -> tuple[list[Out], Callable[[str], Found] | None]:
    """The columns of one item of the SELECT list, and what others it may bring."""
    if is_star(item):
        return expand_star(item, scope, work), star_rest(item, scope, work)
    bare = item.unalias()
    spread = [c for c in bare.find_all(exp.Columns) if not c.args.get("unpack")]
    if spread:
        return list(_spread(item, spread[0], scope, work)), star_rest(spread[0], scope, work)
    found = _stepped(item, work.origins(bare, scope), work)
    if isinstance(bare, exp.Explode | exp.Unnest):  # a struct unfolds into its fields
        return [Out(_name(item, work), found)], lambda name: found
    return [Out(_name(item, work), found)], None


def _spread(item: exp.Expr, columns: exp.Expr, scope: Scope, work: Work) -> Iterator[Out]:
    """An expression over COLUMNS(...): one column for each that is chosen, under its name."""
    bare = item.unalias()
    for out in choose(columns, scope, work):
        found = out.found if bare is columns else work.picking(out.found).origins(bare, scope)
        name = item.alias.replace("\\0", out.name) if item.alias else out.name
        yield Out(name, _stepped(item, found, work) if bare is not columns else found)


def _stepped(item: exp.Expr, found: Found, work: Work) -> Found:
    """The same with the item itself as the nearest step; a bare name that was computed before is
    no step of its own.
    """
    if isinstance(item.unalias(), exp.Column) and found.steps:
        return found
    step = Step(_name(item, work), work.text.of(item), work.text.item_place(item))
    return replace(found, steps=(step, *(s for s in found.steps if s != step)))


def _name(item: exp.Expr, work: Work) -> str:
    """The name of an item without an alias; DuckDB's own for names, else the words themselves."""
    bare = item.unalias()
    if isinstance(item, exp.Alias):
        return item.alias
    if isinstance(bare, exp.Paren):
        return _name(bare.this, work)
    if isinstance(bare, exp.Column | exp.Identifier):
        return bare.name
    return work.text.of(item)


def _clauses(query: exp.Select, columns: list[Out], scope: Scope, work: Work) -> frozenset[Origin]:
    """What decides the rows of a SELECT besides what stands after FROM."""
    parts: list[Found] = []
    for name in ("where", "having", "qualify", "limit", "offset"):
        clause = query.args.get(name)
        if clause is not None:
            parts.append(work.origins(clause, scope))
    parts += _keys(query, columns, scope, work)
    distinct = query.args.get("distinct")
    if distinct is not None:
        on = distinct.args.get("on")
        parts += [work.origins(on, scope)] if on is not None else [c.found for c in columns]
    if query.args.get("order") is not None and (
        query.args.get("limit") is not None or distinct is not None
    ):
        parts += _ordered(query, columns, scope, work)
    return NOTHING.union(*(p.all for p in parts))


def _keys(query: exp.Select, columns: list[Out], scope: Scope, work: Work) -> list[Found]:
    """The keys of GROUP BY."""
    group = query.args.get("group")
    if group is None:
        return []
    if group.args.get("all"):
        plain = {id(i) for i in query.expressions if not _aggregates(i, work)}
        if len(columns) == len(query.expressions):
            pairs = zip(query.expressions, columns, strict=True)
            return [c.found for i, c in pairs if id(i) in plain]
        return [work.origins(i.unalias(), scope) for i in query.expressions if id(i) in plain]
    return [_key(k, columns, scope, work) for k in group.iter_expressions()]


def _ordered(query: exp.Select, columns: list[Out], scope: Scope, work: Work) -> list[Found]:
    """The keys of ORDER BY, which a LIMIT looks at; an alias comes before a column there."""
    found = []
    for key in query.args["order"].expressions:
        bare = key.this
        if isinstance(bare, exp.Var) and bare.name.upper() == "ALL":
            found += [c.found for c in columns]
        elif isinstance(bare, exp.Column) and not bare.table and bare.name.lower() in scope.aliases:
            found.append(scope.aliases[bare.name.lower()])
        else:
            found.append(_key(bare, columns, scope, work))
    return found


def _key(key: exp.Expr, columns: list[Out], scope: Scope, work: Work) -> Found:
    """A key of GROUP BY or ORDER BY; a number is the position of an item."""
    if isinstance(key, exp.Literal) and not key.is_string and key.name.isdigit():
        position = int(key.name)
        return columns[position - 1].found if 0 < position <= len(columns) else Found()
    return work.origins(key, scope)


def _aggregates(item: exp.Expr, work: Work) -> bool:
    """True if an item holds an aggregate that is no window: GROUP BY ALL groups by the others."""
    for node in item.walk(prune=lambda n: isinstance(n, exp.Query)):
        known = isinstance(node, exp.AggFunc) or (
            isinstance(node, exp.Anonymous) and node.name.lower() in work.catalog.aggregates
        )
        if known and not _over(node):
            return True
    return False


def _over(node: exp.Expr) -> bool:
    """True for the function of a window, ``sum(x)`` in ``sum(x) OVER ()``."""
    while isinstance(node.parent, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        node = node.parent
    return isinstance(node.parent, exp.Window) and node.parent.this is node
