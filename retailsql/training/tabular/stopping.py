"""early_stop and min_rel_progress: training ends when rows that did not train gain nothing more.

The rows watched are a tenth of the training rows, never rows of the evaluation. BigQuery ML stops
after the first round that improves the loss by less than min_rel_progress; rounds here are smaller
(learn_rate 0.05 against 0.3), so ten of them together must improve it, by that share of the loss of
a constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

PATIENCE = 10
"""Rounds that may pass without progress."""


def stop_early(estimator: Any, options: Mapping[str, Any], y: NDArray[Any]) -> Any:
    """The unfitted estimator, told when to stop; unchanged if it does not stop early.

    Args:
        estimator: any estimator of the table.
        options: all options.
        y: what it will be fitted to, shape (rows,).
    """
    progress = options.get("min_rel_progress")
    if isinstance(estimator, MLPClassifier | MLPRegressor):
        return estimator if progress is None else estimator.set_params(tol=progress)
    boosted = HistGradientBoostingClassifier | HistGradientBoostingRegressor
    if not isinstance(estimator, boosted) or not options.get("early_stop"):
        return estimator
    share = 0.01 if progress is None else progress
    return estimator.set_params(
        early_stopping=True,
        n_iter_no_change=PATIENCE,
        tol=share * constant_loss(y, getattr(estimator, "loss", "log_loss")),
    )


def constant_loss(y: NDArray[Any], loss: str) -> float:
    """The loss of the best constant, as scikit-learn's boosting counts it.

    >>> round(constant_loss(np.array([0, 1]), "log_loss"), 4)
    0.6931
    >>> constant_loss(np.array([1.0, 3.0]), "squared_error")
    0.5
    """
    if loss == "log_loss":
        share = np.bincount(y) / len(y)
        return float(-(share[share > 0] * np.log(share[share > 0])).sum())
    if loss == "absolute_error":
        return float(np.abs(y - np.median(y)).mean())
    return float(y.var() / 2)
