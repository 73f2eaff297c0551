"""Intervals as PostgreSQL writes them -> months, days and microseconds."""

from __future__ import annotations

import re
from fractions import Fraction

from retailsql.adapters.server.records import PgError

_UNITS: dict[str, tuple[int, str]] = {}
for _factor, _kind, _names in (
    (12000, "months", "millennium millennia mil mils"),
    (1200, "months", "century centuries cent c"),
    (120, "months", "decade decades dec decs"), (12, "months", "year years y yr yrs"),
    (1, "months", "month months mon mons"), (7, "days", "week weeks w"),
    (1, "days", "day days d"), (3_600_000_000, "micros", "hour hours h hr hrs"),
    (60_000_000, "micros", "minute minutes m min mins"),
    (1_000_000, "micros", "second seconds s sec secs"),
    (1000, "micros", "millisecond milliseconds ms msec msecs"),
    (1, "micros", "microsecond microseconds us usec usecs"),
):  # fmt: skip
    _UNITS |= dict.fromkeys(_names.split(), (_factor, _kind))

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_PART = re.compile(
    rf"\s*(?:(?P<sign>[+-]?)(?P<h>\d+):(?P<m>\d\d)(?::(?P<s>\d\d(?:\.\d*)?))?"
    rf"|(?P<n>[+-]?\s*{_NUMBER})\s*(?P<unit>[A-Za-z]+)?|(?P<ago>ago))(?=\s|$|[+-]|(?<=[a-z])\d)",
    re.IGNORECASE,
)
_ISO = re.compile(rf"P(?:{_NUMBER}[YMWD])*(?:T(?:{_NUMBER}[HMS])*)?")
_ISO_PART = re.compile(rf"(T)|({_NUMBER})([YMWDHS])")
_SPILL = {"months": ("days", 30), "days": ("micros", 86_400_000_000)}


def interval_text(months: int, days: int, micros: int) -> str:
    """DuckDB's text of an interval."""
    return f"{months} months {days} days {micros} microseconds"


def read_interval(text: str) -> str:
    """An interval as DuckDB reads it.

    >>> read_interval("1 year 2 mons -3 days 04:05:06.5")
    '14 months -3 days 14706500000 microseconds'
    >>> read_interval("P1DT2H"), read_interval("1.5 days ago")
    ('0 months 1 days 7200000000 microseconds', '0 months -1 days -43200000000 microseconds')
    """
    body = text.strip().removeprefix("@").strip()
    parts = _iso(body) if body.startswith("P") and _ISO.fullmatch(body) else _parts(body)
    if not parts:
        raise PgError("22007", f'invalid input syntax for type interval: "{text}"')
    sums = {"months": 0, "days": 0, "micros": 0}
    for number, factor, kind in parts:
        _add(sums, number * factor, kind)
    if max(abs(sums["months"]), abs(sums["days"])) > 2**31 - 1 or abs(sums["micros"]) >= 2**63:
        raise PgError("22008", f'interval field value out of range: "{text}"')
    return interval_text(sums["months"], sums["days"], sums["micros"])


def _add(sums: dict[str, int], amount: Fraction, kind: str) -> None:
    """Add an amount; what is less than a whole month or day goes on to the smaller unit."""
    whole = int(amount)
    if kind == "micros":
        sums[kind] += round(amount)
        return
    sums[kind] += whole
    if amount != whole:
        smaller, factor = _SPILL[kind]
        _add(sums, (amount - whole) * factor, smaller)


def _iso(text: str) -> list[tuple[Fraction, int, str]]:
    """The parts of ``P1Y2M3DT4H5M6S``."""
    out, units = [], dict(zip("YMWD", ("year", "month", "week", "day"), strict=True))
    for mark, number, letter in _ISO_PART.findall(text):
        if mark:
            units = dict(zip("HMS", ("hour", "minute", "second"), strict=True))
        else:
            out.append((Fraction(number), *_UNITS[units[letter]]))
    return out


def _parts(text: str) -> list[tuple[Fraction, int, str]]:
    """The parts of ``1 day 02:03:04 ago``; empty if it cannot be read."""
    out: list[tuple[Fraction, int, str]] = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or found.end() == at:
            return []
        at = found.end()
        if found["ago"]:
            out = [(-number, factor, kind) for number, factor, kind in out]
        elif found["h"] is not None:
            seconds = int(found["h"]) * 3600 + int(found["m"]) * 60 + Fraction(found["s"] or 0)
            out.append((-seconds if found["sign"] == "-" else seconds, 1_000_000, "micros"))
        else:
            unit = _UNITS.get((found["unit"] or "second").lower())
            if unit is None:
                return []
            out.append((Fraction("".join(found["n"].split())), *unit))
    return out
