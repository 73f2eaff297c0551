"""What kind of value an expression has, as far as its text tells."""

from __future__ import annotations

from typing import Any

from retailsql.dialect.bigquery.known import Known

_TYPES = {
    "BIGINT": "int", "INT": "int", "SMALLINT": "int", "TINYINT": "int", "DOUBLE": "float",
    "FLOAT": "float", "VARCHAR": "string", "TEXT": "string", "VARBINARY": "bytes",
    "BINARY": "bytes", "BOOLEAN": "bool", "DATE": "date", "TIME": "time", "DATETIME": "datetime",
    "TIMESTAMP": "datetime", "TIMESTAMPTZ": "timestamp", "ARRAY": "array", "DECIMAL": "decimal",
    "BIGDECIMAL": "decimal", "JSON": "json", "STRUCT": "struct", "INTERVAL": "interval",
}  # fmt: skip


def type_kind(node: Any) -> str | None:
    """The kind of a DataType of sqlglot's."""
    return _TYPES.get(node.this.name) if hasattr(node.this, "name") else None


def mark(node: Any, kind: str | None) -> Any:
    """Write down the kind of a node that was rendered already."""
    if kind:
        node.meta["kind"] = kind
    return node


def noted(node: Any) -> Known:
    """What was written down about a column, or a column in brackets or under a name."""
    from sqlglot import exp

    while isinstance(node, exp.Paren | exp.Alias):
        node = node.this
    found = node.meta.get("known")
    return found if isinstance(found, Known) else Known()


def kind_of(node: Any) -> str | None:
    """int, float, string, bytes, bool, date, datetime, timestamp, time, array, ..., or None.

    >>> import sqlglot
    >>> kind_of(sqlglot.parse_one("'a'")), kind_of(sqlglot.parse_one("-2")), kind_of(
    ...     sqlglot.parse_one("a"))
    ('string', 'int', None)
    """
    from sqlglot import exp

    if "kind" in node.meta:
        return str(node.meta["kind"])
    if isinstance(node, exp.Literal):
        whole = node.this.isdigit() if not node.is_string else False
        return "string" if node.is_string else "int" if whole else "float"
    if isinstance(node, exp.Paren | exp.Neg | exp.Alias | exp.Window | exp.Filter):
        return kind_of(node.this)
    if isinstance(node, exp.Cast):
        return type_kind(node.to)
    if isinstance(node, exp.Boolean | exp.Predicate | exp.Connector | exp.Not):
        return "bool"
    if isinstance(node, exp.Div):
        return "float"
    if isinstance(node, exp.Add | exp.Sub | exp.Mul):
        return _arithmetic(kind_of(node.this), kind_of(node.expression))
    if isinstance(node, exp.Case):
        return _case(node)
    if isinstance(node, exp.DPipe):
        return kind_of(node.this)
    if isinstance(node, exp.Array):
        return "array"
    return None


def _arithmetic(a: str | None, b: str | None) -> str | None:
    if "float" in (a, b):
        return "float"
    if a == "date" and b == "int":
        return "date"
    return "int" if a == b == "int" else None


def _case(node: Any) -> str | None:
    from sqlglot import exp

    branches = [i.args["true"] for i in node.args["ifs"]]
    branches += [node.args["default"]] if node.args.get("default") else []
    kinds = {kind_of(b) for b in branches if not isinstance(b, exp.Null)}
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else None
