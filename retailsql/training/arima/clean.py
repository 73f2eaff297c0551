"""Spikes, dips and abrupt changes of level, found and taken out before a series is modelled.

Both tests are meant to find what a person would see at a glance, not more: in retail data a tall
bar is more often a sale than an error, and what is taken for an error is not learnt from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailsql.training.arima.seasonal import Seasons, split
from retailsql.training.forecasting.series_columns import Array

SPIKE = 6.0
"""Robust standard deviations from the local median at which a value is a spike."""
SHARE = 0.05
"""Of more of the values than this, none is a spike: the series is like that."""
STEP = 5.0
"""Robust standard deviations by which the level has to change at once to be a step."""
MOST_STEPS = 3
LOCAL = 9
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
    level = _steps(split(values, short).adjusted) if steps else none
    spike = _spikes(split(values - level, seasons).adjusted) if spikes else none
    return Cleaned(values - level - spike, spike, level)


def _noise(rest: Array) -> float:
    """Robust standard deviation: 1.4826 times the median distance from the median."""
    return 1.4826 * float(np.median(np.abs(rest - np.median(rest))))


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
