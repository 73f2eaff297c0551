"""BigQuery's JSON functions.

TO_JSON_STRING follows Google's own code letter by letter, since its text is hashed to split rows:
https://github.com/google/zetasql, public/functions/json_format.cc and common/json_util.cc
"""

from __future__ import annotations

import json
import re

from retailsql.dialect.bigquery.functions import Call, Function, Table
from retailsql.dialect.bigquery.known import Known
from retailsql.dialect.bigquery.texts import MOMENTS, UNSURE, as_string, float_text, moment
from retailsql.registry.names import literal, quote

_EXACT = 2**53
_KEY = re.compile(
    r"\.([\w\-: ]+)|\[\s*(\d+)\s*\]|\.\"((?:[^\\\"]|\\.)*)\"|\[\s*'((?:[^\\']|\\.)*)'\s*\]"
)
_OLD = ("JSON_EXTRACT", "JSON_EXTRACT_SCALAR", "JSON_EXTRACT_ARRAY", "JSON_EXTRACT_STRING_ARRAY")


def to_json_string(call: Call) -> str:
    """``TO_JSON_STRING(x)``; x may be a whole row."""
    if len(call) == 2 and call.text(1).lower() != "false":
        raise call.refuse("TO_JSON_STRING with pretty_print is not translated", seen=call.text(1))
    node, held = call.nodes[0], call.ask(0)
    if call.text(0).upper() == "NULL":
        return "'null'"
    if held.type is None and held.kind in ("array", "struct", None):
        raise call.refuse(
            "TO_JSON_STRING needs to know the type of its argument", seen=call.text(0),
            todo="run it where its table is there, or CAST it",
        )  # fmt: skip
    if node.meta.get("row"):
        text = _fields(call, held, lambda name: f"{call.text(0)}.{quote(name)}", 0)
    elif held.kind in ("struct", "array"):
        # Named once: the text of a struct would be there again for each of its fields.
        text = f"list_transform([{call.text(0)}], lambda __rs_j: {_json(call, '__rs_j', held)})[1]"
    else:
        text = _json(call, call.text(0), held)
    return text


def _json(call: Call, text: str, held: Known, depth: int = 0) -> str:
    """The JSON of one value, ``null`` for NULL."""
    made = _not_null(call, f"({text})" if " " in text else text, held, depth)
    return f"coalesce({made}, 'null')"


def _not_null(call: Call, x: str, held: Known, depth: int) -> str:
    kind = held.kind
    if kind == "bool":
        return f"CAST({x} AS VARCHAR)"
    if kind == "int":
        plain = f"CAST({x} AS VARCHAR)"
        exact = f"{x} BETWEEN -{_EXACT} AND {_EXACT}"
        return f"CASE WHEN {exact} THEN {plain} ELSE '\"' || {plain} || '\"' END"
    if kind == "float":
        odd = f"replace(CAST({x} AS VARCHAR), 'nan', 'NaN')"
        odd = f"'\"' || replace({odd}, 'inf', 'Infinity') || '\"'"
        return f"CASE WHEN isfinite({x}) THEN {float_text(x)} ELSE {odd} END"
    if kind == "decimal":
        plain = as_string(x, "decimal")
        whole = f"{x} BETWEEN -{_EXACT} AND {_EXACT} AND NOT contains({plain}, '.')"
        return f"CASE WHEN {whole} THEN {plain} ELSE '\"' || {plain} || '\"' END"
    if kind == "string":
        return _escaped(f"CAST({x} AS VARCHAR)")
    if kind == "bytes":
        return f"'\"' || to_base64({x}) || '\"'"
    if kind == "date":
        return f"'\"' || CAST({x} AS VARCHAR) || '\"'"
    if kind == "time" or kind in MOMENTS:
        if kind == "instant":
            call.note(UNSURE)
        utc = str(held.type) == "TIMESTAMP WITH TIME ZONE"
        at = f"({x} AT TIME ZONE 'UTC')" if utc else x
        return f"'\"' || {moment(at, kind, 'T', 'Z')} || '\"'"
    if kind == "json":
        return f"CAST(json({x}) AS VARCHAR)"
    if kind == "array":
        item = f"__rs_j{depth}"
        inner = _json(call, item, held.element, depth + 1)
        return f"'[' || array_to_string(list_transform({x}, lambda {item}: {inner}), ',') || ']'"
    if kind == "struct" and held.type is not None:
        fields = _fields(call, held, lambda name: f"({x}).{quote(name)}", depth)
        return f"CASE WHEN {x} IS NOT NULL THEN {fields} END"
    if kind is None and str(held.type) in ('"NULL"', "NULL"):
        return "'null'"
    raise call.refuse(f"{call.name} is not translated for this type", seen=str(held.type or kind))


def _fields(call: Call, held: Known, field: object, depth: int) -> str:
    if held.type is None:
        raise call.refuse("The columns of this row are not known", seen=call.text(0))
    parts = []
    for i, (name, _) in enumerate(held.type.children):
        head = "{" if i == 0 else ","
        key = literal(head + json.dumps(name, ensure_ascii=False) + ":")
        parts.append(f"{key} || {_json(call, field(name), held.field(name), depth)}")  # type: ignore[operator]
    return "(" + " || ".join([*parts, "'}'"]) + ")" if parts else "'{}'"


def _escaped(text: str) -> str:
    """A string in quotes: DuckDB's escapes are Google's but for two separators of lines."""
    low = f"CAST(to_json({text}) AS VARCHAR)"
    for control in "ABCDEF":
        low = f"replace({low}, '\\u001{control}', '\\u001{control.lower()}')"
    low = f"replace({low}, '\\u000B', '\\u000b')"
    low = f"replace({low}, '\\u000E', '\\u000e')"
    low = f"replace({low}, '\\u000F', '\\u000f')"
    plain = f"'\"' || {text} || '\"'"
    lines = f"replace(replace({low}, chr(8232), '\\u2028'), chr(8233), '\\u2029')"
    odd = r"""[\x00-\x1f"\\\x{2028}\x{2029}]"""
    return f"CASE WHEN regexp_matches({text}, {literal(odd)}) THEN {lines} ELSE {plain} END"


def _path(call: Call) -> str:
    """A JSON path of BigQuery's as DuckDB has it: every key in quotes."""
    path = call.string(1, "JSON path") if len(call) > 1 else "$"
    out, at = "$", 1
    while path.startswith("$") and at < len(path):
        found = _KEY.match(path, at)
        if found is None:
            break
        plain, index, new, old = found.groups()
        if (new is not None and call.name in _OLD) or (old is not None and call.name not in _OLD):
            break
        key = plain if plain is not None else new if new is not None else old
        out += f"[{index}]" if index is not None else f'."{_unescaped(key or "")}"'
        at = found.end()
    if at != len(path) or '""' in out:
        raise call.refuse("This JSON path is not translated", seen=path, wanted="such as $.a[0].b")
    return literal(out)


def _unescaped(key: str) -> str:
    return re.sub(r"\\(['\"])", r"\1", key).replace('"', '""')


def _valid(call: Call, made: str) -> str:
    """NULL where a text is no JSON, as in BigQuery."""
    from sqlglot import exp

    if call.kind(0) == "json":
        return f"(CASE WHEN {made} END)"
    if isinstance(call.nodes[0], exp.Literal):  # TRY would not keep it from being folded
        return f"(CASE WHEN {made} END)" if _is_json(str(call.nodes[0].this)) else "NULL"
    return f"TRY(CASE WHEN {made} END)"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _json_value(call: Call) -> str:
    x, path = call.text(0), _path(call)
    scalar = f"json_type({x}, {path}) NOT IN ('OBJECT', 'ARRAY')"
    return _valid(call, f"{scalar} THEN json_extract_string({x}, {path})")


def _json_query(call: Call) -> str:
    x, path = call.text(0), _path(call)
    found = f"json_extract({x}, {path})"
    if call.kind(0) == "json":
        return found
    return _valid(call, f"json_type({x}, {path}) <> 'NULL' THEN CAST({found} AS VARCHAR)")


def _json_array(call: Call) -> str:
    x, path = call.text(0), _path(call)
    all_ = f"{path[:-1]}[*]'"
    type_ = "JSON[]" if call.kind(0) == "json" else "VARCHAR[]"
    found = f"CAST(json_extract({x}, {all_}) AS {type_})"
    return _valid(call, f"json_type({x}, {path}) = 'ARRAY' THEN {found}")


def _json_strings(call: Call) -> str:
    x, path = call.text(0), _path(call)
    all_ = f"{path[:-1]}[*]'"
    types = f"json_type({x}, {all_})"
    flat = f"NOT list_contains({types}, 'OBJECT') AND NOT list_contains({types}, 'ARRAY')"
    found = f"json_extract_string({x}, {all_})"
    return _valid(call, f"json_type({x}, {path}) = 'ARRAY' AND {flat} THEN {found}")


def _parse_json(call: Call) -> str:
    return f"CAST({call.text(0)} AS JSON)"


def _json_type(call: Call) -> str:
    numbers = "('BIGINT', 'UBIGINT', 'DOUBLE', 'HUGEINT', 'UHUGEINT')"
    found = f"json_type({call.text(0)})"
    return (
        f"(CASE WHEN {found} IN {numbers} THEN 'number' WHEN {found} = 'VARCHAR' THEN 'string' "
        f"ELSE lower({found}) END)"
    )


def _same_json(call: Call) -> str | None:
    return "json" if call.kind(0) == "json" else "string"


FUNCTIONS: Table = {
    "TO_JSON_STRING": Function(to_json_string, 1, 2, "string"),
    "JSON_VALUE": Function(_json_value, 1, 2, "string"),
    "JSON_EXTRACT_SCALAR": Function(_json_value, 1, 2, "string"),
    "JSON_QUERY": Function(_json_query, 1, 2, _same_json),
    "JSON_EXTRACT": Function(_json_query, 1, 2, _same_json),
    "JSON_QUERY_ARRAY": Function(_json_array, 1, 2, "array"),
    "JSON_EXTRACT_ARRAY": Function(_json_array, 1, 2, "array"),
    "JSON_VALUE_ARRAY": Function(_json_strings, 1, 2, "array"),
    "JSON_EXTRACT_STRING_ARRAY": Function(_json_strings, 1, 2, "array"),
    "PARSE_JSON": Function(_parse_json, kind="json"),
    "JSON_TYPE": Function(_json_type, kind="string"),
}
