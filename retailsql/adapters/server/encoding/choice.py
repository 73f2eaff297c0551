"""Which encoder a column needs: by PostgreSQL's type and the format that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from retailsql.adapters.server.encoding import floats, intervals, moments, numeric, scalars
from retailsql.adapters.server.encoding.arrays import (
    Encoder,
    array_binary,
    array_text,
    numbers,
    vector_text,
)
from retailsql.adapters.server.encoding.cells import Body
from retailsql.adapters.server.encoding.types import ELEMENTS
from retailsql.adapters.server.encoding.zones import zone
from retailsql.adapters.server.records import PgError

TEXTS: dict[int, Encoder] = {
    16: scalars.bool_text,
    17: scalars.bytea_text,
    20: scalars.plain_text,
    21: scalars.plain_text,
    23: scalars.plain_text,
    26: scalars.plain_text,
    28: scalars.plain_text,
    114: scalars.json,
    700: floats.float4_text,
    701: floats.float8_text,
    1082: moments.date_text,
    1083: moments.time_text,
    1114: moments.timestamp_text,
    1186: intervals.interval_text,
    1700: numeric.numeric_text,
    22: vector_text,
    30: vector_text,
}
BINARIES: dict[int, Encoder] = {
    16: scalars.bool_binary,
    17: scalars.bytea_binary,
    20: scalars.int8,
    21: scalars.int2,
    23: scalars.int4,
    114: scalars.json,
    700: floats.float4_binary,
    701: floats.float8_binary,
    1082: moments.date_binary,
    1083: moments.time_binary,
    1114: moments.timestamp_binary,
    1184: moments.timestamp_binary,
    1186: intervals.interval_binary,
    1266: moments.timetz_binary,
    1562: scalars.bit_binary,
    1700: numeric.numeric_binary,
    2950: scalars.uuid_binary,
}
# Numbers of things in the catalog: oid, xid, cid, and reg* types.
NUMBERS = [24, 26, 28, 29, 2202, 2203, 2204, 2205, 2206, 4089, 4096]
BINARIES.update(dict.fromkeys(NUMBERS, scalars.oid4))
# Elements of these never need quotes in an array.
BARE = frozenset({16, 20, 21, 23, 26, 28, 700, 701, 1082, 1083, 1266, 1562, 1700, 2950})
# What encoders that look at Arrow's buffers must get.
BUFFERS = {
    16: pa.bool_(),
    17: pa.binary(),
    1082: pa.date32(),
    1083: pa.time64("us"),
    1114: pa.timestamp("us"),
    1184: pa.timestamp("us", "UTC"),
}


def encoder(oid: int, binary: bool, zone_name: str, free: bool = False) -> Encoder:
    """The encoder of a type.

    Args:
        oid: PostgreSQL's number of it; one nobody knows is text.
        binary: the format.
        zone_name: of the session, for timestamptz.
        free: of a numeric, nobody told how many digits it has.
    """
    if oid in ELEMENTS:
        element = ELEMENTS[oid]
        one = encoder(element, binary, zone_name, free)
        return array_binary(one, element) if binary else array_text(one, element not in BARE)
    if binary and oid in (22, 30):
        element = 21 if oid == 22 else 26
        vector = array_binary(BINARIES[element], element, 0)
        return lambda array: vector(numbers(array))
    found: Encoder
    if oid == 1700 and free:
        found = numeric.free_binary if binary else numeric.free_text
    elif oid == 1184 and not binary:
        found = partial(moments.timestamptz_text, zone=zone(zone_name))
    else:
        found = (BINARIES if binary else TEXTS).get(oid, scalars.text)
    return partial(checked, encode=found, wanted=BUFFERS.get(oid))


def named(names: Mapping[int, str]) -> Encoder:
    """The encoder of numbers, or lists of them, that are shown as names; one without a name stays
    a number.
    """

    def name(number: int | list[int]) -> str:
        if isinstance(number, int):
            return names.get(number, str(number))
        words = [name(one) for one in number]
        return "{" + ",".join(f'"{w}"' if " " in w else w for w in words) + "}"

    def encode(array: pa.Array) -> Body:
        words = [None if n is None else name(n) for n in array.to_pylist()]
        return scalars.text(pa.array(words, pa.string()))

    return encode


def checked(array: pa.Array, encode: Encoder, wanted: pa.DataType | None) -> Body:
    """Give an encoder what it reads.

    Raises:
        PgError: 22003, a value does not fit the type the column was announced with.
    """
    try:
        if wanted is not None and not same(array.type, wanted):
            array = pc.cast(array, wanted)
        return encode(array)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise PgError("22003", f"a value does not fit its type: {error}") from error


def same(kind: pa.DataType, wanted: pa.DataType) -> bool:
    """Equal, but for the zone of a timestamp: it changes nothing in its bytes."""
    if pa.types.is_timestamp(kind) and pa.types.is_timestamp(wanted):
        return bool(kind.unit == wanted.unit)
    return bool(kind == wanted)
