"""Whether a column of a query has the digits that somebody declared: followed through subqueries.

PostgreSQL tells precision and scale of a numeric for a table's column and for a cast to
``numeric(p,s)``, through subqueries too, and for nothing that is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from retailsql.adapters.server.postgres import trees

_DEEPEST = 20  # subqueries in subqueries


class Sources:
    """A query and what its columns may come from.

    Args:
        node: the query's SELECT, from DuckDB's tree.
        outer: WITH queries of those around it.
        depth: how many are around it.
    """

    def __init__(
        self, node: dict[str, Any], outer: dict[str, Any] | None = None, depth: int = 0
    ) -> None:
        self.node, self.depth = node, depth
        own = (node.get("cte_map") or {}).get("map", ())
        self.withs = dict(outer or {})
        for entry in own:
            self.withs[str(entry["key"]).lower()] = _inside(entry["value"])

    def declared(self, item: dict[str, Any] | None, name: str) -> bool:
        """True if the item has declared digits.

        Args:
            item: of the select list; None: a star.
            name: of the column.
        """
        if item is None:
            return self._column([name])
        kind = item["class"]
        if kind == "COLUMN_REF":
            return self._column(item["column_names"])
        if kind == "CAST":
            return bool(item["type_expr"].get("children"))
        if kind == "CASE":
            parts = [check["then_expr"] for check in item.get("case_checks", ())]
            parts.append(item.get("else_expr") or {"class": "CONSTANT"})
            return all(self.declared(part, name) for part in parts)
        if kind == "SUBQUERY":
            inner = self._of(_inside(item["subquery"]))
            items: list[trees.Item] = inner.node.get("select_list", []) if inner else []
            return bool(inner and len(items) == 1 and inner.declared(items[0], name))
        if item.get("type") == "OPERATOR_COALESCE":
            return all(self.declared(part, name) for part in item["children"])
        return False

    def _column(self, path: Sequence[str]) -> bool:
        """True for a column of a table; of a subquery, if it is so there."""
        name, table = path[-1].lower(), "".join(path[-2:-1]).lower()
        plain = False
        for leaf in _leaves(self.node.get("from_table")):
            called = str(leaf.get("alias") or leaf.get("table_name") or "").lower()
            if table and called != table:
                continue
            inner = self._source(leaf)
            if inner is not None:
                found = inner.output(name)
                if found is not None:
                    return found
            else:
                plain = plain or leaf["type"] == "BASE_TABLE"
        return plain

    def _source(self, leaf: dict[str, Any]) -> Sources | None:
        """The query behind a part of FROM; None: it is a table."""
        if leaf["type"] == "SUBQUERY":
            return self._of(_inside(leaf["subquery"]))
        path = (leaf.get("qualified_name") or {}).get("path") or [leaf.get("table_name", "")]
        if leaf["type"] == "BASE_TABLE" and len(path) == 1:
            return self._of(self.withs.get(str(path[0]).lower()))
        return None

    def _of(self, node: dict[str, Any] | None) -> Sources | None:
        node = trees.first_select(node) if node else None
        if node is None or self.depth >= _DEEPEST:
            return None
        return Sources(node, self.withs, self.depth + 1)

    def output(self, name: str) -> bool | None:
        """Whether the column it returns under a name is declared; None: it has none of it."""
        for item in self.node.get("select_list", ()):
            if item["class"] == "STAR":
                if self._column([name]):
                    return True
                continue
            last = item["column_names"][-1] if item["class"] == "COLUMN_REF" else ""
            if str(item.get("alias") or last).lower() == name:
                return self.declared(item, name)
        return None


def _inside(query: dict[str, Any]) -> dict[str, Any] | None:
    """The node of a subquery or WITH query, whichever way this tree holds it."""
    for key in ("node", "query_node", "query"):
        held = query.get(key)
        if isinstance(held, dict):
            return _inside(held) or held if "type" not in held else held
    return None


def _leaves(table: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """What FROM names, joins taken apart."""
    if not table:
        return
    if table.get("type") == "JOIN":
        yield from _leaves(table.get("left"))
        yield from _leaves(table.get("right"))
    else:
        yield table
