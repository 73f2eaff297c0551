"""Which patterns are known to be quick, where they are written out.

What ``~`` and the ``regexp_`` functions take for a pattern can need thousands of steps for each
byte of a text: ``(a?){900}b``. So they look at pattern and text together (``guards.py``), unless
the pattern is written out and needs few steps, as nearly all do: planning the look takes longer
than they do. DuckDB compiles a written pattern once, if it stays a constant: hence three kinds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

from retailsql.adapters.server.postgres.guards import PIECES, QUICK, SEARCHES, WRITTEN
from retailsql.adapters.server.postgres.scan import Scan

#: Steps for a byte of text, 5 ns each at most: a second for the longest text that one can write.
FEW: Final = 200
#: PostgreSQL's functions that are macros here.
MACROS: Final = frozenset(["regexp_like", "regexp_match", "regexp_substr"])
_COUNT: Final = re.compile(r"[{,](\d+)")
_NESTED: Final = re.compile(r"[)}]\{")


def steps(pattern: str) -> int:
    """How many a byte of text may take, at most: the pattern's length, times what it counts to.

    >>> steps("^[0-9]{4}-[0-9]{2}$"), steps("((a?){30}){30}")
    (76, 12600)
    """
    counts = [min(int(count), 1000) for count in _COUNT.findall(pattern)]
    times = math.prod(counts) if _NESTED.search(pattern) else max(counts, default=1)
    return len(pattern) * min(times, 1000)


def is_quick(scan: Scan, i: int) -> bool:
    """True for a token that is a written pattern of few steps."""
    return scan.kind(i) == "STRING" and steps(scan.tokens[i].text) <= FEW


def mark(scan: Scan, i: int) -> str:
    """Of the operator before a pattern: none if it is quick, ^ if it is written out, else &."""
    if is_quick(scan, i):
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
    if name not in SEARCHES | PIECES | MACROS or at >= len(parts):
        return name
    start, stop = parts[at]
    if stop > start + 1 or (name in PIECES and not is_quick(scan, start)):
        return name  # those look at any pattern, and keep it
    return kind(scan, start) + name


def kind(scan: Scan, i: int) -> str:
    """What stands before a macro's name, for the token of the pattern."""
    if is_quick(scan, i):
        return QUICK
    return WRITTEN if scan.kind(i) == "STRING" else ""
