"""Which rows of which tables a column is computed from, and under which conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from retailsql.dialect.lint.lineage import (
    At,
    Origins,
    Path,
    branches,
    is_aggregate,
    outer_columns,
)

Side = Literal["from", "until", "other"]
_COMPARISONS = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ, exp.NEQ, exp.Between, exp.In)


@dataclass(frozen=True)
class Read:
    """One reading of a base table.

    Args:
        path: which one.
        table: its flat name.
        conditions: those its rows have met, outermost first.
        group: the SELECT whose aggregate reads them; None for a column of the row itself.
        direct: False if the aggregate only joins it, and no argument of it is from there.
    """

    path: Path
    table: str
    conditions: tuple[At, ...]
    group: Path | None
    direct: bool = True


@dataclass(frozen=True)
class Bound:
    """A condition on a date of a reading.

    Args:
        side: rows from a moment on, rows until one, or something else about the date.
        moment: SQL of the moment.
        where: the condition itself, to tell whether two are one and the same.
    """

    side: Side
    moment: str
    where: tuple[Path, str]


def reads(
    at: At, origins: Origins, held: tuple[At, ...] = (), group: Path | None = None, deep: int = 0
) -> Iterator[Read]:
    """Every reading below an expression. Subqueries that stand alone are constants, such as
    ``(SELECT max(day) FROM sales)``, and are passed over.
    """
    node, scope, path = at.expression, at.scope, at.path
    if deep > 60:
        return
    held = _joined(held, scope, path)
    if isinstance(node, exp.Query | exp.Exists | exp.Subquery):
        yield from _subquery(at, origins, held, deep)
    elif is_aggregate(node):
        inside = [
            n for n in node.walk() if isinstance(n, exp.Case | exp.If | exp.Where) or n is node
        ]
        own = tuple(At(c, scope, path) for n in inside for c in _conditions(n))
        named = {c.table for c in node.find_all(exp.Column)}
        for read in _rows(scope, path, origins, (*held, *own), path, deep + 1):
            direct = not named or read.path[len(path)] in named
            yield replace(read, direct=direct)
    elif isinstance(node, exp.Column):
        source = scope.sources.get(node.table)
        if isinstance(source, exp.Table):
            yield Read((*path, node.table), source.name, held, group)
        for inner in origins.behind(node, scope, path):
            yield from reads(inner, origins, held, group, deep + 1)
    else:
        for child in node.iter_expressions():
            yield from reads(At(child, scope, path), origins, held, group, deep + 1)


def _subquery(at: At, origins: Origins, held: tuple[At, ...], deep: int) -> Iterator[Read]:
    node, scope, path = at.expression, at.scope, at.path
    if not outer_columns(node, scope):
        return
    inner = node if isinstance(node, exp.Query) else node.this
    if isinstance(inner, exp.Subquery):
        inner = inner.this
    for sub in scope.subquery_scopes:
        if sub.expression is inner:
            here = (*path, f"?{origins.text(inner)}")
            yield from _rows(sub, here, origins, _joined(held, sub, here), here, deep + 1)


def _rows(
    scope: Scope, path: Path, origins: Origins, held: tuple[At, ...], group: Path, deep: int
) -> Iterator[Read]:
    """Every reading that feeds the rows of a SELECT."""
    if deep > 60:
        return
    held = _joined(held, scope, path)
    for alias, source in scope.selected_sources.items():
        inner = source[1]
        if isinstance(inner, exp.Table):
            if inner.name in origins.tables:
                yield Read((*path, alias), inner.name, held, group)
        else:
            for side, side_path in branches(inner, (*path, alias)):
                yield from _rows(side, side_path, origins, held, group, deep + 1)


def _joined(held: tuple[At, ...], scope: Scope, path: Path) -> tuple[At, ...]:
    """The conditions so far and those of this SELECT."""
    if any(c.scope is scope and c.path == path and c.expression.find_ancestor(exp.Where, exp.Join)
           for c in held):  # fmt: skip
        return held
    select, found = scope.expression, []
    for clause in ("where", "having", "qualify"):
        if part := select.args.get(clause):
            found += _split(part.this)
    for join in select.args.get("joins") or []:
        if part := join.args.get("on"):
            found += _split(part)
    return (*held, *(At(c, scope, path) for c in found))


def _conditions(node: exp.Expr) -> list[exp.Expr]:
    """The comparisons inside an aggregate: its FILTER, and those of CASE and IF."""
    return list(node.find_all(*_COMPARISONS))


def _split(node: exp.Expr) -> list[exp.Expr]:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.And):
        return [*_split(node.left), *_split(node.right)]
    return [node]


def bounds(read: Read, origins: Origins) -> list[Bound]:
    """What the conditions say about the dates of a reading."""
    dates = date_columns(origins, read.table)
    found = [_bound(c, read.path, dates, origins) for c in read.conditions] if dates else []
    return [b for b in found if b is not None]


def _bound(condition: At, path: Path, dates: set[str], origins: Origins) -> Bound | None:
    """What one condition says about the dates of a reading, if anything."""
    if not any((path, d) in origins.leaves(condition) for d in dates):
        return None
    where = (condition.path, origins.text(condition.expression))
    for node, side, other in _sides(condition.expression):
        base = origins.base(At(node, condition.scope, condition.path))
        if base and base[0] == path and base[2] in dates:
            moment = origins.full_text(At(other, condition.scope, condition.path))
            return Bound(side, _literal(moment), where)
    return None if _no_bound(condition, origins) else Bound("other", "", where)


def _no_bound(condition: At, origins: Origins) -> bool:
    """True for IS [NOT] NULL, and for an aggregate or a window held against a number: with
    ``recency_days <= 180`` groups are chosen, with ``row_number() OVER (... ORDER BY day) = 1`` one
    row of each; neither says until when rows are read.
    """
    node = condition.expression
    while isinstance(node, exp.Not | exp.Paren):
        node = node.this
    if isinstance(node, exp.Is):
        return True
    if isinstance(node, exp.And | exp.Or):
        sides = (At(s, condition.scope, condition.path) for s in (node.left, node.right))
        return all(_no_bound(side, origins) for side in sides)
    if not isinstance(node, exp.Binary):
        return False
    both = [node.left, node.right]
    numbers = [s for s in both if isinstance(s, exp.Literal) and not s.is_string]
    others = [s for s in both if isinstance(s, exp.Column | exp.Window)]
    if len(numbers) != 1 or len(others) != 1:
        return False
    return _is_aggregated(At(others[0], condition.scope, condition.path), origins)


def _is_aggregated(at: At, origins: Origins) -> bool:
    """True if an expression is an aggregate or a window under whatever name."""
    if not isinstance(at.expression, exp.Column):
        return isinstance(at.expression, exp.Window) or is_aggregate(at.expression)
    inner = list(origins.behind(at.expression, at.scope, at.path))
    return bool(inner) and all(_is_aggregated(i, origins) for i in inner)


def _sides(node: exp.Expr) -> Iterator[tuple[exp.Expr, Side, exp.Expr]]:
    """``(date, side, moment)`` for each way of reading a comparison."""
    if isinstance(node, exp.GT | exp.GTE):
        yield node.left, "from", node.right
        yield node.right, "until", node.left
    elif isinstance(node, exp.LT | exp.LTE):
        yield node.left, "until", node.right
        yield node.right, "from", node.left
    elif isinstance(node, exp.Between):
        yield node.this, "from", node.args["low"]


def date_columns(origins: Origins, table: str) -> set[str]:
    """The columns of a table that are dates or times."""
    columns = origins.tables.get(table, {})
    return {c.lower() for c, t in columns.items() if t.startswith(("DATE", "TIMESTAMP"))}


def _literal(moment: str) -> str:
    """A moment without its cast: DATE '2024-01-01' and '2024-01-01' are the same."""
    moment = moment.strip()
    while moment.startswith("(") and moment.endswith(")"):
        moment = moment[1:-1].strip()
    if moment.startswith("cast('") and "' as " in moment and moment.count("'") == 2:
        return moment.split("'")[1]
    if moment.startswith("'") and moment.endswith("'") and moment.count("'") == 2:
        return moment[1:-1]
    return moment
