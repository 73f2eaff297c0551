"""Parameters in binary form, by type: what PostgreSQL's ``recv`` functions read."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from decimal import Decimal

from retailsql.adapters.server.postgres import intervals, oids, text_values, times
from retailsql.adapters.server.postgres.text_values import Plain
from retailsql.adapters.server.records import PgError

_MICROS_Y2K = 946_684_800_000_000


def read(data: bytes, oid: int) -> Plain:
    """The value of its binary form; dates and times as DuckDB's text.

    Raises:
        PgError: 22P03 wrong length or content, 22021 bytes that are not UTF-8, 0A000.

    >>> read(bytes([0, 0, 0, 42]), 23), read(bytes(4), 1082)
    (42, '2000-01-01')
    """
    if oid in oids.TEXTS:
        return text(data)
    reader = _READERS.get(oid)
    if reader is None:
        raise PgError("0A000", f"no binary input function available for type {oid}")
    try:
        return reader(data)
    except (struct.error, ValueError, IndexError, OverflowError):
        name = oids.NAMES.get(oid, str(oid))
        raise PgError("22P03", f"incorrect binary data format: {name}") from None


def text(data: bytes) -> str:
    """Bytes as text.

    Raises:
        PgError: 22021, not UTF-8, or with a zero byte.
    """
    try:
        out = data.decode()
    except UnicodeDecodeError as e:
        seen = " ".join(f"0x{byte:02x}" for byte in data[e.start : e.start + 3])
        raise PgError("22021", f'invalid byte sequence for encoding "UTF8": {seen}') from None
    if "\0" in out:
        raise PgError("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return out


def _unpack(form: str) -> Callable[[bytes], Plain]:
    def reader(data: bytes) -> Plain:
        (out,) = struct.unpack(form, data)
        return out  # type: ignore[no-any-return]

    return reader


def _numeric(data: bytes) -> Plain:
    count, weight, sign, scale = struct.unpack_from(">HhHH", data)
    if sign in (0xC000, 0xD000, 0xF000):
        return float({0xC000: "nan", 0xD000: "inf", 0xF000: "-inf"}[sign])
    groups = struct.unpack(f">{count}H", data[8:])
    if sign not in (0, 0x4000) or any(group > 9999 for group in groups):
        raise ValueError
    digits = "".join(f"{group:04}" for group in groups) or "0"
    if len(digits) > 200 or abs(weight) > 60:
        raise PgError("22003", "value overflows numeric format")
    whole = Decimal(int(digits)).scaleb(4 * (weight + 1) - len(digits) if count else 0)
    number = text_values.fitting(-whole if sign else whole)
    if scale <= 37 and number.adjusted() + 1 + scale <= 38:
        number = number.quantize(Decimal(1).scaleb(-scale))
    return number


def _date(data: bytes) -> str:
    (days,) = struct.unpack(">i", data)
    if abs(days) >= 2**31 - 1:
        return "infinity" if days > 0 else "-infinity"
    return times.date_text(times.from_y2k(days))


def _moment(zone: str) -> Callable[[bytes], Plain]:
    def reader(data: bytes) -> str:
        (micros,) = struct.unpack(">q", data)
        if abs(micros) >= 2**63 - 1:
            return "infinity" if micros > 0 else "-infinity"
        return times.moment_text(micros + _MICROS_Y2K, zone)

    return reader


def _time(data: bytes) -> str:
    (micros,) = struct.unpack(">q", data)
    return times.clock_text(_of_day(micros))


def _timetz(data: bytes) -> str:
    micros, west = struct.unpack(">qi", data)
    return times.clock_text(_of_day(micros)) + times.offset_text(-west)


def _of_day(micros: int) -> int:
    if not 0 <= micros <= 86_400_000_000:
        raise PgError("22008", "time out of range")
    return micros


def _interval(data: bytes) -> str:
    micros, days, months = struct.unpack(">qii", data)
    return intervals.interval_text(months, days, micros)


def _jsonb(data: bytes) -> Plain:
    if data[0] != 1:
        raise PgError("22P03", f"unsupported jsonb version number {data[0]}")
    return text_values.read(text(data[1:]), oids.JSONB, "UTC")


def _json(data: bytes) -> Plain:
    return text_values.read(text(data), oids.JSON, "UTC")


def _bits(data: bytes) -> str:
    (count,) = struct.unpack_from(">i", data)
    if not 0 <= count <= 8 * len(data[4:]) < count + 8:
        raise ValueError
    return "".join(f"{byte:08b}" for byte in data[4:])[:count]


def _bool(data: bytes) -> bool:
    (byte,) = data
    return byte != 0


def _uuid(data: bytes) -> str:
    return str(uuid.UUID(bytes=bytes(data)))


_READERS: dict[int, Callable[[bytes], Plain]] = {
    oids.BOOL: _bool, oids.BYTEA: bytes, oids.INT2: _unpack(">h"), oids.INT4: _unpack(">i"),
    oids.INT8: _unpack(">q"), oids.OID: _unpack(">I"), oids.FLOAT4: _unpack(">f"),
    oids.FLOAT8: _unpack(">d"), oids.NUMERIC: _numeric, oids.DATE: _date, oids.TIME: _time,
    oids.TIMETZ: _timetz, oids.TIMESTAMP: _moment(""), oids.TIMESTAMPTZ: _moment("+00"),
    oids.INTERVAL: _interval, oids.UUID: _uuid, oids.JSON: _json, oids.JSONB: _jsonb,
    oids.BIT: _bits, oids.VARBIT: _bits,
}  # fmt: skip
