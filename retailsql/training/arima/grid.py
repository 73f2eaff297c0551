"""The time grids of ARIMA_PLUS: minutes to years, and the seasons that may live on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from retailsql.errors import TrainingError
from retailsql.training.forecasting.series_columns import Ints

Stamps = np.ndarray[Any, np.dtype[np.datetime64]]

DAY = 86_400_000_000
"""Microseconds."""
FREQUENCIES: Mapping[str, tuple[str, float]] = {
    "PER_MINUTE": ("minute", 0.0104),
    "HOURLY": ("hour", 0.5),
    "DAILY": ("day", 6.5),
    "WEEKLY": ("week", 16.0),
    "MONTHLY": ("month", 60.0),
    "QUARTERLY": ("quarter", 200.0),
    "YEARLY": ("year", float("inf")),
}
"""Name -> one step in words, and the usual days between neighbouring rows below which a series is
taken for it."""

_WIDTH = {"PER_MINUTE": 60_000_000, "HOURLY": 3_600_000_000, "DAILY": DAY, "WEEKLY": 7 * DAY}
_MONTHS = {"MONTHLY": 1, "QUARTERLY": 3, "YEARLY": 12}

SEASONS: Mapping[str, Mapping[str, int]] = {
    "PER_MINUTE": {"DAILY": 1440},
    "HOURLY": {"DAILY": 24, "WEEKLY": 168},
    "DAILY": {"WEEKLY": 7, "MONTHLY": 30, "QUARTERLY": 91, "YEARLY": 365},
    "WEEKLY": {"MONTHLY": 4, "QUARTERLY": 13, "YEARLY": 52},
    "MONTHLY": {"QUARTERLY": 3, "YEARLY": 12},
    "QUARTERLY": {"YEARLY": 4},
    "YEARLY": {},
}
"""Seasons a grid can show, shortest first, and the steps of each."""

AUTO_SEASONS: Mapping[str, tuple[str, ...]] = {
    "PER_MINUTE": ("DAILY",), "HOURLY": ("DAILY", "WEEKLY"), "DAILY": ("WEEKLY", "YEARLY"),
    "WEEKLY": ("YEARLY",), "MONTHLY": ("YEARLY",), "QUARTERLY": ("YEARLY",), "YEARLY": (),
}  # fmt: skip
"""Seasons looked for when nothing is said."""

ALL_SEASONS = ("DAILY", "WEEKLY", "MONTHLY", "QUARTERLY", "YEARLY")


def detect(codes: Ints, stamps: Stamps) -> str:
    """The frequency, from the usual distance of neighbouring rows of a series.

    >>> days = np.array(["2024-01-01", "2024-01-08", "2024-01-15"], dtype="datetime64[us]")
    >>> detect(np.zeros(3, dtype=np.int64), days)
    'WEEKLY'
    """
    order = np.lexsort((stamps, codes))
    same = np.diff(codes[order]) == 0
    days = (np.diff(stamps[order]) / np.timedelta64(1, "D"))[same]
    days = days[days > 0]
    usual = float(np.median(days)) if len(days) else 1.0
    return next(name for name, (_, high) in FREQUENCIES.items() if usual < high)


def steps_of(stamps: Stamps, frequency: str) -> Ints:
    """The number of each timestamp's step; weeks begin on Monday, times are UTC.

    >>> stamps = np.array(["2024-01-31", "2024-02-01"], dtype="datetime64[us]")
    >>> steps_of(stamps, "MONTHLY").tolist()
    [648, 649]
    """
    if frequency in _MONTHS:
        months = stamps.astype("datetime64[M]").astype(np.int64)
        return np.asarray(months // _MONTHS[frequency])
    micros = stamps.astype("datetime64[us]").astype(np.int64)
    shift = 3 * DAY if frequency == "WEEKLY" else 0  # 1970-01-01 was a Thursday
    return np.asarray((micros + shift) // _WIDTH[frequency])


def moved(last: np.datetime64, steps: Ints, frequency: str, day: int = 1) -> Stamps:
    """Timestamps a number of steps from a series' last one.

    Args:
        last: datetime64[us].
        steps: whole, negative ones go back.
        frequency: of the grid.
        day: day of the month of the series' rows, for grids of months; 31 stands for the last one.

    >>> moved(np.datetime64("2024-02-29", "us"), np.array([1]), "MONTHLY", 31).astype("M8[D]")
    array(['2024-03-31'], dtype='datetime64[D]')
    """
    if frequency not in _MONTHS:
        return np.asarray(last + (steps * _WIDTH[frequency]).astype("timedelta64[us]"))
    month = last.astype("datetime64[M]") + (steps * _MONTHS[frequency]).astype("timedelta64[M]")
    first = month.astype("datetime64[D]")
    length = ((month + 1).astype("datetime64[D]") - first).astype(np.int64)
    time = last - last.astype("datetime64[D]").astype("datetime64[us]")
    days = np.minimum(length, day) - 1
    return np.asarray((first + days.astype("timedelta64[D]")).astype("datetime64[us]") + time)


def read_seasons(option: Any) -> tuple[str, ...] | None:
    """The option ``seasonalities``: None for AUTO, () for none.

    Raises:
        TrainingError: an unknown name, or AUTO or NO_SEASONALITY beside others.
    """
    names = [option] if isinstance(option, str) else list(option or ["AUTO"])
    upper = tuple(str(name).upper() for name in names)
    allowed = ("AUTO", "NO_SEASONALITY", *ALL_SEASONS)
    wrong = [name for name in upper if name not in allowed]
    if wrong or (len(upper) > 1 and {"AUTO", "NO_SEASONALITY"} & set(upper)):
        raise TrainingError(
            "Option seasonalities has a value that does not exist" if wrong
            else "AUTO and NO_SEASONALITY stand by themselves in seasonalities",
            seen=", ".join(wrong or upper), wanted=", ".join(allowed),
            todo="write OPTIONS(seasonalities = ['WEEKLY', 'YEARLY'], ...), or leave it out",
        )  # fmt: skip
    if upper == ("AUTO",):
        return None
    return () if upper == ("NO_SEASONALITY",) else upper


def usable_seasons(
    frequency: str, length: int, wanted: Sequence[str] | None
) -> tuple[tuple[str, int], ...]:
    """The seasons a series of that length can show, shortest first: two full ones are needed.

    >>> usable_seasons("DAILY", 100, None), usable_seasons("MONTHLY", 60, ("YEARLY", "DAILY"))
    ((('WEEKLY', 7),), (('YEARLY', 12),))
    """
    names = AUTO_SEASONS[frequency] if wanted is None else wanted
    known = SEASONS[frequency]
    return tuple((n, p) for n, p in known.items() if n in names and 2 * p <= length)
