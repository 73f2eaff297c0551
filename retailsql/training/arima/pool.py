"""Forecasters of many series at once, put among those of each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retailsql.training.arima.choice import Plan, usable
from retailsql.training.arima.conclude import Given
from retailsql.training.arima.forecasters import BLEND, BLENDED, POOLED, TREES
from retailsql.training.arima.grid import usable_seasons
from retailsql.training.arima.job import Recipe, bounded, floor_of
from retailsql.training.arima.series import Series
from retailsql.training.arima.trees import FEWEST_SERIES, Trees, fit_trees
from retailsql.training.forecasting.series_columns import Array


@dataclass(frozen=True)
class Pool:
    """The trees that judged, and how to fit those that forecast.

    Args:
        tested: fitted before the first test origin.
        season: steps of the season they look at; 1 for none.
        horizon: steps ahead.
        seed: of the windows drawn.
    """

    tested: Trees
    season: int
    horizon: int
    seed: int


def join(
    made: list[list[dict[str, Array]]],
    series: Sequence[Series],
    spikes: Sequence[Sequence[Array]],
    plan: Plan,
    recipe: Recipe,
    horizon: int,
    seed: int,
) -> Pool | None:
    """Add the trees' forecasts to those of each origin; None if they cannot compete.

    They compete only where every step to be forecast is also judged, and there are enough series.
    The validation origins are served by a model that ends before the first of them, the test
    origins by one that ends before the first of those. Both see the series without the
    ``spikes`` that were found before each of its origins.
    """
    if len(series) < FEWEST_SERIES or plan.horizon != horizon:
        return None
    usual = int(np.median([len(s) for s in series])) - plan.offsets[0]
    seasons = usable_seasons(recipe.frequency, usual, recipe.seasons)
    season = seasons[-1][1] if seasons else 1
    fitted: list[Trees] = []
    for offsets in (plan.validation, plan.test):
        trees = fit_trees(_before(series, spikes, offsets[0]), horizon, season, seed)
        if trees is None:
            return None
        fitted.append(trees)
        for offset in offsets:
            rows = [i for i, s in enumerate(series) if usable(len(s), offset)]
            whole = _before(series, spikes, offset)
            pasts = [whole[i] for i in rows]
            for i, past, ahead in zip(rows, pasts, trees.ahead(pasts), strict=True):
                had = [o for o in plan.offsets if usable(len(series[i]), o)]
                held = made[i][had.index(offset)]
                held[TREES] = bounded(ahead, recipe, floor_of(past))
                beside = [held.get(name, held["naive"]) for name in BLENDED]
                held[BLEND] = np.median([held[TREES], *beside], axis=0)
    return Pool(fitted[1], season, horizon, seed)


def _before(
    series: Sequence[Series], spikes: Sequence[Sequence[Array]], offset: int
) -> list[Array]:
    """The series up to an origin, without the spikes found before it."""
    pasts = []
    for one, found in zip(series, spikes, strict=True):
        end = max(len(one) - offset, 0)
        seen = next((s for s in found if len(s) == end), np.zeros(end))
        pasts.append(one.values[:end] - seen)
    return pasts


def given(
    pool: Pool, series: Sequence[Array], names: Sequence[str], plan: Plan
) -> list[Given | None]:
    """What the trees, fitted on all rows, say of the series that chose them.

    Args:
        pool: the trees that were judged.
        series: all rows of each, without spikes.
        names: of the forecasters chosen.
        plan: where they were judged.
    """
    trees = fit_trees(series, pool.horizon, pool.season, pool.seed)
    assert trees is not None
    ahead = trees.ahead(series)
    found: list[Given | None] = []
    for one, name, steps in zip(series, names, ahead, strict=True):
        if name not in POOLED:
            found.append(None)
            continue
        past = one[: max(len(one) - plan.test[0], 0)]
        before = pool.tested.one_step(past)
        found.append(Given(steps, trees.one_step(one), before))
    return found
