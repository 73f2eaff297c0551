"""ARIMA(p, d, q) of the part that is not seasonal: the search over orders, fit and forecast."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from statsforecast.arima import forecast_arima, is_constant, myarima, ndiffs

from retailsql.training.forecasting.series_columns import Array

Order = tuple[int, int, int]


@dataclass(frozen=True)
class ArimaFit:
    """One fitted ARIMA.

    Args:
        order: p, d, q.
        drift: whether it has a linear drift (d = 1).
        log_likelihood: of the fit; NaN if it failed.
        aic: Akaike's criterion; infinite if the fit failed or is at the border.
        aicc: the same, corrected for short series.
        variance: of the errors.
        model: statsforecast's, None if it failed.
        error: why it failed, or None.
    """

    order: Order
    drift: bool
    log_likelihood: float = float("nan")
    aic: float = float("inf")
    aicc: float = float("inf")
    variance: float = float("nan")
    model: Mapping[str, Any] | None = field(default=None, compare=False)
    error: str | None = None

    @property
    def ar(self) -> list[float]:
        """Autoregressive coefficients."""
        return self._coefficients("ar")

    @property
    def ma(self) -> list[float]:
        """Moving-average coefficients."""
        return self._coefficients("ma")

    @property
    def constant(self) -> float:
        """The intercept (d = 0) or the drift (d = 1); 0 for d = 2."""
        held = self.model["coef"] if self.model else {}
        return float(held.get("intercept", held.get("drift", 0.0)))

    def _coefficients(self, prefix: str) -> list[float]:
        held = self.model["coef"] if self.model else {}
        return [float(held[k]) for k in held if k.startswith(prefix) and k[2:].isdigit()]

    def forecast(self, values: Array, horizon: int) -> Array:
        """The next steps, (horizon,)."""
        if self.model is None:
            return np.full(horizon, values[-1])
        model = {**self.model, "coef": dict(self.model["coef"]), "lambda": None, "x": values}
        return np.asarray(forecast_arima(model, horizon)["mean"], dtype=np.float64)

    def fitted(self, values: Array) -> Array:
        """One-step forecasts of the values it was fitted on, (n,)."""
        if self.model is None:
            return np.append(values[:1], values[:-1])
        return np.asarray(values - self.model["residuals"], dtype=np.float64)


def fit_order(values: Array, order: Order, constant: bool, quick: bool = False) -> ArimaFit:
    """Fit one order by maximum likelihood, or quickly by conditional sums of squares.

    Args:
        values: (n,) without gaps.
        order: p, d, q.
        constant: with a mean (d = 0) or a drift (d = 1).
        quick: by conditional sums of squares.
    """
    drift = constant and order[1] == 1
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            method = "CSS" if quick else "CSS-ML"
            model = myarima(values, order=order, constant=constant, ic="aicc", method=method)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, IndexError) as error:
        return ArimaFit(order, drift, error=f"{type(error).__name__}: {error}")
    if "coef" not in model or not np.isfinite(model["sigma2"]):
        return ArimaFit(order, drift, error="no maximum of the likelihood was found")
    border = not np.isfinite(model["ic"])
    inf = float("inf")
    return ArimaFit(
        order, drift, float(model["loglik"]), inf if border else float(model["aic"]),
        inf if border else float(model["aicc"]), float(model["sigma2"]), model,
        "a root is too near to the unit circle" if border else None,
    )  # fmt: skip


def differences(values: Array) -> int:
    """How often to difference, by KPSS tests; 0 for a constant series."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return 0 if is_constant(values) else int(ndiffs(values))


def search(values: Array, most: int, least: int, quick: bool = False) -> list[ArimaFit]:
    """Every order with ``least <= p + q <= most``, the best first.

    d comes from KPSS tests; with d = 1 each order is tried with and without drift. The best has
    the lowest AICc, which is AIC for long series.

    Args:
        values: (n,) without gaps.
        most: largest p + q, 1 to 5.
        least: smallest p + q.
        quick: compare the orders by conditional sums of squares, and fit only the best exactly.
    """
    d = differences(values)
    orders = [
        (p, d, q) for total in range(least, most + 1) for p in range(total, -1, -1)
        for q in [total - p]
    ]  # fmt: skip
    # A drift goes with d = 1 only, a mean with d = 0, as BigQuery has it.
    constants = {0: (True,), 1: (False, True)}.get(d, (False,))
    longest = max(1, (len(values) - d) // 2)
    fits = [
        fit_order(values, o, c, quick) for o in orders for c in constants if o[0] + o[2] < longest
    ]
    fits = sorted(fits, key=lambda fit: fit.aicc)
    if quick and fits:
        best = fits[0]
        exact = fit_order(values, best.order, best.drift or best.order[1] == 0)
        fits[0] = exact if exact.model is not None else best
    return fits
