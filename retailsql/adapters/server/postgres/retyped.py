"""Calls whose result has another type in PostgreSQL: a cast is put around them.

A difference of types becomes one of numbers: ``extract(month FROM d) / 3`` is a fraction in
PostgreSQL, where extract is numeric, and a whole number of a bigint's in DuckDB.
"""

from __future__ import annotations

from typing import Final

from retailsql.adapters.server.postgres.renamed import NEARLY_ALIKE, OURS, PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

_WHOLE: Final = "DECIMAL(18,0)"
_INTEGERS: Final = frozenset(
    [
        "length", "char_length", "character_length", "octet_length", "bit_length", "strpos",
        "position", "ntile", "grouping", "array_length", "array_position",
        "json_array_length", "jsonb_array_length",
    ]
)  # fmt: skip
_FRACTIONS: Final = {
    "second": "seconds", "seconds": "seconds", "sec": "seconds", "millisecond": "milliseconds",
    "milliseconds": "milliseconds", "epoch": "epoch",
}  # fmt: skip
_RENAMED: Final = {"jsonb_array_length": "json_array_length"}


def call(scan: Scan, i: int, close: int) -> list[Edit]:
    """The cast around a call, if its type is another one.

    Args:
        scan: the statement.
        i: the token of its name.
        close: that of its closing bracket.
    """
    name = scan.word(i).lower()
    if name == "extract":
        return _extract(scan, i, close)
    if name == "date_part":
        return _date_part(scan, i, close)
    if name not in _INTEGERS or scan.word(i - 1) == "FUNCTION":
        return []
    if name in NEARLY_ALIKE and scan.of_view():
        return []
    ours = PREFIX + name if name in OURS else _RENAMED.get(name, scan.tokens[i].text)
    return _around(scan, i, close, f"CAST({ours}", "INTEGER")


def _around(scan: Scan, i: int, close: int, head: str, kind: str) -> list[Edit]:
    last = scan.call_end(close)
    token, end = scan.tokens[i], scan.tokens[last]
    return [
        Edit(token.start, token.end + 1, head),
        Edit(end.start, end.end + 1, f"{scan.source(last, last + 1)} AS {kind})"),
    ]


def _extract(scan: Scan, i: int, close: int) -> list[Edit]:
    """``extract(second FROM t)``: numeric, with its fraction, which DuckDB leaves out."""
    if scan.word(i + 3) != "FROM":
        return []
    part = _FRACTIONS.get(scan.word(i + 2).lower() or scan.tokens[i + 2].text.lower())
    if part:
        return [Edit(scan.tokens[i].start, scan.tokens[i + 3].end + 1, f"{PREFIX}{part}(")]
    if scan.word(i + 2) == "JULIAN":
        return []
    return _around(scan, i, close, "CAST(extract", _WHOLE)


def _date_part(scan: Scan, i: int, close: int) -> list[Edit]:
    """``date_part('month', t)``: double precision."""
    if scan.word(i + 3) != ",":
        return []
    part = scan.tokens[i + 2].text.lower() if scan.kind(i + 2) == "STRING" else ""
    if part not in _FRACTIONS:
        return _around(scan, i, close, "CAST(date_part", "DOUBLE")
    start, end = scan.tokens[i].start, scan.tokens[close]
    return [
        Edit(start, scan.tokens[i + 3].end + 1, f"CAST({PREFIX}{_FRACTIONS[part]}("),
        Edit(end.start, end.end + 1, ") AS DOUBLE)"),
    ]
