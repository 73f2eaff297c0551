"""One column of SQL values -> one vector of a graph's numbers, by the table in ``signature``.

Every encoder returns the vector and the mask of missing values (None if none is missing), which
is what lets a batch without NULLs pass without a second look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import ScoringError
from retailsql.signature import Feature

Vector = np.ndarray[Any, Any]
Encoded = tuple[Vector, "np.ndarray[Any, np.dtype[np.bool_]] | None"]
Column: TypeAlias = "pa.Array | pa.ChunkedArray"
"""DuckDB hands over chunked arrays of one chunk; to unwrap them first costs more than it saves."""
Encoder = Callable[[Column], Encoded]

MICROSECONDS_PER_DAY = 86_400_000_000.0
DUCKDB_BATCH = 2048
_ZEROS = np.zeros(1 << 16)
_BATCH_OF_ZEROS = _ZEROS[:DUCKDB_BATCH]

NUMPY_TYPES: dict[str, type] = {
    "double": np.float64, "float": np.float32, "int64": np.int64, "int32": np.int32,
    "bool": np.bool_,
}  # fmt: skip


def encoder(feature: Feature, dtype: str) -> Encoder:
    """The encoder of one feature for a graph input of element type ``dtype``.

    Args:
        feature: the column.
        dtype: double, float, int64, int32, bool or string.

    >>> encode = encoder(Feature("plan", "VARCHAR", categories=("a", "b")), "int64")
    >>> encode(pa.array(["b", None, "z"]))[0].tolist()
    [1, 2, 3]
    """
    match feature.kind:
        case "category":
            return _category(feature)
        case "text":
            return _text
        case "number" if dtype in ("double", "float"):
            return _float(feature, dtype)
        case kind:
            return _cast(kind, NUMPY_TYPES[dtype])


def _float(feature: Feature, dtype: str) -> Encoder:
    """Numbers: NULL and NaN become NaN, infinity is refused."""
    narrow = dtype == "float"

    def encode(column: Column) -> Encoded:
        values = column.to_numpy(zero_copy_only=False)
        if values.dtype != np.float64:
            values = values.astype(np.float64)
        if np.vdot(values, zeros(len(values))) == 0.0:
            return (values.astype(np.float32) if narrow else values), None
        missing = np.isnan(values)
        infinite = np.isinf(values)
        if infinite.any():
            raise infinity(feature.name, values[infinite][0])
        return (values.astype(np.float32) if narrow else values), missing

    return encode


def zeros(n: int) -> Vector:
    """A vector of zeros, not to be written to.

    Its dot product with a column is 0 if and only if nothing there is NaN or infinite, ten times
    cheaper to know so than by isnan (np.vdot, since np.dot warns of infinity).
    """
    if n == DUCKDB_BATCH:
        return _BATCH_OF_ZEROS
    return _ZEROS[:n] if n <= len(_ZEROS) else np.zeros(n)


def infinity(column: str, value: object) -> ScoringError:
    """The error for an infinite feature value."""
    return ScoringError(
        f"Column {column!r} holds an infinite number, which has no score",
        seen=value,
        wanted="a finite number or NULL",
        todo=f"write nullif(nullif({column}, 'inf'), '-inf') to treat it as missing",
    )


def _category(feature: Feature) -> Encoder:
    """Categories: position in the list; n for NULL, n + 1 for one that is not in the list."""
    categories = feature.categories or ()
    unseen_code = len(categories) + 1
    # NULL is looked up like any other value, so that only what is unseen is not found.
    value_set = pa.array([*categories, None], pa.string())
    options = pc.SetLookupOptions(value_set=value_set, skip_nulls=False)

    def encode(column: Column) -> Encoded:
        found = pc.index_in(column, options=options)
        missing = None
        if column.null_count:
            missing = column.is_null().to_numpy(zero_copy_only=False)
        if not found.null_count:
            return found.to_numpy().astype(np.int64), missing
        codes = found.fill_null(unseen_code).to_numpy().astype(np.int64)
        if feature.on_unseen == "error" and (codes == unseen_code).any():
            raise _unseen(feature, column, codes, unseen_code)
        return codes, missing

    return encode


def _unseen(feature: Feature, column: Column, codes: Vector, code: int) -> ScoringError:
    value = column[int(np.flatnonzero(codes == code)[0])].as_py()
    return ScoringError(
        f"Column {feature.name!r} holds a category the model has never seen",
        seen=repr(value),
        wanted=", ".join(map(repr, (feature.categories or ())[:10])),
        todo="correct the value, or train again with on_unseen='other'",
    )


def _text(column: Column) -> Encoded:
    """Strings for graphs that take strings; NULL is an empty string and masked."""
    missing = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    values = np.array(column.fill_null("").to_pylist(), dtype=object)
    return values, missing


def _cast(kind: str, dtype: type) -> Encoder:
    """Booleans, dates, timestamps, and whole numbers for graphs that take int64 or bool."""

    def encode(column: Column) -> Encoded:
        missing = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
        if kind == "timestamp":
            micros = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()).fill_null(0)
            values = micros.to_numpy() / MICROSECONDS_PER_DAY
        elif kind == "date":
            values = column.cast(pa.int32()).fill_null(0).to_numpy()
        elif kind == "boolean":
            values = column.cast(pa.uint8()).fill_null(0).to_numpy()
        else:
            values = column.fill_null(0).to_numpy(zero_copy_only=False)
        values = values.astype(dtype)
        if missing is not None and np.issubdtype(dtype, np.floating):
            values[missing] = np.nan
        return values, missing

    return encode
