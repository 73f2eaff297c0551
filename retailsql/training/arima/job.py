"""What is done to one series: taken apart, forecast by every forecaster, told as rows.

Runs in worker processes, so all that goes in and out is plain data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from retailsql.training.arima.clean import Cleaned, clean
from retailsql.training.arima.forecasters import BLEND, BLENDED, SHORTEST, Competition, Orders
from retailsql.training.arima.grid import usable_seasons
from retailsql.training.arima.holidays import Design, effects
from retailsql.training.arima.inputs import weigh
from retailsql.training.arima.orders import ArimaFit
from retailsql.training.arima.seasonal import split
from retailsql.training.arima.series import Series
from retailsql.training.forecasting.series_columns import Array


@dataclass(frozen=True)
class Recipe:
    """What is the same for all series.

    Args:
        frequency: of the grid.
        seasons: wanted by name; None to look for the usual ones.
        orders: how ARIMA finds its order.
        spikes: whether spikes and dips are cleaned.
        steps: whether changes of level are adjusted.
        penalty: of the regressors' squared weights.
        low: forecasts stay above it; None for no bound.
        high: and below that.
    """

    frequency: str
    seasons: tuple[str, ...] | None = None
    orders: Orders = field(default_factory=Orders)
    spikes: bool = True
    steps: bool = True
    penalty: float = 0.0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Work:
    """One series with what it needs.

    Args:
        series: the series, regressors without gaps.
        holidays: which of its steps, and of those ahead, holidays touch; None without holidays.
    """

    series: Series
    holidays: Design | None = None


@dataclass(frozen=True)
class Apart:
    """A series up to an origin, taken apart: data = raw + holidays + regressors.

    Args:
        competition: the forecasters on what is left.
        cleaned: spikes and steps of it.
        holidays: name -> effect on the origin's past and the steps ahead.
        weights: (k,) of the regressors.
    """

    competition: Competition
    cleaned: Cleaned
    holidays: Mapping[str, Array]
    weights: Array

    def holiday_total(self, steps: int) -> Array:
        """The sum of the effects, (steps,)."""
        total = np.zeros(steps)
        for effect in self.holidays.values():
            total += effect[:steps]
        return total


def take_apart(work: Work, recipe: Recipe, origin: int, horizon: int) -> Apart:
    """Everything known of a series before ``origin``, and nothing from after it."""
    past = work.series.values[:origin]
    seasons = usable_seasons(recipe.frequency, origin, recipe.seasons)
    inputs = work.series.inputs
    weights = np.zeros(inputs.shape[1])
    if inputs.shape[1]:
        weights = weigh(past, inputs[:origin], seasons, recipe.penalty)
        past = past - inputs[:origin] @ weights
    held: Mapping[str, Array] = {}
    if work.holidays is not None:
        wide = work.holidays.upto(origin + horizon)
        held = effects(past, work.holidays.upto(origin), wide, seasons)
        past = past - sum((effect[:origin] for effect in held.values()), np.zeros(1))
    cleaned = clean(past, seasons, recipe.spikes, recipe.steps)
    season = seasons[0][1] if seasons else 1
    competition = Competition(
        cleaned.values, past, split(cleaned.values, seasons), season, recipe.orders
    )
    return Apart(competition, cleaned, held, weights)


def bounded(values: Array, recipe: Recipe, floor: float | None) -> Array:
    """Forecasts within the limits asked for, and not below 0 where nothing ever was."""
    low = recipe.low if recipe.low is not None else floor
    if low is not None:
        values = np.maximum(values, low)
    return values if recipe.high is None else np.minimum(values, recipe.high)


def floor_of(values: Array) -> float | None:
    """0 for a series that was never below it."""
    return 0.0 if len(values) and float(values.min()) >= 0 else None


def compete(
    work: Work, recipe: Recipe, origins: Sequence[int], horizon: int
) -> list[dict[str, Array]]:
    """Every forecaster at every origin: name -> (horizon,), per origin.

    Args:
        work: the series.
        recipe: how.
        origins: steps that are known at each; forecasts are of the next ones.
        horizon: steps ahead.
    """
    made = []
    for origin in origins:
        apart = take_apart(work, recipe, origin, horizon)
        if recipe.orders.fixed is None and origin >= SHORTEST:
            recipe = replace(recipe, orders=_settled(recipe.orders, apart.competition))
        beside = apart.holiday_total(origin + horizon)[origin:]
        if len(apart.weights):
            beside = beside + work.series.inputs[origin : origin + horizon] @ apart.weights
        floor = floor_of(work.series.values[:origin])
        forecasts = apart.competition.forecasts(horizon)
        made.append({n: bounded(f + beside, recipe, floor) for n, f in forecasts.items()})
    return made


def _settled(orders: Orders, competition: Competition) -> Orders:
    """The order found at the earliest origin, for the later ones: a search costs ten fits, and one
    with the eyes on later steps would not be fair.
    """
    if not competition.arima:
        return orders
    best = competition.arima[0]
    return replace(orders, fixed=best.order, constant=best.drift or best.order[1] == 0)


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
    none = np.zeros(n)
    spikes, steps = (none, none) if plain else (apart.cleaned.spikes, apart.cleaned.steps)
    seasonal: dict[str, Array] = {}
    if not plain:
        later = competition.parts.ahead(horizon)
        past = competition.parts.seasonal
        seasonal = {s: np.concatenate([past[s], later[s]]) for s in past}
    return Told(
        forecast, one_step + holidays[:n], seasonal, apart.holidays, spikes, steps, apart.weights,
        _sigma(competition, name, one_step), competition.arima if n >= SHORTEST else [],
    )  # fmt: skip


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
    """One-step values of the past, of the cleaned series for a model of one series, else of the
    series as it is.
    """
    competition = apart.competition
    if trees is None:
        return competition.one_step(name)
    if name != BLEND:
        return trees
    dirt = apart.cleaned.spikes + apart.cleaned.steps
    members = [
        competition.one_step(m) + (0.0 if competition.is_plain(m) else dirt)
        for m in BLENDED if m in competition.names
    ]  # fmt: skip
    return np.asarray(np.median([trees, *members], axis=0))


def _sigma(competition: Competition, name: str, one_step: Array) -> float:
    """One step's standard error: the root of the mean squared one-step errors."""
    values = competition.raw if competition.is_plain(name) else competition.values
    return root_mean_square((values - one_step)[1:])


def root_mean_square(error: Array) -> float:
    """0 for no errors at all."""
    return float(np.sqrt(np.mean(error**2))) if len(error) else 0.0
