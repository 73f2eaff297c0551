"""Parameters in text form, by type."""

from __future__ import annotations

import json
import math
import re
import uuid
from collections.abc import Callable
from decimal import Decimal

from retailsql.adapters.server.postgres import intervals, oids, times
from retailsql.adapters.server.records import PgError

Plain = bool | int | float | Decimal | str | bytes
_WHOLE = re.compile(r"\s*[+-]?\d+\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
_RANGES = {oids.INT2: 15, oids.INT4: 31, oids.INT8: 63}
_SPECIAL = {
    "nan": math.nan, "infinity": math.inf, "inf": math.inf, "+infinity": math.inf,
    "+inf": math.inf, "-infinity": -math.inf, "-inf": -math.inf,
}  # fmt: skip


def malformed(oid: int, text: str) -> PgError:
    """PostgreSQL's words for a value it cannot read."""
    return PgError("22P02", f'invalid input syntax for type {oids.NAMES[oid]}: "{text}"')


def read(text: str, oid: int, zone: str) -> Plain:
    """The value a text stands for; dates and times stay text, in DuckDB's form.

    Raises:
        PgError: 22P02, 22003, 22007, 22008.

    >>> read("t", 16, "UTC"), read(" 42 ", 23, "UTC"), read("1.50", 1700, "UTC")
    (True, 42, Decimal('1.50'))
    """
    if oid in (oids.DATE, oids.TIMESTAMP, oids.TIMESTAMPTZ):
        return times.read_moment(text, oid, zone)
    if oid in (oids.TIME, oids.TIMETZ):
        return times.read_time(text, oid, zone)
    reader = _READERS.get(oid)
    return text if reader is None else reader(text, oid)


def _bool(text: str, oid: int) -> bool:
    word = text.strip().lower()
    if word and ("true".startswith(word) or "yes".startswith(word) or word in ("on", "1")):
        return True
    if word and ("false".startswith(word) or "no".startswith(word) or word in ("of", "off", "0")):
        return False
    raise malformed(oid, text)


def _int(text: str, oid: int) -> int:
    if not _WHOLE.fullmatch(text):
        raise malformed(oid, text)
    number = int(text) if len(text) < 40 else 2**64
    bits = _RANGES[oid]
    if not -(2**bits) <= number < 2**bits:
        fact = f'value "{text.strip()}" is out of range for type {oids.NAMES[oid]}'
        raise PgError("22003", fact)
    return number


def _oid(text: str, oid: int) -> int:
    number = _int(text, oids.INT8)
    if not -(2**31) <= number < 2**32:
        raise PgError("22003", f'value "{text.strip()}" is out of range for type oid')
    return number % 2**32


def _float(text: str, oid: int) -> float:
    word = text.strip().lower()
    if word in _SPECIAL:
        return _SPECIAL[word]
    if not _NUMBER.fullmatch(text):
        raise malformed(oid, text)
    number = float(text)
    if math.isinf(number) or (oid == oids.FLOAT4 and abs(number) > 3.4028235677973366e38):
        raise PgError("22003", f'"{text.strip()}" is out of range for type {oids.NAMES[oid]}')
    return number


def _numeric(text: str, oid: int) -> Decimal | float:
    word = text.strip().lower()
    if word in _SPECIAL:
        return _SPECIAL[word]
    if not _NUMBER.fullmatch(text):
        raise malformed(oid, text)
    return fitting(Decimal(text.strip()))


def fitting(number: Decimal) -> Decimal:
    """A decimal of at most the 38 digits DuckDB has; noughts behind the point are dropped first.

    Raises:
        PgError: 22003, it has more.
    """
    if _digits(number) > 38:
        if abs(number.adjusted()) < 60:
            number = number.normalize()
        if _digits(number) > 38:
            raise PgError(
                "22003", "value overflows numeric format", detail="A number has up to 38 digits."
            )
    return number


def _digits(number: Decimal) -> int:
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    return len(digits) + exponent if exponent >= 0 else max(len(digits), -exponent)


def _bytea(text: str, oid: int) -> bytes:
    if text.startswith("\\x"):
        digits = re.sub(r"\s", "", text[2:])
        if len(digits) % 2:
            raise PgError("22023", "invalid hexadecimal data: odd number of digits")
        bad = re.search("[^0-9a-fA-F]", digits)
        if bad:
            raise PgError("22023", f'invalid hexadecimal digit: "{bad[0]}"')
        return bytes.fromhex(digits)
    if not re.fullmatch(r"(?:[^\\]|\\\\|\\[0-3][0-7]{2})*", text, re.DOTALL):
        raise PgError("22P02", "invalid input syntax for type bytea")
    parts = re.split(r"\\(\\|[0-7]{3})", text)
    return b"".join(
        part.encode() if i % 2 == 0 else b"\\" if part == "\\" else bytes([int(part, 8)])
        for i, part in enumerate(parts)
    )


def _uuid(text: str, oid: int) -> str:
    if not re.fullmatch(r"\{?(?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}\}?", text):
        raise malformed(oid, text)
    return str(uuid.UUID(text.strip("{}").replace("-", "")))


def _json(text: str, oid: int) -> str:
    try:
        json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as e:
        raise PgError(
            "22P02", f"invalid input syntax for type {oids.NAMES[oid]}", detail=f"{e}."
        ) from None
    return text


def _no_constant(word: str) -> None:
    raise ValueError(f'Token "{word}" is invalid')


def _bits(text: str, oid: int) -> str:
    body = text
    if text[:1] in "Xx" and text:
        try:
            body = "".join(f"{int(digit, 16):04b}" for digit in text[1:])
        except ValueError:
            raise PgError("22P02", f'"{text}" is not a valid hexadecimal string') from None
    elif text[:1] in "Bb" and text:
        body = text[1:]
    bad = re.search("[^01]", body)
    if bad:
        raise PgError("22P02", f'"{bad[0]}" is not a valid binary digit')
    return body


def _interval(text: str, oid: int) -> str:
    return intervals.read_interval(text)


_READERS: dict[int, Callable[[str, int], Plain]] = {
    oids.BOOL: _bool, oids.INT2: _int, oids.INT4: _int, oids.INT8: _int, oids.OID: _oid,
    oids.FLOAT4: _float, oids.FLOAT8: _float, oids.NUMERIC: _numeric, oids.BYTEA: _bytea,
    oids.UUID: _uuid, oids.JSON: _json, oids.JSONB: _json, oids.BIT: _bits, oids.VARBIT: _bits,
    oids.INTERVAL: _interval,
}  # fmt: skip
