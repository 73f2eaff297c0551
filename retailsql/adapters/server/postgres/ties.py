"""``FETCH FIRST n ROWS WITH TIES``: the rows whose rank is n or better."""

from __future__ import annotations

from collections.abc import Callable

from retailsql.adapters.server.postgres import extents
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit, PgError

_BEHIND = frozenset(["FROM", "WHERE", "GROUP BY", "HAVING", "WINDOW"])
_WITHOUT = frozenset(["DISTINCT", "UNION", "INTERSECT", "EXCEPT", "QUALIFY", "VALUES"])


def edits(scan: Scan, i: int, mended: Callable[[str], str]) -> list[Edit]:
    """A condition before ORDER BY in place of the FETCH.

    Args:
        scan: the statement.
        i: a token.
        mended: edits of the text of the sort keys, which stands twice then.

    Raises:
        PgError: 0A000, in a query whose rows are not those of one SELECT.
    """
    if scan.word(i) != "FETCH" or scan.word(i + 1) not in ("FIRST", "NEXT"):
        return []
    count = i + 2 + (scan.word(i + 2) not in ("ROW", "ROWS"))
    if scan.word(count) not in ("ROW", "ROWS") or not scan.words(count + 1, "WITH", "TIES"):
        return []
    around = scan.around(i)
    level = [k for k in range(around + 1, i) if scan.around(k) == around]
    order = next((k for k in reversed(level) if scan.word(k) == "ORDER BY"), None)
    number = scan.source(i + 2, count) if count > i + 2 else "1"
    skipped = next((k for k in reversed(level) if scan.word(k) == "OFFSET"), None)
    if order is None or not _WITHOUT.isdisjoint(map(scan.word, level)):
        raise _refused(scan, i)
    if skipped is not None:
        if scan.kind(skipped + 1) != "NUMBER":
            raise _refused(scan, i)
        number = f"{number} + {scan.source(skipped + 1, skipped + 2)}"
    parts = scan.parts(order + 1, i if skipped is None else skipped)
    if any(scan.kind(start) == "NUMBER" and stop - start < 4 for start, stop in parts):
        raise _refused(scan, i)  # a place in the list means another thing in OVER
    select = next((k for k in reversed(level) if scan.word(k) == "SELECT" and k < order), around)
    named = _named(scan, select + 1, order)
    keys = mended(", ".join(_key(scan, start, stop, named) for start, stop in parts))
    start = scan.tokens[order].start
    return [
        Edit(start, start, f"QUALIFY rank() OVER (ORDER BY {keys}) <= {number} "),
        Edit(scan.tokens[i].start, scan.tokens[count + 2].end + 1, ""),
    ]


def _named(scan: Scan, start: int, order: int) -> dict[str, str]:
    """Expressions of a select list by the names it gives them."""
    stop = next((k for k in range(start, order) if scan.word(k) in _BEHIND
                 and scan.around(k) == scan.around(order)), order)  # fmt: skip
    out = {}
    for first, behind in scan.parts(start, stop):
        said = scan.word(behind - 2) == "AS"
        last = behind - 2 if said else behind - 1
        if last > first and (said or extents.end(scan, first, extents.ANY) == last):
            out[_name(scan, behind - 1)] = scan.source(first, last)
    return out


def _key(scan: Scan, start: int, stop: int, named: dict[str, str]) -> str:
    """A sort key. A name alone is the select list's, in OVER it would be a column's."""
    alone = scan.word(start + 1) in ("", "ASC", "DESC", "NULLS") or stop == start + 1
    meant = named.get(_name(scan, start)) if alone and scan.kind(start) != "STRING" else None
    rest = scan.source(start + 1, stop) if stop > start + 1 else ""
    return scan.source(start, stop) if meant is None else f"({meant}) {rest}".rstrip()


def _name(scan: Scan, i: int) -> str:
    text: str = scan.tokens[i].text
    return text if scan.kind(i) == "IDENTIFIER" else text.lower()


def _refused(scan: Scan, i: int) -> PgError:
    return PgError(
        "0A000", "WITH TIES is supported in one SELECT without DISTINCT, sorted by expressions",
        position=scan.tokens[i].start + 1,
        hint="SELECT * FROM (SELECT ..., rank() OVER (ORDER BY x) AS r FROM ...) q WHERE r <= n",
    )  # fmt: skip
