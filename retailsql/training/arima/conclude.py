"""What the forecaster chosen for one series says of its past and future, by components.

Runs in worker processes, so all that goes in and out is plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from retailsql.training.arima.forecasters import BLEND, BLENDED, SHORTEST, Competition
from retailsql.training.arima.grid import usable_seasons
from retailsql.training.arima.job import Apart, Recipe, Work, bounded, floor_of, take_apart
from retailsql.training.arima.orders import ArimaFit
from retailsql.training.arima.seasonal import split
from retailsql.training.forecasting.series_columns import Array


@dataclass(frozen=True)
class Told:
    """A series' forecasts and history, by components.

    Args:
        forecast: (h,) without regressors, which are added when the future rows are known.
        fitted: (n,) one-step forecasts, without regressors, spikes and steps.
        seasonal: season -> (n + h,).
        holidays: holiday -> (n + h,).
        spikes: (n,).
        steps: (n,).
        weights: (k,) of the regressors.
        sigma: standard error of one step.
        arima: the fitted orders, the best first.
        warm_up: steps at the start whose ``fitted`` is no forecast yet.
        adjusted_for: seasons taken out before the orders were fitted.
        has_steps: whether a change of level was found, used by the forecaster or not.
    """

    forecast: Array
    fitted: Array
    seasonal: Mapping[str, Array]
    holidays: Mapping[str, Array]
    spikes: Array
    steps: Array
    weights: Array
    sigma: float
    arima: list[ArimaFit]
    warm_up: int = 1
    adjusted_for: tuple[str, ...] = ()
    has_steps: bool = False


@dataclass(frozen=True)
class Given:
    """What a forecaster of many series says of one.

    Args:
        ahead: (h,) the trees' forecasts.
        fitted: (n,) their one-step values of the past.
        before: the same of the past before the test, by trees that ended there.
    """

    ahead: Array
    fitted: Array
    before: Array


def tell(work: Work, recipe: Recipe, name: str, horizon: int, given: Given | None = None) -> Told:
    """Forecast a series by the forecaster chosen for it, from all its rows.

    Args:
        work: the series.
        recipe: how.
        name: of the forecaster.
        horizon: steps ahead.
        given: what it says, if it is one of many series.
    """
    n = len(work.series)
    apart = take_apart(work, recipe, n, horizon)
    competition = apart.competition
    holidays = apart.holiday_total(n + horizon)
    one_step = _one_step(apart, name, None if given is None else given.fitted)
    made = _ahead(competition, name, horizon, given)
    with_inputs = len(apart.weights) > 0
    floor = None if with_inputs else floor_of(work.series.values)
    forecast = made + holidays[n:]
    forecast = forecast if with_inputs else bounded(forecast, recipe, floor)
    plain = competition.is_plain(name)
    return Told(
        forecast, one_step + holidays[:n], _seasonal(apart, name, recipe, one_step, made),
        apart.holidays, apart.cleaned.spikes, np.zeros(n) if plain else apart.cleaned.steps,
        apart.weights, _sigma(competition, name, one_step),
        competition.arima if n >= SHORTEST else [], competition.warm_up(name),
        tuple(competition.parts.periods), bool(apart.cleaned.steps.any()),
    )  # fmt: skip


def _seasonal(
    apart: Apart, name: str, recipe: Recipe, one_step: Array, ahead: Array
) -> dict[str, Array]:
    """The seasons in what a forecaster says of past and future, season -> (n + h,).

    A model is given the series without its seasons. What a plain rule of seasons says is taken
    apart by the same STL.
    """
    competition = apart.competition
    if not competition.is_plain(name):
        later = competition.parts.ahead(len(ahead))
        past = competition.parts.seasonal
        return {s: np.concatenate([past[s], later[s]]) for s in past}
    if "season" not in name:
        return {}
    known = usable_seasons(recipe.frequency, len(one_step), recipe.seasons)
    return split(np.concatenate([one_step, ahead]), known[:1]).seasonal


def conclude(
    work: Work, recipe: Recipe, name: str, horizon: int, test: int, given: Given | None = None
) -> tuple[Told, float]:
    """A series' forecasts from all its rows, and one step's standard error before the test.

    Args:
        work: the series.
        recipe: how.
        name: of the forecaster chosen.
        horizon: steps ahead.
        test: steps from the first test origin to the end.
        given: what the forecaster says, if it is one of many series.
    """
    told = tell(work, recipe, name, horizon, given)
    origin = len(work.series) - test
    if origin < 3:
        return told, told.sigma
    before = take_apart(work, recipe, origin, 0)
    fitted = _one_step(before, name, None if given is None else given.before)
    return told, _sigma(before.competition, name, fitted)


def _ahead(competition: Competition, name: str, horizon: int, given: Given | None) -> Array:
    """The next steps by the forecaster chosen, holidays and regressors apart."""
    if given is None:
        return competition.forecasts(horizon, name)[name]
    if name != BLEND:
        return given.ahead
    beside = competition.forecasts(horizon)
    members = [beside.get(member, beside["naive"]) for member in BLENDED]
    return np.asarray(np.median([given.ahead, *members], axis=0))


def _one_step(apart: Apart, name: str, trees: Array | None) -> Array:
    """One-step values of the past: at the level of the end for a model of one series, else at the
    level of their time; without spikes.
    """
    competition = apart.competition
    if trees is None:
        return competition.one_step(name)
    if name != BLEND:
        return trees
    steps = apart.cleaned.steps
    members = [
        competition.one_step(m) + (0.0 if competition.is_plain(m) else steps)
        for m in BLENDED if m in competition.names
    ]  # fmt: skip
    return np.asarray(np.median([trees, *members], axis=0))


def _sigma(competition: Competition, name: str, one_step: Array) -> float:
    """One step's standard error: the root of the mean squared one-step errors, once warm."""
    values = competition.raw if competition.is_plain(name) else competition.values
    return root_mean_square((values - one_step)[competition.warm_up(name) :])


def root_mean_square(error: Array) -> float:
    """0 for no errors at all."""
    return float(np.sqrt(np.mean(error**2))) if len(error) else 0.0
