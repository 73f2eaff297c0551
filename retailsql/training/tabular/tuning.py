"""num_trials for tabular models: which rows validate, what the objective is, what is searched."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.dialect.values import HParamRange
from retailsql.evaluation.splits import Rows, SplitOptions, plan_split
from retailsql.training import tuning_options
from retailsql.training.fitted import Progress
from retailsql.training.options import Option
from retailsql.training.tabular.problem import Problem
from retailsql.training.tuning import Found, Outcome, Search, Space, search

CLASSIFIER_OBJECTIVES = ("ROC_AUC", "PRECISION", "RECALL", "ACCURACY", "F1_SCORE", "LOG_LOSS")
REGRESSOR_OBJECTIVES = (
    "R2_SCORE", "MEAN_ABSOLUTE_ERROR", "MEAN_SQUARED_ERROR", "MEAN_SQUARED_LOG_ERROR",
    "MEDIAN_ABSOLUTE_ERROR", "EXPLAINED_VARIANCE",
)  # fmt: skip
DEFAULT_SPACE: Mapping[str, HParamRange] = {
    "l1_reg": HParamRange(0.0, 10.0),
    "l2_reg": HParamRange(0.0, 10.0),
    "learn_rate": HParamRange(1e-4, 1.0),
    "max_tree_depth": HParamRange(1, 10),
    "subsample": HParamRange(0.1, 1.0),
    "num_parallel_tree": HParamRange(2, 200),
    "batch_size": HParamRange(16, 1024),
}
"""What is searched where num_trials is given and no search space: BigQuery ML's default ranges."""


@dataclass(frozen=True)
class Tuner:
    """How a problem's options are chosen.

    Args:
        what: what is searched.
        order: data_split_col of a split by time, all rows: the last training rows validate.
        chosen: rows that validate by the user's own word (CUSTOM with 'EVAL'), or None.
        share: share of the training rows that validate otherwise.
    """

    what: Search
    order: NDArray[Any] | None = None
    chosen: NDArray[np.bool_] | None = None
    share: float = tuning_options.VALIDATION

    def tune(self, problem: Problem, train: Rows, progress: Progress) -> tuple[Problem, Found]:
        """The problem with the best settings found on these training rows."""
        fit, held = self._split(problem, train)

        def judge(values: Mapping[str, Any]) -> Outcome:
            one = replace(problem, options={**problem.options, **values})
            model = one.train(fit)
            predicted = one.predict(model, held)
            own = loss(one, one.predict(model, fit), fit)
            return Outcome(one.metrics(predicted, held), own, loss(one, predicted, held))

        found = search(judge, self.what, progress)
        return replace(problem, options={**problem.options, **found.values}), found

    def _split(self, problem: Problem, train: Rows) -> tuple[Rows, Rows]:
        """Training rows that train, and those that choose."""
        if self.chosen is not None:
            mask = self.chosen[train]
            return train[~mask], train[mask]
        codes = problem.target.y.astype(np.int64)[train]
        classes = codes if problem.spec.kind == "classifier" else None
        method = "RANDOM" if self.order is None else "SEQ"
        how = SplitOptions(method, self.share, seed=problem.options["seed"])
        column = None if self.order is None else self.order[train]
        ((fit, held),) = plan_split(len(train), how, classes, column, "data_split_col").pairs
        return train[fit], train[held]


def loss(problem: Problem, predicted: NDArray[np.float64], rows: Rows) -> float:
    """Log loss of a classifier, mean squared error of a regressor.

    Written out, since it is asked after each of hundreds of rounds: scikit-learn's checks of its
    arguments took twice as long as the training.
    """
    y = problem.target.y[rows]
    if problem.spec.kind == "regressor":
        return float(np.mean((y - predicted) ** 2))
    p = predicted / predicted.sum(axis=1, keepdims=True)
    own = p[np.arange(len(y)), y.astype(np.int64)]
    return float(-np.log(np.maximum(own, np.finfo(np.float64).eps)).mean())


def search_of(
    space: Space,
    options: Mapping[str, Any],
    known: tuple[Option, ...],
    kind: str,
    given: Container[str] = (),
) -> Search:
    """What is searched for a model type.

    Args:
        space: what the statement gave; empty for the default ranges.
        options: all options, read.
        known: the options of the model type.
        kind: classifier or regressor.
        given: names of the options that the statement gives one value, which is not searched.

    Raises:
        TrainingError: an objective that there is not, or nothing to search.
    """
    names = {o.name for o in known}
    if "hidden_units" in names:  # it needs Keras, which takes ten times as long: on demand
        names.discard("l1_reg")
    ranges = {name: v for name, v in DEFAULT_SPACE.items() if name in names and name not in given}
    objectives = CLASSIFIER_OBJECTIVES if kind == "classifier" else REGRESSOR_OBJECTIVES
    return tuning_options.search_of(space, options, known, objectives, ranges)
