"""LIKE and its kin: escapes, lists of patterns, and patterns that the rows tell."""

from __future__ import annotations

from typing import Final

from retailsql.adapters.server.postgres import extents
from retailsql.adapters.server.postgres.between import OUTERMOST
from retailsql.adapters.server.postgres.literals import quoted
from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

_LISTED: Final = frozenset(["ANY", "ALL", "SOME"])
_ESCAPE: Final = " ESCAPE '\\'"
_LIKES: Final = frozenset(["LIKE", "ILIKE", "GLOB", "~~", "~~*"])


def like(scan: Scan, i: int, *, own: bool = False) -> list[Edit]:
    r"""``LIKE 'a\_b'``: a backslash escapes what follows; in DuckDB only if one says so.

    A pattern that rows tell is looked at: DuckDB takes its length times the text's.

    Args:
        scan: the statement.
        i: a token.
        own: it is DuckDB's own SQL, in which a backslash is one.
    """
    if scan.word(i) not in _LIKES or scan.word(i + 1) in _LISTED:
        return []
    if scan.word(i) == "GLOB" and extents.begin(scan, i, extents.ANY) is None:
        return []  # FROM glob('*')
    stop = extents.end(scan, i + 1, extents.ANY)
    escaped = [] if own else _escaped(scan, i)
    written = scan.kind(i + 1).endswith("STRING") and stop == i + 2
    if stop == i + 1 or written or scan.of_view():
        return escaped
    start, end = scan.tokens[i + 1].start, scan.tokens[stop - 1].end + 1
    plain = own or scan.word(i) not in ("LIKE", "ILIKE") or scan.word(stop) == "ESCAPE"
    return [
        Edit(start, start, f"{OUTERMOST}{PREFIX}pattern("),
        Edit(end, end, ")" if plain else f"){_ESCAPE}"),
    ]


def _escaped(scan: Scan, i: int) -> list[Edit]:
    """For a written pattern with a backslash; without one LIKE is quicker."""
    told = scan.kind(i + 1).endswith("STRING") and "\\" in scan.source(i + 1, i + 2)
    word, behind = scan.word(i), scan.word(i + 2)
    if not told or word not in ("LIKE", "ILIKE") or behind in ("ESCAPE", "||", "::"):
        return []
    end = scan.tokens[i + 1].end + 1
    return [Edit(end, end, _ESCAPE)]


def like_any(scan: Scan, i: int) -> list[Edit]:
    """``x LIKE ANY (ARRAY['a%', 'b%'])``, and with ALL, NOT and ILIKE."""
    word = scan.word(i)
    if word not in ("LIKE", "ILIKE") or scan.word(i + 1) not in _LISTED:
        return []
    close = scan.closing(i + 2)
    negated = scan.word(i - 1) == "NOT"
    first = extents.begin(scan, i - negated, extents.ANY)
    if close is None or first is None or scan.word(i + 3) == "SELECT":
        return []
    name = f"{'not_' if negated else ''}{word}_{'all' if scan.word(i + 1) == 'ALL' else 'any'}"
    start, end = scan.tokens[first].start, scan.tokens[close].end + 1
    return [
        Edit(start, start, f"{OUTERMOST}{PREFIX}{name.lower()}("),
        Edit(scan.tokens[i - negated].start, scan.tokens[i + 2].end + 1, ", ("),
        Edit(end, end, ")"),
    ]


def similar(scan: Scan, i: int) -> list[Edit]:
    """``SIMILAR TO 'a%'``: DuckDB takes the pattern for a regular expression."""
    if " ".join((scan.word(i - 1), scan.word(i)))[-10:] != "SIMILAR TO" or scan.of_view():
        return []
    stop = extents.end(scan, i + 1, extents.ANY)
    if stop == i + 1:
        return []
    start, end = scan.tokens[i + 1].start, scan.tokens[stop - 1].end + 1
    if scan.kind(i + 1) != "STRING" or stop > i + 2:
        return [Edit(start, start, f"{OUTERMOST}{PREFIX}similar("), Edit(end, end, ")")]
    pattern = scan.tokens[i + 1].text
    if "[" in pattern or "\\" in pattern:
        return []
    pattern = pattern.replace(".", "[.]").replace("%", ".*").replace("_", ".")
    return [Edit(start, end, quoted(f"(?s){pattern}"))]
