"""Where the columns of a query come from: their tables, and PostgreSQL's own types of them.

DuckDB tells no table of a column, knows no ``name``, ``oid`` or ``int2vector``, and forgets what
stands for them is called; so the tree of the query is walked from its select list down to the
relations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retailsql.adapters.server.catalog.scopes import (
    UNKNOWN,
    Column,
    Columns,
    Look,
    Relation,
    Scope,
    catalog_relations,
    renamed,
)

Node = dict[str, Any]

_FUNCTIONS = {
    "current_user": "name", "session_user": "name", "user": "name", "current_role": "name",
    "current_catalog": "name", "current_schema": "name", "current_database": "name",
    "current_schemas": "_name", "pg_get_userbyid": "name", "pg_my_temp_schema": "oid",
    "pg_get_serial_sequence": "text", "version": "text",
}  # fmt: skip
_SAME = frozenset({"any_value", "first", "last", "arg_min", "arg_max", "nullif", "lag", "lead"})
"""Calls with the type of their first argument; ``min`` of a name is text, of an oid is oid."""
_LISTS = frozenset({"array_agg", "list", "list_value", "array"})
_AS_THEY_ARE = frozenset({"oid", "xid", "cid"})


def columns_of(node: Node, width: int, look: Look) -> Columns:
    """The columns of a query, each with its table and type as far as they can be told.

    Args:
        node: of the query, as ``json_serialize_sql`` writes it.
        width: how many columns it has.
        look: finds the columns of a table that is none of the catalog's.
    """
    columns = _Walk(look).query(node, {}, None, width)
    return columns if columns is not None and len(columns) == width else [UNKNOWN] * width


class _Walk:
    """One walk over a tree."""

    def __init__(self, look: Look) -> None:
        self._look = look

    def query(
        self, node: Node, known: dict[str, Columns | None], outer: Scope | None, width: int = -1
    ) -> Columns | None:
        """The columns of a query or a subquery; None: it cannot be told how many."""
        known = dict(known)
        for entry in (node.get("cte_map") or {}).get("map", ()):
            value, name = entry["value"], entry["key"].lower()
            inner = value.get("query_node") or (value.get("query") or {}).get("node")
            if inner and inner["type"] == "RECURSIVE_CTE_NODE":
                known[name] = None  # it reads itself, not a table of that name
            found = self.query(inner, known, outer) if inner else None
            known[name] = renamed(found, value.get("aliases") or [])
        if node["type"] != "SELECT_NODE":
            return self._branches(node, known, outer, width)
        scope = Scope(outer=outer)
        self._from(node.get("from_table") or {}, known, scope)
        items = node["select_list"]
        out: Columns = []
        for item in items:
            if item["class"] != "STAR":
                out.append(self._column(item, scope, known))
                continue
            found = _star(item, scope)
            if found is None:
                if width < len(items) - 1 or sum(i["class"] == "STAR" for i in items) > 1:
                    return None
                found = [UNKNOWN] * (width - len(items) + 1)
            out += found
        return out

    def _branches(
        self, node: Node, known: dict[str, Columns | None], outer: Scope | None, width: int
    ) -> Columns | None:
        """UNION and its like: of no table, and of the type that all branches agree on."""
        children = node.get("children") or [node.get("left"), node.get("right")]
        found = [self.query(child, known, outer, width) for child in children if child]
        if not found or found[0] is None:
            return None
        first = found[0]
        if any(other is None or len(other) != len(first) for other in found):
            return [Column(c.name) for c in first]
        kinds = [[columns[i].kind for columns in found if columns] for i in range(len(first))]
        return [Column(c.name, _common(k)) for c, k in zip(first, kinds, strict=True)]

    def _from(self, table: Node, known: dict[str, Columns | None], scope: Scope) -> None:
        """Add the relations of FROM to a scope."""
        kind, alias = table.get("type"), str(table.get("alias") or "").lower()
        names = [n.lower() for n in table.get("column_name_alias") or []]
        if kind == "JOIN":
            self._from(table["left"], known, scope)
            before = len(scope.relations)
            self._from(table["right"], known, scope)
            scope.join(
                before, table.get("using_columns") or (), table.get("ref_type") == "NATURAL",
                table.get("join_type") in ("INNER", "LEFT"),
            )  # fmt: skip
        elif kind == "BASE_TABLE":
            name = str(table["table_name"]).lower()
            columns = renamed(self._relation(table, name, known), names)
            scope.relations.append(Relation(alias or name, columns))
        elif kind == "SUBQUERY":
            columns = self.query(table["subquery"]["node"], known, scope)
            scope.relations.append(Relation(alias, renamed(columns, names)))
        elif kind != "EMPTY":
            scope.relations.append(Relation(alias, [Column(n) for n in names] or None))

    def _relation(self, table: Node, name: str, known: dict[str, Columns | None]) -> Columns | None:
        schema = str(table.get("schema_name") or "").lower()
        if not schema and name in known:
            return known[name]
        found = catalog_relations().get((schema or "pg_catalog", name))
        return self._look(schema, name) if found is None else found

    def _column(self, item: Node, scope: Scope, known: dict[str, Columns | None]) -> Column:
        """A column of the result; what is no plain column of a table has none."""
        label = _label(item)
        if item["class"] == "COLUMN_REF":
            found = scope.find(item["column_names"])
            if found is not UNKNOWN:
                return found._replace(name=label)
        return Column(label, self._kind(item, scope, known))

    def _kind(self, item: Node, scope: Scope, known: dict[str, Columns | None]) -> str:
        """The type of an expression."""
        match item["class"]:
            case "COLUMN_REF":
                path = item["column_names"]
                return scope.find(path).kind or (
                    _FUNCTIONS.get(path[0].lower(), "") if path[1:] == [] else ""
                )
            case "POSITIONAL_REFERENCE":
                flat = scope.star() or []
                return flat[item["index"] - 1].kind if item["index"] <= len(flat) else ""
            case "CONSTANT":
                return "?"
            case "CAST":
                return _cast(item["type_expr"])
            case "COLLATE":
                return self._kind(item["child"], scope, known)
            case "SUBQUERY" if item.get("subquery_type") == "SCALAR":
                inner = self.query(item["subquery"]["node"], known, scope)
                return inner[0].kind if inner else ""
            case "CASE":
                values = [check["then_expr"] for check in item["case_checks"]] + [item["else_expr"]]
                return _common([self._kind(value, scope, known) for value in values if value])
            case "FUNCTION" | "WINDOW":
                return self._call(item, scope, known)
            case "OPERATOR":
                return self._operator(item, scope, known)
        return ""

    def _call(self, item: Node, scope: Scope, known: dict[str, Columns | None]) -> str:
        name = str(item["function_name"]).lower()
        arguments = [a.get("expression", a) for a in item.get("arguments") or ()]
        if name in _FUNCTIONS:
            return _FUNCTIONS[name]
        if not arguments:
            return "?" if name == "list_value" else ""  # ARRAY(SELECT ...) holds an empty list
        first = self._kind(arguments[0], scope, known)
        if name in _SAME:
            return first
        if name in _LISTS:
            return f"_{first}" if first not in ("", "?") else ""
        if name == "unnest":
            return {"int2vector": "int2", "oidvector": "oid"}.get(first, first.removeprefix("_"))
        if name in ("min", "max"):
            return first if first in _AS_THEY_ARE or first.startswith("_") else ""
        return ""

    def _operator(self, item: Node, scope: Scope, known: dict[str, Columns | None]) -> str:
        kinds = [self._kind(child, scope, known) for child in item.get("children") or ()]
        match item["type"]:
            case "OPERATOR_COALESCE":
                return _common(kinds)
            case "OPERATOR_NULLIF":
                return kinds[0]
            case "ARRAY_CONSTRUCTOR":
                found = _common(kinds)
                return f"_{found}" if found not in ("", "?") else ""
            case "ARRAY_EXTRACT":
                return {"int2vector": "int2", "oidvector": "oid"}.get(
                    kinds[0], kinds[0].removeprefix("_")
                )
        return ""


def _star(item: Node, scope: Scope) -> Columns | None:
    if item.get("exclude_list") or item.get("replace_list") or item.get("columns"):
        return None
    return scope.star(str(item.get("relation_name") or "").lower())


def _common(kinds: Sequence[str]) -> str:
    """One type for several values; ``?`` is a literal that takes any."""
    left = {kind for kind in kinds if kind != "?"}
    return left.pop() if len(left) == 1 else ""


def _label(item: Node) -> str:
    """What an outer query calls a column."""
    if item.get("alias"):
        return str(item["alias"]).lower()
    if item["class"] == "COLUMN_REF":
        return str(item["column_names"][-1]).lower()
    if item["class"] == "CAST":
        return _label(item["child"])
    return str(item.get("function_name") or "").lower()


def _cast(kind: Node) -> str:
    path = (kind.get("qualified_name") or {}).get("path") or [kind.get("type_name") or ""]
    name = str(path[-1]).lower()
    if name in ("list", "array") and kind.get("children"):
        return f"_{_cast(kind['children'][0])}"
    return name
