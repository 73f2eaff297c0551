"""Joins: what they bring after FROM, which columns they merge, what decides the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from retailsql.runner.lineage import tables
from retailsql.runner.lineage.names import Scope
from retailsql.runner.lineage.origin import NOTHING, Found, Origin, together

if TYPE_CHECKING:
    from retailsql.runner.lineage.query import Work


def add(joins: Sequence[exp.Join] | None, scope: Scope, work: Work) -> frozenset[Origin]:
    """Put joined relations into a scope, in order; what decides the rows is returned."""
    return NOTHING.union(*(_join(join, scope, work) for join in joins or []))


def add_laterals(
    laterals: Sequence[exp.Expr] | None, scope: Scope, work: Work
) -> frozenset[Origin]:
    """The same for LATERAL views."""
    filters: frozenset[Origin] = NOTHING
    for lateral in laterals or []:
        item = tables.from_item(lateral, scope, work)
        scope.sources.append(item.source)
        filters |= item.relation.filters
    return filters


def _join(join: exp.Join, scope: Scope, work: Work) -> frozenset[Origin]:
    right = replace(scope, sources=[*scope.sources], merged={**scope.merged})
    filters = tables.add_source(join.this, right, work)
    added = right.sources[len(scope.sources) :]
    alone = Scope(added, {n: f for n, f in right.merged.items() if scope.merged.get(n) is not f})
    names = _using(join, scope, alone)
    pairs = {n: (_side(n, scope, join, work), _side(n, alone, join, work)) for n in names}
    scope.merged.update(alone.merged)
    scope.sources.extend(replace(s, hidden=s.hidden | frozenset(names)) for s in added)
    filters |= add(join.this.args.get("joins"), scope, work)  # a JOIN b JOIN c ON ... ON ...
    if join.args.get("on") is not None:
        filters |= work.origins(join.args["on"], scope).all
    for one, other in pairs.values():
        filters |= one.all | other.all
    if join.kind in ("SEMI", "ANTI"):
        del scope.sources[-len(added) :]
        return filters
    for name, (one, other) in pairs.items():
        both = together([one, other])
        scope.merged[name] = {"RIGHT": other, "FULL": both}.get(join.side, one)
    return filters


def _using(join: exp.Join, left: Scope, right: Scope) -> list[str]:
    """The columns that a join merges, in lower case."""
    if join.method == "NATURAL":
        known = {out.name.lower() for _, out in left.star()}
        return [out.name.lower() for _, out in right.star() if out.name.lower() in known]
    return [column.name.lower() for column in join.args.get("using") or []]


def _side(name: str, scope: Scope, join: exp.Expr, work: Work) -> Found:
    """A merged column as one side of the join has it."""
    alone = replace(scope, outer=None, aliases={}, local={})
    found = alone.resolve([name], work.text.place(join))
    return found or Found(work.lost(f"a side of USING ({name}) is not known to have it", join))
