"""Booleans, integers, text, bytea, uuid, bit strings."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.adapters.server.encoding.cells import (
    Body,
    Bytes,
    flat,
    join,
    matrix,
    network,
    offsets,
    ragged,
)
from retailsql.adapters.server.records import PgError

HEX = np.array([list(b"%02x" % byte) for byte in range(256)], np.uint8)
NIBBLE = np.zeros(256, np.uint8)
NIBBLE[list(b"0123456789abcdef")] = range(16)
NIBBLE[list(b"ABCDEF")] = range(10, 16)
BARE = re.compile(r'"(?:[^"\\]|\\.)*"|NaN|-?Infinity')
DASHES = [8, 13, 18, 23]


def bool_text(array: pa.Array) -> Body:
    """``t`` and ``f``."""
    true = array.to_numpy(zero_copy_only=False)
    return np.where(true, ord("t"), ord("f")).astype(np.uint8).reshape(-1, 1)


def bool_binary(array: pa.Array) -> Body:
    """One byte, 1 or 0."""
    plain: Bytes = array.to_numpy(zero_copy_only=False).astype(np.uint8).reshape(-1, 1)
    return plain


def plain_text(array: pa.Array) -> Body:
    """Integers, and whatever Arrow writes as PostgreSQL does."""
    return pc.cast(array, pa.string())


def int2(array: pa.Array) -> Body:
    """Two bytes in network order."""
    return network(pc.cast(array, pa.int16()).to_numpy(), ">i2")


def int4(array: pa.Array) -> Body:
    """Four bytes in network order."""
    return network(pc.cast(array, pa.int32()).to_numpy(), ">i4")


def oid4(array: pa.Array) -> Body:
    """Four bytes without sign in network order: numbers of the catalog."""
    return network(pc.cast(array, pa.uint32()).to_numpy(), ">u4")


def int8(array: pa.Array) -> Body:
    """Eight bytes in network order."""
    return network(pc.cast(array, pa.int64()).to_numpy(), ">i8")


def text(array: pa.Array) -> Body:
    """UTF-8 as it is.

    Raises:
        PgError: 22021, a NUL character: PostgreSQL has no text with one, and drivers written in C
            would cut the value there.
    """
    plain = array if pa.types.is_string(array.type) else pc.cast(array, pa.string())
    data = flat(plain)
    if len(data) and not data.min():
        raise PgError(
            "22021",
            'invalid byte sequence for encoding "UTF8": 0x00',
            hint="Take the character out: replace(column, chr(0), '').",
        )
    return plain


def json(array: pa.Array) -> Body:
    """JSON as it is, but for numbers that are none, which DuckDB writes bare; PostgreSQL's to_json
    makes strings of them.

    >>> json(pa.array(['{"a":NaN,"b":-Infinity,"c":"NaN"}'])).to_pylist()
    ['{"a":"NaN","b":"-Infinity","c":"NaN"}']
    """
    plain = text(array)
    odd = pc.match_substring_regex(plain, "NaN|Infinity")
    if not pc.any(odd).as_py():
        return plain
    words = [BARE.sub(as_string, word) for word in pc.filter(plain, odd).to_pylist()]
    return pc.replace_with_mask(plain, odd, pa.array(words, pa.string()))


def as_string(found: re.Match[str]) -> str:
    """A word in quotes, if it is not."""
    return found[0] if found[0].startswith('"') else f'"{found[0]}"'


def bytea_text(array: pa.Array) -> Body:
    r"""``\x`` and hexadecimal digits."""
    digits = ragged(np.diff(offsets(array)) * 2, HEX[flat(array)])
    return join(b"\\x", digits)


def bytea_binary(array: pa.Array) -> Body:
    """The bytes."""
    return array


def uuid_binary(array: pa.Array) -> Body:
    """Sixteen bytes of the 36 characters."""
    digits = NIBBLE[np.delete(matrix(array, 36), DASHES, axis=1)]
    return digits[:, 0::2] << 4 | digits[:, 1::2]


def bit_binary(array: pa.Array) -> Body:
    """The number of bits, then the bits, the last byte filled with 0."""
    return pa.array([bits(word) for word in array.to_pylist()], pa.binary())


def bits(word: str) -> bytes:
    r"""A bit string.

    >>> bits("011")
    b'\x00\x00\x00\x03`'
    """
    size = -(-len(word) // 8)
    number = int(word.ljust(size * 8, "0") or "0", 2)
    return len(word).to_bytes(4, "big") + number.to_bytes(size, "big")
