"""num_trials and its companions, the same for every family that has settings to choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from retailsql.errors import TrainingError, nearest
from retailsql.training.options import Option
from retailsql.training.tuning import Search, Space

TUNING: tuple[Option, ...] = (
    Option("num_trials", "int", None, "Settings to try, for options given as HPARAM_RANGE or "
           "HPARAM_CANDIDATES.", minimum=1, maximum=1000),
    Option("hparam_tuning_algorithm", "str", "RANDOM_SEARCH", "How settings are chosen.",
           choices=("RANDOM_SEARCH", "GRID_SEARCH", "VIZIER_DEFAULT")),
    Option("hparam_tuning_objectives", "list", None, "The metric that chooses among trials."),
)  # fmt: skip
CHOSEN_ELSEWHERE = "options chosen on other rows"
"""What the words of a split say of a tuned model."""


def search_of(
    space: Space, options: Mapping[str, Any], known: tuple[Option, ...],
    objectives: Sequence[str], ranges: Space,
) -> Search:  # fmt: skip
    """What is searched for a model.

    Args:
        space: what the statement gave; empty for the default ranges.
        options: all options, read.
        known: the options of the model type.
        objectives: the metrics that may choose, in upper case; the first is the default.
        ranges: what is searched where the statement gives num_trials and no search space: BigQuery
            ML's default ranges.

    Raises:
        TrainingError: an objective that there is not, or nothing to search.
    """
    space = space or ranges
    if not space:
        raise TrainingError(
            "There is nothing to tune", wanted="an option given as HPARAM_CANDIDATES([...])",
            todo="add one, or leave num_trials out",
        )  # fmt: skip
    given = options["hparam_tuning_objectives"]
    names = [str(n).upper() for n in given or objectives[:1]]
    if len(names) != 1 or names[0] not in objectives:
        raise TrainingError(
            "Option hparam_tuning_objectives names no single objective of this model",
            seen=given,
            wanted=nearest(names[0], objectives, 6) if names else ", ".join(objectives),
        )
    grid = options["hparam_tuning_algorithm"] == "GRID_SEARCH"
    objective = names[0].lower()
    return Search(space, known, options["num_trials"], objective, options["seed"], grid)


def with_defaults(known: tuple[Option, ...], defaults: Mapping[str, Any]) -> tuple[Option, ...]:
    """Options whose default depends on the rows, with that default: the first trial is at it.

    >>> with_defaults((Option("k", "int", None, ""),), {"k": 3})[0].default
    3
    """
    return tuple(replace(o, default=defaults.get(o.name, o.default)) for o in known)


def algorithm_words(given: Mapping[str, Any]) -> list[str]:
    """What of the algorithm asked for is not here, for the result row.

    >>> algorithm_words({"hparam_tuning_algorithm": "random_search"})
    []
    """
    if str(given.get("hparam_tuning_algorithm", "")).upper() != "VIZIER_DEFAULT":
        return []
    return ["hparam_tuning_algorithm='VIZIER_DEFAULT' is a seeded random search here"]
