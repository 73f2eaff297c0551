"""``regexp_matches`` gives rows of texts in PostgreSQL, and whether it matches in DuckDB."""

from __future__ import annotations

import re
from typing import Final

from retailsql.adapters.server.postgres import from_calls
from retailsql.adapters.server.postgres.renamed import PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit, PgError

_SIMPLE: Final = re.compile(r"(?:[^()|\\]|\\.)*(?:\((?!\?)(?:[^()\\]|\\.)+\)(?![?*{])"
                            r"(?:[^()|\\]|\\.)*)?", re.DOTALL)  # fmt: skip
_NO_GROUP: Final = re.compile(r"(?:[^()\\]|\\.)*", re.DOTALL)
_FLAGS: Final = frozenset("gi")
_BEHIND: Final = frozenset(
    ["", "AS", ",", ")", ";", "::", "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY", "LIMIT",
     "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT"]
)  # fmt: skip


def rows(scan: Scan, i: int) -> list[Edit]:
    """A call in FROM or alone in a list behind SELECT; elsewhere PostgreSQL refuses it.

    Raises:
        PgError: 0A000, a pattern that is not written out or has several groups.
    """
    if scan.word(i) != "REGEXP_MATCHES" or scan.word(i + 1) != "(" or scan.of_view():
        return []
    close = scan.closing(i + 1)
    if close is None or not (from_calls.in_from(scan, i) or _item(scan, i, close)):
        return []
    parts = scan.parts(i + 2, close)
    texts = [scan.tokens[a].text if b == a + 1 and scan.kind(a) == "STRING" else None
             for a, b in parts[1:]]  # fmt: skip
    pattern, flags = [*texts, ""][:2] if texts else (None, None)
    simple = pattern is not None and (_NO_GROUP.fullmatch(pattern) or _SIMPLE.fullmatch(pattern))
    if not simple or flags is None or not set(flags) <= _FLAGS or len(texts) > 2:
        raise PgError(
            "0A000", "regexp_matches is supported with one written pattern of at most one group",
            position=scan.tokens[i].start + 1,
            hint="regexp_match(...) gives the groups of the first match, regexp_like(...) "
            "whether there is one",
        )  # fmt: skip
    group = 0 if _NO_GROUP.fullmatch(str(pattern)) else 1
    first = "" if "g" in flags else "[1:1]"
    token, last = scan.tokens[i], scan.tokens[close]
    end = scan.tokens[parts[1][1] - 1].end + 1
    options = "s" + flags.replace("g", "")
    return [
        Edit(token.start, token.end + 1, f"unnest(list_transform({PREFIX}regexp_extract_all"),
        Edit(end, last.end + 1, f", {group}, '{options}'){first}, lambda {PREFIX}x: [{PREFIX}x]))"),
    ]


def _item(scan: Scan, i: int, close: int) -> bool:
    """True for a whole item of a list, with brackets and subscripts around it or not."""
    before, behind = i - 1, close + 1
    while scan.word(before) == "(" and scan.closing(before) == behind:
        before, behind = before - 1, behind + 1
    clause = scan.clause(before + 1)
    if scan.word(before) == "," and scan.word(clause) != "SELECT":
        return False
    if scan.word(before) not in ("SELECT", ",", "ALL", "DISTINCT"):
        return False
    while scan.word(behind) == "[":
        behind = (scan.closing(behind) or behind) + 1
    return scan.word(behind) in _BEHIND or scan.kind(behind) in ("VAR", "IDENTIFIER")  # its alias
