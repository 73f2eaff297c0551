"""``sum`` of integers is a bigint in PostgreSQL, of bigints a numeric; in DuckDB both are HUGEINT.

It is more than a name: ``sum(quantity) / 3`` is a whole number of the one and a fraction of the
other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

#: A function that takes no single argument: the binder refuses it, and names the argument's type.
PROBE: Final = "system.main.regexp_matches("
_REFUSED: Final = re.compile(r"argument types '(?:[\w\".]+\.)?regexp_matches\((.+)\)'")
_SMALL: Final = frozenset(
    ["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "INTEGER_LITERAL"]
)
_LARGE: Final = frozenset(["BIGINT", "UINTEGER", "UBIGINT", "HUGEINT"])
_MOST, _TOKENS = 40, 60_000  # sums looked at: each costs a bind, which takes as long as the text


def sums(text: str, tokens: Sequence[Token], refusal: Callable[[list[Edit]], str]) -> list[Edit]:
    """The edits that give each sum its type.

    Args:
        text: the statement as the user wrote it.
        tokens: its tokens.
        refusal: binds the statement with these edits and tells what the binder says against it.
    """
    scan = Scan(text, tokens)
    out: list[Edit] = []
    places = [i for i in range(len(tokens)) if _called(scan, i)]
    for i in places[: min(_MOST, _TOKENS // max(1, len(tokens)))]:
        close = scan.closing(i + 1)
        first = i + 2 + (scan.word(i + 2) in ("DISTINCT", "ALL"))
        if close is None or first >= close:
            continue
        start, end = tokens[first].start, tokens[close]
        found = _REFUSED.search(refusal([Edit(start, start, PROBE), _replaced(end, "))")]))
        kind = found[1] if found else ""
        if kind in _LARGE:
            out += [Edit(start, start, "("), _replaced(end, ")::DECIMAL(38,0))")]
        elif kind in _SMALL:
            last = scan.call_end(close)
            shown = text[tokens[last].start : tokens[last].end + 1]
            out += [
                Edit(tokens[i].start, tokens[i].start, "CAST("),
                _replaced(tokens[last], f"{shown} AS BIGINT)"),
            ]
    return sorted(out)


def sums_matter(text: str, kinds: Sequence[str]) -> bool:
    """Whether the types of sums matter: one is returned, or something is divided.

    >>> [sums_matter(f"select sum(a) {rest} from t", ["DOUBLE"]) for rest in ("", "/ 2")]
    [False, True]
    """
    if "sum" not in text.lower():
        return False
    return "HUGEINT" in kinds or "/" in text or "%" in text


def _called(scan: Scan, i: int) -> bool:
    return scan.word(i) == "SUM" and scan.word(i + 1) == "(" and scan.word(i - 1) != "."


def _replaced(token: Token, new: str) -> Edit:
    return Edit(token.start, token.end + 1, new)
