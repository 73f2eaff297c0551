"""What somebody wrote behind SET -> the value a setting has then."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from retailsql.adapters.server.backend.setting_table import Setting
from retailsql.adapters.server.records import PgError

_BOOLS = {
    "on": "on", "true": "on", "yes": "on", "1": "on", "t": "on", "y": "on", "tr": "on",
    "off": "off", "false": "off", "no": "off", "0": "off", "f": "off", "n": "off",
}  # fmt: skip
_UNITS: dict[str, int] = {"us": 0, "ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000,
          "d": 86_400_000}  # fmt: skip
_AMOUNT = re.compile(r"\s*([+-]?\d+(?:\.\d*)?)\s*([a-z]*)\s*", re.IGNORECASE)
_OFFSET = re.compile(r"\s*(?:GMT|UTC)?\s*([+-]?)(\d{1,2})(?::?(\d{2}))?(?::?00)?\s*", re.IGNORECASE)
_ENCODINGS = {"utf8": "UTF8", "unicode": "UTF8", "sqlascii": "SQL_ASCII"}
_ORDERS = {"us": "MDY", "noneuropean": "MDY", "euro": "DMY", "european": "DMY"}


def checked(setting: Setting, value: str, now: str, zones: Mapping[str, str]) -> str:
    """The value as it is kept and shown.

    Args:
        setting: which.
        value: as written, quotes off.
        now: what it is now.
        zones: names of time zones by their names in lower case.

    Raises:
        PgError: 22023 it is no value of the setting, 55P02 it cannot be set.

    >>> from retailsql.adapters.server.backend.setting_table import SETTINGS
    >>> checked(SETTINGS["statement_timeout"], "5000", "0", {})
    '5s'
    """
    match setting.kind:
        case "fixed":
            if value.lower() == now.lower():
                return now
            raise PgError("55P02", f'parameter "{setting.name}" cannot be changed')
        case "bool":
            found = _BOOLS.get(value.strip().lower())
            if found is None:
                raise PgError("22023", f'parameter "{setting.name}" requires a Boolean value')
            value = found
        case "int" | "real":
            value = _number(setting, value)
        case "milliseconds":
            value = _shown(milliseconds(setting.name, value))
        case "zone":
            value = _zone(value, zones)
        case "encoding":
            return _encoding(value)
        case _ if setting.name == "DateStyle":
            return _date_style(value, now)
    if setting.choices and value.lower() not in setting.choices:
        raise PgError(
            "22023", f'invalid value for parameter "{setting.name}": "{value}"',
            hint=f"Available values: {', '.join(setting.choices)}.",
        )  # fmt: skip
    return value.lower() if setting.choices else value


@lru_cache(maxsize=64)  # asked before each statement
def milliseconds(name: str, value: str) -> int:
    """A length of time; without a unit it is milliseconds.

    Raises:
        PgError: 22023 it is none.

    >>> milliseconds("statement_timeout", "2min")
    120000
    """
    found = _AMOUNT.fullmatch(value)
    unit = found[2].lower() if found else ""
    if found is None or (unit and unit not in _UNITS):
        raise PgError(
            "22023", f'invalid value for parameter "{name}": "{value}"',
            hint='Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".',
        )  # fmt: skip
    number = round(Fraction(found[1]) * _UNITS[unit or "ms"])
    if not 0 <= number <= 2_147_483_647:
        raise PgError(
            "22023",
            f'{number} ms is outside the valid range for parameter "{name}" (0 .. 2147483647)',
        )
    return number


def at_most(value: str, seconds: float | None) -> str:
    """A statement_timeout as it is in force where another limit stands beside it.

    Args:
        value: of the setting; 0: no limit.
        seconds: the other limit; None: there is none.

    >>> at_most("0", 300.0), at_most("5s", 300.0), at_most("1h", 300.0)
    ('5min', '5s', '5min')
    """
    if seconds is None:
        return value
    limit, wish = max(1, round(seconds * 1000)), milliseconds("statement_timeout", value)
    return value if 0 < wish <= limit else _shown(limit)


def _shown(number: int) -> str:
    if number == 0:
        return "0"
    for unit in ("d", "h", "min", "s"):
        if number % _UNITS[unit] == 0:
            return f"{number // _UNITS[unit]}{unit}"
    return f"{number}ms"


def _number(setting: Setting, value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        raise PgError("22023", f'invalid value for parameter "{setting.name}": "{value}"') from None
    return str(int(number)) if setting.kind == "int" else f"{number:g}"


def _zone(value: str, zones: Mapping[str, str]) -> str:
    if (found := zones.get(value.strip().lower())) is not None:
        return found
    offset = _OFFSET.fullmatch(value)
    if offset is not None and int(offset[2]) <= 14 and offset[3] in (None, "00"):
        hours = int(offset[2])
        east = offset[1] != "-"
        # The zones of this family count west of Greenwich.
        name = "UTC" if hours == 0 else f"Etc/GMT{'-' if east else '+'}{hours}"
        return zones.get(name.lower(), name)
    raise PgError("22023", f'invalid value for parameter "TimeZone": "{value}"')


def _encoding(value: str) -> str:
    found = _ENCODINGS.get(re.sub("[^a-z0-9]", "", value.lower()))
    if found is None:
        raise PgError(
            "22023", f'invalid value for parameter "client_encoding": "{value}"',
            hint="This server speaks UTF8.",
        )  # fmt: skip
    return found


def _date_style(value: str, now: str) -> str:
    order = now.rpartition(", ")[2]
    for word in re.split(r"[,\s]+", value.strip().lower()):
        if word in ("mdy", "dmy", "ymd"):
            order = word.upper()
        elif word in _ORDERS:
            order = _ORDERS[word]
        elif word not in ("iso", "default", ""):
            raise PgError(
                "22023", f'invalid value for parameter "DateStyle": "{value}"',
                hint="This server writes dates in ISO style.",
            )  # fmt: skip
    return f"ISO, {order}"
