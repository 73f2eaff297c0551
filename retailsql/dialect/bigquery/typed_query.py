"""``CREATE TABLE t (a INT64) AS SELECT ...``: DuckDB takes columns or a query, not both."""

from __future__ import annotations

from typing import Any

from retailsql.registry.names import quote

_MADE = "__rs_made"


def typed_query(root: Any) -> None:
    """Give the query the names and types of the columns, by their places.

    Constraints are checked by nothing then; NOT NULL is what they mostly are.

    Args:
        root: a statement, the types in it DuckDB's already; changed only if it has both.
    """
    from sqlglot import exp

    head = root.this if isinstance(root, exp.Create) else None
    query = root.args.get("expression")
    if not isinstance(head, exp.Schema) or not isinstance(query, exp.Query):
        return
    columns = [c for c in head.expressions if isinstance(c, exp.ColumnDef)]
    names = [exp.to_identifier(c.name, quoted=True) for c in columns]
    shown = (f"CAST({quote(c.name)} AS {c.args['kind'].name}) AS {quote(c.name)}" for c in columns)
    inner = exp.Subquery(
        this=query.copy(), alias=exp.TableAlias(this=exp.to_identifier(_MADE), columns=names)
    )
    outer = exp.Select(
        expressions=[exp.Var(this=text) for text in shown], from_=exp.From(this=inner)
    )
    root.set("this", head.this.copy())
    root.set("expression", outer)
