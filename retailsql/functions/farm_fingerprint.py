"""FARM_FINGERPRINT: FarmHash's Fingerprint64 of a text, as BigQuery has it, behind a hidden UDF.

The algorithm is Fingerprint64 (``farmhashna::Hash64``) of google/farmhash, whose result is promised
never to change; this is its arithmetic in whole numbers of Python, some microseconds a text.
"""

from __future__ import annotations

from functools import lru_cache

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection
from duckdb.func import PythonUDFType

NAME = "__rs_farm_fingerprint"
_MASK = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


@lru_cache(maxsize=100_000)
def farm_fingerprint(text: str) -> int:
    """The fingerprint as a signed 64-bit number.

    >>> farm_fingerprint("a")
    -5528939962900187677
    """
    hashed = _hash(text.encode())
    return hashed - 2**64 if hashed >= 2**63 else hashed


def _at(s: bytes, i: int, width: int = 8) -> int:
    return int.from_bytes(s[i : i + width], "little")


def _rotate(value: int, by: int) -> int:
    value &= _MASK
    return ((value >> by) | (value << (64 - by))) & _MASK if by else value


def _shift_mix(value: int) -> int:
    return value ^ (value >> 47)


def _mix(u: int, v: int, mul: int) -> int:
    a = _shift_mix(((u ^ v) * mul) & _MASK)
    b = _shift_mix(((v ^ a) * mul) & _MASK)
    return (b * mul) & _MASK


def _hash(s: bytes) -> int:
    n = len(s)
    if n <= 16:
        return _up_to_16(s, n)
    if n <= 32:
        return _up_to_32(s, n)
    if n <= 64:
        return _up_to_64(s, n)
    return _longer(s, n)


def _up_to_16(s: bytes, n: int) -> int:
    mul = _K2 + n * 2
    if n >= 8:
        a, b = _at(s, 0) + _K2, _at(s, n - 8)
        c = (_rotate(b, 37) * mul + a) & _MASK
        d = ((_rotate(a, 25) + b) * mul) & _MASK
        return _mix(c, d, mul & _MASK)
    if n >= 4:
        return _mix(n + (_at(s, 0, 4) << 3), _at(s, n - 4, 4), mul)
    if n > 0:
        y = (s[0] + (s[n >> 1] << 8)) & 0xFFFFFFFF
        z = (n + (s[n - 1] << 2)) & 0xFFFFFFFF
        return (_shift_mix((y * _K2 ^ z * _K0) & _MASK) * _K2) & _MASK
    return _K2


def _up_to_32(s: bytes, n: int) -> int:
    mul = _K2 + n * 2
    a, b = (_at(s, 0) * _K1) & _MASK, _at(s, 8)
    c, d = (_at(s, n - 8) * mul) & _MASK, (_at(s, n - 16) * _K2) & _MASK
    u = (_rotate(a + b, 43) + _rotate(c, 30) + d) & _MASK
    return _mix(u, (a + _rotate(b + _K2, 18) + c) & _MASK, mul)


def _up_to_64(s: bytes, n: int) -> int:
    mul = _K2 + n * 2
    a, b = (_at(s, 0) * _K2) & _MASK, _at(s, 8)
    c, d = (_at(s, n - 8) * mul) & _MASK, (_at(s, n - 16) * _K2) & _MASK
    y = (_rotate(a + b, 43) + _rotate(c, 30) + d) & _MASK
    z = _mix(y, (a + _rotate(b + _K2, 18) + c) & _MASK, mul)
    e, f = (_at(s, 16) * mul) & _MASK, _at(s, 24)
    g, h = ((y + _at(s, n - 32)) * mul) & _MASK, ((z + _at(s, n - 24)) * mul) & _MASK
    u = (_rotate(e + f, 43) + _rotate(g, 30) + h) & _MASK
    return _mix(u, (e + _rotate(f + a, 18) + g) & _MASK, mul)


def _weak(s: bytes, i: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = _at(s, i), _at(s, i + 8), _at(s, i + 16), _at(s, i + 24)
    a = (a + w) & _MASK
    b = _rotate(b + a + z, 21)
    c = a
    a = (a + x + y) & _MASK
    b = (b + _rotate(a, 44)) & _MASK
    return (a + z) & _MASK, (b + c) & _MASK


def _longer(s: bytes, n: int) -> int:
    x = 81
    y = (x * _K1 + 113) & _MASK
    z = (_shift_mix((y * _K2 + 113) & _MASK) * _K2) & _MASK
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _at(s, 0)) & _MASK
    for i in range(0, (n - 1) // 64 * 64, 64):
        x = (_rotate(x + y + v[0] + _at(s, i + 8), 37) * _K1) & _MASK
        y = (_rotate(y + v[1] + _at(s, i + 48), 42) * _K1) & _MASK
        x ^= w[1]
        y = (y + v[0] + _at(s, i + 40)) & _MASK
        z = (_rotate(z + w[0], 33) * _K1) & _MASK
        v = _weak(s, i, (v[1] * _K1) & _MASK, (x + w[0]) & _MASK)
        w = _weak(s, i + 32, (z + w[1]) & _MASK, (y + _at(s, i + 16)) & _MASK)
        z, x = x, z
    i = n - 64
    mul = (_K1 + ((z & 0xFF) << 1)) & _MASK
    w = ((w[0] + ((n - 1) & 63)) & _MASK, w[1])
    v = ((v[0] + w[0]) & _MASK, v[1])
    w = ((w[0] + v[0]) & _MASK, w[1])
    x = (_rotate(x + y + v[0] + _at(s, i + 8), 37) * mul) & _MASK
    y = (_rotate(y + v[1] + _at(s, i + 48), 42) * mul) & _MASK
    x ^= (w[1] * 9) & _MASK
    y = (y + v[0] * 9 + _at(s, i + 40)) & _MASK
    z = (_rotate(z + w[0], 33) * mul) & _MASK
    v = _weak(s, i, (v[1] * mul) & _MASK, (x + w[0]) & _MASK)
    w = _weak(s, i + 32, (z + w[1]) & _MASK, (y + _at(s, i + 16)) & _MASK)
    z, x = x, z
    u = (_mix(v[0], w[0], mul) + _shift_mix(y) * _K0 + z) & _MASK
    return _mix(u, (_mix(v[1], w[1], mul) + x) & _MASK, mul)


def _column(texts: pa.ChunkedArray) -> pa.Array:
    values = [None if t is None else farm_fingerprint(t) for t in texts.to_pylist()]
    return pa.array(values, pa.int64())


def create_fingerprint(con: DuckDBPyConnection) -> None:
    """Create the function for good, unless the instance has it; a cursor does, so that no
    rollback of the caller's takes it back.
    """
    with con.cursor() as creator:
        try:
            creator.create_function(NAME, _column, ["VARCHAR"], "BIGINT", type=PythonUDFType.ARROW)
        except duckdb.CatalogException as error:
            if "already exists" not in str(error):
                raise
