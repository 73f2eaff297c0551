"""A relation's name where a value stands: PostgreSQL asks for NULL in each column of its row.

To DuckDB the row that an outer join fills with NULL is a value, a struct of NULLs.
"""

from __future__ import annotations

from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

_NAMING, _NAMES = ("FROM", "JOIN", "AS", ")"), ("VAR", "IDENTIFIER")
_OUTER = ("LEFT", "RIGHT", "FULL")


def edits(scan: Scan, i: int) -> list[Edit]:
    """``count(p)``, ``p IS NULL``, ``p IS NOT NULL``; what is a column after all stays a column."""
    if scan.kind(i) not in _NAMES or scan.of_view():
        return []
    counted = scan.words(i - 2, "COUNT", "(") and scan.word(i + 1) == ")"
    null, filled = scan.words(i + 1, "IS", "NULL"), scan.words(i + 1, "IS", "NOT", "NULL")
    if not (counted or null or filled) or scan.word(i - 1) == "." or not _relation(scan, i):
        return []
    if counted and not any(scan.word(k) in _OUTER for k in range(len(scan.tokens))):
        return []  # a row of the table itself counts, even if all in it is NULL
    token, name = scan.tokens[i], PREFIX + ("full_row" if filled else "row")
    return [
        Edit(token.start, token.start, f"{name}("),
        Edit(token.end + 1, token.end + 1, ")"),
    ]


def _relation(scan: Scan, i: int) -> bool:
    """True if the name stands before a point, or where a relation is named."""
    name = scan.tokens[i].text.lower()
    for k, token in enumerate(scan.tokens):
        if token.text.lower() != name or k == i:
            continue
        if scan.word(k + 1) == "." and scan.word(k - 1) != ".":
            return True
        named = scan.word(k - 1) in _NAMING or scan.kind(k - 1) in _NAMES
        if named and scan.word(scan.clause(k)) in ("FROM", "ON", "USING"):
            return True
    return False
