"""A query in DuckDB's own tree: its first SELECT and where its columns come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from retailsql.adapters.server.postgres.edits import edits
from retailsql.adapters.server.records import PgError, apply
from retailsql.adapters.server.serialized import one_query
from retailsql.dialect.tokens import tokenize

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Item = dict[str, Any]
"""An expression of the tree, or a node."""

_WORD: Final = re.compile(rb"(?i)(?:character\s+varying|\w+)")


def query_node(con: DuckDBPyConnection, text: str) -> tuple[str, Item | None]:
    """The first SELECT of a query in DuckDB's tree, and the text that the tree is of.

    Args:
        con: any connection.
        text: the query; PostgreSQL's own syntax is edited only if DuckDB cannot read it.
    """
    node = _parsed(con, text)
    if node is None:
        text = _edited(text)
        node = _parsed(con, text)
    return text, node


def aligned(node: Item, count: int) -> list[Item | None]:
    """The item each of a query's columns comes from; None: a star's, or it cannot be told."""
    items = node["select_list"]
    stars = [i for i, item in enumerate(items) if is_many(item)]
    if not stars and len(items) == count:
        return list(items)
    if len(stars) != 1 or len(items) - 1 > count:
        return [None] * count
    tail = items[stars[0] + 1 :]
    return [*items[: stars[0]], *[None] * (count - len(items) + 1), *tail]


def word_at(item: Item, text: str) -> str:
    """The word an expression begins with, in small letters; DuckDB counts bytes."""
    raw, at = text.encode(), item.get("query_location", -1)
    found = _WORD.match(raw, at) if 0 <= at < len(raw) else None
    return " ".join(found[0].decode("ascii", "replace").lower().split()) if found else ""


def _edited(text: str) -> str:
    """The text with PostgreSQL's own syntax taken out of it."""
    try:
        return apply(text, edits(text, tokenize(text) or []))
    except PgError:
        return text


def is_many(item: Item) -> bool:
    """True for what stands for any number of columns."""
    return any(
        node["class"] == "STAR" and (node is item or node.get("columns")) for node in _nodes(item)
    )


def _nodes(item: Any) -> Iterator[Item]:
    """All expressions in an expression, but not those of its subqueries."""
    if isinstance(item, dict):
        if "class" in item:
            yield item
        for key, inner in item.items():
            if key != "subquery":
                yield from _nodes(inner)
    elif isinstance(item, list):
        for inner in item:
            yield from _nodes(inner)


def _parsed(con: DuckDBPyConnection, text: str) -> Item | None:
    """The first SELECT of a query; None: it has none."""
    node = one_query(con, text)
    return None if node is None else first_select(node)


def first_select(node: Item) -> Item | None:
    """The first branch of a query, with the WITH queries around it; VALUES as what it returns."""
    withs: list[Any] = []
    while node.get("type") in ("SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"):
        withs += (node.get("cte_map") or {}).get("map", ())
        branches = node.get("children") or [node.get("left") or node.get("child")]
        if not branches or not isinstance(branches[0], dict):
            return None
        node = branches[0]
    if node.get("type") != "SELECT_NODE":
        return None
    if withs:
        own = (node.get("cte_map") or {}).get("map", ())
        node = {**node, "cte_map": {"map": [*withs, *own]}}
    if (node.get("from_table") or {}).get("type") == "EXPRESSION_LIST":
        values = node["from_table"].get("values")
        if values and not node["from_table"].get("expected_names"):
            if node["from_table"].get("alias") != "valueslist":
                return None
            columns = range(1, len(values[0]) + 1)
            items = [{"class": "CONSTANT", "alias": f"column{i}"} for i in columns]
            return {**node, "select_list": items}
    return node if node.get("select_list") else None
