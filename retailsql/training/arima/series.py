"""Training rows of ARIMA_PLUS as series on even grids, gaps filled in as BigQuery does it.

Rows that share a step are averaged; a step without a value, inside a series, is interpolated on
the line between its neighbours. Both are counted, and told in the result row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from retailsql.errors import TrainingError
from retailsql.training.arima.grid import FREQUENCIES, Stamps, detect, moved, steps_of
from retailsql.training.fitted import TrainingData
from retailsql.training.forecasting.series_columns import (
    Array,
    Ints,
    column_of,
    id_columns,
    series_of,
    stamps_of,
    values_of,
)

MAX_CELLS = 50_000_000
"""More steps than this (400 MB) are a mistyped date far more often than a real table."""


@dataclass(frozen=True)
class Series:
    """One series, from its first value to its last row.

    Args:
        key: its id as text; several id columns as a JSON array.
        at: (n,) datetime64[us].
        observed: (n,) float64, NaN where no value was given.
        values: (n,) float64, the gaps interpolated.
        inputs: (n, k) regressors as numbers, NaN where none was given; k = 0 without any.
        day: day of the month of its rows.
    """

    key: str
    at: Stamps
    observed: Array
    values: Array
    inputs: Array
    day: int

    def __len__(self) -> int:
        return len(self.values)

    def future(self, horizon: int, frequency: str) -> Stamps:
        """The timestamps of the next steps."""
        return moved(self.at[-1], np.arange(1, horizon + 1), frequency, self.day)


@dataclass(frozen=True)
class SeriesSet:
    """All series of a training SELECT.

    Args:
        series: those that have a value, by key.
        empty: keys of those that have none.
        frequency: of the grid.
        columns: timestamp column, data column, then the id columns.
        counts: rows, nulls, gaps (steps without a row), duplicates (rows averaged into another),
            limited (values outside the forecast limits).
    """

    series: tuple[Series, ...]
    empty: tuple[str, ...]
    frequency: str
    columns: tuple[str, ...]
    counts: Mapping[str, int]


def read_series(
    data: TrainingData, opts: Mapping[str, Any], inputs: Array | None = None
) -> SeriesSet:
    """Put the training rows on even grids.

    Args:
        data: one row per series and timestamp, in any order.
        opts: every option of the family.
        inputs: (rows, k) regressors as numbers.

    Raises:
        TrainingError: a column is missing or of the wrong type, a timestamp or id is NULL, a value
            is infinite, or nothing is there to learn from.
    """
    at = column_of(data, opts["time_series_timestamp_col"], "time_series_timestamp_col")
    y = column_of(data, opts["time_series_data_col"], "time_series_data_col")
    ids = id_columns(opts["time_series_id_col"])
    columns = [column_of(data, name, "time_series_id_col") for name in ids]
    stamps = stamps_of(data.table[at], at, data.sql_types.get(at, ""))
    values = values_of(data.table[y], y, data.sql_types.get(y, ""))
    codes, keys = series_of(data.table, columns)
    frequency = opts["data_frequency"]
    if frequency == "AUTO_FREQUENCY":
        frequency = detect(codes, stamps)
    rows = inputs if inputs is not None else np.zeros((len(values), 0))
    counts = {"rows": len(values), "nulls": int(np.isnan(values).sum())}
    values, counts["limited"] = _within_limits(values, opts)
    if not np.isfinite(values).any():
        raise TrainingError(
            f"No value of column {y!r} is inside the forecast limits",
            seen=f"{counts['limited']} values at or beyond them",
            wanted="values between forecast_limit_lower_bound and forecast_limit_upper_bound",
            todo="move the limits, or leave them out",
        )  # fmt: skip
    found, duplicates = _gather(codes, stamps, values, rows, frequency, at)
    made = [_series(keys[code], *part, frequency) for code, part in found.items()]
    held = tuple(s for s in made if s is not None)
    known = {s.key for s in held}
    counts |= {"duplicates": duplicates, "gaps": sum(_gaps(found[c][0]) for c in found)}
    return SeriesSet(
        held, tuple(k for k in keys if k not in known), frequency, (at, y, *columns), counts
    )


def _within_limits(values: Array, opts: Mapping[str, Any]) -> tuple[Array, int]:
    """Values at or beyond the forecast limits become missing, as BigQuery has it."""
    low, high = opts["forecast_limit_lower_bound"], opts["forecast_limit_upper_bound"]
    outside = np.zeros(len(values), dtype=bool)
    with np.errstate(invalid="ignore"):
        if low is not None:
            outside |= values <= low
        if high is not None:
            outside |= values >= high
    return np.where(outside, np.nan, values), int(outside.sum())


Part = tuple[Ints, Stamps, Array, Array]


def _gather(
    codes: Ints, stamps: Stamps, values: Array, inputs: Array, frequency: str, name: str
) -> tuple[dict[int, Part], int]:
    """Per series code: its steps, timestamps, mean values and mean inputs, one row per step."""
    steps = steps_of(stamps, frequency)
    # Sorted by everything, so that the same rows in another order give the same sums.
    keys = (*inputs.T[::-1], values, stamps, steps, codes)
    order = np.lexsort(keys)
    codes, steps, stamps = codes[order], steps[order], stamps[order]
    values, inputs = values[order], inputs[order]
    new = np.append(True, (np.diff(codes) != 0) | (np.diff(steps) != 0))
    first = np.flatnonzero(new)
    codes, steps, stamps = codes[first], steps[first], stamps[first]
    values, inputs = _means(values[:, None], first)[:, 0], _means(inputs, first)
    begin = np.flatnonzero(np.append(True, np.diff(codes) != 0))
    end = np.append(begin[1:], len(codes))
    if int((steps[end - 1] - steps[begin] + 1).sum()) > MAX_CELLS:
        unit = FREQUENCIES[frequency][0]
        raise TrainingError(
            "The series are too long for their grid",
            seen=f"{len(begin)} series from {stamps.min()} to {stamps.max()} by {unit}",
            wanted=f"at most {MAX_CELLS:,} steps",
            todo=f"check for a mistyped date in {name!r}, or set a coarser data_frequency",
        )
    parts = {
        int(codes[b]): (steps[b:e], stamps[b:e], values[b:e], inputs[b:e])
        for b, e in zip(begin, end, strict=True)
    }
    return parts, len(new) - len(first)


def _means(values: Array, first: Ints) -> Array:
    """Means of the known values of each run of rows; NaN where there is none."""
    if values.shape[1] == 0:
        return np.zeros((len(first), 0))
    known = np.isfinite(values)
    total = np.add.reduceat(np.where(known, values, 0.0), first, axis=0)
    count = np.add.reduceat(known.astype(np.int64), first, axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _gaps(steps: Ints) -> int:
    return int(steps[-1] - steps[0] + 1 - len(steps))


def _series(
    key: str, steps: Ints, stamps: Stamps, values: Array, inputs: Array, frequency: str
) -> Series | None:
    """One series on its grid; None if it has no value."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return None
    begin = known[0]
    steps, stamps, values, inputs = steps[begin:], stamps[begin:], values[begin:], inputs[begin:]
    place = steps - steps[0]
    n = int(place[-1]) + 1
    day = int((stamps.astype("datetime64[D]") - stamps.astype("datetime64[M]")).astype(int).max())
    at = moved(stamps[-1], np.arange(1 - n, 1), frequency, day + 1)
    at[place] = stamps
    observed, wide = np.full(n, np.nan), np.full((n, inputs.shape[1]), np.nan)
    observed[place], wide[place] = values, inputs
    there = np.flatnonzero(np.isfinite(observed))
    filled = np.interp(np.arange(n), there, observed[there])
    return Series(key, at, observed, filled, wide, day + 1)
