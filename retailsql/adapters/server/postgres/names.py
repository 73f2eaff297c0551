"""What PostgreSQL calls the columns that a query gives no name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import duckdb

from retailsql.adapters.server.postgres.edits import edits
from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.records import PgError, apply
from retailsql.dialect.tokens import tokenize

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NONE: Final = "?column?"
_NAMED: Final = re.compile(r'"((?:[^"]|"")+)"')

_PLAIN: Final = re.compile(r"(?!(?:true|false|null|col\d+)$)[a-z_][a-z0-9_]*")

#: PostgreSQL's own names of types, as it calls the column of a cast of a constant.
_TYPES: Final = {
    "INTEGER": "int4", "INT": "int4", "INT4": "int4", "BIGINT": "int8", "INT8": "int8",
    "SMALLINT": "int2", "INT2": "int2", "BOOLEAN": "bool", "BOOL": "bool", "VARCHAR": "varchar",
    "CHARACTER VARYING": "varchar", "TEXT": "text", "STRING": "text", "CHAR": "bpchar",
    "BPCHAR": "bpchar", "DOUBLE": "float8", "FLOAT8": "float8", "DOUBLE PRECISION": "float8",
    "FLOAT": "float8", "REAL": "float4", "FLOAT4": "float4", "DECIMAL": "numeric",
    "NUMERIC": "numeric", "DATE": "date", "TIME": "time", "TIMESTAMP": "timestamp",
    "DATETIME": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIMESTAMPTZ": "timestamptz", "TIME WITH TIME ZONE": "timetz", "TIMETZ": "timetz",
    "INTERVAL": "interval", "BLOB": "bytea", "BYTEA": "bytea", "UUID": "uuid", "JSON": "json",
    "BIT": "varbit", "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp",
}  # fmt: skip

#: Functions that DuckDB's parser gives another name.
_CALLS: Final = {
    "count_star": "count", "quantile_cont": "percentile_cont", "quantile_disc": "percentile_disc",
    "struct_pack": "row", "list_value": "array", "get_current_timestamp": "now",
    "any_value": "any_value", "json_group_array": "json_agg", "json_group_object":
    "json_object_agg", "list": "array_agg", "group_concat": "string_agg",
}  # fmt: skip
_OPERATORS: Final = {
    "OPERATOR_COALESCE": "coalesce", "OPERATOR_NULLIF": "nullif", "GROUPING_FUNCTION": "grouping",
    "ARRAY_CONSTRUCTOR": "array", "OPERATOR_TRY": "try",
}  # fmt: skip
#: What DuckDB's parser makes of a syntax that has no name in PostgreSQL, or another one.
_PARSED: Final = {f"to_{unit}s": "interval" for unit in (
    "day", "hour", "minute", "month", "second", "week", "year", "quarter", "millisecond",
    "microsecond", "decade",
)} | {"to_centuries": "interval", "to_millennia": "interval", "regexp_full_match": NONE,
      "ilike_escape": NONE, "like_escape": NONE, "not_like_escape": NONE}  # fmt: skip


def column_names(con: DuckDBPyConnection, text: str, names: list[str]) -> list[str]:
    """The names of a query's columns as PostgreSQL gives them.

    Args:
        con: any connection; nothing is looked up.
        text: the query, as the user wrote it or with the edits made.
        names: what DuckDB calls its columns. A star keeps those.

    >>> import duckdb
    >>> column_names(duckdb.connect(), "select count(*), 1 + 1, a::date as D, 'x'::text",
    ...              ["count_star()", "(1 + 1)", "D", "CAST('x' AS VARCHAR)"])
    ['count', '?column?', 'd', 'text']
    """
    if all(_PLAIN.fullmatch(name) for name in names):
        return names  # columns and aliases: nothing to find, and the tree is not free
    items = _select_list(con, text)
    if items is None:
        text = _edited(text)
        items = _select_list(con, text)
    if items is None:
        return names
    stars = [i for i, item in enumerate(items) if _many(item)]
    if len(stars) > 1 or len(items) - len(stars) > len(names):
        return _by_name(con, text, items, names)
    if not stars:
        if len(items) != len(names):
            return names
        return [_name(i, old, text) for i, old in zip(items, names, strict=True)]
    head, tail = stars[0], len(items) - stars[0] - 1
    end = len(names) - tail
    return [
        *(_name(i, old, text) for i, old in zip(items[:head], names[:head], strict=True)),
        *names[head:end],
        *(_name(i, old, text) for i, old in zip(items[head + 1 :], names[end:], strict=True)),
    ]


def _edited(text: str) -> str:
    """The text with PostgreSQL's own syntax taken out of it."""
    try:
        return apply(text, edits(text, tokenize(text) or []))
    except PgError:
        return text


def _by_name(
    con: DuckDBPyConnection, text: str, items: list[dict[str, Any]], names: list[str]
) -> list[str]:
    """Names between several stars: found by what DuckDB calls them, in order."""
    out, rest = list(names), iter(range(len(names)))
    for item in items:
        if _many(item) or item.get("alias") or item["class"] == "COLUMN_REF":
            continue
        place = next((i for i in rest if re.search(r"\W", names[i])), None)
        if place is None:
            break
        out[place] = _name(item, names[place], text)
    return out


def _many(item: dict[str, Any]) -> bool:
    """True for what stands for any number of columns."""
    return item["class"] == "STAR" or any(node["class"] == "STAR" for node in _nodes(item))


def _nodes(item: Any) -> Iterator[dict[str, Any]]:
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


def _select_list(con: DuckDBPyConnection, text: str) -> list[dict[str, Any]] | None:
    """The select list of the first branch of a query; None: it has none."""
    try:
        row = con.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
    except duckdb.Error:
        return None
    tree = json.loads(row[0]) if row else {}
    if tree.get("error") or len(tree.get("statements", ())) != 1:
        return None
    return _first_list(tree["statements"][0]["node"])


def _first_list(node: dict[str, Any]) -> list[dict[str, Any]] | None:
    while node.get("type") in ("SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"):
        branches = node.get("children") or [node.get("left") or node.get("child")]
        if not branches or not isinstance(branches[0], dict):
            return None
        node = branches[0]
    if node.get("type") != "SELECT_NODE":
        return None
    if (node.get("from_table") or {}).get("type") == "EXPRESSION_LIST":
        values = node["from_table"].get("values")
        if values and not node["from_table"].get("expected_names"):
            if node["from_table"].get("alias") != "valueslist":
                return None
            return [{"class": "CONSTANT", "alias": f"column{i + 1}"} for i in range(len(values[0]))]
    items: list[dict[str, Any]] | None = node.get("select_list")
    return items


def _name(item: dict[str, Any], old: str, text: str) -> str:
    """The name of one column."""
    alias: str = item.get("alias") or ""
    if alias:
        if alias.islower() or alias == alias.lower() or _is_quoted(alias, text):
            return alias
        return alias.lower()
    if item["class"] == "COLUMN_REF":
        return old
    return _figured(item, text) or NONE


def _is_quoted(name: str, text: str) -> bool:
    """True if the text has the name in quotes: then its capitals are meant."""
    return any(found.replace('""', '"') == name for found in _NAMED.findall(text))


def _figured(item: dict[str, Any], text: str) -> str | None:
    """PostgreSQL's FigureColname: what an expression is called, None if nothing fits."""
    kind = item["class"]
    if kind == "COLUMN_REF":
        return str(item["column_names"][-1])
    if kind in ("FUNCTION", "WINDOW"):
        return _called(item, text)
    if kind == "CAST":
        return _figured(item["child"], text) or _cast(item["type_expr"], text)
    if kind == "COLLATE":
        return _figured(item["child"], text)
    if kind == "CASE":
        inner = item.get("else_expr") or {"class": "CONSTANT"}
        return _figured(inner, text) if _strong(inner) else "case"
    if kind == "SUBQUERY":
        return _subquery(item, text)
    if item["type"] in ("ARRAY_EXTRACT", "ARRAY_SLICE"):
        return _figured(item["children"][0], text)
    if item["type"] == "STRUCT_EXTRACT":
        return str(item["children"][1].get("literal", {}).get("text") or "") or None
    return _OPERATORS.get(item["type"])


def _strong(item: dict[str, Any]) -> bool:
    """True if an expression's name goes before that of a CASE around it: a type's does not."""
    if item["class"] == "CAST":
        return _strong(item["child"])
    if item["class"] == "CASE":
        return _strong(item.get("else_expr") or {"class": "CONSTANT"})
    if item["class"] in ("FUNCTION", "WINDOW"):
        return not item.get("is_operator")
    return item["class"] == "COLUMN_REF" or item.get("type") in _OPERATORS


def _called(item: dict[str, Any], text: str) -> str | None:
    """The name of a call, as the user wrote it."""
    name = str(item["function_name"])
    if name in _PARSED:
        return _PARSED[name]
    if item.get("is_operator") or not re.match(r"\w", name):
        return None
    if item["class"] == "FUNCTION" and not _word(item, text) and _placed(item, text):
        return None  # an operator that the parser makes a call, such as ~
    if name.startswith(PREFIX):
        return name.removeprefix(PREFIX)
    if name == "date_part" and _word(item, text) == "extract":
        return "extract"
    if name == "trim":
        return "btrim"
    return _CALLS.get(name, name).lower()


def _placed(item: dict[str, Any], text: str) -> bool:
    """True if the tree tells where an expression is."""
    return 0 <= int(item.get("query_location", -1)) < len(text.encode())


def _word(item: dict[str, Any], text: str) -> str:
    """The word an expression begins with, in small letters; DuckDB counts bytes."""
    raw, at = text.encode(), item.get("query_location", -1)
    found = re.match(rb"\w+", raw[at : at + 40]) if 0 <= at < len(raw) else None
    return found[0].decode("ascii", "replace").lower() if found else ""


def _cast(kind: dict[str, Any], text: str) -> str | None:
    """The type's own name."""
    path = kind.get("qualified_name", {}).get("path") or [kind.get("type_name") or ""]
    name = str(path[-1]).upper()
    if name == "LIST" and kind.get("children"):
        return _cast(kind["children"][0], text)
    if name == "VARCHAR" and _word(kind, text) in ("char", "character"):
        return "bpchar"
    if name == "FLOAT" and _word(kind, text) == "real":
        return "float4"
    return _TYPES.get(name, name.lower()) or None


def _subquery(item: dict[str, Any], text: str) -> str | None:
    if item["subquery_type"] == "EXISTS":
        return "exists"
    if _word(item, text) == "array":
        return "array"
    if item["subquery_type"] != "SCALAR":
        return None
    items = _first_list(item["subquery"]["node"])
    if not items or len(items) != 1 or _many(items[0]):
        return None
    alias = items[0].get("alias")
    return str(alias) if alias else _figured(items[0], text)
