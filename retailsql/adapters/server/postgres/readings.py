"""to_timestamp and to_date: a text read by a template."""

from __future__ import annotations

import re
from typing import Final

from retailsql.adapters.server.postgres.templates import Element, elements
from retailsql.adapters.server.postgres.times import days_of
from retailsql.adapters.server.records import PgError

_MONTHS: Final = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
]  # fmt: skip
_FULL: Final = [
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
]  # fmt: skip
_ROMAN: Final = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"]
_WIDTHS: Final = {
    "YYYY": 4, "IYYY": 4, "YYY": 3, "IYY": 3, "YY": 2, "IY": 2, "Y": 1, "I": 1, "MM": 2, "DD": 2,
    "DDD": 3, "IDDD": 3, "HH24": 2, "HH12": 2, "HH": 2, "MI": 2, "SS": 2, "MS": 3, "US": 6,
    "SSSS": 5, "SSSSS": 5, "Q": 1, "D": 1, "ID": 1, "W": 1, "WW": 2, "IW": 2, "CC": 2, "J": 9,
    "FF1": 1, "FF2": 2, "FF3": 3, "FF4": 4, "FF5": 5, "FF6": 6,
}  # fmt: skip
_FRACTIONS: Final = {"MS": 3, "US": 6} | {f"FF{n}": n for n in range(1, 7)}
_DAY: Final = 86_400_000_000


def to_timestamp(text: str, template: str) -> int:
    """Microseconds from 1970-01-01, in local time.

    Raises:
        PgError: 22007, 22008.

    >>> to_timestamp("02 Jan 1970", "DD Mon YYYY") // 86_400_000_000
    1
    """
    got: dict[str, int] = {}
    at = 0
    items = elements(template)
    for i, element in enumerate(items):
        if not element.key:
            at = _separator(text, at, element)
            continue
        while text[at : at + 1].isspace():
            at += 1
        if at >= len(text):
            break  # what a text is too short for keeps its first value
        at = _read(text, at, element, _next_is_number(items, i), got)
    return _moment(got, text)


def _separator(text: str, at: int, element: Element) -> int:
    """Step over a separator: any stands for any, as long as it is no letter or digit."""
    if element.exact:
        return at + len(element.text)
    if not element.text.isalnum():
        if text[at : at + 1] and not text[at].isalnum() and not _signed(text, at):
            return at + 1
        return at
    return at + 1


def _signed(text: str, at: int) -> bool:
    return text[at] == "+" and text[at + 1 : at + 2].isdigit()


def _next_is_number(items: tuple[Element, ...], i: int) -> bool:
    """True if digits follow without anything between: then a number has its full width."""
    return i + 1 < len(items) and items[i + 1].key in _WIDTHS


def _read(text: str, at: int, element: Element, tight: bool, got: dict[str, int]) -> int:
    key = element.key
    if key in _WIDTHS:
        width = _WIDTHS[key] if tight or key in _FRACTIONS else 9
        if not tight and key in ("MM", "DD", "HH24", "HH12", "HH", "MI", "SS"):
            width = 2
        found = re.compile(rf"[+-]?\d{{1,{width}}}").match(text, at)
        if found is None:
            raise _invalid(text[at:], key)
        number = int(found[0])
        if key in _FRACTIONS:
            got["US"] = number * 10 ** (6 - len(found[0]))
        else:
            got[key] = _year(key, found[0])
        end = found.end()
        return end + (2 if element.suffix else 0)
    return _read_word(text, at, key, got)


def _year(key: str, digits: str) -> int:
    """A year of fewer than four digits is one near 2020."""
    number = int(digits)
    if key in ("YYY", "YY", "Y") and len(digits) < 4:
        if number < 70:
            return number + 2000
        if number < 100:
            return number + 1900
        return number + (2000 if number < 520 else 1000)
    return number


def _read_word(text: str, at: int, key: str, got: dict[str, int]) -> int:
    kind, rest = key.upper(), text[at:].lower()
    if kind in ("MONTH", "MON", "RM"):
        lists = (_ROMAN,) if kind == "RM" else (_FULL, _MONTHS) if kind == "MONTH" else (_MONTHS,)
        for words in lists:
            hits = [(len(w), i) for i, w in enumerate(words) if rest.startswith(w)]
            if hits:
                size, index = max(hits)
                got["MM"] = index + 1
                return at + size
        raise _invalid(text[at:], key)
    mark = re.compile(r"([ap])\.?m\.?|([ab])\.?[dc]\.?", re.IGNORECASE).match(text, at)
    if kind in ("AM", "PM", "A.M.", "P.M.", "AD", "BC", "A.D.", "B.C.") and mark:
        got["half" if mark[1] else "era"] = int(mark[0][0].lower() in ("p", "b"))
        return mark.end()
    if kind in ("DAY", "DY", "TZ"):
        word = re.compile(r"[A-Za-z]+").match(text, at)
        return word.end() if word else at
    if kind in ("OF", "TZH", "TZM"):
        raise PgError("0A000", f'formatting field "{key}" is not supported here')
    if kind == "Y,YYY":
        year = re.compile(r"(\d+),(\d{3})").match(text, at)
        if year:
            got["YYYY"] = int(year[1]) * 1000 + int(year[2])
            return year.end()
    raise _invalid(text[at:], key)


def _invalid(rest: str, key: str) -> PgError:
    return PgError(
        "22007",
        f'invalid value "{rest[: max(len(key), 2)]}" for "{key}"',
        detail="The given value did not match what the format wants.",
    )


def _moment(got: dict[str, int], text: str) -> int:
    """The parts put together; what is missing is the first."""
    days = _days(got, text)
    if abs(days) > 100_000_000:
        raise PgError("22008", f'timestamp out of range: "{text}"')
    hour = got.get("HH24", 0)
    twelve = got.get("HH12", got.get("HH"))
    if twelve is not None:
        if not 1 <= twelve <= 12:
            raise PgError(
                "22007",
                f'hour "{twelve}" is invalid for the 12-hour clock',
                detail="Use the 24-hour clock, or give an hour between 1 and 12.",
            )
        hour = twelve % 12 + 12 * got.get("half", 0)
    minute, second = got.get("MI", 0), got.get("SS", 0)
    total = hour * 3600 + minute * 60 + second
    if "SSSS" in got or "SSSSS" in got:
        total = got.get("SSSS", got.get("SSSSS", 0))
    if hour > 23 or minute > 59 or second > 59 or total > 86_400:
        raise PgError("22008", f'date/time field value out of range: "{text}"')
    return days * _DAY + total * 1_000_000 + got.get("US", 0)


def _days(got: dict[str, int], text: str) -> int:
    if "J" in got:
        return got["J"] - 2_440_588
    iso = got.get("IYYY", got.get("IYY", got.get("IY")))
    if iso is not None:
        first = days_of(iso, 1, 4)
        monday = first - (first + 3) % 7
        return monday + (got.get("IW", 1) - 1) * 7 + got.get("ID", 1) - 1
    year = next((got[k] for k in ("YYYY", "YYY", "YY", "Y") if k in got), None)
    if year is None:
        year = 0 if "CC" not in got else (got["CC"] - 1) * 100 + 1
    year = 1 - year if got.get("era") else year
    if "DDD" in got:
        return days_of(year, 1, 1) + got["DDD"] - 1
    if "WW" in got and "MM" not in got:
        return days_of(year, 1, 1) + (got["WW"] - 1) * 7
    month, day = got.get("MM") or 1, got.get("DD") or 1
    last = 28 + (month != 2) * 2 + (month in (1, 3, 5, 7, 8, 10, 12))
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= last + (leap and month == 2):
        raise PgError("22008", f'date/time field value out of range: "{text}"')
    return days_of(year, month, day)
