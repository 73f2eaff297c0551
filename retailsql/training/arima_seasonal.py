"""Seasonal parts of a series by STL, several seasons one after the other, and their continuation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from statsmodels.tsa.seasonal import STL

from retailsql.training.series_columns import Array

Seasons = Sequence[tuple[str, int]]

_ROUNDS = 2


@dataclass(frozen=True)
class Split:
    """A series taken apart: values = adjusted + the sum of the seasonal parts.

    Args:
        adjusted: (n,) without its seasons.
        seasonal: name -> (n,).
        periods: name -> steps of the season.
    """

    adjusted: Array
    seasonal: dict[str, Array]
    periods: dict[str, int]

    def ahead(self, horizon: int) -> dict[str, Array]:
        """Each seasonal part continued by its last full season, (horizon,)."""
        return {
            name: np.resize(part[-self.periods[name] :], horizon)
            for name, part in self.seasonal.items()
        }

    def total_ahead(self, horizon: int) -> Array:
        """The sum of the continued parts, (horizon,)."""
        total = np.zeros(horizon)
        for part in self.ahead(horizon).values():
            total += part
        return total


def split(values: Array, seasons: Seasons) -> Split:
    """Take the seasons out that can be told from noise.

    Several seasons are fitted in turn, twice, each on what the others leave, as in Bandara,
    Hyndman and Bergmeir, "MSTL" (2021).

    Args:
        values: (n,) without gaps.
        seasons: name and steps of each, shortest first.
    """
    found = [(name, p) for name, p in seasons if 2 * p <= len(values) and is_seasonal(values, p)]
    parts = {name: np.zeros(len(values)) for name, _ in found}
    for _ in range(_ROUNDS if len(found) > 1 else 1):
        for name, period in found:
            rest = values - sum((part for n, part in parts.items() if n != name), np.zeros(1))
            parts[name] = np.asarray(STL(rest, period=period, seasonal=_smooth(period)).fit().seasonal)
    adjusted = values - sum(parts.values(), np.zeros(1))
    return Split(adjusted, parts, dict(found))


def _smooth(period: int) -> int:
    """Seasons the seasonal part may change over: slow, so that noise is not taken for it."""
    return 23 if period > 24 else 13


def is_seasonal(values: Array, period: int) -> bool:
    """True if the autocorrelation at the period is larger than chance, at 90 %.

    The test of the M4 competition's benchmarks (Makridakis and others, 2018), on differences from
    a moving average over one season, so that a trend is not taken for a season.

    >>> wave = np.sin(np.arange(48) * np.pi / 6)
    >>> is_seasonal(wave, 12), is_seasonal(np.arange(48.0), 12)
    (True, False)
    """
    level = np.convolve(np.pad(values, (period // 2, (period - 1) // 2), mode="edge"),
                        np.full(period, 1 / period), mode="valid")  # fmt: skip
    rest = values - level
    rest = rest - rest.mean()
    power = float(rest @ rest)
    if period < 2 or power <= 1e-12 * float(values @ values):
        return False
    lags = np.array([float(rest[k:] @ rest[:-k]) / power for k in range(1, period + 1)])
    limit = 1.645 * np.sqrt((1 + 2 * float((lags[:-1] ** 2).sum())) / len(values))
    return bool(lags[-1] > limit)
