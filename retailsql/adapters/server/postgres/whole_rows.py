"""A relation's name where a value stands: PostgreSQL asks for NULL in each column of its row.

To DuckDB the row that an outer join fills with NULL is a value, a struct of NULLs.
"""

from __future__ import annotations

from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit


def edits(scan: Scan, i: int) -> list[Edit]:
    """``count(p)``, ``p IS NULL``, ``p IS NOT NULL``; what is a column after all stays a column."""
    if scan.kind(i) not in ("VAR", "IDENTIFIER") or scan.of_view():
        return []
    before = i - (scan.word(i - 1) == "DISTINCT")
    counted = scan.words(before - 2, "COUNT", "(") and scan.word(i + 1) == ")"
    null, filled = scan.words(i + 1, "IS", "NULL"), scan.words(i + 1, "IS", "NOT", "NULL")
    if (
        not (counted or null or filled)
        or scan.word(i - 1) == "."
        or scan.tokens[i].text.lower() not in scan.relations
    ):
        return []
    if counted and not scan.outer:
        return []  # a row of the table itself counts, even if all in it is NULL
    token, name = scan.tokens[i], PREFIX + ("full_row" if filled else "row")
    return [
        Edit(token.start, token.start, f"{name}("),
        Edit(token.end + 1, token.end + 1, ")"),
    ]
