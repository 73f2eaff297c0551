"""Text of sqlglot's nodes, and what stands around a call."""

from __future__ import annotations

import re
import threading
from typing import Any

from retailsql.dialect.bigquery.kinds import mark

_HELD = threading.local()
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")


def sql_of(node: Any) -> str:
    """DuckDB's text of a node whose children are rendered."""
    from sqlglot import exp

    if isinstance(node, exp.Var):
        return str(node.this)
    # Generating changes a query's tree; all else can be spared the copy.
    return str(_generator().generate(node, copy=isinstance(node, exp.Query)))


def text_node(text: str, kind: str | None = None) -> Any:
    """A node that is a text of DuckDB's already, with the kind of its value."""
    from sqlglot import exp

    return mark(exp.Var(this=text), kind)


def _generator() -> Any:
    """One generator a thread: making one costs more than most of what it is asked for."""
    from sqlglot.dialects.duckdb import DuckDB

    if not hasattr(_HELD, "generator"):
        _HELD.generator = DuckDB().generator(comments=False, normalize_functions=False)
    return _HELD.generator


def constant(node: Any) -> float | None:
    """The value of a number that was rendered, if it is one."""
    text = sql_of(node)
    return float(text) if _NUMBER.fullmatch(text) else None


def stays_bare(node: Any) -> bool:
    """True if a call must stay a bare one: OVER follows, or PIVOT holds it."""
    from sqlglot import exp

    while isinstance(node.parent, exp.IgnoreNulls | exp.RespectNulls | exp.Filter):
        node = node.parent
    over = isinstance(node.parent, exp.Window) and node.arg_key == "this"
    return over or node.find_ancestor(exp.Pivot, exp.Select).__class__ is exp.Pivot


def bound(node: Any) -> str:
    """The text of an operand, in brackets unless it binds tightly by itself."""
    from sqlglot import exp

    text = sql_of(node)
    if isinstance(node, exp.Column | exp.Literal | exp.Paren | exp.Var | exp.Subquery):
        return text
    return f"({text})"


def argument(text: str, node: Any) -> str:
    """The text of an argument; a query in brackets."""
    from sqlglot import exp

    return f"({text})" if isinstance(node, exp.Query) and not text.startswith("(") else text


def unwrapped(node: Any) -> tuple[Any, dict[str, Any]]:
    """An argument without the IGNORE NULLS, HAVING MAX, ORDER BY and LIMIT around it."""
    from sqlglot import exp

    found: dict[str, Any] = {}
    while True:
        if isinstance(node, exp.Limit):
            found["limit"] = sql_of(node.expression)
        elif isinstance(node, exp.Order):
            found["order"] = "ORDER BY " + ", ".join(sql_of(o) for o in node.expressions)
        elif isinstance(node, exp.IgnoreNulls | exp.RespectNulls):
            found["nulls"] = "IGNORE" if isinstance(node, exp.IgnoreNulls) else "RESPECT"
        elif isinstance(node, exp.HavingMax):
            most = "MAX" if node.args.get("max") else "MIN"
            found["having"] = (most, sql_of(node.expression))
        else:
            return node, found
        if node.this is None:
            return node, found
        node = node.this
