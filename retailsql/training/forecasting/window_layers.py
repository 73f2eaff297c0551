"""The layers of the forecaster's network that have nothing to learn: statistics of a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from retailsql.training.forecasting.quiet_keras import keras, ops

RULES = (
    "zero", "last", "mean 4", "mean 8", "mean window", "smoothed", "median 8", "median window",
)  # fmt: skip
SEASONAL_RULES = ("last season", "mean of 4 seasons", "mean of 8 seasons", "median of seasons")
# Their number is a multiple of ALIGNED, each.

ALIGNED = 4
"""Sums run over axes that are a multiple of this long. ONNX Runtime adds up four floats at a time
from an aligned address on; in a row that begins elsewhere the order, and so the last bit, would
depend on the row's place in its batch."""


@dataclass(frozen=True)
class Shape:
    """What fixes the graph's shape: window, horizon, season (steps), hidden units."""

    window: int
    horizon: int
    season: int
    hidden: int

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the trivial rules, in the order of the gates."""
        return RULES + (SEASONAL_RULES if self.seasonal else ())

    @property
    def seasonal(self) -> bool:
        """True if the window holds two seasons."""
        return self.season > 1 and self.window >= 2 * self.season

    @property
    def fold(self) -> int:
        """Steps of history per step of the LSTM: a season, if the window holds four whole ones."""
        whole = self.window % self.season == 0 and self.window >= 4 * self.season
        return self.season if whole else 1


class WindowStatistics(keras.layers.Layer):  # type: ignore[misc]
    """history (N, W) with NaN -> channels (N, W, C), rules (N, H, J), facts, scale, spread."""

    def __init__(self, shape: Shape, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shape_ = shape
        self.trainable = False

    def call(self, history: Any) -> Any:
        """All statistics of a window; rules and facts are in units of ``scale`` (N, 1)."""
        window = self.shape_.window
        history = ops.pad(history, ((0, 0), (-window % ALIGNED, 0)), constant_values=np.nan)
        missing = ops.isnan(history)
        seen = ops.cast(ops.logical_not(missing), "float32")
        raw = ops.where(missing, ops.zeros_like(history), history)
        count = ops.maximum(ops.sum(seen, axis=1, keepdims=True), 1.0)
        scale = ops.sum(ops.abs(raw) / count, axis=1, keepdims=True)
        safe = ops.where(scale > 0, scale, ops.ones_like(scale))
        x = raw / safe
        mean = ops.sum(x * seen, axis=1, keepdims=True) / count
        spread = ops.sum(ops.abs(x - mean) * seen, axis=1, keepdims=True) / count
        around = _squash((x - mean) / (spread + 0.05)) * seen
        rules = self._rules(x, seen, mean)
        zeros = ops.sum(ops.cast(ops.equal(raw, 0.0), "float32") * seen, axis=1, keepdims=True)
        facts = ops.concatenate([_squash(rules[:, 0, :]), spread, zeros / count], axis=1)
        channels = self._channels(around[:, -window:], seen[:, -window:])
        return channels, rules, facts, scale, scale * (spread + 0.05)

    def _channels(self, around: Any, seen: Any) -> Any:
        """What the LSTM reads: per step, or folded per season, the values and which are there.

        A fold is a season in one step: the network need not count to seven to find last Monday,
        and eight steps train and score seven times as fast as fifty-six.
        """
        fold = self.shape_.fold
        size = (-1, self.shape_.window // fold, fold)
        return ops.concatenate([ops.reshape(around, size), ops.reshape(seen, size)], axis=2)

    def _rules(self, x: Any, seen: Any, mean: Any) -> Any:
        """Every trivial rule for every step ahead, (N, H, J)."""
        shape = self.shape_
        age = np.arange(x.shape[1])[::-1]
        flat = [ops.zeros_like(mean), _last(x, seen)]
        flat += [_weighted(x, seen, age < length, mean) for length in (4, 8)]
        flat.append(mean)
        flat.append(_weighted(x, seen, 0.85**age, mean))
        flat.append(_median(x[:, -8:], seen[:, -8:], mean))
        flat.append(_median(x, seen, mean))
        rules = ops.repeat(ops.concatenate(flat, axis=1)[:, None, :], shape.horizon, axis=1)
        if not shape.seasonal:
            return rules
        return ops.concatenate([rules, self._seasonal(x, seen, mean)], axis=2)

    def _seasonal(self, x: Any, seen: Any, mean: Any) -> Any:
        """The rules that look at the same place of earlier seasons, (N, H, 4)."""
        shape = self.shape_
        cycles, there = _cycles(x, shape.season), _cycles(seen, shape.season)
        level = ops.repeat(mean, shape.season, axis=1)[:, :, None]
        newest = ops.max(there, axis=2, keepdims=True)
        parts = [
            _last(cycles, there) + (1 - newest) * level,
            _mean(cycles[:, :, -4:], there[:, :, -4:], level),
            _mean(cycles, there, level),
            _median(cycles, there, level),
        ]
        place = np.arange(shape.horizon) % shape.season
        return ops.take(ops.concatenate(parts, axis=2), place, axis=1)


class Forecast(keras.layers.Layer):  # type: ignore[misc]
    """Rules, gates and corrections to ``value`` (N, H) in the data's units."""

    def __init__(self, positive: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.positive = positive

    def call(self, rules: Any, gates: Any, correction: Any, scale: Any, spread: Any) -> Any:
        """Scale * (sum over rules of softmax(gates) * rules) + spread * correction."""
        mixed = scale * ops.sum(ops.softmax(gates, axis=-1) * rules, axis=-1)
        value = mixed + spread * correction
        return ops.relu(value) if self.positive else value


class Quantiles(keras.layers.Layer):  # type: ignore[misc]
    """Residual quantiles around ``value``, in units of the window's spread: (N, H, L).

    A window without any value but 0 has no spread; ``when_zero`` (H, L), in the data's units,
    stands in for it.
    """

    def __init__(self, offsets: Any, when_zero: Any, positive: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offsets = np.asarray(offsets, dtype="float32")
        self.when_zero = np.asarray(when_zero, dtype="float32")
        self.positive = positive

    def call(self, value: Any, spread: Any) -> Any:
        """Value + spread * offsets, or value + when_zero."""
        width = spread[:, :, None]
        moved = ops.where(width > 0, width * self.offsets[None], self.when_zero[None])
        bounds = value[:, :, None] + moved
        return ops.relu(bounds) if self.positive else bounds


def _squash(x: Any) -> Any:
    """asinh: linear near 0, logarithmic for the one order of a thousand."""
    return ops.arcsinh(x)


def _cycles(x: Any, season: int) -> Any:
    """The last eight seasons as (N, season, 8), 0 where the window does not reach."""
    x = ops.pad(x, ((0, 0), (max(8 * season - x.shape[1], 0), 0)))[:, -8 * season :]
    return ops.transpose(ops.reshape(x, (-1, 8, season)), (0, 2, 1))


def _mean(x: Any, seen: Any, fallback: Any) -> Any:
    """Mean of what is there, along the last axis, kept as an axis of 1."""
    count = ops.sum(seen, axis=-1, keepdims=True)
    total = ops.sum(x * seen, axis=-1, keepdims=True)
    return ops.where(count > 0, total / ops.maximum(count, 1.0), fallback)


def _weighted(x: Any, seen: Any, weights: Any, fallback: Any) -> Any:
    """Weighted mean of what is there, (N, 1)."""
    weights = np.asarray(weights, dtype="float32")[None, :]
    total = ops.sum(seen * weights, axis=1, keepdims=True)
    mean = ops.sum(x * weights, axis=1, keepdims=True) / ops.maximum(total, 1e-6)
    return ops.where(total > 1e-6, mean, fallback)


def _last(x: Any, seen: Any) -> Any:
    """The newest value that is there, along the last axis, kept as an axis of 1."""
    place = np.arange(1, x.shape[-1] + 1).astype("float32")
    newest = ops.max(seen * place, axis=-1, keepdims=True)
    return ops.sum(x * seen * ops.cast(ops.equal(newest, place), "float32"), axis=-1, keepdims=True)


def _median(x: Any, seen: Any, fallback: Any) -> Any:
    """Median of what is there, along the last axis, kept as an axis of 1."""
    far = ops.full_like(x, 1e30)
    ordered = ops.sort(ops.where(seen > 0, x, far), axis=-1)
    count = ops.sum(seen, axis=-1, keepdims=True)
    place = np.arange(x.shape[-1]).astype("float32")
    low = ops.floor(ops.maximum(count - 1, 0.0) / 2)
    high = ops.floor(count / 2)
    middle = [
        ops.sum(ops.where(ops.equal(p, place), ordered, ops.zeros_like(x)), axis=-1, keepdims=True)
        for p in (low, high)
    ]
    return ops.where(count > 0, (middle[0] + middle[1]) / 2, fallback)
