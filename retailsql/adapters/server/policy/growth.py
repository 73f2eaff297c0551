"""Short statements that DuckDB writes out to huge plans, beyond the reach of an interrupt or of
its memory limit: aliases built of aliases, queries behind WITH ... NOT MATERIALIZED read twice and
again, grouping sets and pivots by the thousand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any

from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.records import PgError

ALIASES, QUERIES, GROUPS, PIVOTS = 2_000, 500, 512, 1_000
"""Copies of one expression; of one query; grouping sets; columns made by a pivot."""
ENTRIES = 1_664
"""Of a list behind SELECT; PostgreSQL's own limit."""
CONDITIONS, GROUPS_OF_THEM, WINDOWS, PARTS = 800, 750, 256, 32
"""Joined by AND; those of an OR; different windows; parts of a column's name: DuckDB looks at each
with each."""
_SUBQUERIES = {"EXISTS": 24, "ANY": 24}
_SCALARS = 100
"""Subqueries in expressions: each EXISTS is joined to all before it."""
VALUES = 65_535
"""Plain values in a query, as many as it may have parameters; any other expression counts as
three. A writer's INSERT may have more."""
FRAME = 1_000
"""Rows on either side of one, in a window whose function looks at all of them for each row."""
_WHERE = re.compile(r"'query_location': \d+")
_SHORT = 20


@dataclass
class Growth:
    """What makes planning slow, over a whole statement.

    Args:
        conditions: joined by AND.
        windows: that differ.
        subqueries: in expressions, by kind.
        expressions: all that are no plain values.
        values: plain ones.
        apart: nodes of AND that are no filters: each one of many behind OR or in CASE.
    """

    conditions: int = 0
    windows: set[str] = field(default_factory=set)
    subqueries: Counter[str] = field(default_factory=Counter)
    expressions: int = 0
    values: int = 0
    apart: set[int] = field(default_factory=set)

    def add(self, node: dict[str, Any]) -> None:
        """Count an expression; those around it were counted before.

        Raises:
            PgError: 54001 too much of it, 0A000 a type or collation that takes the square of a
                value's length.
        """
        kind = node["class"]
        if kind == "CONSTANT":
            self.values += 1
            return
        if kind == "TYPE":
            _check_type(node)
            return  # of a cast, which is counted
        self.expressions += 1
        if kind == "CONJUNCTION":
            self._join(node)
        elif kind == "CASE":
            self._put_apart(check["when_expr"] for check in node["case_checks"])
        elif kind == "COLUMN_REF" and len(node["column_names"]) > PARTS:
            raise _too_large("parts of a name")
        elif kind == "SUBQUERY":
            told = node["subquery_type"]
            self.subqueries[told] += 1
            if self.subqueries[told] > _SUBQUERIES.get(told, _SCALARS):
                raise _too_large("subqueries")
        elif kind == "COLLATE" and "nfc" in fold(str(node["collation"])).split("."):
            raise PgError("0A000", "collation nfc is not supported here",
                          hint="normalize(text), which looks at sizes, gives the same")  # fmt: skip
        elif kind == "WINDOW":
            _check_frame(node)
            self.windows.add(_WHERE.sub("", str((node["partitions"], node["orders"]))))
            if len(self.windows) > WINDOWS:
                raise _too_large("different windows")

    def check_values(self) -> None:
        """Refuse a query of too many values and expressions.

        Raises:
            PgError: 54001.
        """
        if self.values + 3 * self.expressions > VALUES:
            raise _too_large("values and expressions")

    def _join(self, node: dict[str, Any]) -> None:
        children = node["children"]
        if node["type"] != "CONJUNCTION_AND":
            if sum(child["type"] == "CONJUNCTION_AND" for child in children) > GROUPS_OF_THEM:
                raise _too_large("groups of conditions joined by OR")
            self._put_apart(children)
        elif id(node) not in self.apart:
            self.conditions += len(children)
            if self.conditions > CONDITIONS:
                raise _too_large("conditions joined by AND")

    def _put_apart(self, nodes: Iterable[dict[str, Any]]) -> None:
        self.apart.update(id(n) for n in nodes if len(n.get("children") or ()) <= _SHORT)


_WHOLE = frozenset(["mode", "mad", "entropy", "histogram", "approx_top_k"])
"""Aggregates that DuckDB makes anew for each row of a window."""


def _check_frame(window: dict[str, Any]) -> None:
    """Refuse what goes over its whole frame for each row: 2,048 rows of a million each, in one."""
    if fold(str(window["function_name"])) == "reservoir_quantile":  # a sample for each row
        raise PgError("0A000", "reservoir_quantile is not supported over a window",
                      hint="quantile_cont(x, 0.5) OVER (...) is exact")  # fmt: skip
    name, left_out = fold(str(window["function_name"])), window["exclude_clause"] != "NO_OTHER"
    runs = window["orders"] and window["end"] != "UNBOUNDED_FOLLOWING"
    moves = left_out or window["start"] != "UNBOUNDED_PRECEDING" or runs
    by_row = left_out and (window["distinct"] or window["arg_orders"])
    if ((name in _WHOLE and moves) or by_row) and not all(
        _is_near(window, side) for side in ("start", "end")
    ):
        raise PgError(
            "54001", f"statement would take too long: {name} over a window that moves",
            hint=f"Name its rows, at most {FRAME} on either side: "
            f"ROWS BETWEEN {FRAME} PRECEDING AND CURRENT ROW; or use GROUP BY.",
        )  # fmt: skip


def _is_near(window: dict[str, Any], side: str) -> bool:
    if window[side] == "CURRENT_ROW_ROWS":
        return True
    told = (window[f"{side}_expr"] or {}).get("literal") or {}
    number = str(told.get("text", ""))
    return window[side].endswith("_ROWS") and number.isdecimal() and int(number) <= FRAME


_SLOW_TYPES = {
    "bignum": "numeric(38, 0) holds 38 digits, double precision the size of more",
    "variant": "json holds any value",
}
"""DuckDB works on one large value of them for seconds; of bignum the square of its digits."""


def _check_type(node: dict[str, Any]) -> None:
    """Refuse a type that works too long on one value."""
    name = fold(str(node["type_name"]))
    if name in _SLOW_TYPES:
        raise PgError("0A000", f"type {name} is not supported here", hint=_SLOW_TYPES[name])


def check_node(node: dict[str, Any]) -> None:
    """Refuse a query or pivot that grows beyond measure.

    Raises:
        PgError: 54001.
    """
    kind = node.get("type")
    if kind == "SELECT_NODE":
        if len(node.get("group_sets") or ()) > GROUPS:
            raise _too_large("grouping sets")
        items = node.get("select_list") or ()
        if len(items) > ENTRIES:
            raise PgError("54011", f"target lists can have at most {ENTRIES} entries")
        _check_aliases(items)
    elif kind == "PIVOT" and _columns(node) > PIVOTS:
        raise _too_large("columns of a pivot")


def _columns(pivot: dict[str, Any]) -> int:
    return prod(max(1, len(p.get("entries") or ())) for p in pivot.get("pivots") or ())


def copies(never: set[str], read: Counter[str]) -> int:
    """How often NOT MATERIALIZED queries would be planned, as far as that is not too often.

    Args:
        never: their names.
        read: how often each name is read.

    Raises:
        PgError: 54001.
    """
    found = prod(max(1, read[name]) for name in never)
    if found > QUERIES:
        raise _too_large("copies of a query that is NOT MATERIALIZED")
    return found


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
