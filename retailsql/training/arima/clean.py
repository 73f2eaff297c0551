"""Spikes, dips and abrupt changes of level, found and taken out before a series is modelled.

Both tests are meant to find what a person would see at a glance, not more: in retail data a tall
bar is more often a sale than an error, and what is taken for an error is not learnt from.

Spikes are looked for first against medians, which a spike cannot bend, so that a tall one neither
hides others nor leaves an echo in the seasons; then again, finer, beside the seasons by STL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from retailsql.training.arima.seasonal import Seasons, split
from retailsql.training.forecasting.series_columns import Array

Flags = np.ndarray[Any, np.dtype[np.bool_]]
SPIKE = 6.0
"""Robust standard deviations from the expected value at which a value is a spike."""
SHARE = 0.05
"""Of more of the values than this, none is a spike: the series is like that."""
STEP = 5.0
"""Robust standard deviations by which the level has to change at once to be a step."""
MOST_STEPS = 3
LOCAL, WIDE = 9, 29
ROUNDS = 2
"""Times the medians are taken, the spikes of the time before replaced."""
CYCLES = 3
"""Cycles of a season of which a median leaves a spike out."""
SHORTEST = 16
LONGEST_BESIDE_STEPS = 31


@dataclass(frozen=True)
class Cleaned:
    """values + spikes + steps is the series as it was, exactly but for rounding.

    Args:
        values: (n,) without spikes, at the level of the series' end.
        spikes: (n,) 0 where there is none.
        steps: (n,) how far the level then was from the level at the end; 0 without a step.
    """

    values: Array
    spikes: Array
    steps: Array


def clean(values: Array, seasons: Seasons, spikes: bool, steps: bool) -> Cleaned:
    """Take out what is asked for.

    Args:
        values: (n,) without gaps.
        seasons: name and steps of each season that may be there.
        spikes: whether to look for spikes and dips.
        steps: whether to look for changes of level.

    >>> wavy = 5 + np.sin(np.arange(40.0))
    >>> tall = np.where(np.arange(40) == 17, 90.0, wavy)
    >>> np.flatnonzero(clean(tall, (), True, True).spikes).tolist()
    [17]
    """
    none = np.zeros(len(values))
    if len(values) < SHORTEST or not (spikes or steps):
        return Cleaned(values, none, none)
    # A long season has room to swallow the noise that a step must stand out from.
    short = [(name, period) for name, period in seasons if period <= LONGEST_BESIDE_STEPS]
    long = [period for _, period in seasons if period > LONGEST_BESIDE_STEPS]
    tall = _tall(values, [p for _, p in short if CYCLES * p <= len(values)])
    level = _steps(split(values - tall, short).adjusted) if steps else none
    if not spikes:
        return Cleaned(values - level, none, level)
    again = _comes_again(tall, long)
    finer = _spikes(split(values - level - tall, seasons).adjusted)
    spike = np.where(again, 0.0, tall + finer)
    if (spike != 0).mean() > SHARE:
        spike = none
    return Cleaned(values - level - spike, spike, level)


def _tall(values: Array, periods: Sequence[int]) -> Array:
    """How far each spike is from its expected value by medians; 0 elsewhere.

    The expected value is a running median over whole seasons, plus for each season the median of
    its steps' differences from it.

    Args:
        values: (n,) without gaps.
        periods: steps of the seasons with cycles enough for a median.
    """
    spike, n = np.zeros(len(values)), len(values)
    apart = max(periods, default=1)
    slope = float(np.median(values[apart:] - values[:-apart])) / apart
    line = slope * np.arange(n)  # apart, since a padded median is off where there is a trend
    window = min(max([LOCAL, *(2 * p + 1 for p in periods)]), n // 2 * 2 - 1)
    for _ in range(ROUNDS):
        kept = values - spike
        expected = _running_median(kept - line, window) + line
        for period in periods:
            rest = kept - expected
            phases = np.array([np.median(rest[k::period]) for k in range(period)])
            expected = expected + np.resize(phases - phases.mean(), n)
        # A season that grows leaves waves, long before and long after its middle size: beside the
        # other values there they are noise.
        noise = np.maximum(_noise(kept - expected), _local_noise(kept - expected, 2 * window))
        found = np.abs(values - expected) > SPIKE * noise
        if noise.min() <= 0 or found.mean() > SHARE:
            return np.zeros(n)
        spike = np.where(found, values - expected, 0.0)
    return spike


def _comes_again(spike: Array, periods: Sequence[int]) -> Flags:
    """True for a spike that has another of its sign a season before or after, as Christmas has."""
    again = np.zeros(len(spike), dtype=bool)
    for period in periods:
        for apart in range(period - max(1, period // 100), period + max(2, period // 100 + 1)):
            if apart < len(spike):
                both = spike[apart:] * spike[:-apart] > 0
                again[apart:] |= both
                again[:-apart] |= both
    return again


def _running_median(values: Array, window: int) -> Array:
    """Medians of odd windows around each value, the ends padded with the first and last median."""
    views = np.lib.stride_tricks.sliding_window_view(values, window)
    return np.pad(np.median(views, axis=1), window // 2, mode="edge")


def _noise(rest: Array) -> float:
    """Robust standard deviation: 1.4826 times the median distance from the median."""
    return 1.4826 * float(np.median(np.abs(rest - np.median(rest))))


def _local_noise(rest: Array, window: int) -> Array:
    """The same around each value, (n,); at the ends that of the first and last window."""
    around = min(max(window, WIDE), len(rest)) // 2 * 2 - 1
    views = np.lib.stride_tricks.sliding_window_view(rest, around)
    middle = np.median(views, axis=1)
    apart = np.median(np.abs(views - middle[:, None]), axis=1)
    return np.pad(1.4826 * apart, (around // 2, len(rest) - len(apart) - around // 2), mode="edge")


def _spikes(values: Array) -> Array:
    """How far each spike is from the line between its neighbours; 0 elsewhere."""
    padded = np.pad(values, LOCAL // 2, mode="edge")
    local = np.median(np.lib.stride_tricks.sliding_window_view(padded, LOCAL), axis=1)
    rest = values - local
    noise = _noise(rest)
    found = np.abs(rest) > SPIKE * noise
    if noise <= 0 or not found.any() or found.mean() > SHARE:
        return np.zeros(len(values))
    kept = np.flatnonzero(~found)
    return np.where(found, values - np.interp(np.arange(len(values)), kept, values[kept]), 0.0)


def _steps(values: Array) -> Array:
    """The level of each part of a series minus the level of its last part."""
    level, window = np.zeros(len(values)), max(4, min(14, len(values) // 6))
    for _ in range(MOST_STEPS):
        rest = values - level
        noise = _noise(np.diff(rest)) / np.sqrt(2)
        views = np.lib.stride_tricks.sliding_window_view(rest, window)
        middle = np.median(views, axis=1)
        change = middle[window:] - middle[:-window]  # at step i + window
        slope = np.median(change)  # of a trend, which is no step
        change = change - slope
        at_once = np.diff(rest)[window - 1 : window - 1 + len(change)] - slope / window
        abrupt = (np.abs(change) > STEP * noise) & (at_once * np.sign(change) > 0.5 * abs(change))
        if noise <= 0 or not abrupt.any():
            break
        place = int(np.argmax(np.where(abrupt, np.abs(change), 0.0)))
        level[: place + window] -= change[place]
    return level
