"""The one idea of this package: a column of values is a matrix of bytes, or bytes and offsets.

An encoder of one type gets an Arrow array *without NULLs* and answers a :data:`Body`: if all values
have one length, a matrix (rows, bytes), else an Arrow binary array. :func:`cells` puts the NULLs
back. :func:`message` lays columns side by side: neighbours of fixed length are copied into one
matrix, and pyarrow's ``binary_join_element_wise`` joins the rest, row after row, in C++ (measured:
six columns of 30,000 rows in 0.12 us a row; index arithmetic in numpy takes 0.49).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.adapters.server.records import PgError

Bytes: TypeAlias = np.ndarray[Any, np.dtype[np.uint8]]
Numbers: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Body: TypeAlias = "Bytes | pa.Array"
Run: TypeAlias = "list[Bytes | bytes]"

EMPTY = pa.scalar(b"", pa.binary())
LONGEST = 0x3FFFFFFF  # bytes of one message: PostgreSQL's MaxAllocSize


class Cells(NamedTuple):
    """A column: the length of each value (-1: NULL) and the bytes."""

    lengths: Numbers
    body: Body


def cells(body: Body, valid: Numbers | None) -> Cells:
    """Put the NULLs back.

    Args:
        body: of the values that are not NULL.
        valid: for each row whether it is not NULL; None: all are not.

    >>> cells(np.array([[7], [8]], np.uint8), np.array([True, False, True])).lengths.tolist()
    [1, -1, 1]
    """
    sizes: Numbers
    if isinstance(body, np.ndarray):
        sizes = np.full(len(body), body.shape[1], np.int32)
        if valid is None:
            return Cells(sizes, body)
        data = pa.py_buffer(np.ascontiguousarray(body))
    else:
        start = offsets(body)
        sizes = np.diff(start)
        if valid is None:
            return Cells(sizes, binary(body))
        first = int(start[0])
        data = body.buffers()[2]
        data = data.slice(first) if data is not None else pa.py_buffer(b"")
    lengths = np.full(len(valid), -1, np.int32)
    lengths[valid] = sizes
    return Cells(lengths, ragged(np.maximum(lengths, 0), data))


def offsets(array: pa.Array) -> Numbers:
    """Where each value of a string or binary array begins, and the last ends."""
    if len(array) == 0:
        return np.zeros(1, np.int32)
    buffer = np.frombuffer(array.buffers()[1], np.int32)
    return buffer[array.offset : array.offset + len(array) + 1]


def flat(array: pa.Array) -> Bytes:
    """The bytes of all values of a string or binary array, without a copy."""
    start, data = offsets(array), array.buffers()[2]
    if data is None or start[-1] == start[0]:
        return np.zeros(0, np.uint8)
    return np.frombuffer(data, np.uint8)[start[0] : start[-1]]


def binary(array: pa.Array) -> pa.Array:
    """A string array as a binary one, without a copy."""
    return array if array.type == pa.binary() else pc.cast(array, pa.binary())


def ragged(sizes: Numbers, data: Any) -> pa.Array:
    """A binary array of values that lie one behind the other."""
    start = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=start[1:])
    buffer = data if isinstance(data, pa.Buffer) else pa.py_buffer(np.ascontiguousarray(data))
    return pa.Array.from_buffers(pa.binary(), len(sizes), [None, pa.py_buffer(start), buffer])


def arrow(body: Body) -> pa.Array:
    """A matrix as a binary array too."""
    if not isinstance(body, np.ndarray):
        return binary(body)
    rows, size = body.shape
    start = np.arange(rows + 1, dtype=np.int32)
    start *= size
    buffers = [None, pa.py_buffer(start), pa.py_buffer(np.ascontiguousarray(body))]
    return pa.Array.from_buffers(pa.binary(), rows, buffers)


def join(*parts: Body | bytes) -> pa.Array:
    """Values side by side, row after row.

    >>> join(np.array([[65], [66]], np.uint8), b":", pa.array([b"x", b"yz"])).to_pylist()
    [b'A:x', b'B:yz']
    """
    pieces = [pa.scalar(p, pa.binary()) if isinstance(p, bytes) else arrow(p) for p in parts]
    return pc.binary_join_element_wise(*pieces, EMPTY)


def values(array: pa.Array, kind: type[np.generic]) -> Numbers:
    """The numbers of an array of a fixed width, without a copy."""
    return np.frombuffer(array.buffers()[1], kind)[array.offset : array.offset + len(array)]


def network(numbers: Numbers, kind: str) -> Bytes:
    """Numbers as a matrix of bytes in network order; ``kind`` as numpy writes it: ``>i4``."""
    plain = np.ascontiguousarray(numbers.astype(kind))
    return plain.view(np.uint8).reshape(len(plain), plain.dtype.itemsize)


def matrix(array: pa.Array, width: int) -> Bytes:
    """A string array all of whose values have one length, as a matrix."""
    return flat(array).reshape(len(array), width)


def patched(text: pa.Array, rare: Numbers, words: Sequence[str] | pa.Array) -> pa.Array:
    """A string or binary array with the values at ``rare`` (a mask) put in place."""
    new = words if isinstance(words, pa.Array) else pa.array(words, pa.string())
    return pc.replace_with_mask(text, pa.array(rare), new.cast(text.type))


def message(tag: bytes, columns: Sequence[Cells], rows: int) -> memoryview:
    """Messages of a tag, their length, the number of columns, and each value behind its length.

    Raises:
        PgError: 54000, a row is longer than a message may be.
    """
    least = 6 + 4 * len(columns)
    total: Numbers = np.full(rows, least, np.int64)
    for column in columns:
        if isinstance(column.body, np.ndarray):
            total += column.body.shape[1]
        else:
            total += np.maximum(column.lengths, 0)
    if rows and total.max() > LONGEST:
        raise PgError("54000", f"a row of {total.max()} bytes is too long to send")
    runs: list[Run] = [[tag, network(total, ">i4"), len(columns).to_bytes(2, "big")]]
    bodies: list[pa.Array] = []
    for column in columns:
        if isinstance(column.body, np.ndarray):  # all of one length
            runs[-1] += [column.body.shape[1].to_bytes(4, "big"), column.body]
        else:
            runs[-1].append(network(column.lengths, ">i4"))
            bodies.append(column.body)
            runs.append([])
    return seamed(runs, bodies, rows)


def seamed(runs: Sequence[Run], bodies: Sequence[pa.Array], rows: int) -> memoryview:
    """Runs and between them bodies, side by side, one row behind the other.

    A row's last run and the next row's first lie together, so they are joined as one piece; what
    it has too much, before the first row and behind the last, is left out of the view.
    """
    first, *middle, last = runs if bodies else [*runs, []]
    before, behind = width(last), width(first)
    seam = np.empty((rows + 1, before + behind), np.uint8)
    lay(first, seam[:-1, before:])
    lay(last, seam[1:, :before])
    pieces: list[Body] = [seam]
    for body, run in zip(bodies, [*middle, []], strict=False):
        pieces += [ended(body), ended(side_by_side(run, rows))] if run else [ended(body)]
    joined = flat(join(*pieces)) if bodies else seam.reshape(-1)
    return joined.data[before : len(joined) - behind]


def ended(body: Body) -> pa.Array:
    """An array with one empty value more."""
    array = arrow(body)
    start = offsets(array)
    buffers = [None, pa.py_buffer(np.append(start, start[-1])), array.buffers()[2]]
    return pa.Array.from_buffers(pa.binary(), len(array) + 1, buffers)


def width(run: Run) -> int:
    """Bytes of a row."""
    return sum(len(part) if isinstance(part, bytes) else part.shape[1] for part in run)


def side_by_side(run: Run, rows: int) -> Bytes:
    """Matrices of the same rows, and what is the same in all rows, as one matrix.

    >>> side_by_side([b"a", np.array([[66], [67]], np.uint8)], 2).tobytes()
    b'aBaC'
    """
    if len(run) == 1 and isinstance(run[0], np.ndarray):
        return run[0]
    out = np.empty((rows, width(run)), np.uint8)
    lay(run, out)
    return out


def lay(run: Run, out: Bytes) -> None:
    """Write matrices and what is the same in all rows into a matrix.

    Values of 1, 2, 4 and 8 bytes are copied as numbers are, all others as blocks of their length:
    five times as fast as ``np.concatenate``, which copies row by row.
    """
    same = b"".join(part if isinstance(part, bytes) else bytes(part.shape[1]) for part in run)
    if same:
        out.view(f"V{len(same)}")[:] = np.frombuffer(same, f"V{len(same)}")
    at = 0
    for part in run:
        if isinstance(part, bytes):
            at += len(part)
            continue
        size = part.shape[1]
        if size:
            block = f"u{size}" if size in (1, 2, 4, 8) else f"V{size}"
            out[:, at : at + size].view(block)[:] = np.ascontiguousarray(part).view(block)
        at += size
