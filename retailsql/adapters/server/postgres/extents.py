"""How far an operand reaches: over whatever binds tighter than the operator beside it."""

from __future__ import annotations

from typing import Final

from retailsql.adapters.server.postgres import operands
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.dialect.tokens import CLOSE, OPEN

#: Operators by how tightly they bind, as PostgreSQL's grammar and DuckDB's have them.
FACTORS: Final = frozenset(["*", "/", "%", "^"])
SUMS: Final = FACTORS | {"+", "-"}
ANY: Final = SUMS | {"||", "->", "->>", "@>", "<@", "&&", "&", "|", "#"}
ARROWS: Final = frozenset(["->", "->>", "#>", "#>>"])

_ENDS: Final = frozenset(
    [
        "", "AND", "OR", "NOT", "IS", "ISNULL", "NOTNULL", "IN", "LIKE", "ILIKE", "SIMILAR TO",
        "BETWEEN", "WHEN", "THEN", "ELSE", "END", "AS", "FROM", "WHERE", "HAVING", "UNION",
        "EXCEPT", "INTERSECT", "LIMIT", "OFFSET", "FETCH", "FOR", "ORDER BY", "GROUP BY", "ASC",
        "DESC", "NULLS", "RETURNING",
    ]
)  # fmt: skip
_BEHIND: Final = frozenset(
    ["AT", "TIME", "ZONE", "COLLATE", "OVER", "FILTER", "WITHIN", "GROUP", "VARYING", "WITHOUT"]
)
_UNITS: Final = frozenset(["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"])
_CALLS: Final = frozenset(["OVER", "FILTER", "GROUP"])


def begin(scan: Scan, stop: int, operators: frozenset[str]) -> int | None:
    """The first token of the operand that ends before ``stop``; None: it cannot be told.

    Args:
        scan: the statement.
        stop: the token behind it.
        operators: those that may be in it.
    """
    first = _primary(scan, stop)
    while first is not None and scan.word(first - 1) in operators:
        before = _primary(scan, first - 1)
        if before is None:
            return first - 1 if scan.word(first - 1) in "+-" else None  # a sign
        first = before
    return first


def _primary(scan: Scan, stop: int) -> int | None:
    """As ``operands.begin``, with OVER, FILTER, WITHIN GROUP and AT TIME ZONE behind it."""
    first = operands.begin(scan, stop)
    while first is not None:
        if scan.word(first) in _CALLS and scan.word(first + 1) == "(":
            first = operands.begin(scan, first - (scan.word(first) == "GROUP"))
        elif scan.words(first - 3, "AT", "TIME", "ZONE"):
            first = operands.begin(scan, first - 3)
        else:
            return first
    return None


def end(scan: Scan, start: int, operators: frozenset[str]) -> int:
    """The token behind the operand that begins at ``start``.

    Args:
        scan: the statement.
        start: its first token.
        operators: those that may be in it.
    """
    k, open_ = start, True  # open: an operand must follow
    while k < len(scan.tokens):
        word = scan.word(k)
        quoted = scan.kind(k) == "IDENTIFIER" or scan.kind(k).endswith("STRING")
        if word in OPEN:
            k, open_ = (scan.closing(k) or k) + 1, False
        elif word == "CASE" and open_:
            k, open_ = _case(scan, k) + 1, False
        elif word in operators or word in ("::", ".") or (open_ and word in ("+", "-")):
            k, open_ = k + 1, True
        elif word in CLOSE or (word in _ENDS and not quoted):
            return k
        elif scan.kind(k) == "PARAMETER" and open_:
            k, open_ = k + 2, False
        elif open_ or _goes_on(scan, k):
            k, open_ = k + 1, word in _BEHIND
        else:
            return k
    return k


def _goes_on(scan: Scan, k: int) -> bool:
    """True for what stands behind an operand and belongs to it, and is no alias."""
    if scan.kind(k) == "STRING":
        return scan.word(k - 1) != ""  # DATE '...'
    of_interval = scan.word(k) in _UNITS and scan.word(k - 2) == "INTERVAL"
    with_zone = scan.words(k, "WITH", "TIME", "ZONE")
    return scan.word(k) in _BEHIND or of_interval or with_zone


def _case(scan: Scan, k: int) -> int:
    """The END of a CASE."""
    depth = 0
    for at in range(k, len(scan.tokens)):
        depth += (scan.word(at) == "CASE") - (scan.word(at) == "END")
        if depth == 0:
            return at
    return len(scan.tokens) - 1
