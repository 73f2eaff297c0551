"""A few rows, value by value: the vector kernels are quick for a value and slow to begin.

A short query next to them finds the processor's caches full of Arrow's and numpy's code: one number
took longer to encode than to compute (measured: 0.3 ms). Only values whose text is plain are taken
here; all others, and all that is an error, are the vector encoders'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from struct import Struct, error
from typing import Any, NamedTuple

import pyarrow as pa

from retailsql.adapters.server.records import Field

CELLS, BYTES = 256, 1 << 20
"""How many values, and bytes of them, are a few."""
_NULL = b"\xff\xff\xff\xff"


class Plain(NamedTuple):
    """How a column's values are written.

    Args:
        takes: whether Arrow's type of them is the one they are written from.
        write: one value; ValueError or OverflowError: not here.
    """

    takes: Callable[[pa.DataType], bool]
    write: Callable[[Any], bytes]


class Few:
    """Encodes small batches of one result.

    Args:
        fields: of the result.
        formats: 0 text, 1 binary, one for each field.

    >>> Few([Field("n", 23, 4)], [0]).rows(pa.record_batch({"n": [42]}))[-2:]
    b'42'
    """

    def __init__(self, fields: Sequence[Field], formats: Sequence[int]) -> None:
        found = [_plain(field, code) for field, code in zip(fields, formats, strict=True)]
        self._columns = [plain for plain in found if plain is not None]
        self._all = len(found) == len(self._columns)

    def rows(self, batch: pa.RecordBatch) -> bytes | None:
        """DataRow messages; None: these rows are not few, or not plain."""
        if not self._all or batch.num_rows * len(self._columns) > CELLS or batch.nbytes > BYTES:
            return None
        columns = []
        for array, plain in zip(batch.columns, self._columns, strict=True):
            if not plain.takes(array.type):
                return None
            try:
                columns.append([_cell(value, plain.write) for value in array.to_pylist()])
            except (ValueError, OverflowError, error):
                return None
        many = len(columns).to_bytes(2, "big")
        rows = map(b"".join, zip(*columns, strict=True)) if columns else [b""] * batch.num_rows
        return b"".join(b"D%b%b%b" % ((len(row) + 6).to_bytes(4, "big"), many, row) for row in rows)


def _cell(value: Any, write: Callable[[Any], bytes]) -> bytes:
    if value is None:
        return _NULL
    written = write(value)
    return len(written).to_bytes(4, "big") + written


def _digits(value: int | Decimal) -> bytes:
    return f"{value:f}".encode() if isinstance(value, Decimal) else b"%d" % value


def _words(value: str) -> bytes:
    if "\0" in value:
        raise ValueError  # which PostgreSQL's text cannot hold
    return value.encode()


def _float8(value: float) -> bytes:
    """Python's shortest digits, but for those that either writes with an exponent."""
    if value and not 1e-4 <= abs(value) < 1e15:
        raise ValueError
    return repr(value).removesuffix(".0").encode()


def _day(value: date) -> bytes:
    return value.isoformat().encode()


def _moment(value: datetime) -> bytes:
    whole, point, rest = value.isoformat(" ").partition(".")
    return f"{whole}{point}{rest.rstrip('0')}".encode()


def _moments(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.unit == "us" and kind.tz is None)


_TEXT = Plain(pa.types.is_string, _words)
_INTEGER = Plain(pa.types.is_integer, _digits)
_TEXTS = {
    16: Plain(pa.types.is_boolean, lambda value: b"t" if value else b"f"),
    20: _INTEGER, 21: _INTEGER, 23: _INTEGER, 26: _INTEGER,
    25: _TEXT,
    701: Plain(pa.types.is_float64, _float8),
    1082: Plain(pa.types.is_date32, _day),
    1114: Plain(_moments, _moment),
    1700: Plain(pa.types.is_decimal128, _digits),
}  # fmt: skip
_BINARIES = {
    16: Plain(pa.types.is_boolean, Struct("!?").pack),
    20: Plain(pa.types.is_integer, Struct("!q").pack),
    21: Plain(pa.types.is_integer, Struct("!h").pack),
    23: Plain(pa.types.is_integer, Struct("!i").pack),
    25: _TEXT,
    701: Plain(pa.types.is_float64, Struct("!d").pack),
}


def _plain(field: Field, code: int) -> Plain | None:
    if code == 1:
        return _BINARIES.get(field.oid)
    if field.oid == 1700 and field.typmod == -1:  # of as many digits as it needs
        return None
    return _TEXTS.get(field.oid)
