"""Sentences for the result row of CREATE MODEL: what a reader should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from retailsql.evaluation.report import Evaluation
from retailsql.training.estimators import EXACT_SVM_ROWS, LANDMARKS, Estimator
from retailsql.training.prefix import Prefix
from retailsql.training.tabular_data import Column

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
    if options.get("auto_class_weights"):
        words.append("auto_class_weights=true makes scores that rank rows but are no probabilities")
    return words


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
