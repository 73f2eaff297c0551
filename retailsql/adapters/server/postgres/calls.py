"""Names of functions and types that DuckDB has otherwise."""

from __future__ import annotations

from typing import Final

from retailsql.adapters.server.postgres import retyped
from retailsql.adapters.server.postgres.renamed import COUNTED, FUNCTIONS, OURS, PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

#: Digits of a numeric for which nobody told any: PostgreSQL's has as many as it needs, DuckDB's
#: own would be three behind the point.
NUMERIC: Final = "DECIMAL(38,10)"

#: Functions that may stay DuckDB's own in a view: ours differ by a half, or by a limit.
_AS_IN_DUCKDB: Final = frozenset(
    ["round", "repeat", "lpad", "rpad", "levenshtein", "editdist3", "damerau_levenshtein"]
)

_TYPES: Final = {
    "NAME": "VARCHAR", "CITEXT": "VARCHAR", "XML": "VARCHAR", "INET": "VARCHAR",
    "CIDR": "VARCHAR", "MONEY": "DECIMAL(38,2)", "VARBIT": "BIT", "JSONB": "JSON",
    "NUMERIC": NUMERIC, "DECIMAL": NUMERIC, "DEC": NUMERIC,
    "FLOAT": "DOUBLE",
}  # fmt: skip


def type_name(scan: Scan, i: int) -> list[Edit]:
    """A type behind ``::`` or in CAST."""
    if scan.word(i - 1) != "::" and not _in_cast(scan, i):
        return []
    token = scan.tokens[i]
    if scan.kind(i) == "IDENTIFIER":
        return [Edit(token.start, token.end + 1, "VARCHAR")] if token.text == "char" else []
    word = scan.word(i)
    if word == "BIT" and scan.word(i + 1) == "VARYING":
        return [Edit(token.start, scan.tokens[i + 1].end + 1, "BIT")]
    if word not in _TYPES or scan.word(i + 1) in ("(", "."):
        return []
    return [Edit(token.start, token.end + 1, _TYPES[word])]


def _in_cast(scan: Scan, i: int) -> bool:
    """True for the word behind AS in ``CAST(x AS word)``."""
    if scan.word(i - 1) != "AS":
        return False
    depth, k = 0, i - 2
    while k > 0:
        word = scan.word(k)
        if word == ")":
            depth += 1
        elif word == "(":
            if depth == 0:
                return scan.word(k - 1) in ("CAST", "TRY_CAST")
            depth -= 1
        k -= 1
    return False


def function(scan: Scan, i: int) -> list[Edit]:
    """The name of a function that is called."""
    if scan.word(i + 1) != "(" or scan.word(i - 1) == "." or not scan.word(i):
        return []
    close = scan.closing(i + 1)
    if close is None:
        return []
    name, token = scan.word(i).lower(), scan.tokens[i]
    found = retyped.call(scan, i, close)
    if found:
        return found
    if name == "percentile_cont":
        return _in_doubles(scan, close + 1)
    if name in _AS_IN_DUCKDB and _of_view(scan):
        return []
    if name in FUNCTIONS:
        return [Edit(token.start, token.end + 1, FUNCTIONS[name])]
    if name in OURS:
        count = len(scan.parts(i + 2, close))
        if not OURS[name] or count in OURS[name]:
            return [Edit(token.start, token.end + 1, PREFIX + name)]
    if name in COUNTED:
        return _counted(scan, i, close)
    return _substring(scan, i, close) if name == "substring" else []


def _of_view(scan: Scan) -> bool:
    """True for CREATE VIEW: what it stores must be read without this server's functions, too."""
    return scan.word(0) == "CREATE" and "VIEW" in map(scan.word, range(1, 5))


def _counted(scan: Scan, i: int, close: int) -> list[Edit]:
    """``repeat(s, n)``, where only the rows tell n, and what DuckDB does not have so."""
    token, name, parts = scan.tokens[i], scan.word(i).lower(), scan.parts(i + 2, close)
    if len(parts) not in COUNTED[name]:
        return []
    start, stop = parts[1]
    plain = stop - start == 1 and scan.kind(start) == "NUMBER"
    if plain and (len(parts) == 3 or name == "repeat"):
        return []
    return [Edit(token.start, token.end + 1, PREFIX + name)]


def _in_doubles(scan: Scan, i: int) -> list[Edit]:
    """``percentile_cont(0.5) WITHIN GROUP (ORDER BY x)``: DuckDB rounds it to the digits of x."""
    close = scan.closing(i + 2)
    if not scan.words(i, "WITHIN", "GROUP", "(", "ORDER BY") or close is None:
        return []
    stop = close - (scan.word(close - 1) in ("ASC", "DESC"))
    start, end = scan.tokens[i + 3].end + 1, scan.tokens[stop - 1].end + 1
    return [Edit(start, start, " ("), Edit(end, end, ")::DOUBLE")]


def _substring(scan: Scan, i: int, close: int) -> list[Edit]:
    """``substring(s FROM 'pattern')``: DuckDB takes only numbers."""
    if scan.kind(close - 1) != "STRING" or scan.word(close - 2) not in ("FROM", ","):
        return []
    if len(scan.parts(i + 2, close)) > 2:
        return []
    token, mark = scan.tokens[i], scan.tokens[close - 2]
    return [
        Edit(token.start, token.end + 1, PREFIX + "substring"),
        Edit(mark.start, mark.end + 1, ","),
    ]
