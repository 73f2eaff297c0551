"""What there is to see in a tree: the nodes of one expression, the names a query shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from retailsql.dialect.bigquery.kinds import kind_of
from retailsql.dialect.bigquery.known import Known


def output_names(query: Any) -> dict[str, Known]:
    """The columns of UNION and its like, which ORDER BY may name."""
    from sqlglot import exp

    while isinstance(query, exp.SetOperation | exp.Subquery):
        query = query.this
    items = query.expressions if isinstance(query, exp.Select) else []
    return {e.alias_or_name.lower(): Known(kind_of(e)) for e in items if e.alias_or_name}


def own_nodes(node: Any) -> Iterator[Any]:
    """The nodes of an expression, but not those inside queries and what is rendered."""
    from sqlglot import exp

    def stop(inner: Any) -> bool:
        nested = isinstance(inner, exp.Select | exp.SetOperation) and inner is not node
        return bool(nested or inner.meta.get("done"))

    for inner in node.walk(prune=stop):
        if not (inner.meta.get("done") and inner is not node):
            yield inner


def is_date_part(column: Any) -> bool:
    """True for DAY in DATE_DIFF(a, b, DAY), which sqlglot takes for a column."""
    from sqlglot import exp

    from retailsql.dialect.bigquery.calls import marked
    from retailsql.dialect.bigquery.dates import DATE_PARTS, TIME_PARTS

    parent = column.parent
    if not isinstance(parent, exp.Anonymous) or column.name.upper() not in DATE_PARTS | TIME_PARTS:
        return False
    found = marked(parent)
    takes = found is not None and found[2].upper().endswith(("_DIFF", "_TRUNC", "LAST_DAY"))
    return takes and column.arg_key == "expressions" and bool(column.index)
