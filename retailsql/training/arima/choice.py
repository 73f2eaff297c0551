"""Which forecaster each series uses: by its errors at several origins before the test steps.

A series alone has few windows and much luck in them. So each forecaster's error on a series is
mixed with its error over all series, as much as leaving out one window at a time shows to be best:
from every series on its own to one forecaster for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retailsql.training.arima.forecasters import ALL_MODELS, LEFT_OUT, SHORTEST
from retailsql.training.forecasting.series_columns import Array, Ints

Flags = np.ndarray[Any, np.dtype[np.bool_]]
VALIDATION_WINDOWS = 4
TRUST = (0.0, 2.0, 8.0, 32.0, 1e9)
"""Windows that the other series' experience may count for, beside a series' own."""
UNTRIED = 8.0
"""The trust where there are too few windows to try several."""
FALLBACK = "naive"
"""For series too short to be judged at all, where no other series can be asked."""
LONGEST_TEST = 60


@dataclass(frozen=True)
class Plan:
    """Where forecasts are judged, counted back from the end of each series.

    Args:
        horizon: steps of one window.
        validation: steps behind each validation origin, the oldest first.
        test: steps behind each test origin, the oldest first.
    """

    horizon: int
    validation: tuple[int, ...]
    test: tuple[int, ...]

    @property
    def offsets(self) -> tuple[int, ...]:
        """All origins."""
        return self.validation + self.test


def plan(
    lengths: Sequence[int], horizon: int, given: bool, windows: int, periods: Sequence[int] = ()
) -> Plan:
    """Origins for series of these lengths.

    The windows are as long as the horizon, but no longer than a quarter of the usual series (a
    fifth, and 60 steps, if nobody asked for that horizon). Validation origins lie half a window
    apart, closer if otherwise two seasons would not fit before them.

    Args:
        lengths: steps of each series.
        horizon: steps to forecast.
        given: whether the horizon was asked for.
        windows: test windows, a horizon apart.
        periods: steps of the seasons that may be there.

    >>> plan([52], 8, True, 1)
    Plan(horizon=8, validation=(28, 24, 20, 16), test=(8,))
    >>> plan([60], 12, True, 1, [12])
    Plan(horizon=12, validation=(36, 32, 28, 24), test=(12,))
    """
    usual = int(np.median(lengths))
    most = usual // 4 if given else min(usual // 5, LONGEST_TEST)
    steps = max(1, min(horizon, most))
    tests = tuple(steps * k for k in range(windows, 0, -1))
    latest = usual - tests[0] - steps
    needed = max([2 * p for p in periods if 2 * p <= latest], default=SHORTEST)
    room = max(latest - needed, 0)
    stride = max(1, min((steps + 1) // 2, room // (VALIDATION_WINDOWS - 1)))
    count = min(VALIDATION_WINDOWS, room // stride + 1)
    earlier = [tests[0] + steps + stride * k for k in range(count)]
    return Plan(steps, tuple(sorted(earlier, reverse=True)), tests)


def usable(length: int, offset: int) -> bool:
    """True if a series has a past at that origin that forecasts can be made from."""
    return length - offset >= 2


def candidates(names: set[str]) -> list[str]:
    """The forecasters in a fixed order, the plainest first: of two as good the first is used."""
    rules = sorted(names - set(ALL_MODELS) - set(LEFT_OUT))
    return [*rules, *(m for m in reversed(ALL_MODELS) if m in names)]


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Args:
        names: (series,) forecaster of each.
        errors: (series, candidates) mean absolute error on the validation windows, NaN unknown.
        candidates: the forecasters, in the columns' order.
        trust: windows that the other series' experience counted for.
    """

    names: list[str]
    errors: Array
    candidates: list[str]
    trust: float


def choose(errors: Array, names: list[str], allowed: Flags, plan: Plan) -> Choice:
    """Choose for every series.

    Args:
        errors: (series, windows, candidates) mean absolute errors; NaN where a window lies before
            the series' start.
        names: of the candidates, the plainest first.
        allowed: (series, candidates) whether a series is long enough for a candidate.
        plan: where the windows lie.
    """
    trust = _best_trust(errors, allowed, plan) if len(errors) > 1 else 0.0
    picked = _pick(errors, trust, allowed)
    if not np.isfinite(errors).any():
        picked = np.full(len(errors), names.index(FALLBACK))
    return Choice([names[i] for i in picked], _mean(errors), names, trust)


def _mean(errors: Array) -> Array:
    """Means over windows, NaN where there is none."""
    known = np.isfinite(errors)
    count = known.sum(axis=1)
    total = np.where(known, errors, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _scale(own: Array) -> Array:
    """Each series' usual error, (series, 1): the middle over candidates, 1 where that is 0."""
    safe = np.where(np.isfinite(own), own, 0.0)
    middle = np.median(safe, axis=1, keepdims=True)
    return np.where(middle > 0, middle, 1.0)


def _pick(errors: Array, trust: float, allowed: Flags) -> Ints:
    """The index of the candidate with the lowest mixed error, per series.

    A series' own errors count relative to its usual one; those of all together are the sum of all
    errors, as in the metric that the choice is judged by.
    """
    own, windows = _mean(errors), np.isfinite(errors).any(axis=2).sum(axis=1)[:, None]
    scale = _scale(own)
    known: Flags = np.asarray(np.isfinite(own).all(axis=1))
    if not known.any():
        return np.zeros(len(errors), dtype=np.int64)
    pooled = (own[known].sum(axis=0) / scale[known].sum())[None, :]
    own_share = np.where(known[:, None], windows / np.maximum(windows + trust, 1e-300), 0.0)
    relative = np.where(known[:, None], own / scale, 0.0)
    mixed = np.round(own_share * relative + (1 - own_share) * pooled, 9)
    picked: Ints = np.argmin(np.where(allowed, mixed, np.inf), axis=1).astype(np.int64)
    return picked


def _best_trust(errors: Array, allowed: Flags, plan: Plan) -> float:
    """The trust whose choices err least on windows left out of them; the higher of two as good.

    With a window go all that share a step with it: else it would have a say in its own judgement,
    and luck would pass for skill.
    """
    offsets, rows = np.array(plan.validation), np.arange(len(errors))
    results: list[tuple[float, float]] = []
    for trust in TRUST:
        lost: list[Any] = []
        for left_out, offset in enumerate(offsets):
            apart = np.abs(offsets - offset) >= plan.horizon
            if apart.any():
                picked = _pick(errors[:, apart], trust, allowed)
                lost.append(errors[rows, left_out, picked])
        found = np.array(lost)
        found = found[np.isfinite(found)]
        if len(found):
            results.append((round(float(found.mean()), 9), -trust))
    return -min(results)[1] if results else UNTRIED
