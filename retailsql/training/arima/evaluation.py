"""The chosen forecasters on steps that chose nothing, beside the plain rules on the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from retailsql.evaluation import forecasts
from retailsql.evaluation.report import Evaluation
from retailsql.training.arima.choice import Choice, Flags, Plan, usable
from retailsql.training.arima.forecasters import ALL_MODELS, POOLED, SHORTEST, plain_rules
from retailsql.training.arima.grid import usable_seasons
from retailsql.training.arima.intervals import Curve
from retailsql.training.arima.job import Recipe
from retailsql.training.arima.series import Series
from retailsql.training.forecasting.series_columns import Array

Made = Sequence[Sequence[dict[str, Array]]]
"""Per series, per origin it has: forecaster -> (horizon,)."""


def origins_of(series: Series, plan: Plan) -> list[int]:
    """The origins of the plan that this series has, as steps from its start."""
    return [len(series) - o for o in plan.offsets if usable(len(series), o)]


def actuals(series: Series, origin: int, horizon: int) -> Array:
    """What was observed after an origin, (horizon,); NaN where nothing was."""
    return series.observed[origin : origin + horizon]


def without_spikes(
    series: Sequence[Series], spikes: Sequence[Sequence[Array]], plan: Plan
) -> list[Series]:
    """The series to choose by: without the spikes that can be seen before the first test origin.

    Args:
        series: all of them.
        spikes: per series, per origin it has, those before it.
        plan: where.
    """
    quiet = []
    for one, found in zip(series, spikes, strict=True):
        end = len(one) - plan.test[0]
        seen = next((s for s in found if len(s) == end), np.zeros(0))
        observed = one.observed.copy()
        observed[: len(seen)] -= seen
        quiet.append(replace(one, observed=observed))
    return quiet


def errors_at(
    series: Sequence[Series], made: Made, plan: Plan, names: list[str]
) -> tuple[Array, list[list[dict[str, Array]]]]:
    """Mean absolute errors at the validation origins, and the forecasts at the test origins.

    A forecaster that a series was too short for at an origin counts as naive there.

    Returns:
        (series, windows, candidates), NaN where a series has no such window; and per series, per
        test origin it has, forecaster -> (horizon,).
    """
    errors = np.full((len(series), len(plan.validation), len(names)), np.nan)
    tests: list[list[dict[str, Array]]] = []
    for s, (one, held) in enumerate(zip(series, made, strict=True)):
        had = [o for o in plan.offsets if usable(len(one), o)]
        tests.append([f for o, f in zip(had, held, strict=True) if o in plan.test])
        for w, offset in enumerate(plan.validation):
            if offset not in had:
                continue
            actual = actuals(one, len(one) - offset, plan.horizon)
            if np.isfinite(actual).any():
                forecast = held[had.index(offset)]
                rows = np.stack([forecast.get(n, forecast["naive"]) for n in names])
                errors[s, w] = np.nanmean(np.abs(rows - actual[None, :]), axis=1)
    return errors, tests


def allowed(series: Sequence[Series], names: list[str], recipe: Recipe) -> Flags:
    """(series, candidates) whether a series, whole, is long enough for a forecaster."""
    rows = []
    for one in series:
        seasons = usable_seasons(recipe.frequency, len(one), recipe.seasons)
        rules = plain_rules(one.values, 1, seasons[0][1] if seasons else 1)
        models = ALL_MODELS if len(one) >= SHORTEST else POOLED
        rows.append([name in rules or name in models for name in names])
    return np.array(rows)


def validation_ratios(
    series: Sequence[Series], made: Made, plan: Plan, choice: Choice, sigmas: Array
) -> Array:
    """Errors of the chosen forecasters at the validation origins, over one step's standard error.

    Returns:
        (windows of all series, horizon), NaN where unknown.
    """
    rows = []
    for one, held, name, sigma in zip(series, made, choice.names, sigmas, strict=True):
        had = [o for o in plan.offsets if usable(len(one), o)]
        for offset, forecast in zip(had, held, strict=True):
            if offset in plan.validation and sigma > 0:
                actual = actuals(one, len(one) - offset, plan.horizon)
                rows.append((actual - forecast.get(name, forecast["naive"])) / sigma)
    return np.stack(rows) if rows else np.zeros((0, plan.horizon))


def evaluate(
    series: Sequence[Series],
    tests: list[list[dict[str, Array]]],
    plan: Plan,
    choice: Choice,
    sigmas: Array,
    curve: Curve,
    season: int,
) -> Evaluation | None:
    """Metrics on the test windows; None if no series has one with a value.

    Args:
        series: all of them.
        tests: per series, per test origin it has, forecaster -> (horizon,).
        plan: where.
        choice: who.
        sigmas: (series,) one step's standard error, from before the first test origin.
        curve: of the intervals.
        season: steps of the season the plain rules look back; 1 for none.
    """
    actual, chosen, scale, spread, naive = [], [], [], [], []  # type: ignore[var-annotated]
    rules: dict[str, list[Array]] = {}
    for s, one in enumerate(series):
        had = [o for o in plan.test if usable(len(one), o)]
        before = one.observed[: len(one) - had[0]] if had else one.observed
        unit = float(forecasts.naive_scale(before[None, :])[0])
        for offset, forecast in zip(had, tests[s], strict=True):
            truth = actuals(one, len(one) - offset, plan.horizon)
            if not np.isfinite(truth).any():
                continue
            actual.append(truth)
            chosen.append(forecast.get(choice.names[s], forecast["naive"]))
            scale.append(unit)
            spread.append(sigmas[s] * curve.at(plan.horizon))
            plain = plain_rules(one.values[: len(one) - offset], plan.horizon, season)
            for name in {*rules, *plain}:  # a rule that starts with a later series counts as naive
                held = rules.setdefault(name, list(naive))
                held.append(plain.get(name, plain["naive"]))
            naive.append(plain["naive"])
    if not actual:
        return None
    truth, guess, unit_of = np.stack(actual), np.stack(chosen), np.array(scale)
    metrics = all_metrics(truth, guess, unit_of)
    half = 1.6448536269514722 * np.stack(spread)
    metrics["interval_coverage"] = forecasts.interval_coverage(truth, guess - half, guess + half)
    origins = len(plan.test)
    return Evaluation(
        split=f"last {plan.horizon * origins} steps of each series, {plan.horizon} ahead from "
        f"{origins} origin{'s' if origins > 1 else ''}: chosen on {len(plan.validation)} earlier "
        f"origins, {len(actual)} windows of {len(series)} series eval; then fitted on all rows",
        primary=forecasts.PRIMARY,
        metrics=metrics,
        baselines={n: all_metrics(truth, np.stack(r), unit_of) for n, r in sorted(rules.items())},
        rows_train=sum(len(one) for one in series),
        rows_eval=len(actual),
    )


def all_metrics(actual: Array, forecast: Array, scale: Array) -> dict[str, float]:
    """Those of ``evaluation.forecasts``, and BigQuery ML's percentage errors.

    Args:
        actual: (N, H), NaN unknown.
        forecast: (N, H).
        scale: (N,) each window's naive error in the past.
    """
    made = forecasts.metrics(actual, forecast, scale)
    known = np.isfinite(actual)
    a, f = actual[known], forecast[known]
    made["mean_squared_error"] = float(np.mean((a - f) ** 2))
    if (a != 0).any():
        some = a != 0
        made["mean_absolute_percentage_error"] = float(np.mean(np.abs((a - f)[some] / a[some])))
    both = np.abs(a) + np.abs(f)
    share = np.where(both > 0, np.abs(a - f) / np.where(both > 0, both / 2, 1.0), 0.0)
    made["symmetric_mean_absolute_percentage_error"] = float(np.mean(share))
    return made
