"""Limits as people write them: ``30s``, ``1GB``."""

from __future__ import annotations

import re

from retailsql.errors import ProjectError

_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_BYTES = {
    unit: base**power
    for base, middle in ((1000, ""), (1024, "i"))
    for power, unit in enumerate(["B", *(f"{letter}{middle}B" for letter in "KMGT")])
}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)")


def seconds(text: str) -> float:
    """A time in seconds.

    Raises:
        ProjectError: it is none.

    >>> seconds("30s"), seconds("1.5 min"), seconds("250ms")
    (30.0, 90.0, 0.25)
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or found[2].lower() not in _SECONDS or float(found[1]) == 0:
        raise ProjectError("A time cannot be read", seen=repr(text), wanted="30s, 5min, 1h, 500ms")
    return float(found[1]) * _SECONDS[found[2].lower()]


def size(text: str) -> int:
    """A number of bytes, of DuckDB's own spelling: KB is 1000 bytes, KiB is 1024.

    Raises:
        ProjectError: it is none.

    >>> size("1GB"), size("512 MiB")
    (1000000000, 536870912)
    """
    units = {unit.lower(): value for unit, value in _BYTES.items()}
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or found[2].lower() not in units or float(found[1]) == 0:
        raise ProjectError("A size cannot be read", seen=repr(text), wanted="1GB, 512MB, 1GiB")
    return int(float(found[1]) * units[found[2].lower()])
