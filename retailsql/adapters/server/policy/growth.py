"""Short statements that DuckDB writes out to huge plans, beyond the reach of an interrupt or of
its memory limit: aliases built of aliases, queries behind WITH ... NOT MATERIALIZED read twice and
again, grouping sets and pivots by the thousand.
"""

from __future__ import annotations

from collections import Counter
from math import prod
from typing import Any

from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.records import PgError

ALIASES, QUERIES, GROUPS, PIVOTS = 2_000, 500, 512, 1_000
"""Copies of one expression; of one query; grouping sets; columns made by a pivot."""


def check_node(node: dict[str, Any]) -> None:
    """Refuse a query or pivot that grows beyond measure.

    Raises:
        PgError: 54001.
    """
    kind = node.get("type")
    if kind == "SELECT_NODE":
        if len(node.get("group_sets") or ()) > GROUPS:
            raise _too_large("grouping sets")
        _check_aliases(node.get("select_list") or ())
    elif kind == "PIVOT" and _columns(node) > PIVOTS:
        raise _too_large("columns of a pivot")


def _columns(pivot: dict[str, Any]) -> int:
    return prod(max(1, len(p.get("entries") or ())) for p in pivot.get("pivots") or ())


def check_copies(never: set[str], read: Counter[str]) -> None:
    """Refuse NOT MATERIALIZED queries that would be planned more than so many times.

    Args:
        never: their names.
        read: how often each name is read.

    Raises:
        PgError: 54001.
    """
    if prod(max(1, read[name]) for name in never) > QUERIES:
        raise _too_large("copies of a query that is NOT MATERIALIZED")


def _check_aliases(items: Any) -> None:
    """DuckDB copies an expression to each place that names its alias."""
    sizes: dict[str, int] = {}
    for item in items:
        size, work = 1, [item]
        while work:
            node = work.pop()
            if isinstance(node, list):
                work += node
            elif isinstance(node, dict):
                if node.get("class") == "COLUMN_REF":
                    size += sizes.get(fold(str(node["column_names"][-1])), 0)
                work += [value for value in node.values() if isinstance(value, (dict, list))]
        if size > ALIASES:
            raise _too_large("copies of an expression through its alias")
        if isinstance(item, dict) and item.get("alias"):
            sizes[fold(str(item["alias"]))] = size


def _too_large(what: str) -> PgError:
    return PgError("54001", f"statement would become too large: too many {what}")
