"""PIVOT and UNPIVOT, as statements and behind a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from retailsql.runner.lineage import stars, tables
from retailsql.runner.lineage.names import Scope, Source
from retailsql.runner.lineage.origin import NOTHING, Found, Out, Relation, Step, together

if TYPE_CHECKING:
    from retailsql.runner.lineage.query import Work


def statement(node: exp.Pivot, scope: Scope, work: Work) -> Relation:
    """``PIVOT t ON ... USING ... GROUP BY ...`` or ``UNPIVOT t ON ... INTO ...``."""
    item = tables.from_item(node.this, scope, work)
    inner = Scope([item.source], ctes=scope.ctes, outer=scope)
    if node.args.get("unpivot"):
        names, values = _into(node)
        return _unpivot(node.expressions, names, values, inner, work)
    return _pivot(node, node.expressions, node.args.get("using") or [], inner, work)


def pivoted(node: exp.Pivot, source: Source, scope: Scope, work: Work) -> Relation:
    """The same behind a table: ``FROM t PIVOT (sum(x) FOR year IN (2020, 2021))``."""
    inner = Scope([source], ctes=scope.ctes, outer=scope)
    fields = node.args.get("fields") or []
    if node.args.get("unpivot"):
        names = [f.this.name for f in fields if isinstance(f, exp.In)]
        listed = [e for f in fields for e in f.expressions]
        values = [
            n.name for e in node.expressions for n in (e.expressions or [e])
        ]  # (v, w) FOR k IN ((a, b))
        return _unpivot(listed, names, values, inner, work)
    return _pivot(node, fields, node.expressions, inner, work)


def _pivot(
    node: exp.Pivot, keys: Sequence[exp.Expr], using: Sequence[exp.Expr], scope: Scope, work: Work
) -> Relation:
    """Columns of GROUP BY, or all that are named nowhere; every other is made of the keys and of
    what is aggregated: the names of these columns are values of the keys.
    """
    source = scope.sources[0].relation
    on = together(work.origins(k, scope) for k in keys)
    made = together([on, *(work.origins(u, scope) for u in using)])
    step = Step("", work.text.of(node), work.text.place(node))
    cell = Found(made.value, made.filters | source.filters, (step, *made.steps))
    group = node.args.get("group")
    if group is not None:
        kept = [
            Out(key.alias_or_name, work.origins(key.unalias(), scope)) for key in group.expressions
        ]
        by = NOTHING.union(*(out.found.all for out in kept))
    else:
        used = {c.name.lower() for part in (*keys, *using) for c in part.find_all(exp.Column)}
        kept = [c for c in source.columns if c.name.lower() not in used]
        by = NOTHING.union(*(out.found.all for out in kept))
    filters = source.filters | by
    return Relation(tuple(kept), filters, lambda name: cell)


def _into(node: exp.Pivot) -> tuple[list[str], list[str]]:
    """The names after INTO: NAME and VALUE."""
    into = node.args.get("into")
    if into is None:
        return ["name"], ["value"]
    return [into.this.name], [e.name for e in into.expressions]


def _unpivot(
    listed: Sequence[exp.Expr],
    names: Sequence[str],
    values: Sequence[str],
    scope: Scope,
    work: Work,
) -> Relation:
    """The columns that are left, a name column that holds names and no values, value columns."""
    source = scope.sources[0].relation
    groups: list[list[Out]] = []  # one entry for each that is folded: its columns
    for entry in listed:
        if isinstance(entry, exp.Columns):
            groups += [[out] for out in stars.choose(entry, scope, work)]
        elif stars.is_star(entry):
            groups += [[out] for out in stars.expand_star(entry, scope, work)]
        else:
            bare = entry.unalias() if isinstance(entry, exp.Alias | exp.PivotAlias) else entry
            parts = bare.expressions if isinstance(bare, exp.Tuple) else [bare]
            groups.append([Out(p.name, work.origins(p, scope)) for p in parts])
    folded = {out.name.lower() for group in groups for out in group}
    kept = [c for c in source.columns if c.name.lower() not in folded]
    made = []
    for i, name in enumerate(values):
        cells = [group[i].found for group in groups if i < len(group)]
        made.append(Out(name, together(cells)))
    named = [Out(name, Found()) for name in names]
    filters = source.filters.union(*(c.found.all for c in made))  # rows that are NULL are left out
    return Relation((*kept, *named, *made), filters, source.rest)
