"""Format strings: BigQuery's of dates and of FORMAT, as DuckDB's strftime and printf have them."""

from __future__ import annotations

import re

from retailsql.dialect.bigquery.functions import Call
from retailsql.dialect.bigquery.texts import float_text, string
from retailsql.registry.names import literal

_ELEMENT = re.compile(r"%(E4Y|E\*S|E[0-6]S|Ez|[-A-Za-z%])")
_SAME = frozenset("aAbBdHIjmMpSUwWyYGVu%")
_LONGER = {
    "F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "h": "%b", "n": "\n",
    "t": "\t", "E4Y": "%Y", "r": "%I:%M:%S %p", "X": "%H:%M:%S", "x": "%m/%d/%y",
    "c": "%a %b %d %H:%M:%S %Y",
}  # fmt: skip
_MADE = {
    "Q": "CAST(extract(quarter FROM {0}) AS VARCHAR)",
    "e": "lpad(strftime({0}, '%-d'), 2, ' ')",
    "k": "lpad(strftime({0}, '%-H'), 2, ' ')",
    "l": "lpad(strftime({0}, '%-I'), 2, ' ')",
    "P": "lower(strftime({0}, '%p'))",
    "s": "CAST(epoch({0}) AS BIGINT)",
    "C": "lpad(CAST(extract(year FROM {0}) // 100 AS VARCHAR), 2, '0')",
    "J": "CAST(isoyear({0}) AS VARCHAR)",
    "Z": "'UTC'",
    "z": "'+0000'",
    "Ez": "'+00:00'",
}
_READABLE = frozenset("YymdHMSbBaAjpIfeFTRDhnt%") | {"E4Y", "E*S"}
_SPEC = re.compile(r"%([-+ 0#']*)(\d+)?(?:\.(\d+))?([diufFeEgGsxXotTp%])")


def strftime(call: Call, pattern: str, moment: str) -> str:
    """``FORMAT_DATE`` and its like: the text of a moment."""
    parts: list[str] = []
    plain = ""
    at = 0
    for found in _ELEMENT.finditer(pattern):
        plain += pattern[at : found.start()]
        at = found.end()
        element = found[1]
        if element in _SAME or element in _LONGER:
            plain += _LONGER.get(element, f"%{element}")
        elif element in _MADE:
            parts += [_strftime(plain, moment)] if plain else []
            parts.append(_MADE[element].format(moment))
            plain = ""
        else:
            raise call.refuse(
                "This element of a format is not translated", seen=found[0],
                wanted=", ".join(f"%{e}" for e in sorted({*_SAME, *_LONGER, *_MADE})),
            )  # fmt: skip
    plain += pattern[at:]
    if "%" in re.sub(r"%[A-Za-z%-]", "", plain):
        raise call.refuse("This format is not translated", seen=pattern)
    parts += [_strftime(plain, moment)] if plain or not parts else []
    return parts[0] if len(parts) == 1 else "(" + " || ".join(parts) + ")"


def _strftime(pattern: str, moment: str) -> str:
    return f"strftime({moment}, {literal(pattern)})"


def strptime(call: Call, pattern: str, kind: str) -> str:
    """``PARSE_DATE`` and its like: DuckDB's format, as a literal."""
    out, at, seen = "", 0, set()
    for found in _ELEMENT.finditer(pattern):
        out += pattern[at : found.start()]
        at = found.end()
        element = found[1]
        if element not in _READABLE:
            raise call.refuse(
                f"{call.name} is not translated with this element", seen=found[0],
                wanted=", ".join(f"%{e}" for e in sorted(_READABLE)),
            )  # fmt: skip
        made = {"e": "%d", "E*S": "%S.%f"}.get(element, _LONGER.get(element, f"%{element}"))
        seen |= set(re.findall(r"%(\w)", made))
        out += made
    # What a format leaves out is 1970 in BigQuery and 1900 in DuckDB.
    if kind != "time" and not seen & {"Y", "y"}:
        raise call.refuse(f"{call.name} is translated with a year only", seen=pattern, wanted="%Y")
    return literal(out + pattern[at:])


def format_text(call: Call) -> str:
    """``FORMAT('%d of %s', a, b)``: piece by piece."""
    pattern = call.string(0, "format")
    parts: list[str] = []
    at, used = 0, 1
    for found in _SPEC.finditer(pattern):
        parts += [literal(pattern[at : found.start()])] if found.start() > at else []
        at = found.end()
        if found[4] == "%":
            parts.append("'%'")
            continue
        if used >= len(call):
            raise call.refuse("FORMAT has fewer values than its format", seen=pattern)
        parts.append(_piece(call, found, used))
        used += 1
    if "%" in pattern[at:] or used != len(call):
        raise call.refuse("FORMAT and its values do not fit", seen=pattern)
    parts += [literal(pattern[at:])] if pattern[at:] else []
    return "(" + " || ".join(parts or ["''"]) + ")"


def _piece(call: Call, found: re.Match[str], i: int) -> str:
    flags, width, digits, letter = found.groups()
    x = call.text(i)
    if letter in "tTp" and (flags or width or digits or letter != "t"):
        raise call.refuse("This piece of a format is not translated", seen=found[0])
    if letter == "t":
        return f"coalesce({_typed(call, i)}, 'NULL')"
    wanted = {"s": {"string"}, "d": {"int"}, "i": {"int"}, "u": {"int"}}.get(letter)
    if wanted and call.kind(i) not in (None, *wanted):
        raise call.refuse(
            f"FORMAT's %{letter} takes another type", seen=x, wanted=" or ".join(wanted).upper(),
            todo="CAST it first, or write %t",
        )  # fmt: skip
    if letter == "s":
        spec = found[0]
        return x if spec == "%s" else f"printf({literal(spec)}, {x})"
    if "'" in flags:
        rest = flags.replace("'", "")
        if letter not in "dif" or rest:
            raise call.refuse("This piece of a format is not translated", seen=found[0])
        form = "{:" + (width or "") + (",}" if letter in "di" else f",.{digits or 6}f}}")
        return f"format({literal(form)}, CAST({x} AS {'BIGINT' if letter in 'di' else 'DOUBLE'}))"
    if letter in "diuxXo":
        spec = found[0][:-1] + ("d" if letter in "iu" else letter)
        return f"printf({literal(spec)}, CAST({x} AS BIGINT))"
    return f"printf({literal(found[0])}, CAST({x} AS DOUBLE))"


def _typed(call: Call, i: int) -> str:
    """%t: like CAST, but a FLOAT64 always has its .0."""
    x, kind = call.text(i), call.kind(i)
    if kind in ("array", "bytes", "struct", "interval", "json", None):
        raise call.refuse("%t is not translated for this value", seen=x, todo="CAST it first")
    if kind == "float":
        text = float_text(x)
        bare = f"regexp_full_match({text}, '-?[0-9]+')"
        return f"(CASE WHEN {bare} THEN {text} || '.0' ELSE {text} END)"
    return string(call, i)
