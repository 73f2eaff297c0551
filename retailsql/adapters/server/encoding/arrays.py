"""Arrays: ``{1,NULL,"a b"}``, or a header and elements; nested ones too; vectors of the catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.adapters.server.encoding.cells import (
    Body,
    Bytes,
    Cells,
    Numbers,
    arrow,
    cells,
    join,
    network,
    ragged,
)
from retailsql.adapters.server.records import PgError

Encoder: TypeAlias = Callable[[pa.Array], Body]
NEEDS_QUOTES = r'^$|[{}",\\ \t\n\r\v\f]|^(?i:null)$'


def column(array: pa.Array, encode: Encoder) -> Cells:
    """A column with its NULLs, by the encoder of its type."""
    if array.null_count == 0:
        return cells(encode(array), None)
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    if not valid.any():
        return Cells(np.full(len(array), -1, np.int32), ragged(np.zeros(len(array)), b""))
    return cells(encode(array.drop_null()), valid)


def nested(array: pa.Array) -> bool:
    """Whether elements are lists themselves."""
    return is_list(array.type.value_type)


def is_list(kind: pa.DataType) -> bool:
    """Lists and lists of a fixed size."""
    return bool(pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind))


def sizes(array: pa.Array) -> Numbers:
    """How many elements each list has."""
    found: Numbers = pc.list_value_length(array).to_numpy(zero_copy_only=False)
    return found.astype(np.int64)


def glued(parts: pa.Array, many: Numbers, separator: bytes) -> pa.Array:
    """The elements of each list as one value."""
    start = np.zeros(len(many) + 1, np.int32)
    np.cumsum(many, out=start[1:])
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(start), parts), separator)


def array_text(encode: Encoder, quotes: bool) -> Encoder:
    """An encoder of lists from that of their elements; ``quotes``: some may need them."""

    def text(array: pa.Array) -> Body:
        many, child = sizes(array), array.flatten()
        inner = text if nested(array) else encode
        found = column(child, inner)
        words = arrow(found.body)
        if quotes and not nested(array):
            words = quoted(words)
        missing = found.lengths < 0
        if missing.any():
            words = pc.if_else(pa.array(missing), pa.scalar(b"NULL", pa.binary()), words)
        out = join(b"{", glued(words, many, b","), b"}")
        if not nested(array):
            return out
        empty = leaves(array) == 0
        return pc.if_else(pa.array(empty), pa.scalar(b"{}", pa.binary()), out)

    return text


def leaves(array: pa.Array) -> Numbers:
    """How many elements or NULLs each list has in its innermost lists (a NULL list counts)."""
    many = sizes(array)
    if not nested(array):
        return many
    child = array.flatten()
    of_child = np.ones(len(child), np.int64)
    valid = child.is_valid().to_numpy(zero_copy_only=False)
    of_child[valid] = leaves(child.drop_null())
    return summed(of_child, many)


def summed(numbers: Numbers, many: Numbers) -> Numbers:
    """The sum over each list."""
    total = np.concatenate([[0], np.cumsum(numbers)])
    end = np.cumsum(many)
    of_lists: Numbers = total[end] - total[end - many]
    return of_lists


def quoted(words: pa.Array) -> pa.Array:
    """Elements in quotes where they would be read as something else."""
    text = pc.cast(words, pa.string())
    need = pc.match_substring_regex(text, NEEDS_QUOTES)
    if not pc.any(need).as_py():
        return words
    escaped = pc.replace_substring(pc.replace_substring(text, "\\", "\\\\"), '"', '\\"')
    return pc.if_else(need, join(b'"', escaped, b'"'), words)


def array_binary(encode: Encoder, element: int, lower: int = 1) -> Encoder:
    """An encoder of lists.

    Args:
        encode: of an element.
        element: PostgreSQL's number of its type.
        lower: the number of the first element: 1, of vectors of the catalog 0.
    """

    def binary(array: pa.Array) -> Body:
        counts, child, many = dimensions(array)
        found = column(child, encode)
        pieces = join(network(found.lengths, ">i4"), found.body)
        nulls = summed((found.lengths < 0).astype(np.int64), many)
        return join(header(counts, nulls > 0, element, lower), glued(pieces, many, b""))

    return binary


def dimensions(array: pa.Array) -> tuple[list[Numbers], pa.Array, Numbers]:
    """The size of each dimension for each list, all elements, and how many each list has.

    Raises:
        PgError: 2202E, lists in one list differ in length, or are NULL.
    """
    many = sizes(array)
    if not nested(array):
        return [many], array.flatten(), many
    child = array.flatten()
    ragged_error = "multidimensional arrays must have array expressions with matching dimensions"
    if child.null_count:
        raise PgError("2202E", ragged_error)
    of_child, elements, each = dimensions(child)
    start = np.cumsum(many) - many
    counts = [many]
    for size in of_child:
        first = np.zeros(len(many), np.int64)
        first[many > 0] = size[start[many > 0]]
        if (np.repeat(first, many) != size).any():
            raise PgError("2202E", ragged_error)
        counts.append(first)
    return counts, elements, summed(each, many)


def header(counts: list[Numbers], nulls: Numbers, element: int, lower: int) -> pa.Array:
    """Number of dimensions, whether there are NULLs, type, and for each dimension its size and
    the number of its first element; an empty array has no dimension, an empty vector has one.
    """
    rows, depth = len(nulls), len(counts)
    out: Bytes = np.zeros((rows, 12 + 8 * depth), np.uint8)
    some = (np.prod(np.stack(counts), axis=0) > 0) | (lower == 0)
    out[:, 0:4] = network(np.where(some, depth, 0), ">i4")
    out[:, 4:8] = network(nulls.astype(np.int64), ">i4")
    out[:, 8:12] = network(np.full(rows, element), ">i4")
    for at, size in enumerate(counts):
        out[:, 12 + 8 * at : 16 + 8 * at] = network(size, ">i4")
        out[:, 16 + 8 * at : 20 + 8 * at] = network(np.full(rows, lower), ">i4")
    keep = np.broadcast_to(some[:, None], out.shape).copy()
    keep[:, :12] = True
    return ragged(keep.sum(axis=1), out[keep])


def numbers(array: pa.Array) -> pa.Array:
    """Vectors of the catalog as lists, also those given as text: ``1 2``."""
    if is_list(array.type):
        return array
    words = [[int(number) for number in word.split()] for word in array.to_pylist()]
    return pa.array(words, pa.list_(pa.int64()))


def vector_text(array: pa.Array) -> Body:
    """``1 2``, as int2vector and oidvector are written."""
    if not is_list(array.type):
        return array
    words = pc.cast(pc.cast(array.flatten(), pa.string()), pa.binary())
    return glued(words, sizes(array), b" ")
