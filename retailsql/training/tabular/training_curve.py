"""ML.TRAINING_INFO: the loss after each round, on rows that trained and on rows that did not.

Boosting tells every round, networks every pass over the rows; the others are one step. The loss is
the logarithmic one of a classifier, the mean squared error of a regressor in the label's units. A
network's passes hold scikit-learn's own loss of training (with its penalty, and of a regressor half
the squared error of the standardized label); only its last row has the loss of rows held out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.evaluation.splits import Rows
from retailsql.training.tabular.problem import Problem, Trained, take
from retailsql.training.tabular.tuning import loss

MOST_ROWS = 5_000
"""Losses are of a seeded sample of this many rows at most."""
Floats = NDArray[np.float64]


def curve_report(
    problem: Problem, model: Trained, train: Rows, held: Rows | None
) -> list[dict[str, Any]]:
    """Rows of ML.TRAINING_INFO.

    Args:
        problem: what was learned.
        model: the deployed model.
        train: the rows it was trained on.
        held: rows it was not trained on; None if there are none, then eval_loss is NULL.
    """
    train, held = _sample(train, problem), None if held is None else _sample(held, problem)
    own: list[float | None]
    theirs: list[float | None]
    if hasattr(model.estimator, "_predictors"):
        own = list(_staged(problem, model, train))
        theirs = list(_staged(problem, model, held)) if held is not None else [None for _ in own]
    elif hasattr(model.estimator, "loss_curve_"):
        own = [float(v) for v in model.estimator.loss_curve_]
        theirs = [*(None for _ in own[1:]), _last(problem, model, held)]
    else:
        own, theirs = [_last(problem, model, train)], [_last(problem, model, held)]
    rate = problem.options.get("learn_rate")
    duration = round(1000 * model.seconds / len(own))
    return [
        {
            "training_run": 0, "iteration": i, "loss": _finite(a), "eval_loss": _finite(b),
            "learning_rate": rate, "duration_ms": duration,
        }
        for i, (a, b) in enumerate(zip(own, theirs, strict=True))
    ]  # fmt: skip


def _finite(value: float | None) -> float | None:
    """NULL for what JSON cannot hold: the loss of a model that ran away."""
    return value if value is not None and math.isfinite(value) else None


def _sample(rows: Rows, problem: Problem) -> Rows:
    if len(rows) <= MOST_ROWS:
        return rows
    rng = np.random.default_rng(problem.options["seed"])
    return np.sort(rng.choice(rows, MOST_ROWS, replace=False))


def _last(problem: Problem, model: Trained, rows: Rows | None) -> float | None:
    return None if rows is None else loss(problem, problem.predict(model, rows), rows)


def _staged(problem: Problem, model: Trained, rows: Rows) -> Iterator[float]:
    """The loss after each boosting round."""
    inputs = model.prefix.inputs(take(problem.columns, rows))
    x = model.prefix.matrix(inputs)
    stages: Callable[[Any], Iterator[Floats]] = getattr(
        model.estimator, "staged_predict_proba", None
    ) or (lambda m: (model.finish(v, inputs) for v in model.estimator.staged_predict(m)))
    for predicted in stages(x):
        yield loss(problem, np.asarray(predicted, dtype=np.float64), rows)
