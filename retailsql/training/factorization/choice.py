"""The settings of a matrix factorization: as given, chosen by rows that validate, or searched."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from retailsql.dialect.values import HParamRange
from retailsql.evaluation.splits import SplitOptions, plan_split
from retailsql.training.factorization.als import Factors
from retailsql.training.factorization.data import Ratings
from retailsql.training.factorization.evaluation import (
    choose_penalty,
    explicit,
    judge_implicit,
    known_codes,
    predict,
)
from retailsql.training.factorization.implicit import fit_implicit
from retailsql.training.fitted import Progress
from retailsql.training.options import Option
from retailsql.training.tuning import Found, Outcome, Space, search
from retailsql.training.tuning_options import (
    refuse_others,
    search_of,
    validation_share,
    with_defaults,
)

EXPLICIT = ("MEAN_SQUARED_ERROR",)
IMPLICIT = (
    "MEAN_AVERAGE_PRECISION", "MEAN_SQUARED_ERROR", "NORMALIZED_DISCOUNTED_CUMULATIVE_GAIN",
    "AVERAGE_RANK",
)  # fmt: skip
"""BigQuery ML's objectives; the first is its default."""
RANGES = {"num_factors": HParamRange(2, 20), "l2_reg": HParamRange(0.0, 10.0)}
IMPLICIT_RANGES = {**RANGES, "wals_alpha": HParamRange(0.0, 100.0)}
"""BigQuery ML's default ranges."""
MOST_FACTORS = 200


def choose_options(
    train: Ratings,
    space: Space,
    settings: Mapping[str, Any],
    given: Container[str],
    known: tuple[Option, ...],
    progress: Progress,
) -> Found | None:
    """Search settings on a part of the training ratings; None without num_trials.

    Args:
        train: the training ratings, pairs not yet merged.
        space: what the statement gave to search; empty for the default ranges.
        settings: all options, read.
        given: names of the options with one value.
        known: the options of the model type.
        progress: told before each trial.

    Raises:
        TrainingError: what cannot be searched, or too few ratings to choose by.
    """
    if settings["num_trials"] is None:
        return None
    implicit = settings["feedback_type"] == "IMPLICIT"
    ranges = IMPLICIT_RANGES if implicit else RANGES
    refuse_others(space, ranges)
    told = with_defaults(known, {"num_factors": usual_factors(train), "l2_reg": 1.0})
    free = {name: values for name, values in ranges.items() if name not in given}
    what = search_of(space, settings, told, IMPLICIT if implicit else EXPLICIT, free)
    rest, held = (part.merged(implicit) for part in _validation(train, settings))

    def judge(values: Mapping[str, Any]) -> Outcome:
        now = {**settings, **values}
        complete(rest, now, "")
        fitted = fit_factors(rest, now)
        if implicit:
            metrics = judge_implicit(rest, held, fitted, "by the trials", now).metrics
            return Outcome(metrics, fitted.iterations[-1].loss, metrics["mean_squared_error"])
        error = _squared(rest, held, fitted)
        return Outcome({"mean_squared_error": error}, _squared(rest, rest, fitted), error)

    return search(judge, what, lambda words, share: progress(words, 0.1 + 0.3 * share))


def _squared(rest: Ratings, judged: Ratings, fitted: Factors) -> float:
    said = predict(fitted, judged, known_codes(rest))
    return float(((judged.rating - said) ** 2).mean())


def _validation(train: Ratings, settings: Mapping[str, Any]) -> tuple[Ratings, Ratings]:
    """The training ratings that train a trial, and those that choose: the rows of 'EVAL', the last
    ones, or some drawn at random.
    """
    method, column, share = settings["data_split_method"], train.split, validation_share(settings)
    if column is None or column.dtype.kind == "b":
        how = SplitOptions("RANDOM", share, seed=settings["seed"])
    elif method == "SEQ":
        how = SplitOptions("SEQ", share)
    else:
        how = SplitOptions("CUSTOM")
        column = np.char.upper(column) == "EVAL"
    (pair,) = plan_split(len(train), how, column=column, column_name=train.names[3]).pairs
    return train.at(pair[0]), train.at(pair[1])


def usual_factors(ratings: Ratings) -> int:
    """log2 of the number of ratings, as in BigQuery ML."""
    return min(MOST_FACTORS, max(2, round(math.log2(len(ratings)))))


def complete(train: Ratings, settings: dict[str, Any], words: str) -> str:
    """Set num_factors and l2_reg where neither OPTIONS nor a search does.

    Args:
        train: what is to be fitted.
        settings: changed in place.
        words: of the split.

    Returns:
        The words of the split, and how l2_reg was chosen.
    """
    if settings["num_factors"] is None:  # log2 of the number of ratings, as in BigQuery ML
        settings["num_factors"] = usual_factors(train)
    if settings["data_split_method"] == "NO_SPLIT":
        words = f"{words}; the stored model is fitted again on all ratings"
    if settings["l2_reg"] is None and settings["feedback_type"] == "IMPLICIT":
        settings["l2_reg"] = 1.0
    elif settings["l2_reg"] is None:
        settings["l2_reg"] = choose_penalty(train, settings["num_factors"], settings)
        words = f"{words}; l2_reg = {settings['l2_reg']:g} chosen on a tenth of the training part"
    return words


def fit_factors(train: Ratings, settings: Mapping[str, Any]) -> Factors:
    """The factorization that the settings ask for."""
    factors, penalty = settings["num_factors"], settings["l2_reg"]
    if settings["feedback_type"] == "EXPLICIT":
        return explicit(train, factors, penalty, settings)
    progress = settings["min_rel_progress"] if settings["early_stop"] else 0.0
    return fit_implicit(
        train, factors, penalty, settings["wals_alpha"], settings["max_iterations"], progress,
        settings["seed"],
    )  # fmt: skip
