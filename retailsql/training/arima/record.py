"""What is kept of a forecast table: one row per series and step, signature, reports, profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.signature import Graph, Signature
from retailsql.training.arima.conclude import Told
from retailsql.training.arima.forecasters import ALL_MODELS
from retailsql.training.arima.grid import ALL_SEASONS
from retailsql.training.arima.inputs import Input, as_options
from retailsql.training.arima.intervals import Curve
from retailsql.training.arima.job import Recipe
from retailsql.training.arima.series import Series, SeriesSet
from retailsql.training.forecasting.series_columns import Array

CANDIDATE = (
    "key", "best", "non_seasonal_p", "non_seasonal_d", "non_seasonal_q", "has_drift",
    "log_likelihood", "AIC", "variance", "seasonal_periods", "has_holiday_effect",
    "has_spikes_and_dips", "has_step_changes", "error_message", "forecaster",
)  # fmt: skip
COEFFICIENT = (
    "key", "ar_coefficients", "ma_coefficients", "intercept_or_drift", "processed_input", "weight",
    "category_weights",
)  # fmt: skip
"""Keys of the reports' rows: DuckDB reads them as structs and wants them all."""
SEASON_COLUMNS = {f"seasonal_period_{name.lower()}": name for name in reversed(ALL_SEASONS)}


@dataclass(frozen=True)
class Shown:
    """How components are shown.

    Args:
        inputs: the regressors.
        holidays: names of the holidays, in the order of the stored lists.
        history: whether history and components are kept at all.
        smoothing: steps the trend of the past is averaged over; None for not at all.
    """

    inputs: tuple[Input, ...] = ()
    holidays: tuple[str, ...] = ()
    history: bool = True
    smoothing: int | None = None


def signature_of(
    held: SeriesSet, recipe: Recipe, horizon: int, shown: Shown, series_count: int
) -> Signature:
    """What reading the stored rows takes.

    Its options: horizon (steps), frequency, id_cols, timestamp_col, timestamp_type, holidays,
    inputs (regressors: name, mean, categories), limits (low and high), has_history.
    """
    return Signature(
        kind="forecast_table",
        features=(),
        graph=Graph((), (), ""),
        label=held.columns[1],
        options={
            "horizon": horizon,
            "frequency": held.frequency,
            "id_cols": list(held.columns[2:]),
            "timestamp_col": held.columns[0],
            "holidays": list(shown.holidays),
            "inputs": as_options(shown.inputs),
            "limits": [recipe.low, recipe.high],
            "has_history": shown.history,
            "series": series_count,
        },
    )


def rows_of(series: Series, told: Told, frequency: str, curve: Curve, shown: Shown) -> pa.Table:
    """The stored rows of one series: steps 1, 2, ... ahead, and 0, -1, ... of its history.

    In every row ``value`` is the sum of trend, seasonal parts, holiday effect and, in the past,
    spikes, steps, residual and the regressors' part; regressors of the future are added when
    their rows are given.
    """
    n, h = len(series), len(told.forecast)
    seasonal = sum(told.seasonal.values(), np.zeros(n + h))
    holidays = sum(told.holidays.values(), np.zeros(n + h))
    base = told.fitted - seasonal[:n] - holidays[:n]
    later = told.forecast - seasonal[n:] - holidays[n:]
    trend = np.concatenate([_smooth(base, shown.smoothing), later])
    inputs = series.inputs @ told.weights if len(told.weights) else np.zeros(n)
    adjusted = trend + seasonal + holidays
    residual = series.values - adjusted[:n] - told.spikes - told.steps - inputs
    begin = 0 if shown.history else n
    none, ahead = pa.nulls(n + h, pa.float64()), pa.nulls(h, pa.float64())

    def past(values: Array, hide_zero: bool) -> pa.Array:
        mask = (values == 0) if hide_zero else np.isnan(values)
        return pa.concat_arrays([pa.array(values, mask=mask), ahead])

    columns: dict[str, Any] = {
        "key": pa.array([series.key] * (n + h), pa.string()),
        "step": np.arange(1 - n, h + 1, dtype=np.int32),
        "ts": pa.array(
            np.concatenate([series.at, series.future(h, frequency)]), pa.timestamp("us")
        ),
        "value": np.concatenate([series.values, told.forecast]),
        "standard_error": pa.concat_arrays([_errors(n, told), pa.array(told.sigma * curve.at(h))]),
        "trend": trend,
    }
    for column, name in SEASON_COLUMNS.items():
        part = told.seasonal.get(name)
        columns[column] = none if part is None else pa.array(part)
    columns["holiday_effect"] = pa.array(holidays) if told.holidays else none
    columns["holidays"] = _lists(_effects(told, shown, n + h))
    columns["spikes_and_dips"] = past(told.spikes, True)
    columns["step_changes"] = past(told.steps, True)
    columns["residual"] = past(residual, False)
    columns["attributions"] = _lists(_attributions(series, told, shown, n, h))
    columns["weights"] = _lists(np.tile(told.weights, (n + h, 1)))
    return pa.table(columns).slice(begin)


def _errors(n: int, told: Told) -> pa.Array:
    """The standard error of each step of the past, NULL until the forecaster is warm."""
    return pa.array(np.full(n, told.sigma), mask=np.arange(n) < told.warm_up)


def _effects(told: Told, shown: Shown, steps: int) -> Array:
    """Each holiday's effect, (steps, holidays); NaN for one this series never met."""
    absent = np.full(steps, np.nan)
    parts = [told.holidays.get(name, absent) for name in shown.holidays]
    return np.stack(parts, axis=1) if parts else np.zeros((steps, 0))


def _attributions(series: Series, told: Told, shown: Shown, n: int, h: int) -> Array:
    """Each regressor's part in the past, (n + h, regressors); NaN ahead."""
    parts, at = np.full((n + h, len(shown.inputs)), np.nan), 0
    for i, one in enumerate(shown.inputs):
        span = slice(at, at + one.width)
        parts[:n, i] = series.inputs[:, span] @ told.weights[span]
        at += one.width
    return parts


def _lists(rows: Array) -> pa.Array:
    """(n, k) as n lists of k doubles, NaN as NULL; NULL lists for k = 0."""
    n, k = rows.shape
    if k == 0:
        return pa.nulls(n, pa.list_(pa.float64()))
    flat = rows.reshape(-1)
    ends = pa.array(np.arange(0, n * k + 1, k, dtype=np.int32))
    return pa.ListArray.from_arrays(ends, pa.array(flat, mask=np.isnan(flat)))


def _smooth(values: Array, window: int | None) -> Array:
    """A centred moving average, the ends padded with the first and last value."""
    if window is None or window < 2 or not len(values):
        return values
    padded = np.pad(values, (window // 2, (window - 1) // 2), mode="edge")
    return np.convolve(padded, np.full(window, 1 / window), mode="valid")


def reports_of(
    held: SeriesSet, told: Sequence[Told], names: Sequence[str], shown: Shown
) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """``arima_candidates``: every order tried; ``arima_coefficients``: of the best orders."""
    candidates: list[dict[str, Any]] = []
    coefficients: list[dict[str, Any]] = []
    for series, one, name in zip(held.series, told, names, strict=True):
        common = {
            "key": series.key,
            "seasonal_periods": [s for s in ALL_SEASONS if s in one.adjusted_for]
            or ["NO_SEASONALITY"],
            "has_holiday_effect": bool(one.holidays) if shown.history else None,
            "has_spikes_and_dips": bool(one.spikes.any()) if shown.history else None,
            "has_step_changes": one.has_steps if shown.history else None,
            "forecaster": name,
        }
        candidates += _orders(one, common)
        coefficients += _coefficients(series.key, one, shown)
    for key in held.empty:
        empty = {"key": key, "best": True, "error_message": "the series holds no value"}
        candidates.append(empty)
    return {
        "arima_candidates": [{**dict.fromkeys(CANDIDATE), **row} for row in candidates],
        "arima_coefficients": [{**dict.fromkeys(COEFFICIENT), **row} for row in coefficients],
    }


def _orders(told: Told, common: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for i, fit in enumerate(told.arima):
        p, d, q = fit.order
        rows.append({
            **common, "best": i == 0, "non_seasonal_p": p, "non_seasonal_d": d, "non_seasonal_q": q,
            "has_drift": fit.drift, "log_likelihood": _number(fit.log_likelihood),
            "AIC": _number(fit.aic), "variance": _number(fit.variance), "error_message": fit.error,
        })  # fmt: skip
    short = "the series is too short for ARIMA"
    return rows or [{**common, "best": True, "error_message": short}]


def _coefficients(key: str, told: Told, shown: Shown) -> list[dict[str, Any]]:
    """One row with the ARIMA coefficients, or one per regressor that repeats them."""
    best = told.arima[0] if told.arima else None
    common: dict[str, Any] = {
        "key": key,
        "ar_coefficients": best.ar if best else None,
        "ma_coefficients": best.ma if best else None,
        "intercept_or_drift": best.constant if best else None,
    }
    rows, at = [], 0
    for one in shown.inputs:
        weights = [float(w) for w in told.weights[at : at + one.width]]
        at += one.width
        row = {**common, "processed_input": one.name}
        if one.categories is None:
            rows.append({**row, "weight": weights[0]})
        else:
            pairs = zip(one.categories, weights, strict=True)
            listed = [{"category": c, "weight": w} for c, w in pairs]
            rows.append({**row, "category_weights": listed})
    return rows or [common]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def profile_of(held: SeriesSet) -> dict[str, Any]:
    """What training saw of the data column, as JSON values."""
    known = np.concatenate([s.observed[np.isfinite(s.observed)] for s in held.series])
    points = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    return {
        held.columns[1]: {
            "rows": held.counts["rows"],
            "nulls": held.counts["nulls"],
            "mean": float(known.mean()),
            "std": float(known.std()),
            "min": float(known.min()),
            "max": float(known.max()),
            "quantiles": {str(p): float(np.quantile(known, p)) for p in points},
            "zeros": float((known == 0).mean()),
            "series": len(held.series),
        }
    }


def used_words(names: Sequence[str]) -> str:
    """Which forecasters are used, the most used first, in words."""
    counts = {n: names.count(n) for n in names}
    order = sorted(counts, key=lambda n: (-counts[n], n))
    if len(order) == 1:
        rule = "" if order[0] in ALL_MODELS else "the plain rule "
        return f"Forecaster: {rule}{order[0]}" + (" for every series" if len(names) > 1 else "")
    plain = sum(counts[n] for n in order if n not in ALL_MODELS)
    listed = ", ".join(f"{n} ({counts[n]})" for n in order)
    return f"Forecasters: {listed}; a plain rule serves {plain} of {len(names)} series"
