"""Names of functions and types that DuckDB has otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from retailsql.adapters.server.postgres import (
    from_calls,
    guarded_calls,
    guards,
    retyped,
    searches,
    wrapped,
)
from retailsql.adapters.server.postgres.renamed import FUNCTIONS, NEARLY_ALIKE, OURS, PREFIX
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import Edit

#: Digits of a numeric for which nobody told any: PostgreSQL's has as many as it needs, DuckDB's
#: own would be three behind the point.
NUMERIC: Final = "DECIMAL(38,10)"

_TYPES: Final = {
    "NAME": "VARCHAR", "CITEXT": "VARCHAR", "XML": "VARCHAR", "INET": "VARCHAR",
    "CIDR": "VARCHAR", "MONEY": "DECIMAL(38,2)", "VARBIT": "BIT", "JSONB": "JSON",
    "NUMERIC": NUMERIC, "DECIMAL": NUMERIC, "DEC": NUMERIC,
    "FLOAT": "DOUBLE",
}  # fmt: skip


def type_name(scan: Scan, i: int) -> list[Edit]:
    """A type behind ``::`` or in CAST."""
    if scan.word(i - 1) != "::" and scan.of_cast(i) is None:
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


def guarded(scan: Scan, i: int, *, own: bool = False) -> list[Edit]:
    """A function or operator that looks at the sizes of its arguments; not in a view, which other
    programs read, nor in FROM, where ``range`` gives rows.

    Args:
        scan: the statement.
        i: a token.
        own: leave what DuckDB has not, or has otherwise.
    """
    token = scan.tokens[i]
    if scan.kind(i) in guards.OPERATORS:
        return [] if scan.of_view() else [Edit(token.start, token.end + 1, f"@{token.text}")]
    close = scan.closing(i + 1) if scan.word(i + 1) == "(" else None
    if close is None or scan.kind(i) == "STRING" or not guarded_calls.looks(scan, i, close):
        return []
    if own and guarded_calls.is_foreign(scan, i, close):
        return []
    first = i
    while scan.word(first - 1) == "." and scan.word(first - 2) in guards.BUILT_IN:
        first -= 2
    spine = guarded_calls.moments(scan, i, close) and not scan.words(
        close + 1, "WITH", "ORDINALITY"
    )
    if scan.of_view() or (from_calls.in_from(scan, first) and not spine):
        return []
    parts = scan.parts(i + 2, close)
    start, name = scan.tokens[first].start, PREFIX + searches.named(scan, i, parts)
    typed = [
        Edit(scan.tokens[at].end + 1, scan.tokens[at].end + 1, f"::{kind}")
        for at, kind in guarded_calls.parameters(scan, i, close)
    ]
    inner = any(scan.word(at) == "SELECT" for at in range(parts[1][0], close)) if parts[1:] else 0
    if inner and guards.BY_NAME[token.text.lower()].kept:
        return [*_in_lambda(scan, Edit(start, scan.tokens[i + 1].end + 1, name), parts), *typed]
    return [Edit(start, token.end + 1, name), *typed]


def _in_lambda(scan: Scan, call: Edit, parts: Sequence[tuple[int, int]]) -> list[Edit]:
    """DuckDB wants no subquery in a lambda, where the guard puts a pattern: it is made before.

    A fourth argument, a pattern's options, must stay a constant.
    """
    given = ", ".join(PREFIX + letter for letter in "xyz"[: len(parts)])
    if len(parts) < 4:
        return [call._replace(new=f"invoke(lambda {given}: {call.new}({given}), ")]
    end, stop = (scan.tokens[parts[at][1] - 1].end + 1 for at in (2, 3))
    inside = f"{given}{scan.text[end:stop]}"
    return [
        call._replace(new=f"invoke(lambda {given}: {call.new}({inside}), "),
        Edit(end, stop, ""),
    ]


def function(scan: Scan, i: int) -> list[Edit]:
    """The name of a function that is called."""
    if scan.word(i + 1) != "(" or scan.word(i - 1) == "." or not scan.word(i):
        return []
    close = scan.closing(i + 1)
    if close is None:
        return []
    name, token = scan.word(i).lower(), scan.tokens[i]
    found = retyped.call(scan, i, close) or wrapped.call(scan, i, close)
    if found:
        return found
    if name in ("percentile_cont", "percentile_disc") and scan.word(i + 2) == "NULL":
        return _no_percentile(scan, i, close)
    if name == "percentile_cont":
        return _in_doubles(scan, close + 1)
    if name in NEARLY_ALIKE and scan.of_view() and len(scan.parts(i + 2, close)) < 3:
        return []
    if name == "round":
        found = _to_places(scan, i, close)
        if found:
            return found
    if name == "date_trunc" and _counts_from_one(scan, i):
        return [Edit(token.start, token.end + 1, f"{PREFIX}date_trunc")]
    if name in FUNCTIONS:
        return [Edit(token.start, token.end + 1, FUNCTIONS[name])]
    if name in OURS:
        count = len(scan.parts(i + 2, close))
        if not OURS[name] or count in OURS[name]:
            return [Edit(token.start, token.end + 1, PREFIX + name)]
    if name in searches.MACROS and not scan.of_view():
        ours = searches.named(scan, i, scan.parts(i + 2, close))
        return [Edit(token.start, token.end + 1, PREFIX + ours)] if ours != name else []
    return _substring(scan, i, close) if name == "substring" else []


def _counts_from_one(scan: Scan, i: int) -> bool:
    """True for a unit that begins in a year 1, and in DuckDB in a year 0."""
    return scan.kind(i + 2) == "STRING" and scan.tokens[i + 2].text.lower() in (
        "century", "millennium",
    )  # fmt: skip


def _to_places(scan: Scan, i: int, close: int) -> list[Edit]:
    """``round(x, n)``: a numeric's digits are told by its type in DuckDB, so n must be written."""
    parts = scan.parts(i + 2, close)
    if len(parts) != 2:
        return []
    first, behind = parts[1]
    marked = scan.word(first) in ("-", "+") or scan.kind(first) == "PARAMETER"
    if scan.kind(behind - 1) == "NUMBER" and behind - first - marked == 1:
        return []  # a parameter's value is written in its place
    token, (start, stop), end = scan.tokens[i], parts[0], scan.tokens[close]
    return [
        Edit(token.start, token.end + 1, "CAST(round"),
        Edit(scan.tokens[start].start, scan.tokens[start].start, " ("),
        Edit(scan.tokens[stop - 1].end + 1, scan.tokens[stop - 1].end + 1, ")::DOUBLE"),
        Edit(end.start, end.end + 1, f"::INTEGER) AS {NUMERIC})"),
    ]


def _no_percentile(scan: Scan, i: int, close: int) -> list[Edit]:
    """``percentile_cont(NULL)`` is NULL, of the type of the others."""
    behind = scan.closing(close + 3) if scan.words(close + 1, "WITHIN", "GROUP", "(") else None
    if behind is None:
        return []
    last = scan.tokens[scan.call_end(behind)].end + 1
    given = "[0.5]" if scan.word(close - 1) == "]" else "0.5"
    return [
        Edit(scan.tokens[i].start, scan.tokens[i].start, "(CASE WHEN false THEN "),
        Edit(scan.tokens[i + 2].start, scan.tokens[close - 1].end + 1, given),
        *(_in_doubles(scan, close + 1) if scan.word(i).endswith("CONT") else []),
        Edit(last, last, " END)"),
    ]


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
        Edit(token.start, token.end + 1, PREFIX + searches.kind(scan, close - 1) + "substring"),
        Edit(mark.start, mark.end + 1, ","),
    ]
