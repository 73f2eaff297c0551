"""PIVOT: the new columns are called as in BigQuery, ``total_Q1`` where DuckDB says ``Q1_total``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retailsql.errors import StatementError
from retailsql.registry.names import quote


def mend_pivots(root: Any, refuse: Callable[[Any, str], Callable[..., StatementError]]) -> None:
    """Put every pivoted table into a SELECT that renames.

    Raises:
        StatementError: a value or an aggregate needs an alias.
    """
    from sqlglot import exp

    for pivot in list(root.find_all(exp.Pivot)):
        if pivot.args.get("unpivot"):
            continue
        table = pivot.parent
        if pivot.args.get("group") or len(pivot.args.get("fields") or []) != 1:
            raise refuse(pivot, "This PIVOT is not translated")()
        values = [_named(v, refuse) for v in pivot.args["fields"][0].expressions]
        pivot.args["fields"][0].set("expressions", values)
        aggregates = [a.alias for a in pivot.expressions]
        if len(aggregates) > 1 and not all(aggregates):
            raise refuse(pivot, "Several aggregates of a PIVOT need an alias each")()
        renamed = [
            f"{quote(f'{v.alias}_{a}')} AS {quote(f'{a}_{v.alias}')}"
            for v in values
            for a in aggregates
            if a
        ]
        if renamed:
            _wrap(table, pivot, f"* RENAME ({', '.join(renamed)})")


def _named(value: Any, refuse: Callable[[Any, str], Callable[..., StatementError]]) -> Any:
    """A value of IN with the name BigQuery gives its column."""
    from sqlglot import exp

    if isinstance(value, exp.PivotAlias | exp.Alias):
        return exp.PivotAlias(this=value.this.copy(), alias=exp.to_identifier(value.alias, True))
    if isinstance(value, exp.Literal) and value.is_string:
        name = value.this
    elif isinstance(value, exp.Literal) and value.this.isdigit():
        name = f"_{value.this}"
    else:
        raise refuse(value, "This value of a PIVOT needs an alias")(
            seen=value.sql("bigquery"), wanted="value AS name"
        )
    return exp.PivotAlias(this=value.copy(), alias=exp.to_identifier(name, True))


def _wrap(table: Any, pivot: Any, star: str) -> None:
    from sqlglot import exp

    alias = pivot.args.get("alias")
    pivot.set("alias", None)
    inner = exp.Select(expressions=[exp.Var(this=star)], from_=exp.From(this=table.copy()))
    name = exp.TableAlias(this=alias.this.copy()) if alias and alias.this else None
    table.replace(exp.Subquery(this=inner, alias=name))
