"""``x BETWEEN SYMMETRIC a AND b``, which DuckDB has not: a call."""

from __future__ import annotations

from retailsql.adapters.server.postgres import extents
from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

OUTERMOST = "   "
"""Of calls that begin at the same place the one with most of them is put first."""


def symmetric(scan: Scan, i: int) -> list[Edit]:
    """With NOT or without; ASYMMETRIC is what BETWEEN is anyway."""
    if scan.word(i) != "BETWEEN" or scan.word(i + 1) not in ("SYMMETRIC", "ASYMMETRIC"):
        return []
    mark = scan.tokens[i + 1]
    if scan.word(i + 1) == "ASYMMETRIC":
        return [Edit(mark.start, mark.end + 1, "")]
    negated = scan.word(i - 1) == "NOT"
    first = extents.begin(scan, i - negated, extents.ANY)
    middle = extents.end(scan, i + 2, extents.ANY)
    if first is None or scan.word(middle) != "AND":
        return []
    start, both = scan.tokens[first].start, scan.tokens[middle]
    stop = scan.tokens[extents.end(scan, middle + 1, extents.ANY) - 1].end + 1
    head = f"{OUTERMOST}{'NOT ' if negated else ''}{PREFIX}between("
    return [
        Edit(start, start, head),
        Edit(scan.tokens[i - negated].start, mark.end + 1, ","),
        Edit(both.start, both.end + 1, ","),
        Edit(stop, stop, ")"),
    ]
