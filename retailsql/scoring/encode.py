"""One column of SQL values -> one vector of a graph's numbers, by the table in ``signature``.

Every encoder returns the vector and the mask of missing values (None if none is missing), which
is what lets a batch without NULLs pass without a second look.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import ScoringError
from retailsql.scoring.buffers import Column, Mask, Vector, nulls, numbers, one, strings
from retailsql.signature import Feature

Encoded = tuple[Vector, Mask | None]
Encoder = Callable[[Column], Encoded]

MICROSECONDS_PER_DAY = 86_400_000_000.0
LARGEST_FLOAT = float(np.finfo(np.float32).max)
"""What is larger becomes infinite in a graph that computes in 32-bit floats."""
LARGEST_DOUBLE = float(np.finfo(np.float64).max)
_INT32 = np.iinfo(np.int32)

NUMPY_TYPES: dict[str, type] = {
    "double": np.float64, "float": np.float32, "int64": np.int64, "int32": np.int32,
    "bool": np.bool_,
}  # fmt: skip


def encoder(feature: Feature, dtype: str, largest: float = LARGEST_FLOAT) -> Encoder:
    """The encoder of one feature for a graph input of element type ``dtype``.

    Args:
        feature: the column.
        dtype: double, float, int64, int32, bool or string.
        largest: the largest number in size that the graph computes with, if dtype is double.

    >>> encode = encoder(Feature("plan", "VARCHAR", categories=("a", "b")), "int64")
    >>> encode(pa.array(["b", None, "z"]))[0].tolist()
    [1, 2, 3]
    """
    match feature.kind:
        case "category":
            return _category(feature, NUMPY_TYPES[dtype])
        case "text":
            return _text
        case "number" if dtype in ("double", "float"):
            return _float(feature, dtype, largest)
        case "number":
            return _whole(feature, NUMPY_TYPES[dtype])
        case "boolean":
            return _boolean(NUMPY_TYPES[dtype])
        case kind:
            return _instant(feature, kind, NUMPY_TYPES[dtype])


def _float(feature: Feature, dtype: str, largest: float) -> Encoder:
    """Numbers: NULL and NaN become NaN; infinity and what is too large are refused."""
    narrow = dtype == "float"
    largest = LARGEST_FLOAT if narrow else largest
    bound = clean_below(largest)

    def encode(column: Column) -> Encoded:
        array = one(column)
        values, null = numbers(array), nulls(array)
        if values.dtype != np.float64:
            values = values.astype(np.float64)
        if null is not None:
            values = np.where(null, np.nan, values)
        missing = None
        if not np.vdot(values, values) < bound:
            refused = np.abs(values) > largest
            if refused.any():
                raise _no_number(feature.name, float(values[refused][0]))
            missing = np.isnan(values)
        return (values.astype(np.float32) if narrow else values), missing

    return encode


def clean_below(largest: float) -> float:
    """A column whose dot product with itself is less than this holds numbers of at most
    ``largest`` in size only: no NaN, no infinity.

    Ten times cheaper to know so than by isnan and abs (by np.vdot, since np.dot warns of overflow).

    >>> x = np.array([1.0, np.nan])
    >>> bool(np.vdot(x, x) < clean_below(LARGEST_FLOAT))
    False
    """
    return largest * largest  # infinite for doubles: then a few finite numbers look unclean


def _no_number(column: str, value: float) -> ScoringError:
    """The error for a number that has no score."""
    if not np.isinf(value):
        return ScoringError(
            f"Column {column!r} holds a number too large for the model, which computes in "
            "32-bit floats",
            seen=value,
            wanted=f"at most {LARGEST_FLOAT:.4g} in size, or NULL",
            todo="correct the value, or write "
            f"CASE WHEN abs({column}) < 3.4e38 THEN {column} END to treat it as missing",
        )
    return ScoringError(
        f"Column {column!r} holds an infinite number, which has no score",
        seen=value,
        wanted="a finite number or NULL",
        todo=f"write nullif(nullif({column}, 'inf'), '-inf') to treat it as missing",
    )


def _category(feature: Feature, dtype: type) -> Encoder:
    """Categories: position in the list; n for NULL, n + 1 for one that is not in the list."""
    categories = feature.categories or ()
    unseen_code = len(categories) + 1
    # NULL is looked up like any other value, so that only what is unseen is not found.
    value_set = strings([*categories, None])
    options = pc.SetLookupOptions(value_set=value_set, skip_nulls=False)

    def encode(column: Column) -> Encoded:
        array = one(column)
        found = pc.index_in(array, options=options)
        codes: Vector = numbers(found).astype(dtype)
        unseen = nulls(found)
        if unseen is not None:
            if feature.on_unseen == "error":
                raise _unseen(feature, array, unseen)
            codes[unseen] = unseen_code
        return codes, nulls(array)

    return encode


def _unseen(feature: Feature, array: pa.Array, unseen: Mask) -> ScoringError:
    value = array[int(np.flatnonzero(unseen)[0])].as_py()
    return ScoringError(
        f"Column {feature.name!r} holds a category the model has never seen",
        seen=repr(value),
        wanted=", ".join(map(repr, (feature.categories or ())[:10])),
        todo="correct the value, or train again with on_unseen='other'",
    )


def _text(column: Column) -> Encoded:
    """Strings for graphs that take strings; NULL is an empty string and masked."""
    array = one(column)
    texts = ["" if v is None else v for v in array.to_pylist()]
    return np.array(texts, dtype=object), nulls(array)


def _boolean(dtype: type) -> Encoder:
    """Booleans: 0 or 1."""

    def encode(column: Column) -> Encoded:
        array = one(column)
        return _typed(numbers(array.cast(pa.uint8())), dtype, nulls(array))

    return encode


def _whole(feature: Feature, dtype: type) -> Encoder:
    """Whole numbers for graphs that take them whole."""

    def encode(column: Column) -> Encoded:
        array = one(column)
        values, null = _present(array)
        if dtype is np.int32:
            refused = (values < _INT32.min) | (values > _INT32.max)
            if refused.any():
                raise ScoringError(
                    f"Column {feature.name!r} holds a number too large for the model, which "
                    "takes 32-bit whole numbers",
                    seen=values[refused][0],
                    wanted=f"{_INT32.min} to {_INT32.max}, or NULL",
                    todo="correct the value, or export the graph with an int64 input",
                )
        return _typed(values, dtype, null)

    return encode


def _instant(feature: Feature, kind: str, dtype: type) -> Encoder:
    """Dates and timestamps: days since 1970-01-01; infinite ones are refused."""
    width = pa.int32() if kind == "date" else pa.int64()

    def encode(column: Column) -> Encoded:
        array = one(column)
        ticks, null = _present(array.cast(width))
        _refuse_infinite(feature.name, ticks)
        if kind == "date":
            return _typed(ticks, dtype, null)
        if array.type.unit != "us":
            array = array.cast(pa.timestamp("us", array.type.tz), safe=False)
            ticks, null = _present(array.cast(width))
        return _typed(ticks / MICROSECONDS_PER_DAY, dtype, null)

    return encode


def _refuse_infinite(column: str, ticks: Vector) -> None:
    """DuckDB writes an infinite date or timestamp as the largest integer, or minus that."""
    end = np.iinfo(ticks.dtype).max
    if ticks.max(initial=0) == end or ticks.min(initial=0) == -end:
        first = ticks[np.abs(ticks) == end][0]
        raise ScoringError(
            f"Column {column!r} holds an infinite date, which has no score",
            seen="infinity" if first > 0 else "-infinity",
            wanted="a finite date or NULL",
            todo=f"write CASE WHEN isfinite({column}) THEN {column} END to treat it as missing",
        )


def _present(array: pa.Array) -> Encoded:
    """The values, 0 where NULL, and the mask of NULLs."""
    values, null = numbers(array), nulls(array)
    return (values if null is None else np.where(null, values.dtype.type(0), values)), null


def _typed(values: Vector, dtype: type, null: Mask | None) -> Encoded:
    """The values in the graph's type, NaN where NULL if that has one."""
    values = values.astype(dtype)
    if null is not None and np.issubdtype(dtype, np.floating):
        values[null] = np.nan
    return values, null
