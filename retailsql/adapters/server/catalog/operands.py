"""Casts, operators and vectors: edits around an operand."""

from __future__ import annotations

import re

from retailsql.adapters.server.catalog.names import (
    PLAIN_TYPES,
    REG_TYPES,
    SCHEMAS,
    SHIM,
    VECTORS,
)
from retailsql.adapters.server.catalog.sheet import Sheet
from retailsql.adapters.server.catalog.shown import is_item
from retailsql.adapters.server.catalog.spans import (
    chain_start,
    closing,
    is_name,
    operand_end,
    operand_start,
    word,
)

_PATTERNS = {
    "~": ("regexp_matches(", ")"),
    "!~": ("NOT regexp_matches(", ")"),
    "~*": ("regexp_matches(", ", 'i')"),
    "!~*": ("NOT regexp_matches(", ", 'i')"),
}


_TEXTS = ("text", "varchar", "name")
_AS_TEXT = "__pg_text"
"""What the dialect's edits have made of ``::text``."""


def cast_edits(sheet: Sheet, i: int) -> None:
    """``x::regclass``, ``CAST(x AS name)``, ``x::pg_catalog.text``, ``regclass 'x'``."""
    if sheet.mark(i, "::"):
        last, name = _type_at(sheet, i + 1)
        if name in REG_TYPES:
            _reg_cast(sheet, operand_start(sheet.tokens, i - 1), i - 1, i, last, name)
        elif name in PLAIN_TYPES:
            _plain_cast(sheet, i, last, PLAIN_TYPES[name])
        elif last > i + 1:
            sheet.replace(i + 1, last, sheet.tokens[last].text)
    elif sheet.keyword(i) == "as" and i >= 2:
        last, name = _type_at(sheet, i + 1)
        if sheet.mark(last + 1, ")") or (sheet.mark(last + 1, "[") and sheet.mark(last + 3, ")")):
            _standard_cast(sheet, i, last, name)


def _type_at(sheet: Sheet, i: int) -> tuple[int, str]:
    """The last token and the bare name of a type."""
    if sheet.word(i) in SCHEMAS and sheet.mark(i + 1, "."):
        i += 2
    return i, sheet.word(i) if i < len(sheet.tokens) else ""


def _plain_cast(sheet: Sheet, mark: int, last: int, kind: str) -> None:
    """A type that another stands for; the text of an array is read as DuckDB reads lists."""
    sheet.replace(mark + 1, last, kind)


def _reg_cast(sheet: Sheet, first: int, end: int, mark: int, last: int, name: str) -> None:
    """A text becomes a number; a number becomes a name; a text cast on to text stays a name."""
    name = {"regoperator": "regoper"}.get(name, name)
    stop = last
    if sheet.mark(last + 1, "["):
        stop = last + 2
        sheet.replace(mark, stop, "")
        return
    sheet.wrap(
        first, last, f"{SHIM}.main.{_reader(sheet, (first, end), last, name, (first, last))}(", ""
    )
    sheet.replace(mark, stop, ")")


def _reader(
    sheet: Sheet, value: tuple[int, int], last: int, name: str, whole: tuple[int, int]
) -> str:
    """The function for a cast: ``rs_regclass`` (to a number) or ``rs_regclass_name``."""
    first, end = value
    tokens = sheet.tokens
    kinds = {tokens[k].token_type.name for k in range(first, end + 1)}
    is_text = "STRING" in kinds or "PARAMETER" in kinds or "DPIPE" in kinds
    cast_on = sheet.mark(last + 1, "::") and _type_at(sheet, last + 2)[1] in _TEXTS
    to_text = cast_on or (sheet.word(first - 2) == _AS_TEXT and sheet.mark(last + 1, ")"))
    if is_text and (to_text or is_item(sheet, *whole)):
        return f"rs_{name}_text"
    return (
        f"rs_{name}"
        if is_text or "quote_ident" in {word(t) for t in tokens[first:end]}
        else f"rs_{name}_name"
    )


def _standard_cast(sheet: Sheet, at: int, last: int, name: str) -> None:
    start = at
    depth = 0
    while start >= 0:
        depth += sheet.mark(start, ")") - sheet.mark(start, "(")
        if depth < 0:
            break
        start -= 1
    if sheet.word(start - 1) not in ("cast", "try_cast"):
        return
    if name in REG_TYPES:
        reader = _reader(sheet, (start + 1, at - 1), last, name, (start - 1, last + 1))
        sheet.replace(start - 1, start - 1, f"{SHIM}.main.{reader}")
        sheet.replace(at, last, "")
    elif name in PLAIN_TYPES:
        sheet.replace(at + 1, last, PLAIN_TYPES[name])
    elif last > at + 1:
        sheet.replace(at + 1, last, sheet.tokens[last].text)


def operator_edits(sheet: Sheet, i: int) -> None:
    """``x OPERATOR(pg_catalog.~) 'p' COLLATE pg_catalog.default``, and COLLATE alone."""
    if sheet.keyword(i) == "operator" and sheet.mark(i + 1, "("):
        end = closing(sheet.tokens, i + 1)
        sign = sheet.text[sheet.tokens[i + 1].end + 1 : sheet.tokens[end].start]
        sign = sign.replace("pg_catalog.", "").strip()
        if sign in _PATTERNS:
            before, behind = _PATTERNS[sign]
            right = operand_end(sheet.tokens, end + 1)
            sheet.wrap(operand_start(sheet.tokens, i - 1), right, before, "")
            sheet.wrap(end + 1, right, "", behind)
            sheet.replace(i, end, ",")
        else:
            sheet.replace(i, end, sign)
    elif sheet.keyword(i) == "collate":
        last, _ = _type_at(sheet, i + 1)
        sheet.replace(i, last, "")


def vector_edits(sheet: Sheet, i: int) -> None:
    """``indkey[0]``, ``ANY(indkey)``, ``unnest(indkey)``: the text is read as a list."""
    tokens = sheet.tokens
    subscripted = sheet.mark(i + 1, "[") and sheet.word(i).endswith(tuple(VECTORS))
    if (sheet.word(i) not in VECTORS and not subscripted) or not is_name(tokens[i]):
        return
    first = chain_start(tokens, i)
    if subscripted:
        end = closing(tokens, i + 1)
        sheet.wrap(first, end, f"{SHIM}.main.rs_vector_at(", "")
        sheet.replace(i + 1, i + 1, ",")
        sheet.replace(end, end, ")")
        return
    open_at = first - 1
    while sheet.mark(open_at, "(") and sheet.mark(open_at - 1, "("):
        open_at -= 1
    caller = sheet.word(open_at - 1) if sheet.mark(open_at, "(") else ""
    if caller == "generate_subscripts":
        start = chain_start(tokens, open_at - 1)
        sheet.replace(start, open_at - 1, f"{SHIM}.main.rs_vector_subscripts")
    elif caller in ("any", "all", "unnest", "_pg_expandarray") or caller.startswith("array_"):
        sheet.wrap(first, i, f"{SHIM}.main.rs_vector(", ")")


def format_edits(sheet: Sheet, i: int) -> None:
    """``format('%I.%I', a, b)``: printf with its arguments quoted."""
    tokens = sheet.tokens
    if sheet.word(i) != "format" or not sheet.mark(i + 1, "(") or i + 2 >= len(tokens):
        return
    template = tokens[i + 2]
    kinds = re.findall(r"%(.)", template.text)
    if template.token_type.name != "STRING" or set(kinds) - set("sIL%"):
        return
    start = i - 2 if sheet.mark(i - 1, ".") else i
    sheet.replace(start, i, "printf")
    quoted = re.sub(r"%[sIL]", "%s", template.text).replace("'", "''")
    sheet.replace(i + 2, i + 2, f"'{quoted}'")
    for kind, (first, last) in zip(
        (k for k in kinds if k != "%"), _arguments(sheet, i + 3), strict=False
    ):
        function = {"I": f"{SHIM}.main.quote_ident(", "L": f"{SHIM}.main.quote_nullable("}
        sheet.wrap(first, last, function.get(kind, "CAST("), ")" if kind != "s" else " AS VARCHAR)")


def _arguments(sheet: Sheet, comma: int) -> list[tuple[int, int]]:
    """The arguments behind a comma, as their first and last tokens."""
    out, first, depth = [], comma + 1, 0
    for i in range(comma + 1, len(sheet.tokens)):
        if depth == 0 and (sheet.mark(i, ",") or sheet.mark(i, ")")):
            out.append((first, i - 1))
            first = i + 1
            if sheet.mark(i, ")"):
                break
        depth += sheet.mark(i, "(") + sheet.mark(i, "[") - sheet.mark(i, ")") - sheet.mark(i, "]")
    return out
