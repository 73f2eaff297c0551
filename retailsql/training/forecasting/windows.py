"""Rows of (series, timestamp, value) as a panel on an even time grid, and windows cut from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from retailsql.errors import TrainingError
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

FREQUENCIES = (("DAILY", 0.9, 6.5), ("WEEKLY", 6.5, 16.0), ("MONTHLY", 16.0, 46.0))
"""Name, and the least and most days between neighbouring rows that are taken for it."""

MAX_CELLS = 100_000_000
"""A panel larger than this (800 MB) is a mistyped date far more often than a real table."""


@dataclass(frozen=True)
class Panel:
    """Many series on one grid of days, weeks or months.

    Args:
        values: (series, steps), aligned on the right: the last column is each series' own last
            step. NaN is missing, before the first value too.
        lengths: (series,) steps from the first value to the last row.
        keys: each series' id as text; several id columns as a JSON array; ``''`` for the only one.
        last_at: (series,) the timestamp of the last row, datetime64[us].
        frequency: DAILY, WEEKLY or MONTHLY.
        rows: rows read.
        gaps: steps inside the series that had no row.
        columns: timestamp column, data column, then the id columns, in the table's spelling.
    """

    values: Array
    lengths: Ints
    keys: list[str]
    last_at: np.ndarray[Any, np.dtype[np.datetime64]]
    frequency: str
    rows: int
    gaps: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Windows:
    """N windows cut from a panel: history (N, W), target (N, H), series (N,), origin (N,)."""

    history: Array
    target: Array
    series: Ints
    origin: Ints

    def __len__(self) -> int:
        return len(self.series)


def read_panel(data: TrainingData, options: Mapping[str, Any]) -> Panel:
    """Put the training rows on an even grid.

    Args:
        data: one row per series and timestamp, in any order.
        options: time_series_timestamp_col, time_series_data_col, time_series_id_col,
            data_frequency.

    Raises:
        TrainingError: a column is missing or of the wrong type, a timestamp or id is NULL, a value
            is infinite, a (series, timestamp) comes twice, or nothing is there to learn from.
    """
    at = column_of(data, options["time_series_timestamp_col"], "time_series_timestamp_col")
    y = column_of(data, options["time_series_data_col"], "time_series_data_col")
    ids = id_columns(options["time_series_id_col"])
    columns = [column_of(data, name, "time_series_id_col") for name in ids]
    if data.table.num_rows == 0:
        raise TrainingError(
            "The training SELECT returned no rows", wanted="one row per series and timestamp",
            todo="run the SELECT by itself and loosen its WHERE",
        )  # fmt: skip
    stamps = stamps_of(data.table[at], at, data.sql_types.get(at, ""))
    values = values_of(data.table[y], y, data.sql_types.get(y, ""))
    codes, keys = series_of(data.table, columns)
    frequency: str = options["data_frequency"]
    if frequency == "AUTO_FREQUENCY":
        frequency = _detect(codes, stamps, at)
    panel = _panel(codes, keys, stamps, values, frequency, at)
    return replace(panel, columns=(at, y, *columns))


def cut(panel: Panel, pairs: tuple[Ints, Ints], window: int, horizon: int) -> Windows:
    """Windows at (series, origin) pairs; the origin is the column of the first step ahead.

    Columns before the panel's start, and targets past its end, are NaN.
    """
    series, origin = pairs
    left = np.full((len(panel.values), window), np.nan)
    right = np.full((len(panel.values), horizon), np.nan)
    wide = np.concatenate([left, panel.values, right], axis=1)
    span = np.lib.stride_tricks.sliding_window_view(wide, window + horizon, axis=1)
    both = span[series, origin]
    return Windows(both[:, :window].copy(), both[:, window:].copy(), series, origin)


def usable(panel: Panel, origins: Ints, window: int, horizon: int, seen: int) -> tuple[Ints, Ints]:
    """The (series, origin) pairs that have ``seen`` steps behind them, a value in the window and
    a value in the target, in a fixed order.
    """
    known = np.isfinite(panel.values)
    total = np.concatenate([np.zeros((len(known), 1), int), np.cumsum(known, axis=1)], axis=1)
    width = panel.values.shape[1]
    behind = total[:, origins] - total[:, np.maximum(origins - window, 0)]
    ahead = total[:, np.minimum(origins + horizon, width)] - total[:, origins]
    start = (width - panel.lengths)[:, None]
    series, which = np.nonzero((behind > 0) & (ahead > 0) & (origins[None, :] - start >= seen))
    return series.astype(np.int64), origins[which]


def _detect(codes: Ints, stamps: Any, name: str) -> str:
    """The frequency, from the usual distance of neighbouring rows of a series."""
    order = np.lexsort((stamps, codes))
    same = np.diff(codes[order]) == 0
    days = (np.diff(stamps[order]) / np.timedelta64(1, "D"))[same]
    days = days[days > 0]
    usual = float(np.median(days)) if len(days) else 1.0
    for frequency, low, high in FREQUENCIES:
        if low <= usual < high:
            return str(frequency)
    raise TrainingError(
        f"Column {name!r} (time_series_timestamp_col) is neither daily, weekly nor monthly",
        seen=f"{usual:.3g} days between rows", wanted="steps of a day, a week or a month",
        todo=f"aggregate first: GROUP BY date_trunc('day', {name})",
    )  # fmt: skip


def _steps(stamps: Any, frequency: str) -> Ints:
    """Whole steps since 1970: days, weeks that begin on Monday, or months."""
    if frequency == "MONTHLY":
        return np.asarray(stamps.astype("datetime64[M]").astype(np.int64))
    days = np.asarray(stamps.astype("datetime64[D]").astype(np.int64))
    return days if frequency == "DAILY" else (days + 3) // 7


def _panel(
    codes: Ints, keys: list[str], stamps: Any, values: Array, frequency: str, name: str
) -> Panel:
    """Fill the grid; refuse two rows in one cell."""
    steps = _steps(stamps, frequency)
    order = np.lexsort((stamps, codes))
    codes, steps, stamps, values = codes[order], steps[order], stamps[order], values[order]
    twice = np.flatnonzero((np.diff(codes) == 0) & (np.diff(steps) == 0))
    if len(twice):
        row = twice[0] + 1
        unit = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}[frequency]
        series = f"series {keys[codes[row]]!r} has" if keys != [""] else "the series has"
        raise TrainingError(
            f"{len(twice)} rows share their {unit} with another row of the same series: {series} "
            f"{str(stamps[row])[:10]} more than once",
            wanted=f"one row per series and {unit}",
            todo=f"GROUP BY series and date_trunc('{unit}', {name}), or name the series' columns "
            "in time_series_id_col",
        )
    last = np.flatnonzero(np.append(np.diff(codes) != 0, True))
    seen = np.flatnonzero(np.isfinite(values))
    first = np.full(len(keys), steps.max() + 1)  # of a series without a value: length 0
    np.minimum.at(first, codes[seen], steps[seen])
    lengths = np.maximum(steps[last] - first + 1, 0)
    width = int(lengths.max())
    if width * len(keys) > MAX_CELLS:
        raise TrainingError(
            "The series are too long for one table of series by steps",
            seen=f"{len(keys)} series, the longest of {width} steps from {stamps.min()} on",
            wanted=f"at most {MAX_CELLS:,} cells", todo=f"check for a mistyped date in {name!r}",
        )  # fmt: skip
    column = width - 1 - (steps[last][codes] - steps)
    inside = column >= width - lengths[codes]
    grid = np.full((len(keys), width), np.nan)
    grid[codes[inside], column[inside]] = values[inside]
    gaps = int(lengths.sum() - inside.sum())
    return Panel(grid, lengths, keys, stamps[last], frequency, len(values), gaps)
