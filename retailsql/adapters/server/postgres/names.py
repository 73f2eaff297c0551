"""What PostgreSQL calls the columns that a query gives no name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.trees import first_select, is_many, query_node, word_at
from retailsql.adapters.server.records import fold

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NONE: Final = "?column?"
_NAMED: Final = re.compile(r'"((?:[^"]|"")+)"')

_PLAIN: Final = re.compile(r"(?!(?:true|false|null|col\d+)$)[a-z_][a-z0-9_]*")

#: PostgreSQL's own names of types, as it calls the column of a cast of a constant.
_TYPES: Final = {
    "INTEGER": "int4", "INT": "int4", "INT4": "int4", "BIGINT": "int8", "INT8": "int8",
    "SMALLINT": "int2", "INT2": "int2", "BOOLEAN": "bool", "BOOL": "bool", "VARCHAR": "varchar",
    "CHARACTER VARYING": "varchar", "TEXT": "text", "STRING": "text", "CHAR": "char",
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
    "any_value": "any_value", "json_group_object": "json_object_agg",
    "list": "array_agg", "group_concat": "string_agg",
}  # fmt: skip
_OPERATORS: Final = {
    "OPERATOR_COALESCE": "coalesce", "OPERATOR_NULLIF": "nullif", "GROUPING_FUNCTION": "grouping",
    "ARRAY_CONSTRUCTOR": "array", "OPERATOR_TRY": "try",
}  # fmt: skip
_NAMING: Final = frozenset([*_OPERATORS, "STRUCT_EXTRACT"])
_NOTHING: Final = {"class": "CONSTANT", "type": "VALUE_CONSTANT"}

#: Words and calls of PostgreSQL's type name.
_SESSION: Final = frozenset(["current_user", "session_user", "user", "current_role",
    "current_catalog", "current_database", "current_schema"])  # fmt: skip

#: What DuckDB's parser makes of a syntax that has no name in PostgreSQL, or another one.
_PARSED: Final = {f"to_{unit}s": "interval" for unit in (
    "day", "hour", "minute", "month", "second", "week", "year", "quarter", "millisecond",
    "microsecond", "decade",
)} | {"to_centuries": "interval", "to_millennia": "interval", "regexp_full_match": NONE,
      "ilike_escape": NONE, "like_escape": NONE, "not_like_escape": NONE} | {
          f"{PREFIX}{neg}{like}_{of}": NONE for neg in ("", "not_") for like in ("like", "ilike")
          for of in ("any", "all")} | {
              f"{PREFIX}{of}": NONE for of in ("between", "divided", "plus", "minus")}  # fmt: skip


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
    text, node = query_node(con, text)
    if node is None:
        return names
    items: list[dict[str, Any]] = node["select_list"]
    stars = [i for i, item in enumerate(items) if is_many(item)]
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
        *(_of_star(name, text) for name in names[head:end]),
        *(_name(i, old, text) for i, old in zip(items[head + 1 :], names[end:], strict=True)),
    ]


def session_word(item: dict[str, Any]) -> str:
    """``current_user`` and its like, which are words or calls; empty for anything else."""
    if item["class"] == "COLUMN_REF" and len(item["column_names"]) == 1:
        word = str(item["column_names"][0]).lower()
    elif item["class"] == "FUNCTION":
        word = str(item["function_name"]).lower()
    else:
        return ""
    return word if word in _SESSION else ""


def _by_name(
    con: DuckDBPyConnection, text: str, items: list[dict[str, Any]], names: list[str]
) -> list[str]:
    """Names between several stars: found by what DuckDB calls them, in order."""
    out, rest = [_of_star(name, text) for name in names], iter(range(len(names)))
    for item in items:
        if is_many(item) or item.get("alias") or item["class"] == "COLUMN_REF":
            continue
        place = next((i for i in rest if re.search(r"\W", names[i])), None)
        if place is None:
            break
        out[place] = _name(item, names[place], text)
    return out


def _name(item: dict[str, Any], old: str, text: str) -> str:
    """The name of one column."""
    alias: str = item.get("alias") or ""
    if alias:
        return _folded(alias, text)
    if item["class"] == "COLUMN_REF":
        return _folded(str(item["column_names"][-1]), text)
    return _figured(item, text) or NONE


def _folded(name: str, text: str) -> str:
    """A name as PostgreSQL reads it: ASCII capitals that nobody quoted are small."""
    plain = fold(name)
    return name if plain == name or _is_quoted(name, text) else plain


def _of_star(name: str, text: str) -> str:
    """A name behind a star: a column's stays, an alias of the text is folded."""
    plain = fold(name)
    if plain == name or not re.search(rf"(?i:\bas)\s+{re.escape(name)}(?!\w)", text):
        return name
    return _folded(name, text)


def _is_quoted(name: str, text: str) -> bool:
    """True if the text has the name in quotes: then its capitals are meant."""
    return any(found.replace('""', '"') == name for found in _NAMED.findall(text))


def _figured(item: dict[str, Any], text: str) -> str | None:
    """PostgreSQL's FigureColname: what an expression is called, None if nothing fits."""
    kind = item["class"]
    if kind == "COLUMN_REF":
        return _folded(str(item["column_names"][-1]), text)
    if kind in ("FUNCTION", "WINDOW"):
        return _called(item, text)
    if kind == "CAST":
        named = _figured(item["child"], text) if _strong(item["child"]) else None
        return named or _cast(item["type_expr"], text)
    if kind == "COLLATE":
        return _figured(item["child"], text)
    if kind == "CASE":
        inner = item.get("else_expr") or _NOTHING
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
        return _strong(item.get("else_expr") or _NOTHING)
    if item["class"] in ("FUNCTION", "WINDOW"):
        return not item.get("is_operator") and item["function_name"] not in _PARSED
    if item["type"] in ("ARRAY_EXTRACT", "ARRAY_SLICE"):
        return _strong(item["children"][0])
    return item["class"] in ("COLUMN_REF", "SUBQUERY", "COLLATE") or item["type"] in _NAMING


def _called(item: dict[str, Any], text: str) -> str | None:
    """The name of a call, as the user wrote it."""
    name = str(item["function_name"])
    if name in _PARSED:
        return _PARSED[name]
    if name == "left" and not word_at(item, text):  # the cut of a cast to varchar(2), quoted
        return _figured(item["arguments"][0]["expression"], text)
    if item.get("is_operator") or not re.match(r"\w", name):
        return None
    if item["class"] == "FUNCTION" and not word_at(item, text) and _placed(item, text):
        return None  # an operator that the parser makes a call, such as ~
    if name == f"{PREFIX}text":
        inner = item["arguments"][0]["expression"]
        return (_figured(inner, text) if _strong(inner) else None) or "text"
    if name.startswith(PREFIX):
        return name.removeprefix(PREFIX)
    if name == "date_part" and word_at(item, text) == "extract":
        return "extract"
    if name == "trim":
        return "btrim"
    return _CALLS.get(name, name).lower()


def _placed(item: dict[str, Any], text: str) -> bool:
    """True if the tree tells where an expression is."""
    return 0 <= int(item.get("query_location", -1)) < len(text.encode())


def _cast(kind: dict[str, Any], text: str) -> str | None:
    """The type's own name."""
    path = kind.get("qualified_name", {}).get("path") or [kind.get("type_name") or ""]
    name = str(path[-1]).upper()
    if name == "LIST" and kind.get("children"):
        return _cast(kind["children"][0], text)
    if name == "VARCHAR" and word_at(kind, text) in ("char", "character"):
        return "bpchar"
    if name == "FLOAT" and word_at(kind, text) == "real":
        return "float4"
    return _TYPES.get(name, name.lower()) or None


def _subquery(item: dict[str, Any], text: str) -> str | None:
    if item["subquery_type"] == "EXISTS":
        return "exists"
    if word_at(item, text) == "array":
        return "array"
    if item["subquery_type"] != "SCALAR":
        return None
    node = first_select(item["subquery"]["node"])
    items = node["select_list"] if node else []
    if not items or len(items) != 1 or is_many(items[0]):
        return None
    alias = items[0].get("alias")
    return str(alias) if alias else _figured(items[0], text)
