"""How far a time zone is from UTC at many moments at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from retailsql.adapters.server.encoding.cells import Numbers
from retailsql.adapters.server.records import PgError

DAY = 86_400_000_000  # microseconds
# Days since 1970 the table covers: 1800 to 2437. Before it every zone keeps its first time; after
# it the last 400 years (a whole cycle of the calendar, 146,097 days) come again and again.
FIRST, LAST, CYCLE = -62091, 170_938, 146_097
UNKNOWN, MIXED = -(2**31), -(2**31) + 1
FIXED = re.compile(r"(?:UTC|GMT)?([+-])(\d\d?)(?::?(\d\d))?")


class Zone:
    """A time zone; its table fills as moments are asked for (0.9 MB).

    Raises:
        PgError: 22023, nobody knows the zone.

    >>> Zone("Asia/Kolkata").seconds(np.array([0])).tolist()
    [19800]
    """

    def __init__(self, name: str) -> None:
        self.rule = rule(name)
        self.days = np.full(LAST - FIRST, UNKNOWN, np.int32)

    def seconds(self, moments: Numbers) -> Numbers:
        """Seconds east of UTC at microseconds since 1970."""
        moments = inside(moments)
        days = moments // DAY - FIRST
        found: Numbers = self.days[days]
        unknown = found == UNKNOWN
        if unknown.any():
            for day in np.unique(days[unknown]):
                self.days[day] = self.whole_day(int(day) + FIRST)
            found = self.days[days]
        for row in np.flatnonzero(found == MIXED):
            found[row] = self.at(int(moments[row]) // 1_000_000)
        return found

    def whole_day(self, day: int) -> int:
        """The offset on a day of UTC, MIXED if it changes then."""
        start, end = self.at(day * 86_400), self.at(day * 86_400 + 86_399)
        return start if start == end else MIXED

    def at(self, second: int) -> int:
        """The offset at one second."""
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
        offset = moment.astimezone(self.rule).utcoffset()
        return int(offset.total_seconds()) if offset else 0


def inside(moments: Numbers) -> Numbers:
    """Moments of the table that have the same offset."""
    moments = np.maximum(moments, FIRST * DAY)
    cycles = np.maximum(moments // DAY - LAST + CYCLE, 0) // CYCLE
    near: Numbers = moments - cycles * (CYCLE * DAY)
    return near


@lru_cache(maxsize=64)
def zone(name: str) -> Zone:
    """The zone of a name; sessions share tables."""
    return Zone(name)


def rule(name: str) -> tzinfo:
    """What Python knows of a zone: a name of the database of zones, or ``+05:30``."""
    if found := FIXED.fullmatch(name):
        sign, hours, minutes = found.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
        return timezone(-offset if sign == "-" else offset)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise PgError("22023", f'time zone "{name}" not recognized') from error


def text(seconds: int) -> str:
    """An offset as PostgreSQL writes it.

    >>> text(3600), text(19800), text(-12600), text(1172), text(0)
    ('+01', '+05:30', '-03:30', '+00:19:32', '+00')
    """
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    out = f"{'-' if seconds < 0 else '+'}{hour:02d}"
    if minute or second:
        out += f":{minute:02d}"
    return f"{out}:{second:02d}" if second else out
