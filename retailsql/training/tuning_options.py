"""num_trials and its companions, the same for every family that has settings to choose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
TEST_FRACTION = Option(
    "data_split_test_fraction", "float", None, "With num_trials, share of rows that evaluate; "
    "data_split_eval_fraction then chooses among the trials.", minimum=0,
)  # fmt: skip
VALIDATION = 0.2
"""Share of the training rows that choose among the trials, unless options say more."""
CHOSEN_ELSEWHERE = "options chosen on other rows"
"""What the words of a split say of a tuned model."""


def validation_share(options: Mapping[str, Any]) -> float:
    """The share of the training rows that choose among the trials.

    >>> validation_share({"data_split_test_fraction": 0.2, "data_split_eval_fraction": 0.2})
    0.25
    """
    test = options["data_split_test_fraction"]
    return float(options["data_split_eval_fraction"]) / (1 - test) if test else VALIDATION


def search_of(
    space: Space,
    options: Mapping[str, Any],
    known: tuple[Option, ...],
    objectives: Sequence[str],
    ranges: Space,
) -> Search:
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


def refuse_others(space: Space, searched: Iterable[str]) -> None:
    """Refuse to search options that BigQuery ML has no range for in this model type.

    Raises:
        TrainingError: names the option, and those that can be searched.
    """
    if others := sorted(set(space) - set(searched)):
        raise TrainingError(
            f"Option {others[0]} of this model type is not searched",
            wanted=", ".join(sorted(searched)), todo="give it one value",
        )  # fmt: skip


def judging_rows(words: Sequence[Any], name: str) -> NDArray[np.bool_]:
    """Which rows judge a tuned model split by CUSTOM: those of 'TEST'; 'EVAL' chooses.

    Args:
        words: of data_split_col.
        name: of data_split_col.

    Raises:
        TrainingError: other words, or one of the three is missing.

    >>> judging_rows(["train", "EVAL", "TEST"], "part").tolist()
    [False, False, True]
    """
    said = [str(w).upper() for w in words]
    if strange := set(said) - {"TRAIN", "EVAL", "TEST"}:
        raise TrainingError(
            f"Column {name!r} cannot split rows by CUSTOM", seen=repr(min(strange)),
            wanted="'TRAIN', 'EVAL' or 'TEST' in every row",
        )  # fmt: skip
    if not {"TRAIN", "EVAL", "TEST"} <= set(said):
        raise TrainingError(
            f"Column {name!r} leaves out a part of the rows", seen=", ".join(sorted(set(said))),
            wanted="TRAIN, EVAL and TEST", todo="or give a BOOLEAN that is true for TEST",
        )  # fmt: skip
    return np.array([w == "TEST" for w in said])


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
