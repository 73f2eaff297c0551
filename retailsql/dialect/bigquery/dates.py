"""Date arithmetic as BigQuery has it: parts, weeks that begin on any day, instants in UTC.

DuckDB's TIMESTAMP stands for BigQuery's DATETIME and, in UTC, for its TIMESTAMP.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from retailsql.errors import StatementError
from retailsql.registry.names import literal

DAYS = ("SUNDAY", "MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY")
DATE_PARTS = frozenset(("DAY", "WEEK", "ISOWEEK", "MONTH", "QUARTER", "YEAR", "ISOYEAR"))
TIME_PARTS = frozenset(("MICROSECOND", "MILLISECOND", "SECOND", "MINUTE", "HOUR"))
MICROSECONDS = {
    "MICROSECOND": 1, "MILLISECOND": 1_000, "SECOND": 1_000_000, "MINUTE": 60_000_000,
    "HOUR": 3_600_000_000, "DAY": 86_400_000_000,
}  # fmt: skip
Refuse = Callable[..., StatementError]

_ZONED = r"\d:\d\d.*([zZ]$|[+-]\d|[A-Za-z]/[A-Za-z]|UTC)"
_INSTANT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ Tt](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6}))?)?)?"
    r"\s*([zZ]|UTC|[+-]\d{1,2}(?::?\d{2})?|[A-Za-z_]+/[A-Za-z_/]+)?"
)


def as_date(text: str, kind: str | None) -> str:
    """An expression as DATE; a literal string is read as one."""
    return text if kind == "date" else f"CAST({text} AS DATE)"


def shift_days(day: str) -> int:
    """How many days to add so that a week beginning on ``day`` begins on Monday, DuckDB's first.

    >>> shift_days("SUNDAY"), shift_days("MONDAY"), shift_days("TUESDAY")
    (1, 0, 6)
    """
    return (1 - DAYS.index(day)) % 7


def week_start(text: str, day: str, refuse: Refuse) -> str:
    """The first day of the week that holds an expression's day."""
    _known(day, refuse)
    days = shift_days(day)
    if not days:
        return f"date_trunc('week', {text})"
    return f"(date_trunc('week', ({text}) + to_days({days})) - to_days({days}))"


def _known(day: str, refuse: Refuse) -> None:
    if day not in DAYS:
        raise refuse("A week begins on a day", seen=day, wanted=", ".join(DAYS))


def difference(a: str, b: str, part: str, day: str, refuse: Refuse) -> str:
    """DATE_DIFF and DATETIME_DIFF: how many bounds of a part lie between b and a."""
    if part in ("WEEK", "ISOWEEK"):
        first, last = week_start(b, day, refuse), week_start(a, day, refuse)
        return f"(date_diff('day', {first}, {last}) // 7)"
    if part == "ISOYEAR":
        return f"(isoyear({a}) - isoyear({b}))"
    if part not in DATE_PARTS | TIME_PARTS:
        raise refuse("There is no such date part", seen=part, wanted=_parts())
    return f"date_diff('{part.lower()}', {b}, {a})"


def elapsed(a: str, b: str, part: str, refuse: Refuse) -> str:
    """TIMESTAMP_DIFF: how many whole intervals have passed from b to a, toward zero."""
    if part not in MICROSECONDS:
        raise refuse("TIMESTAMP_DIFF takes no such part", seen=part, wanted=", ".join(MICROSECONDS))
    return f"((epoch_us({a}) - epoch_us({b})) // {MICROSECONDS[part]})"


def truncate(text: str, part: str, day: str, refuse: Refuse) -> str:
    """The first moment of the part that holds an expression's moment, as TIMESTAMP."""
    if part in ("WEEK", "ISOWEEK"):
        return week_start(text, day, refuse)
    if part == "ISOYEAR":
        # 4 January always lies in the first ISO week of its year.
        return f"date_trunc('week', make_date(isoyear({text}), 1, 4))"
    if part not in DATE_PARTS | TIME_PARTS:
        raise refuse("There is no such date part", seen=part, wanted=_parts())
    return f"date_trunc('{part.lower()}', {text})"


def interval(number: str, part: str, refuse: Refuse) -> str:
    """``INTERVAL n part``."""
    if part not in (DATE_PARTS | TIME_PARTS) - {"ISOWEEK", "ISOYEAR"}:
        raise refuse("There is no such part of an interval", seen=part, wanted=_parts())
    if part == "QUARTER":
        return f"to_months(3 * CAST({number} AS INTEGER))"
    if part in ("MILLISECOND", "MICROSECOND"):
        return f"to_microseconds({MICROSECONDS[part]} * CAST({number} AS BIGINT))"
    whole = "BIGINT" if part in TIME_PARTS else "INTEGER"
    return f"to_{part.lower()}s(CAST({number} AS {whole}))"


def extract(text: str, part: str, day: str, refuse: Refuse) -> str:
    """``EXTRACT(part FROM x)``."""
    if part == "DAYOFWEEK":
        return f"(dayofweek({text}) + 1)"
    if part == "WEEK":
        _known(day, refuse)
        days = DAYS.index(day)
        since = f"dayofweek({text})" if not days else f"((dayofweek({text}) + {7 - days}) % 7)"
        return f"((dayofyear({text}) + 6 - {since}) // 7)"
    if part in ("MILLISECOND", "MICROSECOND"):
        whole = 1_000 if part == "MILLISECOND" else 1_000_000
        return f"(extract({part.lower()} FROM {text}) % {whole})"
    if part == "SECOND":
        return f"CAST(extract(second FROM {text}) AS BIGINT)"
    if part in ("DATE", "TIME", "DATETIME"):
        return f"CAST({text} AS {'TIMESTAMP' if part == 'DATETIME' else part})"
    plain = {"ISOWEEK": "week", "ISOYEAR": "isoyear", "DAYOFYEAR": "dayofyear"}
    if part not in plain and part not in DATE_PARTS | TIME_PARTS:
        raise refuse("EXTRACT takes no such part", seen=part, wanted=_parts() + ", DAYOFWEEK, ...")
    return f"extract({plain.get(part, part.lower())} FROM {text})"


def in_zone(text: str, zone: str) -> str:
    """The wall clock of a zone at an instant that is held in UTC."""
    return f"(({text}) AT TIME ZONE 'UTC' AT TIME ZONE {zone})"


def from_zone(text: str, zone: str) -> str:
    """The instant in UTC at which a zone's wall clock shows this."""
    return f"(CAST({text} AS TIMESTAMP) AT TIME ZONE {zone} AT TIME ZONE 'UTC')"


def instant(text: str, kind: str | None) -> str:
    """An expression as TIMESTAMP in UTC; strings may name a zone or an offset."""
    if kind in ("timestamp", "datetime", "instant"):
        return text
    if kind == "date":
        return f"CAST({text} AS TIMESTAMP)"
    string = f"CAST({text} AS VARCHAR)"
    zoned = f"(CAST({string} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')"
    plain = f"CAST({text} AS TIMESTAMP)"
    return (
        f"(CASE WHEN typeof({text}) = 'VARCHAR' AND regexp_matches({string}, {literal(_ZONED)}) "
        f"THEN {zoned} ELSE {plain} END)"
    )


def literal_instant(value: str, refuse: Refuse) -> str:
    """``TIMESTAMP '2024-05-01 10:00:00+02'`` as a literal in UTC."""
    found = _INSTANT.fullmatch(value.strip())
    if not found:
        raise refuse(
            "This is no timestamp", seen=repr(value), wanted="such as '2024-05-01 10:00:00+02'"
        )
    *numbers, fraction, zone = found.groups()
    try:
        at = datetime(*(int(n or 0) for n in numbers))  # type: ignore[arg-type]
        at += timedelta(microseconds=int((fraction or "0").ljust(6, "0")))
        at = _to_utc(at, zone)
    except (ValueError, KeyError, OverflowError) as error:
        raise refuse("This is no timestamp", seen=repr(value), wanted=str(error)) from error
    return f"CAST('{at.isoformat(' ')}' AS TIMESTAMP)"


def _to_utc(at: datetime, zone: str | None) -> datetime:
    if zone is None or zone in ("z", "Z", "UTC"):
        return at
    if zone[0] in "+-":
        hours, minutes = re.fullmatch(r".(\d{1,2}):?(\d\d)?", zone).groups()  # type: ignore[union-attr]
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return at - offset if zone[0] == "+" else at + offset
    return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)


def _parts() -> str:
    return ", ".join(sorted(DATE_PARTS | TIME_PARTS))
