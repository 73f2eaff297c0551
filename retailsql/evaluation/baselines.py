"""Trivial rules, judged on the very rows the model is judged on.

A rule sees the training rows only. ``base rate`` (class frequencies) and ``mean`` are always
there; a column of the SELECT (last week's price) and a mean per group (store and brand) on demand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from retailsql.evaluation.metrics import classifier_metrics, ranking_metrics, regressor_metrics
from retailsql.evaluation.splits import Rows

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Rules:
    """What the trivial rules of one training SELECT look at.

    Args:
        scores: column name -> its numbers, shape (rows,), NaN for NULL: a prediction (regressor)
            or a ranking score (binary classifier).
        groups: rule name -> group code of each row, shape (rows,); a rule predicts the mean label
            (or the class frequencies) of the group's training rows.
        log: True if the model is fitted to log(label): groups then average logarithms too.
    """

    scores: Mapping[str, Floats] = field(default_factory=dict)
    groups: Mapping[str, Codes] = field(default_factory=dict)
    log: bool = False


def classifier_baselines(
    y: Codes, train: Rows, held: Rows, positive: int | None, rules: Rules
) -> dict[str, dict[str, float]]:
    """Metrics of the trivial rules of a classifier.

    Args:
        y: class code of each row, shape (rows,).
        train: rows a rule may learn from.
        held: rows it is judged on.
        positive: code of the positive class, or None.
        rules: columns and groups to use besides the base rate.

    >>> y = np.array([0, 1, 0, 1])
    >>> rows = np.arange(4)
    >>> classifier_baselines(y, rows, rows, 1, Rules())["base rate"]["roc_auc"]
    0.5
    """
    one_hot = np.eye(int(y.max()) + 1)[y]
    rate = one_hot[train].mean(axis=0)
    out = {"base rate": classifier_metrics(y[held], np.tile(rate, (len(held), 1)), positive)}
    for name, group in rules.groups.items():
        proba = _group_means(group, one_hot, train, held, prior_rows=1.0)
        out[name] = classifier_metrics(y[held], proba, positive)
    up = 1 if positive is None else positive
    for name, score in rules.scores.items():
        filled = _filled(score, train)[held]
        out[name] = ranking_metrics((y[held] == up).astype(np.int64), filled)
    return out


def regressor_baselines(
    y: Floats, train: Rows, held: Rows, rules: Rules
) -> dict[str, dict[str, float]]:
    """Metrics of the trivial rules of a regressor; arguments as for a classifier.

    >>> y = np.array([1.0, 3.0])
    >>> rows = np.arange(2)
    >>> regressor_baselines(y, rows, rows, Rules())["mean"]["mean_absolute_error"]
    1.0
    """
    forward = np.log if rules.log else np.asarray
    back = np.exp if rules.log else np.asarray
    target = np.asarray(forward(y), dtype=np.float64)
    flat = np.full(len(held), back(target[train].mean()))
    out = {"mean": regressor_metrics(y[held], flat, rules.log)}
    for name, group in rules.groups.items():
        means = _group_means(group, target[:, None], train, held, prior_rows=0.0)[:, 0]
        out[name] = regressor_metrics(y[held], np.asarray(back(means)), rules.log)
    for name, score in rules.scores.items():
        out[name] = regressor_metrics(y[held], _filled(score, train)[held], rules.log)
    return out


def _filled(score: Floats, train: Rows) -> Floats:
    """NULL becomes the column's mean over the training rows."""
    known = score[train][~np.isnan(score[train])]
    return np.where(np.isnan(score), known.mean() if len(known) else 0.0, score)


def _group_means(
    group: Codes, target: Floats, train: Rows, held: Rows, prior_rows: float
) -> Floats:
    """Mean target (rows, columns) of each held row's group; a new group gets the overall mean.

    ``prior_rows`` rows of the overall mean are mixed in, so that no class has probability 0.
    """
    overall = target[train].mean(axis=0)
    size = np.bincount(group[train], minlength=int(group.max()) + 1).astype(np.float64)
    sums = np.column_stack(
        [np.bincount(group[train], column, len(size)) for column in target[train].T]
    )
    weight = np.where(size == 0, 1.0, prior_rows)[:, None]
    means: Floats = (sums + weight * overall) / (size[:, None] + weight)
    return means[group[held]]
