"""Sentences for the result row of CREATE MODEL: what a reader should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from retailsql.evaluation.report import Evaluation
from retailsql.training.tabular.data import Column
from retailsql.training.tabular.estimators import EXACT_SVM_ROWS, LANDMARKS, Estimator
from retailsql.training.tabular.prefix import Prefix
from retailsql.training.tuning_options import algorithm_words

FEW_ROWS = 100


def column_warnings(
    columns: Sequence[Column], prefix: Prefix, options: Mapping[str, Any]
) -> list[str]:
    """What was done to the columns that their reader would not expect."""
    words = []
    for column, feature in zip(columns, prefix.features, strict=True):
        if feature.categories is None:
            continue
        distinct, kept = len(column.vocabulary), len(feature.categories)
        if distinct > 50 and distinct > 0.5 * len(column.values):
            words.append(
                f"Column {column.name!r} has {distinct:,} different values in "
                f"{len(column.values):,} rows and looks like an id: * EXCLUDE ({column.name})"
            )
        elif kept < distinct:
            counts = np.sort(np.bincount(column.values[column.values >= 0]))[::-1]
            share = counts[:kept].sum() / counts.sum()
            words.append(
                f"Column {column.name!r} has {distinct:,} categories; the {kept} most frequent "
                f"({share:.0%} of the rows) are told apart, the others count as unseen"
            )
    for name in ("auto_class_weights", "class_weights"):
        if options.get(name):
            given = f"{name}=true" if name.startswith("auto") else name
            words.append(f"{given} makes scores that rank rows but are no probabilities")
    return words


def option_warnings(options: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """What an option does here that its reader might not expect.

    Args:
        options: all options, read.
        given: those of the statement.
    """
    words, tuned = [], options["num_trials"] is not None
    if options["data_split_method"] == "NO_SPLIT":
        words.append(
            "data_split_method='NO_SPLIT' trains on all rows; its metrics are of a "
            "cross-validation, since rows that trained cannot judge"
        )
    if given.get("calculate_p_values") and not options.get("calculate_p_values"):
        words.append(
            "calculate_p_values has no effect with class weights, which move the coefficients: "
            "ML.ADVANCED_WEIGHTS has nothing to tell"
        )
    if not tuned and options["data_split_test_fraction"] is not None:
        words.append("data_split_test_fraction has no effect without num_trials")
    if tuned and options["data_split_test_fraction"] == 0:
        words.append(
            "data_split_test_fraction=0: the trials are chosen on a fifth of the training rows, "
            "since rows that choose cannot judge"
        )
    return words + algorithm_words(given)


def size_warnings(spec: Estimator, rows: int) -> list[str]:
    """What a model does not do in full because there are many rows."""
    if spec.form != "kernel" or rows <= EXACT_SVM_ROWS:
        return []
    words = [
        f"With {rows:,} rows (more than {EXACT_SVM_ROWS:,}) the SVM's kernel is approximated by "
        f"{LANDMARKS} landmarks"
    ]
    if spec.most_rows is not None and rows > spec.most_rows:
        words.append(f"The SVM was trained on a random {spec.most_rows:,} of {rows:,} rows")
    return words


def row_warnings(evaluation: Evaluation) -> list[str]:
    """What the evaluation cannot say."""
    if evaluation.rows_eval < FEW_ROWS:
        return [f"Only {evaluation.rows_eval} rows evaluate the model: its metrics are rough"]
    return []
