"""Holidays as regressors: which days they touch, and what they add to a series.

The effects are additive and estimated together, by least squares that shrinks each towards nothing
as if one more occurrence without an effect had been seen; a holiday that never fell into the
training rows has none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import holidays as holiday_calendars
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import TrainingError, nearest
from retailsql.training.arima.grid import FREQUENCIES, Stamps
from retailsql.training.arima.seasonal import Seasons, split
from retailsql.training.forecasting.series_columns import Array

CONTINENTS = {
    "GLOBAL": ("US", "GB", "DE", "FR", "CN", "IN", "BR", "JP"),
    "NA": ("US", "CA", "MX"),
    "JAPAC": ("JP", "CN", "KR", "TW", "HK", "SG", "AU", "NZ", "IN", "ID", "MY", "PH", "TH", "VN"),
    "EMEA": ("GB", "DE", "FR", "IT", "ES", "NL", "BE", "CH", "AT", "SE", "NO", "DK", "FI", "PL",
             "PT", "IE", "CZ", "GR", "HU", "RO", "TR", "ZA", "EG", "SA", "AE", "IL", "NG"),
    "LAC": ("BR", "AR", "CL", "CO", "PE", "EC", "VE", "MX"),
}  # fmt: skip
"""Regions of several countries, as BigQuery calls them; the countries are this project's choice.
GLOBAL keeps only holidays that at least half of its countries have."""
SHORTEST = {"DAILY": 366, "WEEKLY": 53}
"""Steps a series needs: BigQuery wants more than a year of days or weeks."""
LARGEST_WINDOW = 30
COLUMNS = ("region", "holiday_name", "primary_date", "preholiday_days", "postholiday_days")


@dataclass(frozen=True)
class Holiday:
    """One occurrence, with the days before and after that it touches."""

    region: str
    name: str
    day: date
    before: int = 1
    after: int = 1


def read_regions(option: Any) -> tuple[str, ...]:
    """The option ``holiday_region`` as region codes.

    Raises:
        TrainingError: no such region; names the nearest.
    """
    given = [
        str(region).upper() for region in ([option] if isinstance(option, str) else option or ())
    ]
    known = {*CONTINENTS, *holiday_calendars.list_supported_countries()}
    for region in given:
        if region not in known:
            raise TrainingError(
                "Option holiday_region names no region", seen=repr(region),
                wanted=nearest(region, known),
                todo="use a country's two letters such as 'GB', or "
                + ", ".join(repr(name) for name in CONTINENTS),
            )  # fmt: skip
    return tuple(given)


def built_in(regions: Sequence[str], years: range) -> list[Holiday]:
    """The public holidays of regions, by the ``holidays`` package."""
    found: dict[tuple[str, date], Holiday] = {}
    for region in regions:
        countries = CONTINENTS.get(region, (region,))
        seen: dict[tuple[str, date], int] = {}
        for country in countries:
            for day, name in _calendar(country, years):
                seen[name, day] = seen.get((name, day), 0) + 1
        least = len(countries) / 2 if region == "GLOBAL" else 1
        for (name, day), times in seen.items():
            if times >= least:
                found.setdefault((name, day), Holiday(region, name, day))
    return sorted(found.values(), key=lambda h: (h.name, h.day))


def _calendar(country: str, years: range) -> list[tuple[date, str]]:
    calendar = holiday_calendars.country_holidays(country, years=years, language="en_US")
    return [
        (day, column_name(name)) for day, names in calendar.items() for name in names.split("; ")
        if "(observed)" not in name.lower()
    ]  # fmt: skip


def column_name(text: str) -> str:
    """A holiday's name as part of a column name.

    >>> column_name("New Year's Day")
    'New_Years_Day'
    """
    return re.sub(r"\W+", "_", text.replace("'", "").replace("’", "")).strip("_")


def custom(table: pa.Table) -> list[Holiday]:
    """The rows of ``custom_holiday AS (SELECT ...)``.

    Args:
        table: region, holiday_name, primary_date, and if wanted preholiday_days and
            postholiday_days (1 each where they are missing or NULL).

    Raises:
        TrainingError: a column is missing, or a value is not as BigQuery wants it.
    """
    names = {name.lower(): name for name in table.column_names}
    missing = [c for c in COLUMNS[:3] if c not in names]
    if missing:
        raise TrainingError(
            f"custom_holiday has no column {missing[0]!r}", seen=", ".join(table.column_names),
            wanted=", ".join(COLUMNS), todo="name the columns of the SELECT so",
        )  # fmt: skip
    days = table[names["primary_date"]]
    if not (pa.types.is_date(days.type) or pa.types.is_timestamp(days.type)):
        raise TrainingError(
            "Column 'primary_date' of custom_holiday holds no dates", seen=days.type,
            wanted="DATE", todo="cast it: CAST(primary_date AS DATE) AS primary_date",
        )  # fmt: skip
    columns = [pc.cast(table[names[c]], pa.string()).to_pylist() for c in COLUMNS[:2]]
    columns.append(pc.cast(days, pa.date32()).to_pylist())
    for c in COLUMNS[3:]:
        held = table[names[c]].to_pylist() if c in names else [None] * len(table)
        columns.append([1 if v is None else v for v in held])
    made = [_custom(*row) for row in zip(*columns, strict=True)]
    windows: dict[str, tuple[int, int]] = {}
    for h in made:
        if windows.setdefault(h.name, (h.before, h.after)) != (h.before, h.after):
            raise TrainingError(
                f"Holiday {h.name!r} has windows of different lengths in custom_holiday",
                seen=f"{windows[h.name]} and {(h.before, h.after)} days before and after",
                wanted="one window for a holiday", todo="give every row of it the same days",
            )  # fmt: skip
    return sorted(set(made), key=lambda h: (h.name, h.day))


def _custom(region: Any, name: Any, day: Any, before: Any, after: Any) -> Holiday:
    whole = all(isinstance(v, int) and not isinstance(v, bool) for v in (before, after))
    if region is None or name is None or day is None or not whole or min(before, after) < 0:
        raise TrainingError(
            "A row of custom_holiday is not complete",
            seen=f"region {region!r}, holiday_name {name!r}, primary_date {day}, "
            f"preholiday_days {before!r}, postholiday_days {after!r}",
            wanted="text, text, a date, and whole numbers from 0", todo="correct the row",
        )  # fmt: skip
    if before + after > LARGEST_WINDOW:
        raise TrainingError(
            f"Holiday {name!r} of custom_holiday has a window that is too long",
            seen=f"{before} days before and {after} after",
            wanted=f"together at most {LARGEST_WINDOW}", todo="shorten it",
        )  # fmt: skip
    if not column_name(name) == name:
        raise TrainingError(
            f"Holiday {name!r} of custom_holiday cannot be part of a column's name",
            wanted="letters, digits and _", todo=f"call it {column_name(name)!r}",
        )  # fmt: skip
    return Holiday(region, name, day, before, after)


@dataclass(frozen=True)
class Design:
    """Which steps each holiday touches: one 0/1 column for each holiday and part of its window.

    Args:
        matrix: (steps, columns) float64.
        names: (columns,) the holiday a column belongs to.
    """

    matrix: Array
    names: tuple[str, ...]

    def upto(self, steps: int) -> Design:
        """The first steps only."""
        return Design(self.matrix[:steps], self.names)


def design(at: Stamps, frequency: str, held: Sequence[Holiday]) -> Design:
    """The 0/1 columns of the holidays on a daily or weekly grid.

    By days, the days before, the day itself and the days after have a column each; by weeks, the
    whole window has one.

    Args:
        at: (steps,) timestamps of the grid, past and future.
        frequency: DAILY or WEEKLY.
        held: occurrences.
    """
    days = at.astype("datetime64[D]").astype(np.int64)
    if frequency == "WEEKLY":
        days = (days + 3) // 7
    columns: dict[tuple[str, str], set[int]] = {}
    own = {h.day for h in held}
    for h in held:
        window = [h.day + timedelta(days=i) for i in range(-h.before, h.after + 1)]
        for i, day in enumerate(window, -h.before):
            if i != 0 and day in own:
                continue  # the eve of one holiday that is another has its own effect
            part = "" if frequency == "WEEKLY" or i == 0 else "before" if i < 0 else "after"
            number = (day - date(1970, 1, 1)).days
            number = (number + 3) // 7 if frequency == "WEEKLY" else number
            columns.setdefault((h.name, part), set()).add(number)
    matrix = [np.isin(days, sorted(touched)).astype(np.float64) for touched in columns.values()]
    names = tuple(name for name, _ in columns)
    return Design(np.stack(matrix, axis=1) if matrix else np.zeros((len(days), 0)), names)


def effects(values: Array, known: Design, wide: Design, seasons: Seasons) -> dict[str, Array]:
    """What each holiday adds, on the steps of ``wide``.

    Args:
        values: (n,) the series.
        known: its n steps.
        wide: those and the steps ahead.
        seasons: name and steps of each season that may be there.

    Returns:
        Holiday -> (steps of wide,); only holidays that fell into the series.
    """
    used = np.flatnonzero(known.matrix.any(axis=0))
    if not len(used):
        return {}
    x = known.matrix[:, used]
    quiet = np.where(x.any(axis=1), np.nan, values)
    there = np.flatnonzero(np.isfinite(quiet))
    if len(there) < len(values) // 2:
        return {}
    calm = np.interp(np.arange(len(values)), there, quiet[there])
    parts = split(calm, seasons)
    padded = np.pad(parts.adjusted, 7, mode="edge")
    level = np.median(np.lib.stride_tricks.sliding_window_view(padded, 15), axis=1)
    rest = values - level - (calm - parts.adjusted)
    weights = np.linalg.solve(x.T @ x + np.eye(len(used)), x.T @ rest)
    found: dict[str, Array] = {}
    for weight, column in zip(weights, used, strict=True):
        name = wide.names[column]
        part = weight * wide.matrix[:, column]
        found[name] = found[name] + part if name in found else part
    return found


def steps_word(frequency: str) -> str:
    """``366 days``: what a series needs for holidays to be used."""
    return f"{SHORTEST[frequency]} {FREQUENCIES[frequency][0]}s" if frequency in SHORTEST else ""
