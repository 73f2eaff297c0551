"""Which patterns are known to be quick, where they are written out.

What ``~`` and the ``regexp_`` functions take for a pattern can need thousands of steps for each
byte of a text: ``(a?){900}b``. So they look at pattern and text together (``guards.py``), unless
the pattern is plain text, of which DuckDB makes LIKE. It compiles a written pattern once, if that
stays a constant, and wants no subquery in the lambda of a guard: hence three kinds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from retailsql.adapters.server.postgres.guards import SEARCHES, WRITTEN
from retailsql.adapters.server.postgres.scan import Scan

_PLAIN: Final = re.compile(r"\^?[^\\.*+?{}()\[\]|^$]{0,100}\$?")
#: PostgreSQL's functions that are macros here.
MACROS: Final = frozenset(["regexp_like", "regexp_match", "regexp_substr"])


def is_plain(scan: Scan, i: int) -> bool:
    """True for a token that is a written text without signs of a pattern but ^ and $."""
    return scan.kind(i) == "STRING" and bool(_PLAIN.fullmatch(scan.tokens[i].text))


def mark(scan: Scan, i: int) -> str:
    """Of the operator before a pattern: none if it is plain, ^ if it is written out, else &."""
    if is_plain(scan, i):
        return ""
    return "^" if scan.kind(i) == "STRING" else "&"


def named(scan: Scan, i: int, parts: Sequence[tuple[int, int]]) -> str:
    """A function's name, as its macro is called behind the prefix.

    Args:
        scan: the statement.
        i: the token of the name.
        parts: the arguments in its brackets.
    """
    name = scan.tokens[i].text.lower()
    at = 0 if scan.word(i - 1) == "." else 1  # s.regexp_matches('a.')
    if name not in SEARCHES | MACROS or at >= len(parts):
        return name
    start, stop = parts[at]
    return WRITTEN + name if stop == start + 1 and scan.kind(start) == "STRING" else name
