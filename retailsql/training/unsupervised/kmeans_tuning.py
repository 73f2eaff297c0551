"""num_trials of KMEANS: the number of clusters chosen on rows that neither train nor judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from retailsql.dialect.values import HParamRange
from retailsql.errors import TrainingError
from retailsql.evaluation.splits import Rows, SplitOptions, plan_split
from retailsql.training.fitted import Progress
from retailsql.training.options import Option
from retailsql.training.tuning import Found, Outcome, Search, Space, search
from retailsql.training.tuning_options import VALIDATION, refuse_others, search_of, with_defaults
from retailsql.training.unsupervised.kmeans_problem import Problem, refuse_many

OBJECTIVES = ("DAVIES_BOULDIN_INDEX",)
RANGES = {"num_clusters": HParamRange(2, 10)}


def tuner_of(
    problem: Problem, space: Space, options: Mapping[str, Any], known: tuple[Option, ...]
) -> Search | None:
    """What is searched; None without num_trials.

    Raises:
        TrainingError: an option other than num_clusters is to be searched, or it is fixed.
    """
    if options["num_trials"] is None:
        return None
    if problem.features.marked is not None:
        raise TrainingError(
            "The rows marked by kmeans_init_col fix the number of clusters",
            seen=f"num_trials={options['num_trials']}",
            todo="leave num_trials out, or use kmeans_init_method='KMEANS++'",
        )
    refuse_others(space, RANGES)
    ranges = RANGES if options["num_clusters"] is None else {}
    told = with_defaults(known, {"num_clusters": problem.how.clusters})
    return search_of(space, options, told, OBJECTIVES, ranges)


def choose_clusters(
    problem: Problem, rows: Rows, what: Search | None, progress: Progress
) -> tuple[Problem, Found | None]:
    """The problem with the number of clusters that is best on a random fifth of the rows.

    Args:
        problem: with the number to use where nothing is searched.
        rows: the training rows.
        what: from :func:`tuner_of`.
        progress: told before each trial.
    """
    if what is None:
        return problem, None
    how = SplitOptions("RANDOM", VALIDATION, seed=what.seed)
    ((a, b),) = plan_split(len(rows), how).pairs
    train, held = rows[a], rows[b]

    def judge(values: Mapping[str, Any]) -> Outcome:
        one = _with(problem, values)
        refuse_many(one.how.clusters, len(train))
        prefix, found = one.fit(train)
        metrics = one.metrics(prefix, found, held)
        loss = one.metrics(prefix, found, train)["mean_squared_distance"]
        return Outcome(metrics, loss, metrics["mean_squared_distance"])

    found = search(judge, what, progress)
    return _with(problem, found.values), found


def _with(problem: Problem, values: Mapping[str, Any]) -> Problem:
    return replace(problem, how=replace(problem.how, clusters=int(values["num_clusters"])))
