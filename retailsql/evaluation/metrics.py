"""Metrics of classifiers and regressors, by BigQuery ML's names where it has them.

The arithmetic is scikit-learn's; calibration error, lift and WAPE, which it lacks, are here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn import metrics as sk

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def classifier_metrics(y: Codes, proba: Floats, positive: int | None) -> dict[str, float]:
    """Metrics of predicted probabilities.

    Args:
        y: class code of each row, shape (rows,).
        proba: probability of each class, shape (rows, classes).
        positive: code of the positive class; None averages precision, recall, F1 over classes.

    >>> m = classifier_metrics(np.array([0, 1]), np.array([[.9, .1], [.2, .8]]), 1)
    >>> m["roc_auc"], round(m["log_loss"], 4)
    (1.0, 0.1643)
    """
    classes = np.arange(proba.shape[1])
    two = len(classes) == 2
    chosen = proba.argmax(axis=1)
    if positive is not None:
        # Above the threshold is positive, exactly half is not: the rule of ML.PREDICT.
        chosen = np.where(proba[:, positive] > 0.5, positive, 1 - positive)
        one = {"labels": [positive], "average": "macro", "zero_division": 0.0}
    else:
        one = {"labels": classes, "average": "macro", "zero_division": 0.0}
    out = {
        "precision": sk.precision_score(y, chosen, **one),
        "recall": sk.recall_score(y, chosen, **one),
        "accuracy": sk.accuracy_score(y, chosen),
        "f1_score": sk.f1_score(y, chosen, **one),
        "log_loss": sk.log_loss(y, _summing_to_one(proba), labels=classes),
    }
    if two:
        up = 1 if positive is None else positive
        hit = (y == up).astype(np.int64)
        out |= ranking_metrics(hit, proba[:, up])
        out["brier_score"] = sk.brier_score_loss(hit, proba[:, up])
        out["expected_calibration_error"] = expected_calibration_error(hit, proba[:, up])
    elif len(np.unique(y)) == len(classes):
        out["roc_auc"] = sk.roc_auc_score(y, _summing_to_one(proba), multi_class="ovr")
    return {name: float(value) for name, value in out.items()}


def _summing_to_one(proba: Floats) -> Floats:
    """Probabilities as scikit-learn checks them: float32 sums are off by more than it allows."""
    total: Floats = proba / proba.sum(axis=1, keepdims=True)
    return total


def ranking_metrics(hit: Codes, score: Floats) -> dict[str, float]:
    """Metrics that need only an order: of a score that is no probability.

    Args:
        hit: 1 for the positive class, shape (rows,).
        score: the larger, the likelier positive, shape (rows,).

    >>> ranking_metrics(np.array([0, 0, 1]), np.array([3.0, 1.0, 9.0]))["roc_auc"]
    1.0
    """
    return {
        "roc_auc": float(sk.roc_auc_score(hit, score)),
        "pr_auc": float(sk.average_precision_score(hit, score)),
        "lift_at_10": lift(hit, score, 0.1),
    }


def lift(hit: Codes, score: Floats, share: float) -> float:
    """How much denser positives are among the best-scored share than among all rows.

    Rows tied at the cut count by their average, so a constant score has a lift of exactly 1.

    >>> lift(np.array([1, 0, 0, 0, 1, 0, 0, 0, 0, 0]), np.arange(10, 0, -1.0), 0.1)
    5.0
    >>> lift(np.array([1, 0, 0, 0]), np.ones(4), 0.5)
    1.0
    """
    wanted = max(1, round(share * len(score)))
    cut = np.sort(score)[-wanted]
    above, tied = score > cut, score == cut
    found = hit[above].sum() + hit[tied].mean() * (wanted - above.sum())
    return float(found / wanted / hit.mean())


def expected_calibration_error(hit: Codes, proba: Floats, bins: int = 10) -> float:
    """Mean gap of predicted and seen frequency over equally wide bins, weighted by rows.

    Source: Naeini, Cooper, Hauskrecht (AAAI 2015), "Obtaining Well Calibrated Probabilities".

    >>> expected_calibration_error(np.array([0, 1]), np.array([0.25, 0.75]))
    0.25
    """
    place = np.clip((proba * bins).astype(np.int64), 0, bins - 1)
    gaps = np.bincount(place, weights=proba - hit, minlength=bins)
    return float(np.abs(gaps).sum() / len(hit))


def regressor_metrics(y: Floats, predicted: Floats, log: bool = False) -> dict[str, float]:
    """Metrics of predicted numbers.

    Args:
        y: the truth, shape (rows,).
        predicted: the predictions, shape (rows,).
        log: True adds ``r2_log``, the R2 of the logarithms (both must be positive).

    >>> regressor_metrics(np.array([1.0, 3.0]), np.array([2.0, 2.0]))["wape"]
    0.5
    """
    out = {
        "mean_absolute_error": sk.mean_absolute_error(y, predicted),
        "mean_squared_error": sk.mean_squared_error(y, predicted),
        "median_absolute_error": sk.median_absolute_error(y, predicted),
        "r2_score": sk.r2_score(y, predicted),
        "explained_variance": sk.explained_variance_score(y, predicted),
    }
    if (y >= 0).all() and (predicted >= 0).all():
        out["mean_squared_log_error"] = sk.mean_squared_log_error(y, predicted)
    if np.abs(y).sum() > 0:
        out["wape"] = np.abs(y - predicted).sum() / np.abs(y).sum()
    if log and (predicted > 0).all():
        out["r2_log"] = sk.r2_score(np.log(y), np.log(predicted))
    return {name: float(value) for name, value in out.items()}


def mean_metrics(folds: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each metric over folds; a metric missing in a fold is left out.

    >>> mean_metrics([{"a": 1.0, "b": 2.0}, {"a": 3.0}])
    {'a': 2.0}
    """
    shared = [name for name in folds[0] if all(name in fold for fold in folds)]
    return {name: float(np.mean([fold[name] for fold in folds])) for name in shared}
