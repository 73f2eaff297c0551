"""Between Arrow and numpy by way of their buffers.

pyarrow's own ways there and back (``pa.array``, ``pa.scalar``, ``to_numpy``, ``fill_null``) import
pandas where it is installed, half a second that no score needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

Vector = np.ndarray[Any, Any]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Column: TypeAlias = "pa.Array | pa.ChunkedArray"
"""DuckDB hands over chunked arrays of one chunk."""


def one(column: Column) -> pa.Array:
    """The column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def numbers(array: pa.Array) -> Vector:
    """The values of whole or floating numbers, read-only, with anything where NULL.

    >>> numbers(pa.array([1.5, 2.5])).tolist()
    [1.5, 2.5]
    """
    if array.null_count:
        array = pa.Array.from_buffers(
            array.type, len(array), [None, array.buffers()[1]], offset=array.offset
        )
    return np.from_dlpack(array)


def nulls(array: pa.Array) -> Mask | None:
    """True where the value is NULL; None if none is.

    >>> nulls(pa.array(["a", None])).tolist()
    [False, True]
    """
    if not array.null_count:
        return None
    return numbers(array.is_null().cast(pa.uint8())).view(np.bool_)


def to_arrow(values: Vector, kind: pa.DataType, null: Mask | None = None) -> pa.Array:
    """An array of a fixed-width type over numpy's memory.

    Args:
        values: shape (rows,), of the width of ``kind``.
        kind: any type of 8, 16, 32 or 64 bits.
        null: True where the value is NULL.

    >>> to_arrow(np.array([1, 2]), pa.int64(), np.array([False, True])).to_pylist()
    [1, None]
    """
    buffers = [_validity(null), pa.py_buffer(np.ascontiguousarray(values))]
    return pa.Array.from_buffers(kind, len(values), buffers)


def lists(values: Vector, null: Mask | None) -> pa.Array:
    """A list<double> array with one list per row.

    Args:
        values: float64, shape (rows, width).
        null: True where the list is NULL.
    """
    n, width = values.shape
    offsets = np.arange(n + 1, dtype=np.int32) * np.int32(width)
    children = [to_arrow(values.reshape(-1), pa.float64())]
    buffers = [_validity(null), pa.py_buffer(offsets)]
    return pa.Array.from_buffers(pa.list_(pa.float64()), n, buffers, children=children)


def strings(values: Sequence[str | None]) -> pa.Array:
    """A string array.

    >>> strings(["a", None, "bc"]).to_pylist()
    ['a', None, 'bc']
    """
    encoded = [(v or "").encode() for v in values]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    null = np.array([v is None for v in values], dtype=np.bool_)
    buffers = [_validity(null), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def _validity(null: Mask | None) -> pa.Buffer | None:
    return None if null is None else pa.py_buffer(np.packbits(~null, bitorder="little"))
