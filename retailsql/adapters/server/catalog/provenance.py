"""Which of PostgreSQL's own types the columns of a query have: followed from the catalog's columns.

DuckDB knows no ``name``, ``oid`` or ``int2vector``, and forgets what stands for them is called; so
the tree of the query is walked from its select list down to the relations of the catalog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from retailsql.adapters.server.catalog.names import SCHEMAS, sql_file

Node = dict[str, Any]
Columns = list[tuple[str, str]]
"""Names and types; a type of '' is none of PostgreSQL's own."""

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


@lru_cache(maxsize=1)
def _relations() -> dict[tuple[str, str], Columns]:
    """Schema (of PostgreSQL and of the shim) and relation -> its columns."""
    out: dict[tuple[str, str], Columns] = {}
    for line in sql_file("system_relations.sql").splitlines():
        parts = line.strip().strip("(),;").split("','")
        if len(parts) < 2 or not line.lstrip().startswith("("):
            continue
        schema, name = parts[0].lstrip("'"), parts[1].split("'")[0]
        written = parts[-1].rstrip("'").split(" ")
        columns = [(c.partition(":")[0], c.rstrip("!").partition(":")[2]) for c in written]
        out[schema, name] = out[SCHEMAS[schema], name] = columns
    return out


@dataclass
class _Scope:
    """What FROM offers: relation by relation, None where nobody knows the columns."""

    relations: list[tuple[str, Columns | None]] = field(default_factory=list)
    outer: _Scope | None = None

    def find(self, path: Sequence[str]) -> str:
        """The type of a column by its name, with or without that of its relation."""
        name = path[-1].lower()
        owner = path[-2].lower() if len(path) > 1 else None
        for alias, columns in self.relations:
            if columns is None or (owner is not None and alias != owner):
                continue
            for column, kind in columns:
                if column == name:
                    return kind
        return self.outer.find(path) if self.outer else ""


def column_types(node: Node, width: int) -> list[str]:
    """The types of a query's columns.

    Args:
        node: of the query, as ``json_serialize_sql`` writes it.
        width: how many columns it has.

    Returns:
        PostgreSQL's names of types; '' where DuckDB's type tells enough.
    """
    columns = _query(node, {}, None, width)
    kinds = [kind for _, kind in columns or []]
    return kinds if len(kinds) == width else [""] * width


def _query(
    node: Node, known: dict[str, Columns | None], outer: _Scope | None, width: int = -1
) -> Columns | None:
    """The columns of a query or a subquery; None: it cannot be told how many."""
    known = dict(known)
    for entry in (node.get("cte_map") or {}).get("map", ()):
        value = entry["value"]
        inner = value.get("query_node") or (value.get("query") or {}).get("node")
        found = _query(inner, known, outer) if inner else None
        known[entry["key"].lower()] = _renamed(found, value.get("aliases") or [])
    if node["type"] != "SELECT_NODE":
        return _branches(node, known, outer, width)
    scope = _Scope(outer=outer)
    _from(node.get("from_table") or {}, known, scope)
    items = node["select_list"]
    out: Columns = []
    for item in items:
        if item["class"] != "STAR":
            out.append((_label(item), _kind(item, scope, known)))
            continue
        found = _star(item, scope)
        if found is None:
            if width < len(items) - 1 or sum(i["class"] == "STAR" for i in items) > 1:
                return None
            found = [("", "")] * (width - len(items) + 1)
        out += found
    return out


def _branches(
    node: Node, known: dict[str, Columns | None], outer: _Scope | None, width: int
) -> Columns | None:
    """UNION and its like: what all branches agree on."""
    children = node.get("children") or [node.get("left"), node.get("right")]
    found = [_query(child, known, outer, width) for child in children if child]
    if not found or found[0] is None:
        return None
    first = found[0]
    if any(other is None or len(other) != len(first) for other in found):
        return [(name, "") for name, _ in first]
    agreed = [_common([columns[i][1] for columns in found if columns]) for i in range(len(first))]
    return [(name, kind) for (name, _), kind in zip(first, agreed, strict=True)]


def _common(kinds: Sequence[str]) -> str:
    """One type for several values; ``?`` is a literal that takes any."""
    left = {kind for kind in kinds if kind != "?"}
    return left.pop() if len(left) == 1 else ""


def _renamed(columns: Columns | None, names: Sequence[str]) -> Columns | None:
    if columns is None:
        return None
    fresh = [n.lower() for n in names] + [name for name, _ in columns[len(names) :]]
    return [(name, kind) for name, (_, kind) in zip(fresh, columns, strict=False)]


def _from(table: Node, known: dict[str, Columns | None], scope: _Scope) -> None:
    """Add the relations of FROM to a scope."""
    kind, alias = table.get("type"), str(table.get("alias") or "").lower()
    if kind == "JOIN":
        _from(table["left"], known, scope)
        before = len(scope.relations)
        _from(table["right"], known, scope)
        for i in range(before, len(scope.relations)) if table.get("using_columns") else ():
            # A star has the columns of USING once.
            name, columns = scope.relations[i]
            using = {n.lower() for n in table["using_columns"]}
            kept = columns and [c for c in columns if c[0] not in using]
            scope.relations[i] = name, kept
    elif kind == "BASE_TABLE":
        name = str(table["table_name"]).lower()
        schema = str(table.get("schema_name") or "").lower()
        columns = known[name] if not schema and name in known else _relations().get(
            (schema or "pg_catalog", name)
        )  # fmt: skip
        columns = _renamed(columns, table.get("column_name_alias") or [])
        scope.relations.append((alias or name, columns))
    elif kind == "SUBQUERY":
        columns = _query(table["subquery"]["node"], known, scope)
        scope.relations.append((alias, _renamed(columns, table.get("column_name_alias") or [])))
    elif kind != "EMPTY":
        names = [n.lower() for n in table.get("column_name_alias") or []]
        scope.relations.append((alias, [(n, "") for n in names] or None))


def _star(item: Node, scope: _Scope) -> Columns | None:
    owner = str(item.get("relation_name") or "").lower()
    if item.get("exclude_list") or item.get("replace_list") or item.get("columns"):
        return None
    out: Columns = []
    for alias, columns in scope.relations:
        if owner and alias != owner:
            continue
        if columns is None:
            return None
        out += columns
    return out


def _label(item: Node) -> str:
    """What an outer query calls a column."""
    if item.get("alias"):
        return str(item["alias"]).lower()
    if item["class"] == "COLUMN_REF":
        return str(item["column_names"][-1]).lower()
    if item["class"] == "CAST":
        return _label(item["child"])
    return str(item.get("function_name") or "").lower()


def _kind(item: Node, scope: _Scope, known: dict[str, Columns | None]) -> str:
    """The type of an expression."""
    match item["class"]:
        case "COLUMN_REF":
            path = item["column_names"]
            return scope.find(path) or (
                _FUNCTIONS.get(path[0].lower(), "") if path[1:] == [] else ""
            )
        case "POSITIONAL_REFERENCE":
            flat = _star({}, scope) or []
            return flat[item["index"] - 1][1] if item["index"] <= len(flat) else ""
        case "CONSTANT":
            return "?"
        case "CAST":
            return _cast(item["type_expr"])
        case "COLLATE":
            return _kind(item["child"], scope, known)
        case "SUBQUERY" if item.get("subquery_type") == "SCALAR":
            inner = _query(item["subquery"]["node"], known, scope)
            return inner[0][1] if inner else ""
        case "CASE":
            values = [check["then_expr"] for check in item["case_checks"]] + [item["else_expr"]]
            return _common([_kind(value, scope, known) for value in values if value])
        case "FUNCTION" | "WINDOW":
            return _call(item, scope, known)
        case "OPERATOR":
            return _operator(item, scope, known)
    return ""


def _cast(kind: Node) -> str:
    path = (kind.get("qualified_name") or {}).get("path") or [kind.get("type_name") or ""]
    name = str(path[-1]).lower()
    if name in ("list", "array") and kind.get("children"):
        return f"_{_cast(kind['children'][0])}"
    return name


def _call(item: Node, scope: _Scope, known: dict[str, Columns | None]) -> str:
    name = str(item["function_name"]).lower()
    arguments = [a.get("expression", a) for a in item.get("arguments") or ()]
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    if not arguments:
        return "?" if name == "list_value" else ""  # ARRAY(SELECT ...) holds an empty list
    first = _kind(arguments[0], scope, known)
    if name in _SAME:
        return first
    if name in _LISTS:
        return f"_{first}" if first not in ("", "?") else ""
    if name == "unnest":
        return {"int2vector": "int2", "oidvector": "oid"}.get(first, first.removeprefix("_"))
    if name in ("min", "max"):
        return first if first in _AS_THEY_ARE or first.startswith("_") else ""
    return ""


def _operator(item: Node, scope: _Scope, known: dict[str, Columns | None]) -> str:
    kinds = [_kind(child, scope, known) for child in item.get("children") or ()]
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
