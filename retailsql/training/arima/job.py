"""What is done to one series: taken apart, and forecast by every forecaster at every origin.

Runs in worker processes, so all that goes in and out is plain data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from retailsql.training.arima.clean import Cleaned, clean
from retailsql.training.arima.forecasters import SHORTEST, Competition, Orders
from retailsql.training.arima.grid import usable_seasons
from retailsql.training.arima.holidays import Design, effects
from retailsql.training.arima.inputs import weigh
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
        cleaned.values, past - cleaned.spikes, split(cleaned.values, seasons), season, recipe.orders
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
) -> tuple[list[dict[str, Array]], list[Array]]:
    """Every forecaster at every origin: name -> (horizon,), and the spikes found before it.

    Args:
        work: the series.
        recipe: how.
        origins: steps that are known at each; forecasts are of the next ones.
        horizon: steps ahead.
    """
    made, spikes = [], []
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
        spikes.append(apart.cleaned.spikes)
    return made, spikes


def quieted(work: Work, recipe: Recipe) -> Array:
    """A whole series without its spikes, (n,)."""
    n = len(work.series)
    return np.asarray(work.series.values - take_apart(work, recipe, n, 0).cleaned.spikes)


def _settled(orders: Orders, competition: Competition) -> Orders:
    """The order found at the earliest origin, for the later ones: a search costs ten fits, and one
    with the eyes on later steps would not be fair.
    """
    if not competition.arima:
        return orders
    best = competition.arima[0]
    return replace(orders, fixed=best.order, constant=best.drift or best.order[1] == 0)
