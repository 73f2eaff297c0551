"""What a statement makes: a function, or a table with columns of some kinds."""

from __future__ import annotations

from typing import Any

from retailsql.dialect.bigquery.known import Columns


def made_function(root: Any) -> str | None:
    """The name of the function a statement makes, in lower case, or None."""
    from sqlglot import exp

    if isinstance(root, exp.Create) and str(root.args.get("kind")).upper() == "FUNCTION":
        head = root.find(exp.UserDefinedFunction)
        return str(head.this.name.lower()) if head else None
    return None


def made_table(root: Any) -> tuple[str, dict[str, str]] | None:
    """The table a statement makes, and which columns it declares as timestamp or datetime."""
    from sqlglot import exp

    table = root.this if isinstance(root, exp.Create) else None
    table = table.this if isinstance(table, exp.Schema) else table
    if not isinstance(table, exp.Table):
        return None
    return table.name.lower(), root.meta.get("declared", {})


def flavoured(columns: Columns | None) -> dict[str, str]:
    """Which columns are a timestamp, and which a datetime, where that is known."""
    kinds = {n: k.kind for n, k in (columns or {}).items()}
    return {n: k for n, k in kinds.items() if k in ("timestamp", "datetime")}
