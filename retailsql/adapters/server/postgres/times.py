"""Dates and times: what PostgreSQL reads -> the text DuckDB reads for the same value."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from retailsql.adapters.server.postgres.oids import DATE, NAMES, TIME, TIMESTAMP, TIMESTAMPTZ
from retailsql.adapters.server.records import PgError

_EPOCH = 719468  # days from 0000-03-01 to 1970-01-01
_Y2K = 10957  # days from 1970-01-01 to 2000-01-01
_DAY = 86_400_000_000
_CLOCK = r"(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2}(?:\.\d*)?))?(?:\s*(?P<half>[AaPp][Mm]))?"
_ZONE = r"(?P<zone>Z|[+-]\d{1,2}(?::?\d{2}(?::?\d{2})?)?|[A-Za-z]+(?:/[\w+-]+)*)"
_MOMENT = re.compile(
    r"\s*(?:(?P<y>\d{4,6})-(?P<m>\d{1,2})-(?P<d>\d{1,2})|(?P<c>\d{8})"
    r"|(?P<m2>\d{1,2})/(?P<d2>\d{1,2})/(?P<y2>\d{4}))"
    rf"(?:[T\s]\s*{_CLOCK})?(?:\s*(?!BC|AD){_ZONE})?\s*(?P<era>BC|AD)?\s*"
)
_TIME = re.compile(rf"\s*(?:\d{{4}}-\d\d-\d\d[T ])?{_CLOCK}(?:\s*{_ZONE})?\s*")
_WORDS: dict[str, Callable[[dt.datetime], dt.datetime]] = {
    "now": lambda now: now,
    "today": lambda now: now.replace(hour=0, minute=0, second=0, microsecond=0),
    "tomorrow": lambda now: _WORDS["today"](now) + dt.timedelta(1),
    "yesterday": lambda now: _WORDS["today"](now) - dt.timedelta(1),
    "epoch": lambda now: dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
}


def days_of(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01; year 0 is 1 BC.

    >>> days_of(2000, 1, 1), days_of(1969, 12, 31)
    (10957, -1)
    """
    year -= month < 3
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month - 3) % 12) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _EPOCH


def day_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of so many days from 1970-01-01.

    >>> day_of(10957), day_of(-719529)
    ((2000, 1, 1), (-1, 12, 31))
    """
    era, rest = divmod(days + _EPOCH, 146097)
    of_era = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    of_year = rest - (365 * of_era + of_era // 4 - of_era // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    return era * 400 + of_era + (month < 3), month, day


def date_text(days: int) -> str:
    """DuckDB's text of a date, days from 1970-01-01.

    >>> date_text(0), date_text(-719529)
    ('1970-01-01', '0002-12-31 (BC)')
    """
    year, month, day = day_of(days)
    era = "" if year > 0 else " (BC)"
    return f"{year if year > 0 else 1 - year:04}-{month:02}-{day:02}{era}"


def clock_text(micros: int) -> str:
    """DuckDB's text of a time of day.

    >>> clock_text(86_400_000_000), clock_text(1)
    ('24:00:00', '00:00:00.000001')
    """
    seconds, part = divmod(micros, 1_000_000)
    tail = f".{part:06}" if part else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{tail}"


def moment_text(micros: int, zone: str = "") -> str:
    """DuckDB's text of a timestamp, microseconds from 1970-01-01."""
    days, clock = divmod(micros, _DAY)
    return f"{date_text(days)} {clock_text(clock)}{zone}"


def malformed(oid: int, text: str, state: str = "22007") -> PgError:
    """PostgreSQL's words for a date or time it cannot read, or (22008) that does not exist."""
    if state == "22008":
        return PgError(state, f'date/time field value out of range: "{text}"')
    return PgError(state, f'invalid input syntax for type {NAMES[oid]}: "{text}"')


def read_moment(text: str, oid: int, zone: str) -> str:
    """A date, timestamp or timestamptz as DuckDB writes it.

    >>> read_moment("2024-01-04 +00", 1082, "UTC"), read_moment("0044-03-15 BC", 1082, "UTC")
    ('2024-01-04', '0044-03-15 (BC)')
    >>> read_moment("2024-07-01 12:00", 1184, "Europe/Berlin")
    '2024-07-01 10:00:00+00'
    """
    word = text.strip().lower()
    if word in ("infinity", "-infinity"):
        return word
    if word in _WORDS:
        return _said(_WORDS[word](dt.datetime.now(_zone(zone, oid, text))), oid)
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise malformed(oid, text)
    days = _days(found, oid, text)
    if oid == DATE:
        return date_text(days)
    micros = days * _DAY + (_clock(found, oid, text) if found["h"] else 0)
    if oid == TIMESTAMP:
        return moment_text(micros)
    return moment_text(micros - _offset(found["zone"], micros, zone, oid, text), "+00")


def _said(moment: dt.datetime, oid: int) -> str:
    """A moment that a word named."""
    if oid == TIMESTAMPTZ:
        return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    return moment.strftime("%Y-%m-%d" if oid == DATE else "%Y-%m-%d %H:%M:%S.%f")


def _days(found: re.Match[str], oid: int, text: str) -> int:
    if found["c"]:
        year, month, day = int(found["c"][:4]), int(found["c"][4:6]), int(found["c"][6:])
    else:
        names = ("y", "m", "d") if found["y"] else ("y2", "m2", "d2")
        year, month, day = (int(found[n]) for n in names)
    if year == 0:
        raise malformed(oid, text, "22008")
    year = 1 - year if found["era"] == "BC" else year
    days = days_of(year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None
    if days is None or day_of(days) != (year, month, day):
        raise malformed(oid, text, "22008")
    return days


def _clock(found: re.Match[str], oid: int, text: str) -> int:
    hour, minute = int(found["h"]), int(found["mi"])
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"].lower() == "pm")
    whole, _, part = (found["s"] or "0").partition(".")
    second = int(whole)
    micros = round(float(f"0.{part or 0}") * 1_000_000)
    total = ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros
    if hour > 24 or minute > 59 or second > 60 or total > _DAY:
        raise malformed(oid, text, "22008")
    return total


def _zone(zone: str, oid: int, text: str) -> dt.tzinfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise PgError("22023", f'time zone "{zone}" not recognized') from None


def _offset(told: str | None, micros: int, zone: str, oid: int, text: str) -> int:
    """Microseconds east of Greenwich."""
    if told and told[0] in "+-":
        digits = told[1:].replace(":", "")
        hours, rest = (digits, "") if len(digits) < 3 else (digits[:-2], digits[-2:])
        if len(digits) > 4:
            hours, rest = digits[:-4], digits[-4:]
        seconds = int(hours) * 3600 + int(rest[:2] or 0) * 60 + int(rest[2:] or 0)
        return (-seconds if told[0] == "-" else seconds) * 1_000_000
    if told and told.upper() in ("Z", "UTC", "GMT", "ZULU"):
        return 0
    tz = _zone(told or zone, oid, text)
    days = min(max(micros // _DAY, -719000), 2932000)  # the years Python's zones know
    local = dt.datetime(1970, 1, 1) + dt.timedelta(days=days, microseconds=micros % _DAY)
    offset = local.replace(tzinfo=tz).utcoffset() or dt.timedelta()
    return int(offset.total_seconds()) * 1_000_000


def read_time(text: str, oid: int, zone: str) -> str:
    """A time, with its offset if ``oid`` is timetz.

    >>> read_time("04:05:06.7 PM", 1083, "UTC"), read_time("04:05-08", 1266, "UTC")
    ('16:05:06.700000', '04:05:00-08:00')
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise malformed(oid, text)
    micros = _clock(found, oid, text)
    if oid == TIME:
        return clock_text(micros)
    now = int((dt.datetime.now() - dt.datetime(1970, 1, 1)).total_seconds()) * 1_000_000
    seconds = _offset(found["zone"], now, zone, oid, text) // 1_000_000
    return clock_text(micros) + offset_text(seconds)


def offset_text(seconds: int) -> str:
    """An offset east of Greenwich as text.

    >>> offset_text(-19800), offset_text(3601)
    ('-05:30', '+01:00:01')
    """
    size = abs(seconds)
    tail = f":{size % 60:02}" if size % 60 else ""
    return f"{'-' if seconds < 0 else '+'}{size // 3600:02}:{size // 60 % 60:02}{tail}"


def from_y2k(days: int) -> int:
    """Days from 1970-01-01, of days from PostgreSQL's 2000-01-01."""
    return days + _Y2K
