"""BigQuery's string, bytes, regular expression, hash and JSON functions."""

from __future__ import annotations

import re

from retailsql.dialect.bigquery.functions import MANY, Call, Function, Table, fail, same, say
from retailsql.dialect.bigquery.texts import string
from retailsql.registry.names import literal

_DELIMITERS = r"""\s\[\](){}/|<>!?@"^#$&~_,.:;*%+\-"""
"""Those of INITCAP, https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions"""
_WHITE = " || ".join(f"chr({c})" for c in (32, 9, 10, 11, 12, 13, 0x85, 0xA0, 0x3000))


def _concat(call: Call) -> str:
    if len(call) == 1:
        return call.text(0)
    if "bytes" in call.kinds:
        return "(" + " || ".join(call.texts) + ")"
    parts = [f"({t})" if call.kind(i) == "string" else string(call, i) for i, t in _each(call)]
    return "(" + " || ".join(parts) + ")"


def _each(call: Call) -> list[tuple[int, str]]:
    return list(enumerate(call.texts))


def _trim(call: Call) -> str:
    name = call.name.lower()
    return f"{name}({call.text(0)}, {call.text(1, _WHITE)})"


def _not_negative(n: str, name: str) -> str:
    """A length, or a failure where it is negative: DuckDB would count backwards."""
    wrong = fail(f"{name} with a negative length", "BIGINT")
    return f"(CASE WHEN ({n}) < 0 THEN {wrong} ELSE {n} END)"


def _substr(call: Call) -> str:
    """Position 0 is 1, and one before the start is the start; DuckDB counts on from there."""
    s, p = call.text(0), call.text(1)
    if not re.fullmatch(r"[1-9]\d*", p):
        p = f"(CASE WHEN ({p}) = 0 OR ({p}) < -length({s}) THEN 1 ELSE {p} END)"
    if len(call) == 2:
        return f"substr({s}, {p})"
    n = call.text(2)
    if not n.isdigit():
        n = _not_negative(n, "SUBSTR")
    return f"substr({s}, {p}, {n})"


def _length(call: Call) -> str:
    return f"{'octet_length' if call.kind(0) == 'bytes' else 'length'}({call.text(0)})"


def _pattern(call: Call) -> tuple[str, int]:
    """The regular expression of the second argument, and which group it gives."""
    pattern = call.string(1, "regular expression")
    plain = re.sub(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", "", pattern, flags=re.DOTALL)
    groups = len(re.findall(r"\((?!\?)|\(\?P?<", plain))
    if groups > 1:
        raise call.refuse(
            f"{call.name} takes a regular expression with one group at most", seen=pattern,
            todo="make the other groups (?:...)",
        )  # fmt: skip
    return literal(pattern), groups


def _regexp_extract(call: Call) -> str:
    s = call.text(0)
    pattern, group = _pattern(call)
    if len(call) == 2:
        return (
            f"(CASE WHEN regexp_matches({s}, {pattern}) "
            f"THEN regexp_extract({s}, {pattern}, {group}) END)"
        )
    if call.number(2, "position") != 1:
        raise call.refuse("REGEXP_EXTRACT is translated for position 1 only", seen=call.text(2))
    return f"regexp_extract_all({s}, {pattern}, {group})[{call.number(3, 'occurrence')}]"


def _regexp_extract_all(call: Call) -> str:
    pattern, group = _pattern(call)
    return f"regexp_extract_all({call.text(0)}, {pattern}, {group})"


def _array_text(call: Call) -> str:
    array, between = call.text(0), call.text(1)
    if len(call) == 3:
        array = f"list_transform({array}, lambda __rs_x: coalesce(__rs_x, {call.text(2)}))"
    return f"array_to_string({array}, {between})"


def _digest(name: str) -> Function:
    return Function(lambda call: f"unhex({name}({call.text(0)}))", kind="bytes")


def _strings_only(call: Call) -> None:
    if call.kind(0) == "bytes":
        raise call.refuse(f"{call.name} is not translated for BYTES", seen=call.text(0))


def _text(template: str, low: int = 1, high: int | None = None, kind: str = "string") -> Function:
    """A function that is translated for STRING but not for BYTES."""
    inner = say(template, low, high, kind)

    def build(call: Call) -> str:
        _strings_only(call)
        return inner.build(call)

    return Function(build, low, inner.high, kind)


def _side(call: Call) -> str:
    s, n = call.texts
    _strings_only(call)
    if not n.isdigit():
        n = _not_negative(n, call.name)
    return f"{call.name.lower()}({s}, {n})"


def _pad(call: Call) -> str:
    _strings_only(call)
    size, pattern = f"CAST({call.text(1)} AS INTEGER)", call.text(2, "' '")
    return f"{call.name.lower()}({call.text(0)}, {size}, {pattern})"


def _initcap(call: Call) -> str:
    """Letters behind a delimiter upper case, the others lower; an apostrophe is none."""
    pattern = rf"[^{_DELIMITERS}]+|[{_DELIMITERS}]+"
    words = f"regexp_extract_all(lower({call.text(0)}), '{pattern}')"
    capital = "lambda __rs_w: upper(__rs_w[1]) || __rs_w[2:]"
    return f"array_to_string(list_transform({words}, {capital}), '')"


def _instr(call: Call) -> str:
    """The place behind a position; from the end and of a later occurrence it is refused."""
    _strings_only(call)
    if len(call) == 2:
        return f"strpos({call.text(0)}, {call.text(1)})"
    at = call.number(2, "position")
    if at < 1 or (len(call) == 4 and call.number(3, "occurrence") != 1):
        raise call.refuse(
            "INSTR is translated from a position above 0 and for the first occurrence only",
            seen=", ".join(call.texts[2:]),
        )  # fmt: skip
    found = f"strpos(substr({call.text(0)}, {at}), {call.text(1)})"
    return f"(CASE WHEN {found} > 0 THEN {found} + {at - 1} ELSE {found} END)"


def _normalize(call: Call) -> str:
    _strings_only(call)
    if len(call) == 2 and call.texts[1].strip('"').upper() != "NFC":
        raise call.refuse("NORMALIZE is translated for NFC only", seen=call.text(1))
    return f"nfc_normalize({call.text(0)})"


def _code_points(call: Call) -> str:
    if call.kind(0) not in ("string", None):
        raise call.refuse("TO_CODE_POINTS is translated for STRING only", seen=call.text(0))
    each = f"regexp_extract_all({call.text(0)}, '(?s).')"
    return f"list_transform({each}, lambda __rs_c: CAST(unicode(__rs_c) AS BIGINT))"


def _fingerprint(call: Call) -> str:
    text = f"decode({call.text(0)})" if call.kind(0) == "bytes" else call.text(0)
    return f"__rs_farm_fingerprint({text})"


FUNCTIONS: Table = {
    "CONCAT": Function(_concat, 1, MANY, "string"),
    "LENGTH": Function(_length, kind="int"),
    "CHAR_LENGTH": same("length", kind="int"),
    "CHARACTER_LENGTH": same("length", kind="int"),
    "BYTE_LENGTH": Function(
        lambda c: f"{'octet_length' if c.kind(0) == 'bytes' else 'strlen'}({c.text(0)})", kind="int"
    ),
    "UPPER": _text("upper({0})"),
    "LOWER": _text("lower({0})"),
    "INITCAP": Function(_initcap, kind="string"),
    "TRIM": Function(_trim, 1, 2, "string"),
    "LTRIM": Function(_trim, 1, 2, "string"),
    "RTRIM": Function(_trim, 1, 2, "string"),
    "REPLACE": _text("replace({all})", 3),
    "SUBSTR": Function(_substr, 2, 3, "string"),
    "SUBSTRING": Function(_substr, 2, 3, "string"),
    "LEFT": Function(_side, 2, 2, "string"),
    "RIGHT": Function(_side, 2, 2, "string"),
    "STRPOS": _text("strpos({0}, {1})", 2, kind="int"),
    "INSTR": Function(_instr, 2, 4, "int"),
    "STARTS_WITH": _text("starts_with({0}, {1})", 2, kind="bool"),
    "ENDS_WITH": _text("ends_with({0}, {1})", 2, kind="bool"),
    "LPAD": Function(_pad, 2, 3, "string"),
    "RPAD": Function(_pad, 2, 3, "string"),
    "SPLIT": Function(
        lambda c: f"string_split({c.text(0)}, {c.text(1, chr(39) + ',' + chr(39))})", 1, 2, "array"
    ),
    "REVERSE": _text("reverse({0})"),
    "REPEAT": _text("repeat({0}, {1})", 2),
    "ASCII": _text("ascii({0})", kind="int"),
    "UNICODE": _text("unicode({0})", kind="int"),
    "CHR": say("chr(CAST({0} AS INTEGER))", kind="string"),
    "TRANSLATE": _text("translate({all})", 3),
    "EDIT_DISTANCE": _text("levenshtein({0}, {1})", 2, kind="int"),
    "NORMALIZE": Function(_normalize, 1, 2, "string"),
    "TO_CODE_POINTS": Function(_code_points, kind="array"),
    "CODE_POINTS_TO_STRING": say(
        "array_to_string(list_transform({0}, lambda __rs_c: chr(CAST(__rs_c AS INTEGER))), '')",
        kind="string",
    ),
    "REGEXP_CONTAINS": _text("regexp_matches({0}, {1})", 2, kind="bool"),
    "REGEXP_EXTRACT": Function(_regexp_extract, 2, 4, "string"),
    "REGEXP_SUBSTR": Function(_regexp_extract, 2, 4, "string"),
    "REGEXP_EXTRACT_ALL": Function(_regexp_extract_all, 2, 2, "array"),
    "REGEXP_REPLACE": _text("regexp_replace({all}, 'g')", 3),
    "ARRAY_TO_STRING": Function(_array_text, 2, 3, "string"),
    "BYTES_LITERAL": same("unhex", kind="bytes"),
    "TO_HEX": say("lower(hex({0}))", kind="string"),
    "FROM_HEX": same("unhex", kind="bytes"),
    "TO_BASE64": same("to_base64", kind="string"),
    "FROM_BASE64": same("from_base64", kind="bytes"),
    "MD5": _digest("md5"),
    "SHA1": _digest("sha1"),
    "SHA256": _digest("sha256"),
    "FARM_FINGERPRINT": Function(_fingerprint, kind="int"),
}
