"""model_type = 'ARIMA_PLUS' and 'ARIMA_PLUS_XREG': forecasts of many series, kept as a table.

rows ─▶ even grids ─▶ validation origins │ test origins ─▶ all rows
        gaps filled    choose a forecaster  judge the       forecasts up to the horizon, with
                       for each series      chosen ones     components and intervals

The name is BigQuery ML's; which forecaster a series got, ARIMA or another, is in the result row
and in ML.ARIMA_EVALUATE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.errors import TrainingError
from retailsql.evaluation.report import Evaluation
from retailsql.training.arima import choice as choosing
from retailsql.training.arima import evaluation as judging
from retailsql.training.arima import holidays, record
from retailsql.training.arima import options as options_of
from retailsql.training.arima import pool as pooling
from retailsql.training.arima.conclude import Given, Told, conclude
from retailsql.training.arima.forecasters import POOLED
from retailsql.training.arima.grid import FREQUENCIES, usable_seasons
from retailsql.training.arima.info import info_of
from retailsql.training.arima.inputs import Input, filled, read_inputs
from retailsql.training.arima.intervals import Curve, fit_curve
from retailsql.training.arima.job import Recipe, Work, compete, quieted
from retailsql.training.arima.many import for_all
from retailsql.training.arima.series import SeriesSet, read_series
from retailsql.training.columns import find_column
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.forecasting.series_columns import Array, id_columns

OPTIONS = options_of.OPTIONS
SHORT = 4
"""Values below which a series is only continued by its last one."""


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """Choose a forecaster for each series and keep its forecasts.

    Args:
        data: one row per (series, timestamp), in any order; NULL is missing.
        options: raw values of :data:`OPTIONS`.
        progress: told how many series are done.

    Raises:
        TrainingError: the options or rows cannot be trained on; the message names the column.
    """
    began = perf_counter()
    fitted, days = _train(data, options, progress)
    took = round(1000 * (perf_counter() - began))
    return replace(fitted, reports={**fitted.reports, **info_of(data, days, took)})


def _train(
    data: TrainingData, options: Mapping[str, Any], progress: Progress
) -> tuple[Fitted, list[holidays.Holiday]]:
    """The model, and the holidays it knows."""
    several = bool(id_columns({k.lower(): v for k, v in options.items()}.get("time_series_id_col")))
    opts = options_of.read(options, several)
    inputs, held = _read(data, opts)
    lengths = [len(s) for s in held.series]
    horizon = options_of.horizon_of(opts, len(held.series))
    recipe = options_of.recipe_of(opts, held.frequency, int(np.median(lengths)), len(lengths))
    works, days, said = _works(data, held, opts, horizon)
    names = tuple(sorted({h.name for h in days}))
    periods = [p for _, p in usable_seasons(held.frequency, max(lengths), recipe.seasons)]
    season = periods[0] if periods else 1
    given = opts["horizon"] is not None
    plan = choosing.plan(lengths, horizon, given, opts["num_eval_windows"], periods)
    tasks = [(w, recipe, judging.origins_of(w.series, plan), plan.horizon) for w in works]
    competed = for_all(compete, tasks, "choosing forecasters", progress, 0.02, 0.6)
    made = [m for m, _ in competed]
    spikes = [s for _, s in competed]
    quiet = judging.without_spikes(held.series, spikes, plan)
    pool = None
    if not inputs and not names:
        progress("one model over all series", 0.6)
        pool = pooling.join(made, held.series, spikes, plan, recipe, horizon, opts["seed"])
    rivals = choosing.candidates({n for one in made for f in one for n in f})
    errors, tests = judging.errors_at(quiet, made, plan, rivals)
    choice = choosing.choose(errors, rivals, judging.allowed(held.series, rivals, recipe), plan)
    pooled: Sequence[Given | None] = [None] * len(works)
    if pool is not None and set(POOLED) & set(choice.names):
        clean = for_all(quieted, [(w, recipe) for w in works], "cleaning", progress, 0.62, 0.65)
        pooled = pooling.given(pool, clean, choice.names, plan)
    rest = [
        (w, recipe, n, horizon, plan.test[0], g)
        for w, n, g in zip(works, choice.names, pooled, strict=True)
    ]
    concluded = for_all(conclude, rest, "forecasting", progress, 0.65, 0.9)
    told = [t for t, _ in concluded]
    sigmas = np.array([s for _, s in concluded])
    ratios = judging.validation_ratios(held.series, made, plan, choice, sigmas)
    curve = fit_curve(ratios)
    evaluation = judging.evaluate(held.series, tests, plan, choice, sigmas, curve, season)
    if evaluation is None:
        raise _too_short(held)
    shown = record.Shown(
        inputs, names, opts["decompose_time_series"], opts["trend_smoothing_window_size"]
    )
    progress("keeping the forecasts", 0.92)
    fitted = _fitted(held, told, choice.names, recipe, horizon, curve, shown, evaluation, said)
    return fitted, days


def _read(data: TrainingData, opts: Mapping[str, Any]) -> tuple[tuple[Input, ...], SeriesSet]:
    """The series, and for ARIMA_PLUS_XREG its regressors, gaps in them filled."""
    if data.model_type != "ARIMA_PLUS_XREG":
        return (), read_series(data, opts)
    named = [opts["time_series_timestamp_col"], opts["time_series_data_col"]]
    named += id_columns(opts["time_series_id_col"])
    taken = tuple(find_column(n, data.table.column_names, "OPTIONS") for n in named if n)
    inputs, values = read_inputs(data, taken)
    held = read_series(data, opts, values)
    whole = tuple(replace(s, inputs=filled(s.inputs, inputs)) for s in held.series)
    return inputs, replace(held, series=whole)


def _works(
    data: TrainingData, held: SeriesSet, opts: Mapping[str, Any], horizon: int
) -> tuple[list[Work], list[holidays.Holiday], list[str]]:
    """Each series with its holidays, all of these, and what is to be said."""
    regions = holidays.read_regions(opts["holiday_region"])
    extra = data.extra.get("custom_holiday")
    unknown = [name for name in data.extra if name != "custom_holiday"]
    if unknown:
        raise TrainingError(
            f"AS (...) has a query called {unknown[0]!r}", wanted="training_data, custom_holiday",
            todo="correct the name",
        )  # fmt: skip
    own = holidays.custom(extra) if extra is not None else []
    if not regions and not own:
        return [Work(s) for s in held.series], [], []
    least = holidays.SHORTEST.get(held.frequency)
    long = [s for s in held.series if least is not None and len(s) >= least]
    if not long:
        wanted = " or ".join(map(holidays.steps_word, holidays.SHORTEST))
        return [Work(s) for s in held.series], [], [
            f"Holidays are not used: no series has {wanted}"
        ]  # fmt: skip
    ends = [s.future(horizon, held.frequency)[-1] for s in long]
    first, last = min(s.at[0] for s in long), max(ends)
    years = range(int(str(first)[:4]), int(str(last)[:4]) + 1)
    replaced = {(h.region, h.name) for h in own}
    public = [h for h in holidays.built_in(regions, years) if (h.region, h.name) not in replaced]
    both = sorted([*own, *public], key=lambda h: (h.name, h.day))
    works = []
    for s in held.series:
        at = np.concatenate([s.at, s.future(horizon, held.frequency)])
        used = least is not None and len(s) >= least
        works.append(Work(s, holidays.design(at, held.frequency, both) if used else None))
    said = []
    if len(long) < len(held.series):
        said.append(
            f"Holidays are used for {len(long)} of {len(held.series)} series: the rest have less "
            f"than {holidays.steps_word(held.frequency)}"
        )
    return works, both, said


def _fitted(
    held: SeriesSet,
    told: list[Told],
    names: list[str],
    recipe: Recipe,
    horizon: int,
    curve: Curve,
    shown: record.Shown,
    evaluation: Evaluation,
    said: list[str],
) -> Fitted:
    met = {h for one in told for h in one.holidays}
    shown = replace(shown, holidays=tuple(h for h in shown.holidays if h in met))
    tables = [
        record.rows_of(s, t, held.frequency, curve, shown)
        for s, t in zip(held.series, told, strict=True)
    ]
    none: Array = np.zeros(0)
    return Fitted(
        onnx=b"",
        signature=record.signature_of(held, recipe, horizon, shown, len(held.series)),
        evaluation=evaluation,
        profile=record.profile_of(held),
        parity_inputs=pa.table({}),
        parity_scores=none,
        forecasts=pa.concat_tables(tables),
        reports=record.reports_of(held, told, names, shown),
        warnings=(record.used_words(names), *said, *_warnings(held)),
    )


def _warnings(held: SeriesSet) -> list[str]:
    """What was done to the rows, counted."""
    said, counts = [], held.counts
    unit = FREQUENCIES[held.frequency][0]
    if counts["gaps"]:
        said.append(
            f"{counts['gaps']} {unit}s inside the series have no row and are interpolated; if no "
            "row means 0, fill them in with 0"
        )
    if counts["duplicates"]:
        said.append(f"{counts['duplicates']} rows share their {unit} with another and are averaged")
    if counts["limited"]:
        said.append(f"{counts['limited']} values at or beyond the forecast limits are left out")
    short = sum(int(np.isfinite(s.observed).sum()) < SHORT for s in held.series)
    if short:
        said.append(
            f"{short} of {len(held.series)} series have fewer than {SHORT} values: their forecasts "
            "are plain rules that nothing of their own has tested"
        )
    if held.empty:
        said.append(f"{len(held.empty)} series hold no value and have no forecast")
    return said


def _too_short(held: SeriesSet) -> TrainingError:
    longest = max(len(s) for s in held.series)
    return TrainingError(
        "No series is long enough to judge a forecast",
        seen=f"{len(held.series)} series, the longest of {longest} steps",
        wanted="3 steps with values", todo="select an earlier start, or a finer data_frequency",
    )  # fmt: skip
