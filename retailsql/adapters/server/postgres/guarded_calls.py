"""Which calls in a statement are to be guarded, and what a guard must be told of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from retailsql.adapters.server.postgres import guards, searches
from retailsql.adapters.server.postgres.scan import Scan


def looks(scan: Scan, i: int, close: int) -> bool:
    """True for a call that only the rows can tell to be large.

    Args:
        scan: the statement.
        i: the token of the function's name.
        close: that of its closing bracket.
    """
    name = scan.tokens[i].text.lower()
    guard = guards.BY_NAME.get(name)
    if guard is None:
        return False
    parts = scan.parts(i + 2, close)
    method = (
        scan.word(i - 1) == "." and scan.word(i - 2) not in guards.BUILT_IN
    )  # one stands before it
    if (name, len(parts) + method) not in guards.COUNTS:
        return False
    if name == "replace" and any(
        scan.word(at) == "AS" and scan.around(at) == i + 1 for at in range(i + 2, close)
    ):
        return False  # SELECT * REPLACE (a AS b)
    if method or is_foreign(scan, i, close) or guard.constant is None:
        return True
    told = [parts[at] for at in guard.constant if at < len(parts)]
    if guard.search and not all(searches.is_quick(scan, start) for start, _ in told):
        return True
    return not all(_constant(scan, *part) for part in told)


def is_foreign(scan: Scan, i: int, close: int) -> bool:
    """True for a call that DuckDB has not, or answers with another type: a pad without a filling,
    a series of dates.
    """
    pads = (("lpad", 2), ("rpad", 2))
    called = (scan.tokens[i].text.lower(), len(scan.parts(i + 2, close)))
    return called in pads or moments(scan, i, close)


def parameters(scan: Scan, i: int, close: int) -> Iterator[tuple[int, str]]:
    """Arguments that are parameters, each one's last token and its type: a lambda tells none."""
    parts = scan.parts(i + 2, close)
    types = list(guards.TYPES.get((scan.tokens[i].text.lower(), len(parts)), ()))
    if types and moments(scan, i, close) and _of_moment(scan, i + 2, parts[1][1]):
        types[2] = "INTERVAL"
    for (start, stop), kind in zip(parts, types, strict=False):
        if kind and stop - start == 2 and scan.kind(start) == "PARAMETER":
            yield stop - 1, kind


def _of_moment(scan: Scan, start: int, stop: int) -> bool:
    return any(scan.word(at).startswith(("DATE", "TIMESTAMP")) for at in range(start, stop))


def moments(scan: Scan, i: int, close: int) -> bool:
    """True for ``generate_series`` of dates or times; DuckDB's own makes timestamps of dates.

    A step that is no number may be an interval. What DuckDB reads as PostgreSQL does is its own.
    """
    parts = scan.parts(i + 2, close)
    if scan.tokens[i].text.lower() != "generate_series" or len(parts) != 3 or scan.of_view():
        return False
    if _constant(scan, *parts[2]) and scan.kind(parts[2][1] - 1) == "NUMBER":
        return False
    told = any(scan.word(at).startswith("TIMESTAMP") for at in range(*parts[0]))
    return not (told and _constant(scan, *parts[0]) and _constant(scan, *parts[1]))


_FIXED: Final = frozenset(["NUMBER", "STRING", "DASH", "PLUS", "DCOLON", "DATE", "TIMESTAMP",
                           "TIMESTAMPTZ", "INTERVAL"])  # fmt: skip


def _constant(scan: Scan, start: int, stop: int) -> bool:
    return all(scan.kind(i) in _FIXED for i in range(start, stop))
