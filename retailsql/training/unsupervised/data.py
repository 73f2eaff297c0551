"""The rows of a model without a label: every column is a feature, nothing is predicted.

What is odd about such rows is said here: an id that would be taken for a measurement, rows without
any value, columns that never vary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.errors import TrainingError
from retailsql.evaluation.metrics import mean_metrics
from retailsql.evaluation.report import Evaluation
from retailsql.evaluation.splits import Plan, Rows, SplitOptions, plan_split
from retailsql.training.columns import find_column
from retailsql.training.fitted import TrainingData
from retailsql.training.options import Option
from retailsql.training.tabular.data import Column, read_column, read_features

COMMON_OPTIONS: tuple[Option, ...] = (
    Option("exclude_cols", "list", (), "Columns that are no features."),
    Option("seed", "int", 0, "Seed of everything random.", minimum=0),
)
FEWEST_TO_CALL_IT_AN_ID = 20
WHOLE = ("BIGINT", "INTEGER", "SMALLINT", "HUGEINT", "UBIGINT", "UINTEGER", "USMALLINT", "UHUGEINT")


@dataclass(frozen=True)
class Features:
    """The rows to learn from.

    Args:
        columns: every feature, rows without any value left out.
        marked: True for the rows that ``kmeans_init_col`` marks, shape (rows,); None without it.
        warnings: for the result row.
    """

    columns: list[Column]
    marked: NDArray[np.bool_] | None
    warnings: tuple[str, ...]

    @property
    def rows(self) -> int:
        """How many."""
        return len(self.columns[0].values)


def read_unlabelled(
    data: TrainingData, options: Mapping[str, Any], mark: str | None = None
) -> Features:
    """Read every column as a feature.

    Args:
        data: the training rows.
        options: with ``exclude_cols``.
        mark: a BOOLEAN column that is no feature, or None.

    Raises:
        TrainingError: no feature is left, or a column cannot be learned from.
        SignatureError: a column has a type that no model takes.
    """
    names = data.table.column_names
    excluded = {find_column(n, names, "exclude_cols") for n in options["exclude_cols"] or ()}
    flag = None if mark is None else _read_mark(data, mark)
    others = excluded if flag is None else {*excluded, flag.name}
    kept = [n for n in names if n not in others]
    if not kept:
        raise TrainingError(
            "No feature is left to train on",
            seen=", ".join(names),
            todo="add columns to the SELECT, or shorten exclude_cols",
        )
    columns = read_features(data, kept)
    empty = np.logical_and.reduce([c.null for c in columns])
    words = _odd_columns(columns)
    marked = None if flag is None else flag.values == 1.0
    if empty.any():
        words.append(f"{int(empty.sum()):,} rows without any value were left out")
        columns = take(columns, np.flatnonzero(~empty))
        marked = None if marked is None else marked[~empty]
    return Features(columns, marked, tuple(words))


def take(columns: Sequence[Column], rows: NDArray[np.int64]) -> list[Column]:
    """Some rows of the columns."""
    return [replace(c, values=c.values[rows]) for c in columns]


def plan_unlabelled(rows: int, seed: int) -> Plan:
    """A random fifth is held out (10,000 of more than 50,000); of fewer than 500, each row once."""
    return plan_split(rows, SplitOptions(seed=seed))


def evaluate_folds(
    plan: Plan, rows: int, primary: str, judge: Callable[[Rows, Rows], list[dict[str, Any]]]
) -> Evaluation:
    """Judge each pair of a plan; the model itself is fitted to all rows afterwards.

    Args:
        plan: pairs of training and held-out rows.
        rows: how many there are.
        primary: the metric that decides.
        judge: the metrics of a model of the training rows on the held rows, and those of the
            trivial rules there, by name.
    """
    judged = [judge(train, held) for train, held in plan.pairs]
    return Evaluation(
        plan.words if plan.refit else f"{plan.words}; the model refit on all rows",
        primary,
        mean_metrics([own for own, _ in judged]),
        {name: mean_metrics([rules[name] for _, rules in judged]) for name in judged[0][1]},
        rows if plan.refit else len(plan.pairs[0][0]),
        rows if plan.refit else len(plan.pairs[0][1]),
    )


def _read_mark(data: TrainingData, name: str) -> Column:
    column = read_column(data, find_column(name, data.table.column_names, "kmeans_init_col"))
    if column.kind != "boolean":
        raise TrainingError(
            f"Column {column.name!r} cannot mark the rows to start from",
            seen=column.sql_type,
            wanted="BOOLEAN, true for one row of each cluster",
            todo=f"write a condition in the SELECT: customer_id IN (1, 5) AS {column.name}",
        )
    return column


def _odd_columns(columns: Sequence[Column]) -> list[str]:
    """What a person should know about the columns before believing any distance."""
    words = []
    for column in columns:
        known = column.values[~column.null]
        distinct = len(np.unique(known))
        whole = column.sql_type.upper() in WHOLE
        if whole and distinct == len(column.values) >= FEWEST_TO_CALL_IT_AN_ID:
            words.append(
                f"Column {column.name!r} is different in every row, as an id is, and was taken for "
                f"a measurement: * EXCLUDE ({column.name})"
            )
        elif distinct == 1 and not column.null.any():
            words.append(f"Column {column.name!r} is the same in every row and tells nothing")
    return words
