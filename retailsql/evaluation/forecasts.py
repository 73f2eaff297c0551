"""Forecast metrics, and the trivial rules a forecaster has to beat on the same windows.

Shapes: N windows, W steps of history (oldest first), H steps ahead. NaN is a missing value: an
actual that is NaN counts in no metric, a history that is NaN counts in no rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[np.float64]]

PRIMARY = "mean_absolute_error"
"""Decides whether a forecaster beats its baseline. WAPE ranks the same rows alike, but is
undefined when nothing was sold."""


def mean_absolute_error(actual: Array, forecast: Array) -> float:
    """Mean of ``|actual - forecast|`` in the data's units, over actuals that are there.

    >>> mean_absolute_error(np.array([[1.0, np.nan]]), np.array([[3.0, 9.0]]))
    2.0
    """
    return float(np.nanmean(np.abs(actual - forecast)))


def wape(actual: Array, forecast: Array) -> float:
    """Weighted absolute percentage error, ``sum |error| / sum |actual|``; NaN if all is zero.

    >>> wape(np.array([[2.0, 0.0]]), np.array([[1.0, 0.0]]))
    0.5
    """
    total = float(np.nansum(np.abs(actual)))
    return float(np.nansum(np.abs(actual - forecast))) / total if total > 0 else float("nan")


def root_mean_squared_error(actual: Array, forecast: Array) -> float:
    """Square root of the mean squared error, in the data's units."""
    return float(np.sqrt(np.nanmean((actual - forecast) ** 2)))


def naive_scale(history: Array) -> Array:
    """Per row, the mean ``|x[t] - x[t-1]|`` of its history: the denominator of MASE.

    Args:
        history: (N, T) all values before the forecast, NaN missing.

    Returns:
        (N,), NaN where no two neighbours are there.

    >>> naive_scale(np.array([[1.0, 3.0, 2.0]]))
    array([1.5])
    """
    steps = np.abs(np.diff(history, axis=1))
    count = np.isfinite(steps).sum(axis=1)
    return np.where(count > 0, np.nansum(steps, axis=1) / np.maximum(count, 1), np.nan)


def mase(actual: Array, forecast: Array, scale: Array) -> float:
    """Mean absolute scaled error: each row's MAE over its in-sample naive MAE, then the mean.

    Rows whose scale is 0 or NaN (a constant history) are left out, as in Hyndman and Koehler,
    "Another look at measures of forecast accuracy" (2006). NaN if no row is left.

    Args:
        actual: (N, H).
        forecast: (N, H).
        scale: (N,) from :func:`naive_scale`.
    """
    known = np.isfinite(actual)
    ok = (scale > 0) & known.any(axis=1)
    if not ok.any():
        return float("nan")
    error = np.nansum(np.abs(actual - forecast), axis=1)[ok] / known.sum(axis=1)[ok]
    return float(np.mean(error / scale[ok]))


def interval_coverage(actual: Array, lower: Array, upper: Array) -> float:
    """Share of actuals inside ``[lower, upper]``, borders included."""
    known = np.isfinite(actual)
    return float(np.mean(((actual >= lower) & (actual <= upper))[known]))


def metrics(actual: Array, forecast: Array, scale: Array) -> dict[str, float]:
    """Every point metric that is defined on these rows, by name."""
    values = {
        PRIMARY: mean_absolute_error(actual, forecast),
        "wape": wape(actual, forecast),
        "mase": mase(actual, forecast, scale),
        "root_mean_squared_error": root_mean_squared_error(actual, forecast),
    }
    return {name: value for name, value in values.items() if np.isfinite(value)}


def last_observed(history: Array) -> Array:
    """Each row's newest value that is there, (N,); 0 for a row without any."""
    known = np.isfinite(history)
    newest = history.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1)
    value = history[np.arange(len(history)), newest]
    return np.where(known.any(axis=1), value, 0.0)


def trivial_rules(history: Array, horizon: int, season: int) -> dict[str, Array]:
    """What anybody can do in a line of SQL, as forecasts of shape (N, horizon).

    Args:
        history: (N, W), NaN missing. Give at least two seasons, or the seasonal rules are left out.
        horizon: steps ahead.
        season: steps of one season; 1 for none.

    Returns:
        Name of the rule -> its forecasts. A rule without any value falls back on the last one.

    >>> rules = trivial_rules(np.array([[1.0, 2.0, 9.0]]), 2, 1)
    >>> rules["naive"], rules["median of 8"]
    (array([[9., 9.]]), array([[2., 2.]]))
    """
    last = last_observed(history)
    flat = {
        "zero": np.zeros_like(last),
        "naive": last,
        "median of 8": _over(np.nanmedian, history[:, -8:], last),
        "mean of 8": _over(np.nanmean, history[:, -8:], last),
        "median of window": _over(np.nanmedian, history, last),
        "mean of window": _over(np.nanmean, history, last),
    }
    rules = {name: np.repeat(value[:, None], horizon, axis=1) for name, value in flat.items()}
    if season > 1 and history.shape[1] >= 2 * season:
        for name, rule in _seasonal(history, season, last).items():
            rules[name] = rule[:, np.arange(horizon) % season]
    return rules


def _seasonal(history: Array, season: int, last: Array) -> dict[str, Array]:
    """The rules that look at the same place of earlier seasons, (N, season) each."""
    seasons = min(4, history.shape[1] // season)
    cycles = history[:, -seasons * season :].reshape(len(history), seasons, season)
    newest = cycles[:, -1, :]
    spread = np.repeat(last[:, None], season, axis=1)
    return {
        f"seasonal naive {season}": np.where(np.isfinite(newest), newest, spread),
        f"mean of {seasons} seasons": _over(np.nanmean, cycles, spread, axis=1),
        f"median of {seasons} seasons": _over(np.nanmedian, cycles, spread, axis=1),
    }


def _over(statistic: Any, values: Array, fallback: Array, axis: int = 1) -> Array:
    """A NaN-aware statistic along ``axis``; ``fallback`` where nothing is there (no warning)."""
    empty = ~np.isfinite(values).any(axis=axis)
    safe = np.where(np.expand_dims(empty, axis), np.expand_dims(fallback, axis), values)
    return np.asarray(statistic(safe, axis=axis), dtype=np.float64)
