"""How wide the intervals are: one step's standard error, times a curve over the steps ahead.

The curve is ``sqrt(a + b (h - 1))``: flat for a series around a level, the square root of time for
a random walk. a and b come from the errors at the validation origins, of all series together, and
the whole is then scaled so that nine of ten of those errors lie within their 90 % interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retailsql.training.forecasting.series_columns import Array

Z90 = 1.6448536269514722
FEWEST = 20
"""Errors needed to fit the curve; with fewer, it is that of a random walk."""


@dataclass(frozen=True)
class Curve:
    """The standard error h steps ahead, in units of one step's.

    >>> Curve(1.0, 3.0).at(5).tolist()
    [1.0, 2.0, 2.6457513110645907, 3.1622776601683795, 3.605551275463989]
    """

    a: float
    b: float

    def at(self, horizon: int) -> Array:
        """(horizon,) factors."""
        return np.asarray(np.sqrt(self.a + self.b * np.arange(horizon)))


def fit_curve(errors: Array) -> Curve:
    """The curve that fits errors at known steps ahead.

    Args:
        errors: (windows, horizon) errors over one step's standard error, NaN unknown.
    """
    known = np.isfinite(errors)
    if known.sum() < FEWEST:
        return Curve(1.0, 1.0)
    # Squares are capped, so that one freak error does not bend the curve.
    count = known.sum(axis=0)
    steps = np.flatnonzero(count > 0)
    capped = np.minimum(errors**2, 16.0)
    square = np.array([float(np.mean(capped[known[:, h], h])) for h in steps])
    weight = count[steps].astype(np.float64)
    a, b = _line(steps.astype(np.float64), square, weight)
    width = np.sqrt(a + b * np.arange(errors.shape[1]))
    ratio = np.abs(errors / width[None, :])[known]
    scale = float(np.quantile(ratio, 0.9)) / Z90
    scale = scale if scale > 0 else 1.0
    return Curve(max(a * scale**2, 1e-6), b * scale**2)


def _line(x: Array, y: Array, weight: Array) -> tuple[float, float]:
    """Weighted least squares of y = a + b x with a > 0 and b >= 0."""
    mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
    spread = float(np.average((x - mean_x) ** 2, weights=weight))
    b = float(np.average((x - mean_x) * (y - mean_y), weights=weight)) / spread if spread else 0.0
    b = max(b, 0.0)
    a = float(mean_y - b * mean_x)
    if a <= 0:
        a, b = 1e-3, max(float(mean_y) / max(float(mean_x), 1e-9), 0.0)
    return a, b
