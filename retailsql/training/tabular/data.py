"""The training SELECT as numpy: which column plays which part, and what its values are.

Everything wrong with the data is found here, before anything is trained, and named by column.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from retailsql.errors import SignatureError, TrainingError, nearest
from retailsql.signature import Feature, FeatureKind
from retailsql.training.fitted import TrainingData

MICROSECONDS_PER_DAY = 86_400_000_000.0
LARGEST = float(np.finfo(np.float32).max)

Vector = NDArray[Any]


@dataclass(frozen=True)
class Column:
    """One column's values, in the encoding of ``signature`` except for the codes' order.

    Args:
        name: the column's name.
        sql_type: its DuckDB type.
        kind: its kind of encoding.
        values: float64 with NaN for NULL, or for a category int64 places in ``vocabulary``, -1
            for NULL; shape (rows,).
        vocabulary: the distinct strings of a category column, sorted.
    """

    name: str
    sql_type: str
    kind: FeatureKind
    values: Vector
    vocabulary: tuple[str, ...] = ()

    @property
    def null(self) -> NDArray[np.bool_]:
        """True where the value is NULL."""
        return self.values < 0 if self.kind == "category" else np.isnan(self.values)


@dataclass(frozen=True)
class Roles:
    """The part each column plays; names as in the SELECT."""

    label: str
    features: tuple[str, ...]
    split: str | None
    scores: tuple[str, ...]
    groups: tuple[str, ...]
    instance: str | None = None


def assign_roles(data: TrainingData, options: Mapping[str, Any]) -> Roles:
    """Find the columns that the options name.

    Args:
        data: the training rows.
        options: all options of the model type, read.

    Raises:
        TrainingError: no rows, a column that is not there, or no feature left.
    """
    names = data.table.column_names
    if data.table.num_rows == 0:
        raise TrainingError(
            "The training SELECT returned no rows", todo="check its WHERE and its joins"
        )
    labels = options["input_label_cols"]
    if len(labels) != 1:
        raise TrainingError(
            "Option input_label_cols names no single label", seen=labels, wanted="one column"
        )
    label = _find_label(str(labels[0]), names)
    split = _split_column(options, names)
    scores = _find_all(options, "baseline_col", names)
    groups = _find_all(options, "baseline_group_cols", names)
    excluded = _find_all(options, "exclude_cols", names)
    if label in {*scores, *groups, *excluded, split, options.get("instance_weight_col")}:
        raise TrainingError(f"Label {label!r} is also named by another option", todo="name it once")
    weight = options.get("instance_weight_col")
    instance = None if weight is None else _find(weight, names, "instance_weight_col")
    others = {label, split, instance, *scores, *excluded}
    features = tuple(n for n in names if n not in others)
    if not features:
        raise TrainingError(
            "No feature is left to train on",
            seen=", ".join(names),
            wanted="at least one column besides the label",
            todo="add columns to the SELECT",
        )
    return Roles(label, features, split, scores, groups, instance)


def _split_column(options: Mapping[str, Any], names: Sequence[str]) -> str | None:
    """data_split_col, which SEQ and CUSTOM need and no other method takes."""
    method, name = options["data_split_method"], options["data_split_col"]
    if (method in ("SEQ", "CUSTOM")) == (name is not None):
        return None if name is None else _find(name, names, "data_split_col")
    raise TrainingError(
        f"data_split_method={method!r} and data_split_col={name!r} do not fit together",
        wanted="data_split_col with SEQ or CUSTOM, and only with them",
        todo="name the column, or change the method",
    )


def _find(name: object, names: Sequence[str], option: str) -> str:
    """The column of that name, in any case, as DuckDB compares names."""
    matches = [n for n in names if n == name] or [
        n for n in names if n.lower() == str(name).lower()
    ]
    if not matches:
        raise TrainingError(
            f"The training SELECT has no column {name!r}",
            wanted=nearest(str(name), names),
            todo=f"add it to the SELECT, or correct OPTIONS({option}=...)",
        )
    return matches[0]


def _find_label(label: str, names: Sequence[str]) -> str:
    """The label column; of a statement that names none, the column called label."""
    if label == "label" and not any(n.lower() == label for n in names):
        raise TrainingError(
            "The training SELECT has no column 'label', and OPTIONS names no other",
            seen=", ".join(names),
            wanted="the column to be predicted",
            todo="write OPTIONS(input_label_cols = ['...'])",
        )
    return _find(label, names, "input_label_cols")


def _find_all(options: Mapping[str, Any], option: str, names: Sequence[str]) -> tuple[str, ...]:
    return tuple(_find(n, names, option) for n in options[option] or ())


def read_column(data: TrainingData, name: str) -> Column:
    """One column as numpy.

    Raises:
        SignatureError: its type has no encoding.
        TrainingError: it holds an infinite number or date, or one too large for 32-bit floats.
    """
    sql_type = data.sql_types[name]
    if sql_type.endswith("]"):
        raise SignatureError(
            f"Column {name!r} has a type that no model takes",
            seen=sql_type,
            wanted="a number, BOOLEAN, DATE, TIMESTAMP or VARCHAR",
            todo=f"leave it out: * EXCLUDE ({name})",
        )
    kind = Feature(name, sql_type, categories=()).kind
    array = data.table[name].combine_chunks()
    if kind == "category":
        return _read_category(name, sql_type, array)
    if kind == "timestamp":
        micros = array.cast(pa.timestamp("us", array.type.tz), safe=False).cast(pa.int64())
        values = _unless_infinite(array.cast(pa.int64()), _doubles(micros) / MICROSECONDS_PER_DAY)
    elif kind == "date":
        days = array.cast(pa.date32()).cast(pa.int32())
        values = _unless_infinite(days, _doubles(days))
    elif kind == "boolean":
        values = _doubles(array.cast(pa.uint8()))
    else:
        values = _doubles(array)
    if infinite := int((np.abs(values) > LARGEST).sum()):
        raise TrainingError(
            f"Column {name!r} holds infinite {_plural(kind)}",
            seen=f"{infinite:,} of {len(values):,} rows",
            wanted=f"finite {_plural(kind).split(',')[0]} or NULL",
            todo=f"write CASE WHEN isfinite({name}) THEN {name} END AS {name}",
        )
    return Column(name, sql_type, kind, values)


def _plural(kind: FeatureKind) -> str:
    if kind == "number":
        return "numbers, or numbers too large for a 32-bit float"
    return f"{kind}s"


def _unless_infinite(ticks: pa.Array, values: Vector) -> Vector:
    """The values, infinite where DuckDB's date or timestamp is: it writes infinity as the largest
    integer, and minus infinity as minus that.
    """
    raw = ticks.fill_null(0).to_numpy(zero_copy_only=False)
    end = np.iinfo(raw.dtype).max
    return np.where(raw == end, np.inf, np.where(raw == -end, -np.inf, values))


def _doubles(array: pa.Array) -> Vector:
    doubles = array.cast(pa.float64(), safe=False).fill_null(float("nan"))
    values: Vector = doubles.to_numpy(zero_copy_only=False)
    return values


def _read_category(name: str, sql_type: str, array: pa.Array) -> Column:
    """Distinct strings, sorted, and each row's place among them."""
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    array = array.cast(pa.string())
    distinct = sorted(pc.unique(array.drop_null()).to_pylist())
    codes = pc.index_in(array, value_set=pa.array(distinct, pa.string()), skip_nulls=True)
    values = codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return Column(name, sql_type, "category", values, tuple(distinct))


def read_features(data: TrainingData, names: Iterable[str]) -> list[Column]:
    """The features, each with at least one value.

    Raises:
        TrainingError: a feature is NULL in every row.
    """
    columns = [read_column(data, name) for name in names]
    for column in columns:
        if column.null.all():
            raise TrainingError(
                f"Column {column.name!r} is NULL in every row, so nothing can be learned from it",
                seen=f"{len(column.values):,} NULLs",
                todo=f"leave it out: * EXCLUDE ({column.name})",
            )
    return columns


def find_start(columns: Sequence[Column], name: str | None, log: bool) -> int | None:
    """The position of OPTIONS(offset_col) among the features.

    Raises:
        TrainingError: it is no number, or has no logarithm where one is taken.
    """
    if name is None:
        return None
    found = _find(name, [c.name for c in columns], "offset_col")
    position = next(i for i, c in enumerate(columns) if c.name == found)
    column = columns[position]
    if column.kind != "number" or (log and (column.values <= 0).any()):
        raise TrainingError(
            f"Column {found!r} cannot be the offset_col that predictions start from",
            seen=f"{column.sql_type}, smallest value {np.nanmin(column.values):g}",
            wanted="a number, and with log_label=true a positive one",
            todo="filter the rows, or leave offset_col out",
        )
    return position


def group_codes(columns: Sequence[Column]) -> NDArray[np.int64]:
    """A code for each distinct combination of the columns' values; NULL is a value.

    >>> a = Column("a", "DOUBLE", "number", np.array([1.0, 1.0, np.nan, np.nan]))
    >>> group_codes([a]).tolist()
    [0, 0, 1, 1]
    """
    codes = np.zeros(len(columns[0].values), dtype=np.int64)
    for column in columns:
        _, own = np.unique(column.values, return_inverse=True)
        _, codes = np.unique(codes * (own.max() + 1) + own, return_inverse=True)
    return codes
