"""float4 and float8: the shortest digits that read back as the same number, as PostgreSQL writes.

Arrow finds the shortest digits too, but writes exponents from other powers of ten on, and in
another way. So each band of sizes has its own rewriting; between 0.0001 and 10**10 (float4: 10**6)
there is nothing to do, and nothing but infinity takes more than a microsecond a value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.adapters.server.encoding.cells import (
    Body,
    Numbers,
    flat,
    join,
    network,
    offsets,
    patched,
    ragged,
)

# The power of ten from which on PostgreSQL writes 1e+15, and from which on Arrow does.
TOP4, TOP8, ARROW = 6, 15, 10
# Between these a shortest text may lie exactly half way to a neighbour (below, half a unit of the
# last place is a fraction of too many digits, above 10**41 a power of two is).
HALVES = {np.dtype(np.float32): (2.0**24, 1e20), np.dtype(np.float64): (2.0**53, 1e41)}


def float8_text(array: pa.Array) -> Body:
    """Text of doubles."""
    return shortest(pc.cast(array, pa.float64()), TOP8)


def float4_text(array: pa.Array) -> Body:
    """Text of floats."""
    return shortest(pc.cast(array, pa.float32()), TOP4)


def float8_binary(array: pa.Array) -> Body:
    """Eight bytes of IEEE 754."""
    return network(pc.cast(array, pa.float64()).to_numpy(), ">f8")


def float4_binary(array: pa.Array) -> Body:
    """Four bytes of IEEE 754."""
    return network(pc.cast(array, pa.float32()).to_numpy(), ">f4")


def shortest(array: pa.Array, top: int) -> pa.Array:
    """Text of an array; ``top``: from which power of ten on with an exponent."""
    numbers = array.to_numpy()
    size = np.abs(numbers)
    text = pc.cast(array, pa.string())
    low, high = min(top, ARROW), max(top, ARROW)
    with np.errstate(invalid="ignore"):
        if (((size < 10.0**low) & (size >= 1e-4)) | (size == 0)).all():
            return text
        text = rewritten(text, (size >= 10.0**low) & (size < 10.0**high), lambda t: moved(t, top))
        one_place = (size < 1e-6) & (size >= 1e-9)  # 1e-7, where PostgreSQL has 1e-07
        if one_place.any():
            words = pc.filter(text, pa.array(one_place))
            text = patched(text, one_place, pc.replace_substring(words, "e-", "e-0"))
        text = patched_small(text, (size < 1e-4) & (size >= 1e-5), 5)
        text = patched_small(text, (size < 1e-5) & (size >= 1e-6), 6)
        start, end = HALVES[numbers.dtype]
        half = (size >= start) & (size < end)
    text = rewritten(text, half, lambda t: [inner(n, w, top) for n, w in zip(numbers[half], t)])  # noqa: B905
    return rewritten(text, ~np.isfinite(numbers), lambda t: [ENDLESS[w] for w in t])


ENDLESS = {"nan": "NaN", "-nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def rewritten(
    text: pa.Array, band: Numbers, change: Callable[[list[str]], Sequence[str]]
) -> pa.Array:
    """A string array with the values of a band changed."""
    if not band.any():
        return text
    return patched(text, band, change(pc.filter(text, pa.array(band)).to_pylist()))


def patched_small(text: pa.Array, band: Numbers, power: int) -> pa.Array:
    """A string array with values below ten to minus ``power - 1`` written with an exponent."""
    if not band.any():
        return text
    return patched(text, band, small(pc.filter(text, pa.array(band)), power))


def small(text: pa.Array, power: int) -> pa.Array:
    """Numbers with an exponent; columns of probabilities are full of them, so without a loop.

    >>> small(pa.array(["0.0000123", "-0.00001"]), 5).to_pylist()
    [b'1.23e-05', b'-1e-05']
    """
    data, start = flat(text), offsets(text).astype(np.int64)
    start = start - start[0]
    minus = (data[start[:-1]] == ord("-")).astype(np.int64)
    first = start[:-1] + minus + power + 1
    more = start[1:] - first - 1
    behind = np.repeat(first + 1 - (np.cumsum(more) - more), more) + np.arange(more.sum())
    sign = ragged(minus, np.full(int(minus.sum()), ord("-"), np.uint8))
    dot = ragged(more > 0, np.full(int((more > 0).sum()), ord("."), np.uint8))
    digit = data[first].reshape(-1, 1)
    return join(sign, digit, dot, ragged(more, data[behind]), b"e-%02d" % power)


def moved(words: list[str], top: int) -> list[str]:
    """Numbers with an exponent where PostgreSQL has one."""
    return [laid_out(word, top) for word in words]


def laid_out(text: str, top: int) -> str:
    """One number as PostgreSQL writes it, from Arrow's text.

    >>> laid_out("0.0000015", 15), laid_out("-1.25e+12", 15), laid_out("1234567", 6)
    ('1.5e-06', '-1250000000000', '1.234567e+06')
    """
    digits, power = parts(text)
    sign = "-" if text.startswith("-") else ""
    if -4 <= power < top:
        return sign + plain(digits, power)
    point = f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits
    return f"{sign}{point}e{'-' if power < 0 else '+'}{abs(power):02d}"


def inner(number: np.floating[Any], text: str, top: int) -> str:
    """The text of a number, unless it lies half way to a neighbour: it reads back (ties go to
    even), but PostgreSQL does not count on that and takes a digit more: 9.999999999999999e+22.
    """
    return laid_out(inside(number), top) if on_boundary(number, text) else text


def parts(text: str) -> tuple[str, int]:
    """The digits of a number, and the power of ten of the first one.

    >>> parts("-0.00120"), parts("1.5e+16"), parts("1200")
    (('12', -3), ('15', 16), ('12', 3))
    """
    mantissa, _, power = text.lstrip("-").partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    first = len(digits) - len(digits.lstrip("0"))
    return digits.strip("0") or "0", int(power or 0) + len(whole) - 1 - first


def plain(digits: str, power: int) -> str:
    """A number without an exponent.

    >>> plain("12", -3), plain("12", 3), plain("12", 0)
    ('0.0012', '1200', '1.2')
    """
    if power < 0:
        return "0." + "0" * (-power - 1) + digits
    if len(digits) <= power + 1:
        return digits.ljust(power + 1, "0")
    return f"{digits[: power + 1]}.{digits[power + 1 :]}"


def on_boundary(number: np.floating[Any], text: str) -> bool:
    """Whether a text lies exactly half way between a whole number and a neighbour of it."""
    digits, power = parts(text)
    size = np.abs(number)
    away = int(digits) * 10 ** max(power + 1 - len(digits), 0) - int(size)
    beside = np.nextafter(size, size.dtype.type(np.inf if away > 0 else 0))
    return bool(away and abs(away) * 2 == abs(int(beside) - int(size)))


def inside(number: np.floating[Any]) -> str:
    """The shortest text that does not lie half way to a neighbour."""
    for digits in range(1, 18):
        text = f"{float(number):.{digits - 1}e}"
        if number.dtype.type(text) == number and not on_boundary(number, text):
            return text
    return repr(float(number))
