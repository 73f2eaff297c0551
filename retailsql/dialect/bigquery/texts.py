"""Values as text: CAST(x AS STRING), FORMAT's %t, and JSON, each as Google's own code writes them.

https://github.com/google/zetasql: public/functions/convert_string.cc, json_format.cc
"""

from __future__ import annotations

from retailsql.dialect.bigquery.functions import Call

MOMENTS = frozenset({"timestamp", "datetime", "instant"})
UNSURE = (
    "A TIMESTAMP column of DuckDB's is taken for BigQuery's TIMESTAMP, not for DATETIME: "
    "its text ends in +00 or Z; write CAST(x AS DATETIME) if it is one"
)
_FLOATS = "('DOUBLE', 'FLOAT')"


def string(call: Call, i: int) -> str:
    """An argument as ``CAST(x AS STRING)`` gives it."""
    if call.kind(i) == "instant":
        call.note(UNSURE)
    return as_string(call.text(i), call.kind(i))


def as_string(text: str, kind: str | None) -> str:
    """``CAST(x AS STRING)``: numbers without the zeros that DuckDB adds, bytes as UTF-8."""
    if kind in ("string", "int", "bool", "date", "json"):
        return f"CAST({text} AS VARCHAR)"
    if kind == "time" or kind in MOMENTS:
        return moment(text, kind)
    if kind == "bytes":
        return f"decode({text})"
    if kind == "float":
        return float_text(text)
    plain = f"CAST({text} AS VARCHAR)"
    trimmed = rf"regexp_replace({plain}, '\.0*$|(\.\d*[1-9])0+$', '\1')"
    if kind == "decimal":
        return trimmed
    return (
        f"(CASE WHEN typeof({text}) IN {_FLOATS} THEN {float_text(f'TRY_CAST({text} AS DOUBLE)')} "
        f"WHEN starts_with(typeof({text}), 'DECIMAL') THEN {trimmed} ELSE {plain} END)"
    )


def float_text(text: str) -> str:
    """A FLOAT64: fifteen digits if they read back as the same number, else seventeen.

    ``RoundTripDoubleToString`` of base/string_numbers.cc: 1.0 is 1, and 1e15 is 1e+15.
    """
    short = f"printf('%.15g', CAST({text} AS DOUBLE))"
    zero = f"WHEN ({text}) = 0 THEN '0' "
    same = f"WHEN CAST({short} AS DOUBLE) = ({text}) THEN {short} "
    return f"(CASE {zero}{same}ELSE printf('%.17g', CAST({text} AS DOUBLE)) END)"


def moment(text: str, kind: str, between: str = " ", zone: str = "+00") -> str:
    """A moment or time of day with no, three or six digits behind the second."""
    day = "" if kind == "time" else f"%Y-%m-%d{between}"
    at = f"(DATE '1970-01-01' + ({text}))" if kind == "time" else f"({text})"
    us = f"(epoch_us({at}) % 1000000)"
    end = "" if kind in ("time", "datetime") else zone
    forms = (f"strftime({at}, '{day}%H:%M:%S{part}{end}')" for part in ("", ".%g", ".%f"))
    whole, milli, micro = forms
    return f"(CASE WHEN {us} = 0 THEN {whole} WHEN {us} % 1000 = 0 THEN {milli} ELSE {micro} END)"
