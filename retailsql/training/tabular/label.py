"""The label: its type, its classes, and which of two classes is the positive one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from retailsql.errors import TrainingError
from retailsql.signature import Label
from retailsql.training.fitted import TrainingData
from retailsql.training.tabular.data import Column, read_column

MOST_CLASSES = 200
"""More classes than this are a number or an id taken for a class."""
Codes = NDArray[np.int64]
POSITIVE_WORDS = frozenset({"yes", "true", "1"})


@dataclass(frozen=True)
class Target:
    """The label of every training row.

    Args:
        name: the label column.
        sql_type: its DuckDB type.
        y: class codes int64 (classifier) or float64 (regressor), shape (rows,).
        classes: the classes in code order; empty for a regressor.
        positive: code of the positive class, or None.
    """

    name: str
    sql_type: str
    y: NDArray[np.int64] | NDArray[np.float64]
    classes: tuple[Label, ...] = ()
    positive: int | None = None


def labelled(data: TrainingData, label: str) -> NDArray[np.bool_]:
    """True for the rows that have a label."""
    array = data.table[label]
    valid = array.is_valid()
    if pa.types.is_floating(array.type):
        valid = pc.and_(valid, pc.invert(pc.is_nan(array).fill_null(True)))
    found: NDArray[np.bool_] = valid.to_numpy().astype(np.bool_)
    return found


def drop_unlabelled(data: TrainingData, label: str) -> tuple[TrainingData, list[str]]:
    """The rows that have a label, and a warning if some had none.

    Raises:
        TrainingError: no row has one.
    """
    valid = labelled(data, label)
    missing = int((~valid).sum())
    if missing == 0:
        return data, []
    if missing == len(valid):
        raise TrainingError(
            f"Label {label!r} is NULL in every row",
            seen=f"{missing:,} rows",
            todo="check the join or the expression that makes it",
        )
    table = data.table.filter(pa.array(valid))
    words = f"{missing:,} of {len(valid):,} rows have no {label!r} and were not trained on"
    return TrainingData(table, data.sql_types, data.model_type), [words]


def read_numbers(data: TrainingData, label: str, log: bool) -> Target:
    """A regressor's label.

    Raises:
        TrainingError: it is no number, constant, or not positive where its logarithm is wanted.
    """
    column = read_column(data, label)
    if column.kind != "number":
        raise TrainingError(
            f"Label {label!r} is no number, and {data.model_type} predicts numbers",
            seen=column.sql_type,
            wanted="a numeric column",
            todo="cast it in the SELECT, or use a classifier such as BOOSTED_TREE_CLASSIFIER",
        )
    y = column.values
    _refuse_constant(label, float(y[0]), (y == y[0]).all())
    if log and (low := float(y.min())) <= 0:
        raise TrainingError(
            f"Label {label!r} has no logarithm in every row, which log_label=true asks for",
            seen=f"smallest value {low:g}, {int((y <= 0).sum()):,} rows at or below 0",
            todo="filter those rows, or leave log_label out",
        )
    return Target(label, column.sql_type, y)


def read_classes(data: TrainingData, label: str, positive: object) -> tuple[Target, list[str]]:
    """A classifier's label.

    Args:
        data: rows that have a label.
        label: its column.
        positive: OPTIONS(positive_class), or None to find it by rule.

    Raises:
        TrainingError: its type has no classes, one class only, too many, or one with one row.
    """
    column = read_column(data, label)
    if column.kind in ("date", "timestamp"):
        raise TrainingError(
            f"Label {label!r} cannot be a class",
            seen=column.sql_type,
            wanted="VARCHAR, BOOLEAN or a whole number",
            todo=f"cast it in the SELECT: {label}::VARCHAR AS {label}",
        )
    classes, y = _distinct(data.table[label], column)
    _refuse_constant(label, classes[0], len(classes) == 1)
    if len(classes) > MOST_CLASSES or any(isinstance(c, float) for c in classes):
        raise TrainingError(
            f"Label {label!r} looks like a number or an id, not like a class",
            seen=f"{len(classes):,} distinct values in {len(y):,} rows, such as {classes[0]!r}",
            wanted=f"at most {MOST_CLASSES} classes, of text, BOOLEAN or whole numbers",
            todo="use a regressor such as BOOSTED_TREE_REGRESSOR, or group the values",
        )
    counts = np.bincount(y)
    if counts.min() < 2:
        rare = classes[int(counts.argmin())]
        raise TrainingError(
            f"Class {rare!r} of label {label!r} has one row only",
            wanted="at least 2 rows in each class, one to learn from and one to judge by",
            todo=f"add rows, or leave it out: WHERE {label} <> {rare!r}",
        )
    code = _positive(classes, positive, label)
    warnings = []
    if len(classes) == 2 and code is None:
        warnings.append(
            f"Neither {classes[0]!r} nor {classes[1]!r} is known to be the positive class of "
            f"{label!r}, so there is no score function: add OPTIONS(positive_class={classes[1]!r})"
        )
    return Target(label, column.sql_type, y.astype(np.int64), classes, code), warnings


def _distinct(array: pa.ChunkedArray, column: Column) -> tuple[tuple[Label, ...], Codes]:
    """The distinct values in order, and each row's place among them.

    Whole numbers are taken as they are: as doubles, ids beyond 2^53 would be told apart no more.
    """
    kind = array.type
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):  # HUGEINT
        values = sorted(pc.unique(array).to_pylist())
        places = pc.index_in(array, value_set=pa.array(values, kind))
        return tuple(int(v) for v in values), places.to_numpy()
    distinct, codes = np.unique(column.values, return_inverse=True)
    return tuple(_class(column, value) for value in distinct), codes


def _class(column: Column, value: float) -> Label:
    """A distinct value as a Python value."""
    if column.kind == "category":
        return column.vocabulary[int(value)]
    if column.kind == "boolean":
        return bool(value)
    return int(value) if float(value).is_integer() else float(value)


def _refuse_constant(label: str, value: object, constant: bool) -> None:
    if constant:
        raise TrainingError(
            f"Label {label!r} has the same value in every row, so there is nothing to learn",
            seen=repr(value),
            wanted="at least two values",
            todo="check the WHERE clause and the expression that makes it",
        )


def _positive(classes: tuple[Label, ...], wanted: object, label: str) -> int | None:
    """The code of the positive class: the one wanted, or of two the one that says yes."""
    words = [str(c).lower() for c in classes]
    if wanted is not None:
        if str(wanted).lower() not in words or len(classes) != 2:
            raise TrainingError(
                f"positive_class={wanted!r} is not one of two classes of label {label!r}",
                seen=", ".join(map(repr, classes[:10])),
                todo="name one of the classes, or leave the option out",
            )
        return words.index(str(wanted).lower())
    hits = [i for i, word in enumerate(words) if word in POSITIVE_WORDS]
    return hits[0] if len(classes) == 2 and len(hits) == 1 else None
