"""date, time, timestamp, timestamptz, timetz.

Between the years 1 and 9999 Arrow's text is PostgreSQL's, but for zeros at the end of the seconds;
infinity, years before Christ and after 9999 are written one by one.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.adapters.server.encoding import zones
from retailsql.adapters.server.encoding.cells import (
    Body,
    Bytes,
    Numbers,
    arrow,
    binary,
    join,
    matrix,
    network,
    patched,
    values,
)
from retailsql.adapters.server.records import PgError

SECOND = 1_000_000
YEAR_1, YEAR_10000 = -719_162, 2_932_897  # days since 1970
EPOCH = 10_957  # days from 1970 to 2000, where PostgreSQL counts from
FOREVER4, FOREVER8 = 2**31 - 1, 2**63 - 1
# The first day and moment PostgreSQL knows (Julian day 0), and the first day it does not know.
FIRST_DAY, END_DAY = -2_440_588, 2_145_042_906
FIRST_MOMENT = FIRST_DAY * zones.DAY
ZONED = re.compile(r"(\d+):(\d+):(\d+)(?:\.(\d+))?([+-])(\d+)(?::(\d+))?(?::(\d+))?")


def date_text(array: pa.Array) -> Body:
    """``2024-02-29``, ``0044-03-15 BC``, ``infinity``."""
    days = values(array, np.int32)
    rare = (days < YEAR_1) | (days >= YEAR_10000)
    if not rare.any():
        return matrix(pc.cast(array, pa.string()), 10)
    text = pc.cast(pa.array(np.where(rare, 0, days).astype(np.int32)).cast(pa.date32()), "string")
    return patched(text, rare, [day_word(int(day)) for day in days[rare]])


def day_word(day: int) -> str:
    """A rare day."""
    if abs(day) == FOREVER4:
        return "infinity" if day > 0 else "-infinity"
    year, rest = calendar(day)
    return era(year, rest, "")


def era(year: int, rest: str, behind: str) -> str:
    """A year with what follows it, and BC."""
    return f"{year:04d}{rest}{behind}" if year > 0 else f"{1 - year:04d}{rest}{behind} BC"


def calendar(day: int) -> tuple[int, str]:
    """Year (0 is 1 BC) and ``-month-day`` of days since 1970.

    >>> calendar(0), calendar(-719163)
    ((1970, '-01-01'), (0, '-12-31'))
    """
    cycles, rest = divmod(day + 719_468, 146_097)
    of_cycle = (rest - rest // 1460 + rest // 36524 - rest // 146_096) // 365
    of_year = rest - (365 * of_cycle + of_cycle // 4 - of_cycle // 100)
    march = (5 * of_year + 2) // 153
    month = march + 3 if march < 10 else march - 9
    year = of_cycle + cycles * 400 + (month <= 2)
    return year, f"-{month:02d}-{of_year - (153 * march + 2) // 5 + 1:02d}"


def date_binary(array: pa.Array) -> Body:
    """Days since 2000; infinity is the largest number, -infinity the smallest."""
    days = values(array, np.int32)
    if len(days) and days.min() >= FIRST_DAY and days.max() < END_DAY:
        return network(days - np.int32(EPOCH), ">i4")
    days = days.astype(np.int64)
    endless = np.abs(days) == FOREVER4
    if (((days < FIRST_DAY) | (days >= END_DAY)) & ~endless).any():
        raise PgError("22008", "date out of range for the binary format")
    out = np.where(endless, np.where(days > 0, FOREVER4, -FOREVER4 - 1), days - EPOCH)
    return network(out, ">i4")


def timestamp_text(array: pa.Array) -> Body:
    """``2024-02-29 12:00:00.5``."""
    moments = values(array, np.int64)
    rare = outside(moments)
    body = stamps(np.where(rare, 0, moments) if rare.any() else moments)
    if not rare.any():
        return body
    return patched(arrow(body), rare, [moment_word(int(m), "") for m in moments[rare]])


def outside(moments: Numbers) -> Numbers:
    """Which microseconds Arrow does not write as PostgreSQL does."""
    return (moments < YEAR_1 * zones.DAY) | (moments >= YEAR_10000 * zones.DAY)


def stamps(moments: Numbers, of_day: bool = False) -> Body:
    """Microseconds since 1970, or midnight, as text no longer than needed."""
    seconds, rest = np.divmod(moments, SECOND)
    date = 0 if of_day else 11
    if not rest.any():
        kind = pa.time32("s") if of_day else pa.timestamp("s")
        whole = pa.array(seconds.astype(np.int32) if of_day else seconds).view(kind)
        return matrix(pc.cast(whole, pa.string()), date + 8)
    text = pa.array(moments).view(pa.time64("us") if of_day else pa.timestamp("us"))
    text = pc.cast(text, pa.string())
    if (rest % 10).all():
        return matrix(text, date + 15)
    trimmed = pc.ascii_rtrim(text, "0")
    return trimmed if rest.all() else pc.ascii_rtrim(trimmed, ".")


def moment_word(moment: int, behind: str) -> str:
    """A rare moment; ``behind``: its offset."""
    if abs(moment) == FOREVER8:
        return "infinity" if moment > 0 else "-infinity"
    day, rest = divmod(moment, zones.DAY)
    year, month_day = calendar(day)
    return era(year, f"{month_day} {clock(rest)}", behind)


def clock(micros: int) -> str:
    """A time of day.

    >>> clock(86_400_000_000), clock(1_500_000)
    ('24:00:00', '00:00:01.5')
    """
    seconds, rest = divmod(micros, SECOND)
    out = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{out}.{rest:06d}".rstrip("0") if rest else out


def timestamptz_text(array: pa.Array, zone: zones.Zone) -> Body:
    """``2024-02-29 13:00:00.5+01``: in the zone of the session, with its offset."""
    moments = values(array, np.int64)
    endless = np.abs(moments) == FOREVER8
    offsets = zone.seconds(np.where(endless, 0, moments))
    local = np.where(endless, moments, moments + np.where(endless, 0, offsets) * np.int64(SECOND))
    rare = outside(local) | outside(moments)  # near the last of all moments ``local`` overflows
    behind, which = np.unique(offsets, return_inverse=True)
    words = [zones.text(int(seconds)) for seconds in behind]
    body = join(stamps(np.where(rare, 0, local)), suffixes(words, which))
    if not rare.any():
        return body
    odd = zip(moments[rare].tolist(), offsets[rare].tolist(), strict=True)
    return patched(body, rare, [zoned_word(moment, seconds) for moment, seconds in odd])


def zoned_word(moment: int, seconds: int) -> str:
    """A rare moment in a zone."""
    endless = abs(moment) == FOREVER8
    return moment_word(moment if endless else moment + seconds * SECOND, zones.text(seconds))


def suffixes(words: list[str], which: Numbers) -> Body | bytes:
    """The word of each row."""
    if len(words) == 1:
        return words[0].encode()
    return binary(pa.array(words, pa.string()).take(pa.array(which)))


def timestamp_binary(array: pa.Array) -> Body:
    """Microseconds since 2000."""
    moments = values(array, np.int64)
    if len(moments) and moments.min() >= FIRST_MOMENT and moments.max() < FOREVER8:
        return network(moments - EPOCH * zones.DAY, ">i8")
    endless = np.abs(moments) == FOREVER8
    if ((moments < FIRST_MOMENT) & ~endless).any():
        raise PgError("22008", "timestamp out of range for the binary format")
    ends = np.where(moments > 0, FOREVER8, -FOREVER8 - 1)
    return network(
        np.where(endless, ends, np.where(endless, 0, moments) - EPOCH * zones.DAY), ">i8"
    )


def time_text(array: pa.Array) -> Body:
    """``23:59:59.5``, and ``24:00:00``."""
    micros = values(array, np.int64)
    midnight = micros == zones.DAY
    if not midnight.any():
        return stamps(micros, of_day=True)
    text = arrow(stamps(np.where(midnight, 0, micros), of_day=True))
    return patched(text, midnight, ["24:00:00"] * int(midnight.sum()))


def time_binary(array: pa.Array) -> Body:
    """Microseconds since midnight."""
    return network(values(array, np.int64), ">i8")


def timetz_binary(array: pa.Array) -> Body:
    """Microseconds since midnight, and seconds *west* of UTC; read from text, one by one."""
    rows = [zoned(word) for word in array.to_pylist()]
    times = network(np.array([micros for micros, _ in rows], np.int64), ">i8")
    west: Bytes = network(np.array([seconds for _, seconds in rows], np.int64), ">i4")
    return np.concatenate([times, west], axis=1)


def zoned(word: str) -> tuple[int, int]:
    """A time with its zone.

    >>> zoned("00:00:01.5+05:30")
    (1500000, -19800)
    """
    found = ZONED.fullmatch(word)
    if found is None:
        raise PgError("XX000", f"no time with time zone: {word}")
    hour, minute, second, fraction, sign, *zone = found.groups()
    micros = (int(hour) * 3600 + int(minute) * 60 + int(second)) * SECOND
    micros += int((fraction or "").ljust(6, "0")[:6])
    east = sum(int(part or 0) * unit for part, unit in zip(zone, (3600, 60, 1), strict=True))
    return micros, east if sign == "-" else -east
