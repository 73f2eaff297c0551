"""Structs: STRUCT(...), tuples in an array, SELECT AS STRUCT."""

from __future__ import annotations

from typing import Any

from retailsql.dialect.bigquery.nodes import sql_of, text_node
from retailsql.dialect.bigquery.scope import field_name
from retailsql.registry.names import literal


def render_struct(node: Any) -> Any:
    """``STRUCT(a, 1 AS b)``; in a cast to a STRUCT type the fields go by their places."""
    from sqlglot import exp

    values = [e.expression if isinstance(e, exp.PropertyEQ) else e for e in node.expressions]
    values = [v.this if isinstance(v, exp.Alias) else v for v in values]
    texts = [sql_of(v) for v in values]
    if isinstance(node.parent, exp.Cast):
        return text_node(f"row({', '.join(texts)})", "struct")
    names = [field_name(e, i) for i, e in enumerate(node.expressions)]
    pairs = (f"{literal(n)}: {t}" for n, t in zip(names, texts, strict=True))
    return text_node("{" + ", ".join(pairs) + "}", "struct")


def render_tuple(node: Any) -> Any:
    """``(1, 2)`` as an element of an array is a struct."""
    from sqlglot import exp

    if isinstance(node.parent, exp.Array):
        return text_node(f"row({', '.join(map(sql_of, node.expressions))})", "struct")
    return None


def render_select(node: Any) -> Any:
    """SELECT AS STRUCT: one column, a struct of the row."""
    from sqlglot import exp

    kind = (node.args.get("kind") or "").upper()
    if not kind:
        return None
    node.set("kind", None)
    if kind == "VALUE":
        return node
    if any(e.is_star for e in node.expressions):
        rows = exp.Var(this=f"({sql_of(node)}) AS __rs_row")
        return exp.Select(expressions=[exp.column("__rs_row")], from_=exp.From(this=rows))
    names = [field_name(e, i) for i, e in enumerate(node.expressions)]
    texts = [sql_of(e.this if isinstance(e, exp.Alias) else e) for e in node.expressions]
    pairs = (f"{literal(n)}: {t}" for n, t in zip(names, texts, strict=True))
    node.set("expressions", [text_node("{" + ", ".join(pairs) + "}", "struct")])
    return node
