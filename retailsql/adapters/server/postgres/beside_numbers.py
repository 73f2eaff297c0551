"""A number in quotes: PostgreSQL reads it as what stands beside it, DuckDB rounds it to that.

``2 * '2.5'`` and ``'2.5'::integer`` are refused by PostgreSQL; DuckDB makes 3 of the 2.5.
"""

from __future__ import annotations

import re
from typing import Final

from retailsql.adapters.server.postgres import extents
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit, PgError

_NUMBER: Final = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*")
_WHOLE: Final = re.compile(r"\s*[+-]?\d+\s*")
_DAY: Final = re.compile(r"\s*\d{8}\s*")
_INTEGERS: Final = {
    "INT": "integer", "INTEGER": "integer", "INT4": "integer", "BIGINT": "bigint",
    "INT8": "bigint", "SMALLINT": "smallint", "INT2": "smallint",
}  # fmt: skip
_STARTS: Final = frozenset(["(", ",", "SELECT", "WHERE", "AND", "OR", "NOT", "ON", "WHEN", "THEN",
                            "ELSE", "BY", "=", "<", ">", "<=", ">=", "<>", "!="])  # fmt: skip
_NUMERIC: Final = "DECIMAL(38,10)"
_INTEGER, _BIGINT = 10, 19  # with so many characters it may be none


def edits(scan: Scan, i: int) -> list[Edit]:
    """The type of a literal with a number in it.

    Raises:
        PgError: 22P02, it is no integer, and must be one.
    """
    if scan.kind(i) != "STRING":
        return []
    text = scan.tokens[i].text
    whole = bool(_WHOLE.fullmatch(text))
    if scan.word(i + 1) in ("::", "AS"):
        kind = _INTEGERS.get(scan.word(i + 2))
        if kind and not whole and _NUMBER.fullmatch(text) and scan.word(i + 3) != "[":
            raise _refused(scan, i, kind)
        return []
    if not _beside_operator(scan, i):
        return []
    number = _number_beside(scan, i)
    if not _NUMBER.fullmatch(text):
        return _cast(scan, i, "INTEGER" if number.isdigit() else _NUMERIC) if number else []
    if not whole and number.isdigit():
        raise _refused(scan, i, "integer")
    if not number and _DAY.fullmatch(text):
        return []  # beside a date it would be one, beside a number a number
    size = len(text) if whole else _BIGINT
    kind = "INTEGER" if size < _INTEGER else "BIGINT" if size < _BIGINT else _NUMERIC
    return _cast(scan, i, kind)


def _cast(scan: Scan, i: int, kind: str) -> list[Edit]:
    """The literal anew, so that what closes behind it stands behind the cast."""
    token = scan.tokens[i]
    return [Edit(token.start, token.end + 1, f"{scan.source(i, i + 1)}::{kind}")]


def _beside_operator(scan: Scan, i: int) -> bool:
    """True for one side of ``+ - * / %`` whose other side is no literal of no type, too."""
    if scan.word(i - 1) in extents.SUMS:
        typed = scan.kind(i - 2) != "STRING" or scan.word(i - 3) in ("INTERVAL", "DATE")
        return typed and extents.begin(scan, i - 1, frozenset()) is not None
    return scan.word(i + 1) in extents.SUMS and scan.kind(i + 2) != "STRING" and _starts(scan, i)


def _starts(scan: Scan, i: int) -> bool:
    """True if the literal is all that stands before the operator: no DATE, no ``a || '1'``."""
    return scan.word(i - 1) in _STARTS


def _number_beside(scan: Scan, i: int) -> str:
    """The written number on the other side; empty: another thing is there."""
    for operator, number in ((i - 1, i - 2), (i + 1, i + 2)):
        if scan.word(operator) in extents.SUMS and scan.kind(number) == "NUMBER":
            return scan.tokens[number].text
    return ""


def _refused(scan: Scan, i: int, kind: str) -> PgError:
    text = scan.tokens[i].text
    return PgError("22P02", f'invalid input syntax for type {kind}: "{text}"',
                   position=scan.text.index("'", scan.tokens[i].start) + 1)  # fmt: skip
