"""``SELECT x.*, x.*`` over the same over the same: columns that double with each level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.records import PgError

COPIES = 100
"""Columns that come of one column of a table."""

_Widths = Mapping[str, int]


def check_stars(statements: Any) -> None:
    """Refuse stars over stars that make columns without number.

    Args:
        statements: serialized.

    Raises:
        PgError: 54011.
    """
    for statement in statements:
        _query(statement["node"], {})


def _query(node: Any, named: _Widths) -> int:
    """How often a query shows a column of a table, at most."""
    if not isinstance(node, dict):
        return 1
    for entry in (node.get("cte_map") or {}).get("map", ()):
        named = {**named, fold(str(entry["key"])): _query(_inner(entry["value"]), named)}
    if node.get("type") != "SELECT_NODE":
        branches = [*(node.get("children") or ()), node.get("left"), node.get("right")]
        return max(_query(branch, named) for branch in branches)
    widths = _sources(node.get("from_table"), named)
    found = 0
    for item in node.get("select_list") or ():
        if item.get("class") == "STAR":
            found += max(widths) if item.get("relation_name") else sum(widths)
    if found > COPIES:
        raise PgError(
            "54011", "target lists can have at most 1664 entries",
            hint="Name the columns: each * of each subquery multiplies them.",
        )  # fmt: skip
    return max(1, found)


def _sources(source: Any, named: _Widths) -> list[int]:
    """The same of each relation behind FROM."""
    out: list[int] = []
    work = [source]
    while work:
        node = work.pop()
        kind = node.get("type") if isinstance(node, dict) else None
        if kind == "JOIN":
            work += [node["left"], node["right"]]
        elif kind == "SUBQUERY":
            out.append(_query(_inner(node["subquery"]), named))
        else:
            name = fold(str(node["table_name"])) if kind == "BASE_TABLE" else ""
            out.append(named.get(name, 1))
    return out


def _inner(node: Any) -> Any:
    """The query in a node that holds one."""
    while isinstance(node, dict) and "type" not in node:
        node = node.get("node") or node.get("query") or node.get("query_node")
    return node
