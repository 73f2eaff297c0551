"""to_char of dates and times, a column at a time in Arrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.adapters.server.postgres.templates import Element, elements
from retailsql.adapters.server.postgres.times import offset_text

_MONTHS: Final = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
]  # fmt: skip
_DAYS: Final = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
_ROMAN: Final = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_DAY: Final = 86_400_000_000
_Ints = Any  # an array of int64


class Parts:
    """The parts of moments: microseconds from 1970 in local time.

    An interval has a clock of its own, with as many hours as it has.
    """

    def __init__(self, micros: _Ints, offset: _Ints, zone: str, clock: _Ints = None) -> None:
        self.offset, self.zone = offset, zone
        days = np.floor_divide(micros, _DAY)
        self.clock = micros - days * _DAY if clock is None else clock
        self.hour = self.clock // 3_600_000_000
        self.minute = self.clock // 60_000_000 % 60
        self.second = self.clock // 1_000_000 % 60
        self.micro = self.clock % 1_000_000
        self.julian = days + 2_440_588
        self.weekday = (days + 4) % 7
        self.year, self.month, self.day, self.of_year = _civil(days)
        thursday = days - (self.weekday + 6) % 7 + 3
        self.iso_year, _, _, iso_of_year = _civil(thursday)
        self.iso_week = (iso_of_year - 1) // 7 + 1
        self.iso_day = (self.weekday + 6) % 7 + 1


def _civil(days: _Ints) -> tuple[_Ints, _Ints, _Ints, _Ints]:
    """Year, month, day and day of the year."""
    era, rest = np.divmod(days + 719_468, 146_097)
    of_era = (rest - rest // 1460 + rest // 36_524 - rest // 146_096) // 365
    of_year = rest - (365 * of_era + of_era // 4 - of_era // 100)
    m = (5 * of_year + 2) // 153
    day = of_year - (153 * m + 2) // 5 + 1
    month = np.where(m < 10, m + 3, m - 9)
    year = era * 400 + of_era + (month < 3)
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    before = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])[month - 1]
    return year, month, day, before + day + (leap & (month > 2))


def to_char(
    micros: _Ints, template: str, offset: _Ints, zone: str, clock: _Ints = None
) -> pa.Array:
    """Moments as text.

    >>> to_char(np.array([0]), "Dy, FMDD Mon YYYY HH24:MI", np.array([0]), "UTC")[0].as_py()
    'Thu, 1 Jan 1970 00:00'
    """
    parts = Parts(micros, offset, zone, clock)
    pieces = [
        _piece(element, parts) if element.key else pa.array([element.text] * len(micros))
        for element in elements(template)
    ]
    if not pieces:
        return pa.array([""] * len(micros))
    return pc.binary_join_element_wise(*pieces, "")


def _piece(element: Element, parts: Parts) -> pa.Array:
    key = element.key
    if key in _NUMBERS:
        width, of = _NUMBERS[key]
        return _number(of(parts), width if element.fill else 0, element.suffix)
    if key in _WORDS:
        return _word(element, parts)
    return _OTHERS[key.upper()](element, parts)


def _number(values: _Ints, width: int, suffix: str) -> pa.Array:
    negative = values < 0
    out = pc.utf8_lpad(pa.array(np.abs(values)).cast(pa.string()), width, "0")
    if negative.any():
        signs = pa.array(np.where(negative, "-", ""))
        out = pc.binary_join_element_wise(signs, out, "")
    if suffix:
        tens, ones = np.abs(values) // 10 % 10, np.abs(values) % 10
        index = np.where((tens == 1) | (ones > 3), 0, ones)
        ends = pa.array(["th", "st", "nd", "rd"])
        ends = pc.utf8_upper(ends) if suffix == "TH" else ends
        out = pc.binary_join_element_wise(out, ends.take(pa.array(index)), "")
    return out


def _shown(year: _Ints) -> _Ints:
    """The year as written: 0 is 1 BC."""
    return np.where(year > 0, year, 1 - year)


#: Elements that are numbers: their width and what they are.
_NUMBERS: Final[dict[str, tuple[int, Callable[[Parts], _Ints]]]] = {
    "YYYY": (4, lambda p: _shown(p.year)), "YYY": (3, lambda p: _shown(p.year) % 1000),
    "YY": (2, lambda p: _shown(p.year) % 100), "Y": (1, lambda p: _shown(p.year) % 10),
    "IYYY": (4, lambda p: _shown(p.iso_year)), "IYY": (3, lambda p: _shown(p.iso_year) % 1000),
    "IY": (2, lambda p: _shown(p.iso_year) % 100), "I": (1, lambda p: _shown(p.iso_year) % 10),
    "MM": (2, lambda p: p.month), "DD": (2, lambda p: p.day), "DDD": (3, lambda p: p.of_year),
    "IDDD": (3, lambda p: (p.iso_week - 1) * 7 + p.iso_day),
    "D": (1, lambda p: p.weekday + 1), "ID": (1, lambda p: p.iso_day),
    "HH24": (2, lambda p: p.hour), "HH12": (2, lambda p: (p.hour + 11) % 12 + 1),
    "HH": (2, lambda p: (p.hour + 11) % 12 + 1), "MI": (2, lambda p: p.minute),
    "SS": (2, lambda p: p.second), "MS": (3, lambda p: p.micro // 1000),
    "US": (6, lambda p: p.micro), "SSSS": (1, lambda p: p.clock // 1_000_000),
    "SSSSS": (1, lambda p: p.clock // 1_000_000),
    "W": (1, lambda p: (p.day - 1) // 7 + 1), "WW": (2, lambda p: (p.of_year - 1) // 7 + 1),
    "IW": (2, lambda p: p.iso_week), "Q": (1, lambda p: (p.month + 2) // 3),
    "J": (1, lambda p: p.julian),
    "CC": (2, lambda p: np.where(p.year > 0, (p.year + 99) // 100, -((-p.year) // 100 + 1))),
    "FF1": (1, lambda p: p.micro // 100_000), "FF2": (2, lambda p: p.micro // 10_000),
    "FF3": (3, lambda p: p.micro // 1000), "FF4": (4, lambda p: p.micro // 100),
    "FF5": (5, lambda p: p.micro // 10), "FF6": (6, lambda p: p.micro),
}  # fmt: skip

_WORDS: Final = frozenset(
    [
        "MONTH", "Month", "month", "MON", "Mon", "mon", "DAY", "Day", "day", "DY", "Dy", "dy",
        "RM", "rm",
    ]
)  # fmt: skip


def _word(element: Element, parts: Parts) -> pa.Array:
    """A name of a month or a day, in the capitals of its key."""
    key = element.key
    kind = key.upper()
    if kind in ("MONTH", "MON", "RM"):
        words, index = (_ROMAN if kind == "RM" else _MONTHS), parts.month - 1
    else:
        words, index = _DAYS, parts.weekday
    if kind in ("MON", "DY"):
        words = [word[:3] for word in words]
    elif element.fill:
        words = [word.ljust(4 if kind == "RM" else 9) for word in words]
    if key.isupper():
        words = [word.upper() for word in words]
    elif key.islower():
        words = [word.lower() for word in words]
    return pa.array(words).take(pa.array(index))


def _two(first: str, second: str, key: str, is_second: _Ints) -> pa.Array:
    """One of two marks, spelled as the key: ``a.m.``."""
    dots = "." in key
    pair = [".".join(word) + "." if dots else word for word in (first, second)]
    pair = [word.lower() if key.islower() else word for word in pair]
    return pa.array(pair).take(pa.array(is_second.astype("int64")))


def _half(element: Element, parts: Parts) -> pa.Array:
    return _two("AM", "PM", element.key, parts.hour >= 12)


def _era(element: Element, parts: Parts) -> pa.Array:
    return _two("AD", "BC", element.key, parts.year <= 0)


def _comma_year(element: Element, parts: Parts) -> pa.Array:
    year = _shown(parts.year)
    return pc.binary_join_element_wise(
        _number(year // 1000, 0, ""), _number(year % 1000, 3, element.suffix), ","
    )


def _zone(element: Element, parts: Parts) -> pa.Array:
    known = {"UTC": "UTC", "Etc/UTC": "UTC", "GMT": "GMT"}.get(parts.zone, "")
    names = [known or (offset_text(int(s)) if parts.zone else "") for s in parts.offset]
    return pa.array([n.lower() if element.key == "tz" else n for n in names], pa.string())


def _offset(element: Element, parts: Parts) -> pa.Array:
    out = []
    for seconds in parts.offset:
        text = offset_text(int(seconds))
        hours = text[:3]
        if element.key == "TZH":
            out.append(hours)
        elif element.key == "TZM":
            out.append(text[4:6])
        else:
            out.append(hours if text.endswith(":00") else text)
    return pa.array(out, pa.string())


_OTHERS: Final[dict[str, Callable[[Element, Parts], pa.Array]]] = {
    "AM": _half, "PM": _half, "A.M.": _half, "P.M.": _half, "AD": _era, "BC": _era,
    "A.D.": _era, "B.C.": _era, "Y,YYY": _comma_year, "TZ": _zone, "OF": _offset,
    "TZH": _offset, "TZM": _offset,
}  # fmt: skip
