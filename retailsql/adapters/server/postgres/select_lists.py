"""Select lists: calls in subqueries get the names PostgreSQL gives them.

``SELECT q.count FROM (SELECT count(*) FROM t) q`` is what tools write around a person's query;
DuckDB calls that column ``count_star()``. The outermost list needs no edit: its names are only
told to the client.
"""

from __future__ import annotations

from collections.abc import Iterator

from retailsql.adapters.server.postgres.renamed import FUNCTIONS
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

_ENDS = frozenset(
    [
        "FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "QUALIFY", "UNION", "INTERSECT", "EXCEPT",
        "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", ";", ")", "INTO", "USING", "SAMPLE",
    ]
)  # fmt: skip
_NOT_CALLS = frozenset(
    [
        "CASE", "CAST", "TRY_CAST", "EXISTS", "ARRAY", "ROW", "NOT", "INTERVAL", "VALUES", "AND",
        "OR", "IN", "UNNEST",
    ]
)  # fmt: skip
#: Calls that the edits take apart, so that DuckDB's tree no longer tells their names.
_HIDDEN = frozenset(FUNCTIONS) | {"extract", "date_part"}
_NAMED = {"TRIM": "btrim"}


def edits(scan: Scan) -> list[Edit]:
    """Aliases to put in, and rows from functions that return many."""
    out: list[Edit] = []
    for i, depth in _selects(scan):
        for start, stop in _items(scan, i + 1):
            if scan.word(start) == "GENERATE_SERIES" and scan.word(start + 1) == "(":
                out += _unnested(scan, start, stop)
            elif depth or scan.word(start).lower() in _HIDDEN:
                out += _alias(scan, start, stop)
    return out


def _selects(scan: Scan) -> Iterator[tuple[int, int]]:
    """The SELECT words, and how many brackets are around each."""
    depth = 0
    for i in range(len(scan.tokens)):
        word = scan.word(i)
        depth += (word == "(") - (word == ")")
        if word == "SELECT":
            yield i, depth


def _items(scan: Scan, start: int) -> list[tuple[int, int]]:
    """The items of the select list that begins at ``start``."""
    if scan.word(start) in ("ALL", "DISTINCT"):
        start += 1
        if scan.word(start) == "ON" and scan.word(start + 1) == "(":
            start = (scan.closing(start + 1) or start) + 1
    stop = start
    while stop < len(scan.tokens) and scan.word(stop).partition(" ")[0] not in _ENDS:
        stop = (scan.closing(stop) or stop) + 1
    return scan.parts(start, stop)


def _unnested(scan: Scan, start: int, stop: int) -> list[Edit]:
    """``SELECT generate_series(1, 3)`` gives rows in PostgreSQL, one list in DuckDB."""
    close = scan.closing(start + 1)
    if close is None:
        return []
    begin, end = scan.tokens[start].start, scan.tokens[close].end + 1
    return [
        Edit(begin, begin, "unnest("),
        Edit(end, end, ")" if close + 1 < stop else ') AS "generate_series"'),
    ]


def _alias(scan: Scan, start: int, stop: int) -> list[Edit]:
    """The name of an item that is one call, with a cast, FILTER or OVER behind it or not."""
    name = scan.word(start)
    if stop - start < 3 or scan.word(start + 1) != "(" or name in _NOT_CALLS:
        return []
    at = scan.closing(start + 1)
    if "COLUMNS" in map(scan.word, range(start, stop)):
        return []  # stands for several columns, each with its own name
    if at is None or not name.replace("_", "a").isalnum():
        return []
    at += 1
    while at < stop:
        if scan.word(at) in ("FILTER", "OVER") and scan.word(at + 1) == "(":
            at = (scan.closing(at + 1) or stop) + 1
        elif scan.words(at, "WITHIN", "GROUP", "("):
            at = (scan.closing(at + 2) or stop) + 1
        elif scan.word(at) == "::" and scan.word(at + 1):
            at += 2
            if scan.word(at) == "(":
                at = (scan.closing(at) or stop) + 1
        else:
            return []
    end = scan.tokens[stop - 1].end + 1
    return [Edit(end, end, f' AS "{_NAMED.get(name, name.lower())}"')]
