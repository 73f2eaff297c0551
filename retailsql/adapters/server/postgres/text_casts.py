"""Casts to text and to texts of a length, as ``x::text`` and as ``CAST(x AS char(3))``."""

from __future__ import annotations

from typing import Final, NamedTuple

from retailsql.adapters.server.postgres import operands
from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

_CUT: Final = frozenset(["VARCHAR", "CHAR", "BPCHAR", "CHARACTER"])
_ONE: Final = frozenset(["CHAR", "CHARACTER"])
_TEXT: Final = frozenset(["TEXT", "VARCHAR"])


class _Cast(NamedTuple):
    """Where the parts of a cast are.

    Args:
        first: the first token of what is cast.
        mark: ``::`` or AS.
        close: the bracket of CAST; None: there is none.
    """

    first: int
    mark: int
    close: int | None


def edits(scan: Scan, i: int) -> list[Edit]:
    """Of the type at a token.

    DuckDB does not look at a length, and writes doubles and intervals otherwise. ``char(3)`` is
    not filled with blanks: PostgreSQL's comparisons do not see those.
    """
    word = scan.word(i).partition(" ")[0]
    if word not in _CUT and word not in _TEXT:
        return []
    end = i + (scan.word(i + 1) == "VARYING")
    varying = end > i or scan.word(i) not in _ONE
    size = "" if varying else "1"
    stop = end
    if scan.word(end + 1) == "(":
        close = scan.closing(end + 1)
        if close != end + 3 or scan.kind(end + 2) != "NUMBER":
            return []
        size, stop = scan.tokens[end + 2].text, close
    if scan.word(stop + 1) == "[":
        return []
    cast = _cast(scan, i, stop)
    if cast is None:
        return []
    return _edited(scan, cast, end, stop, size)


def _cast(scan: Scan, i: int, stop: int) -> _Cast | None:
    """The cast whose type begins at a token."""
    if scan.word(i - 1) == "::":
        first = operands.begin(scan, i - 1)
        return None if first is None else _Cast(first, i - 1, None)
    opened = scan.of_cast(i)
    if opened is None or scan.word(stop + 1) != ")":
        return None
    return _Cast(opened + 1, i - 1, stop + 1)


def _edited(scan: Scan, cast: _Cast, end: int, stop: int, size: str) -> list[Edit]:
    """The cast as a macro that looks at the type of x, when the statement is planned; behind it
    the cut, which is DuckDB's own, so that a view may hold it.
    """
    macro = takes_macro(scan, cast.first, cast.mark) and not _is_text(scan, cast)
    if not macro and not size:
        return []
    begin = scan.tokens[cast.first if cast.close is None else cast.first - 2]
    last = scan.tokens[stop if cast.close is None else cast.close].end + 1
    head, tail = ('"left"(', f", {size})") if size else ("", "")
    if not macro:
        bracket = "" if cast.close is None else ")"
        return [
            Edit(begin.start, begin.start, head),
            Edit(scan.tokens[end].end + 1, last, f"{bracket}{tail}"),
        ]
    if cast.close is None:
        first = Edit(begin.start, begin.start, f"{head}{PREFIX}text(")
    else:
        first = Edit(begin.start, begin.end + 1, f"{head}{PREFIX}text")
    return [first, Edit(scan.tokens[cast.mark].start, last, f"){tail}")]


def takes_macro(scan: Scan, start: int, stop: int) -> bool:
    """True if a macro may look at the type of these tokens' expression.

    Not of a text, of a parameter, of what is planned anew at each place it is written at, in a
    view, which must be read without this server's functions, or of the catalog.
    """
    last = stop - 1
    return not (
        "pg_" in scan.text
        or (scan.kind(last) == "STRING" and scan.word(last - 1) != "INTERVAL")
        or scan.word(last - 1) == "$"
        or any(scan.word(k) in ("SELECT", "OVER") for k in range(start, stop))
        or scan.of_view()
    )


def _is_text(scan: Scan, cast: _Cast) -> bool:
    """True if what is cast was cast to a text already."""
    near = range(max(cast.first, cast.mark - 6), cast.mark)
    names = (scan.word(k).partition(" ")[0] for k in near if scan.word(k - 1) == "::")
    return any(name in _CUT or name in _TEXT for name in names)
