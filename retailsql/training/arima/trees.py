"""One model for many series: boosted trees that forecast how far a series will be from the median
of its last eight values, in units of its usual size.

What one short series is too noisy to show, three hundred show together. The loss is absolute (the
squared one chases the peaks, ../shared/quality.md), each window weighs as much as its series sells.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from retailsql.training.forecasting.series_columns import Array, Ints

FEWEST_SERIES = 20
FEWEST_ROWS = 1000
MOST_ROWS = 60_000
LAGS = 13
MIDDLES = (3, 8, 13, 26, 52)
PAST = 8


@dataclass(frozen=True)
class Trees:
    """A fitted model.

    Args:
        model: scikit-learn's.
        horizon: steps ahead it was trained for.
        season: steps of a season; 1 for none.
    """

    model: Any
    horizon: int
    season: int

    def ahead(self, pasts: Sequence[Array]) -> Array:
        """The next steps of many series, (series, horizon)."""
        made = [_features(y, np.array([len(y)]), self.horizon, self.season) for y in pasts]
        x = np.concatenate([one[0] for one in made]).reshape(len(pasts) * self.horizon, -1)
        middle = np.concatenate([one[1] for one in made])[:, None]
        size = np.concatenate([one[2] for one in made])[:, None]
        return np.asarray(middle + self._guess(x).reshape(len(pasts), self.horizon) * size)

    def one_step(self, values: Array) -> Array:
        """One-step values of a series' own past, (n,); the first value stands for itself."""
        if len(values) < 2:
            return values
        x, middle, size = _features(values, np.arange(1, len(values)), 1, self.season)
        later = middle + self._guess(x.reshape(len(values) - 1, -1)) * size
        return np.append(values[:1], later)

    def _guess(self, x: Array) -> Array:
        with threadpool_limits(1):  # more threads would change the last bits
            return np.asarray(self.model.predict(x))


def fit_trees(values: Sequence[Array], horizon: int, season: int, seed: int) -> Trees | None:
    """Train on every window of the series; None if there is too little to learn from.

    Args:
        values: each series up to where it may be known.
        horizon: steps ahead.
        season: steps of a season; 1 for none.
        seed: which windows are used where there are more than 60,000.
    """
    counts = np.array([max(len(y) - PAST, 0) for y in values])
    total, most = int(counts.sum()), max(1, MOST_ROWS // horizon)
    if total * horizon < FEWEST_ROWS or len(values) < FEWEST_SERIES:
        return None
    rng = np.random.default_rng(seed)
    kept = np.sort(rng.choice(total, most, replace=False)) if total > most else np.arange(total)
    which = np.repeat(np.arange(len(values)), counts)[kept]
    origin = (np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts) + PAST)[kept]
    xs, ys, weights = [], [], []
    for s in np.unique(which):
        origins = origin[which == s]
        x, middle, size = _features(values[s], origins, horizon, season)
        wide = np.append(values[s], np.full(horizon, np.nan))
        target = np.lib.stride_tricks.sliding_window_view(wide, horizon)[origins]
        relative = (target - middle[:, None]) / size[:, None]
        known = np.isfinite(relative)
        xs.append(x[known])
        ys.append(relative[known])
        weights.append(np.broadcast_to(size[:, None], relative.shape)[known])
    model = HistGradientBoostingRegressor(
        loss="absolute_error", learning_rate=0.04, max_iter=150, max_leaf_nodes=15,
        min_samples_leaf=60, l2_regularization=5.0, early_stopping=False, random_state=seed,
    )  # fmt: skip
    weight, rows = np.concatenate(weights), np.concatenate(xs)
    rows[:, np.isnan(rows).all(axis=0)] = 0.0  # scikit-learn cannot bin a column without a value
    with threadpool_limits(1):
        model.fit(rows, np.concatenate(ys), sample_weight=weight / weight.mean())
    return Trees(model, horizon, season)


def _features(
    values: Array, origins: Ints, horizon: int, season: int
) -> tuple[Array, Array, Array]:
    """What is known at each origin about each step ahead.

    Returns:
        (origins, horizon, features); each origin's median of eight, and its usual size, above 0.
    """
    look = max(*MIDDLES, LAGS)
    wide = np.append(np.full(look, np.nan), values)
    past = np.lib.stride_tricks.sliding_window_view(wide, look)[origins]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of windows without a value, and of one value
        size = np.nanmean(np.abs(past[:, -26:]), axis=1)
        middles = np.stack([np.nanmedian(past[:, -k:], axis=1) for k in MIDDLES], axis=1)
        means = np.stack([np.nanmean(past[:, -k:], axis=1) for k in (4, 13)], axis=1)
        spread = np.nanstd(past[:, -LAGS:], axis=1)
    size = np.where(size > 0, size, 1.0)
    middle = middles[:, 1]
    level = (np.hstack([past[:, -LAGS:], middles, means]) - middle[:, None]) / size[:, None]
    zeros = np.stack([np.mean(past[:, -k:] == 0, axis=1) for k in (8, 26)], axis=1)
    own = np.column_stack([level, zeros, spread / size, np.log1p(size)])
    steps = np.broadcast_to(np.arange(1.0, horizon + 1), (len(origins), horizon))
    parts = [np.repeat(own[:, None, :], horizon, axis=1), steps[:, :, None]]
    if season > 1:
        ahead = origins[:, None] + np.arange(horizon)[None, :]
        while (ahead >= origins[:, None]).any():
            ahead = np.where(ahead >= origins[:, None], ahead - season, ahead)
        same = np.where(ahead >= 0, values[np.maximum(ahead, 0)], np.nan)
        parts.append(((same - middle[:, None]) / size[:, None])[:, :, None])
    return np.concatenate(parts, axis=2), middle, size
