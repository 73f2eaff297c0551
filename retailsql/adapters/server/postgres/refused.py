"""Operators that the binder refused for types which PostgreSQL takes: calls that look at these.

``interval / number``: DuckDB's ``/`` of whole numbers, which it is here, takes no interval.
``sum(interval)`` it has not.
``date + bigint``: PostgreSQL's ``generate_series`` counts in integer, DuckDB's in bigint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from retailsql.adapters.server.postgres import extents
from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_SUM: Final = "argument types 'sum(INTERVAL)'"
#: What the binder says -> the operator, its macro, and what binds tighter to its left and right.
_REFUSED: Final = (
    (r"'//\(INTERVAL, ", "/", "divided", extents.FACTORS, frozenset(["^"])),
    (r"'\+\((?:DATE, BIGINT|BIGINT, DATE)\)", "+", "plus", extents.SUMS, extents.FACTORS),
    (r"'-\((?:DATE, BIGINT|TIME, TIME)\)", "-", "minus", extents.SUMS, extents.FACTORS),
)


def mended(text: str, tokens: Sequence[Token], refusal: str) -> list[Edit]:
    """The edits for what was refused; none if it was another thing.

    Args:
        text: the statement as the user wrote it.
        tokens: its tokens.
        refusal: what the binder says against it.
    """
    scan, out = Scan(text, tokens), list[Edit]()
    if scan.of_view():
        return out
    for said, operator, name, left, right in _REFUSED:
        indent = "" if operator == "/" else " "  # of calls that begin together the outer is first
        if re.search(said, refusal) is None:
            continue
        for i in range(len(tokens)):
            first = extents.begin(scan, i, left) if scan.word(i) == operator else None
            if first is not None:
                start, mark = tokens[first].start, tokens[i]
                stop = tokens[extents.end(scan, i + 1, right) - 1].end + 1
                out += [
                    Edit(start, start, f"{indent}{PREFIX}{name}("),
                    Edit(mark.start, mark.end + 1, ","),
                    Edit(stop, stop, ")"),
                ]
    if _SUM in refusal:
        out += [Edit(tokens[i].start, tokens[i].end + 1, f"{PREFIX}sum") for i in _sums(scan)]
    return sorted(out)


def _sums(scan: Scan) -> Iterator[int]:
    """The sums that a macro may stand for, which takes no DISTINCT, FILTER and OVER."""
    for i in range(len(scan.tokens)):
        close = scan.closing(i + 1) if scan.words(i, "SUM", "(") else None
        if close is not None and scan.call_end(close) == close and scan.word(i + 2) != "DISTINCT":
            yield i
