"""``a || b``: text as PostgreSQL writes it, where it can be told that it is text."""

from __future__ import annotations

from retailsql.adapters.server.postgres import extents
from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.postgres.text_casts import takes_macro
from retailsql.adapters.server.records import Edit


def edits(scan: Scan, i: int) -> list[Edit]:
    """The operands of a chain of ``||``, at the first of them.

    Beside a literal a value becomes text, and DuckDB writes doubles and intervals otherwise. A
    literal that may be an array, JSON or bytes tells nothing.
    """
    if scan.word(i) != "||":
        return []
    first = extents.begin(scan, i, extents.SUMS)
    if first is None or scan.word(first - 1) == "||":
        return []
    parts, at = [(first, i)], i
    while scan.word(at) == "||":
        stop = extents.end(scan, at + 1, extents.SUMS)
        parts.append((at + 1, stop))
        at = stop
    if not any(_is_text(scan, start, stop) for start, stop in parts):
        return []
    return [edit for start, stop in parts for edit in _written(scan, start, stop)]


def _is_text(scan: Scan, start: int, stop: int) -> bool:
    literal = stop - start == 1 and scan.kind(start) == "STRING"
    return literal and not scan.tokens[start].text.lstrip().startswith(("{", "[", "\\"))


def _written(scan: Scan, start: int, stop: int) -> list[Edit]:
    if stop <= start or not takes_macro(scan, start, stop):
        return []
    if stop - start == 1 and scan.kind(start) == "NUMBER":
        return []
    first, last = scan.tokens[start].start, scan.tokens[stop - 1].end + 1
    return [Edit(first, first, f"  {PREFIX}text("), Edit(last, last, ")")]
