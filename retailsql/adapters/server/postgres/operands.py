"""Operators that need their left side: it becomes an argument of a call."""

from __future__ import annotations

from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

_TYPED = frozenset(["DATE", "TIME", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL"])
_NO_CALLS = frozenset(
    [
        "IN", "AND", "OR", "NOT", "WHERE", "SELECT", "ON", "WHEN", "THEN", "ELSE", "BY", "HAVING",
        "ANY", "ALL", "SOME", "VALUES", "AS", "LIKE", "ILIKE", "BETWEEN", "DISTINCT", "FROM",
        "USING", "RETURNING", "LIMIT", "OFFSET", "CASE", "IS", "UNION", "EXCEPT", "INTERSECT",
    ]
)  # fmt: skip


def begin(scan: Scan, stop: int) -> int | None:
    """The first token of the operand that ends before ``stop``; None: it cannot be told.

    Args:
        scan: the statement.
        stop: the token behind it.
    """
    i = _last_of_type(scan, stop - 1)
    while scan.word(i) in (")", "]"):
        opened = scan.opening(i)
        if opened is None:
            return None
        i = opened
        if scan.word(i) == "(" and scan.word(i - 2) != "::" and not _called(scan, i - 1):
            return _of_cast(scan, i)
        i -= 1
    if scan.word(i) == "END":
        return _case(scan, i)
    of_cast = scan.word(i - 1) == "::"  # such as DOUBLE PRECISION, which is one token
    if not of_cast and scan.kind(i) not in ("STRING", "NUMBER") and not _named(scan, i):
        return None
    if scan.word(i - 1) == "$" or (scan.kind(i) == "STRING" and scan.word(i - 1) in _TYPED):
        i -= 1
    while scan.word(i - 1) == "." and _named(scan, i - 2):
        i -= 2
    return _of_cast(scan, i)


def _last_of_type(scan: Scan, i: int) -> int:
    """Without the words behind a type's first one, in which it may have brackets."""
    if scan.word(i) == "ZONE" and scan.word(i - 2) in ("WITH", "WITHOUT"):
        return i - 3
    if scan.word(i) == ")" and scan.words(i - 4, "VARYING", "("):
        return i - 5
    return i - (scan.word(i) == "VARYING")


def _of_cast(scan: Scan, i: int) -> int | None:
    """The operand's beginning, if what was found is the type of a cast."""
    return begin(scan, i - 1) if scan.word(i - 1) == "::" else i


def _case(scan: Scan, i: int) -> int | None:
    """The CASE of an END."""
    depth = 0
    for k in range(i, -1, -1):
        depth += (scan.word(k) == "END") - (scan.word(k) == "CASE")
        if depth == 0:
            return k
    return None


def _named(scan: Scan, i: int) -> bool:
    word = scan.word(i)
    return scan.kind(i) == "IDENTIFIER" or (
        word.replace("_", "a").isalnum() and word not in _NO_CALLS
    )


def _called(scan: Scan, i: int) -> bool:
    """True if a bracket behind this token belongs to it."""
    return i >= 0 and _named(scan, i) and scan.kind(i) != "NUMBER"


def overlaps(scan: Scan, i: int) -> list[Edit]:
    """``(a, b) OVERLAPS (c, d)``."""
    if not scan.words(i, "OVERLAPS", "(") or scan.word(i - 1) != ")":
        return []
    first = scan.opening(i - 1)
    if first is None:
        return []
    start = scan.tokens[first].start
    return [
        Edit(start, start, f"{PREFIX}overlaps"),
        Edit(scan.tokens[i - 1].start, scan.tokens[i + 1].end + 1, ", "),
    ]
