"""Literals of OPTIONS(...) and STRUCT(...): text, numbers, booleans, NULL, arrays."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from retailsql.dialect.tokens import Walk, is_string


@dataclass(frozen=True)
class Field:
    """One field of a STRUCT(...): its value, its text as written, and where it stands."""

    value: Any
    text: str
    place: Walk


def read_options(walk: Walk) -> dict[str, Any]:
    """``OPTIONS(name = value, ...)`` behind the word OPTIONS.

    Raises:
        StatementError: not of that form, or a name twice.
    """
    options: dict[str, Any] = {}
    for start, stop in walk.split(*walk.group()):
        part = walk.sub(start, stop)
        if part.done:
            raise walk.error("An option is empty", wanted="OPTIONS(name = value, ...)")
        quoted = is_string(part.tokens[0])
        name = (part.tokens[0].text if quoted else part.peek()).lower()
        part.at += 1
        part.expect("=")
        if name in options:
            raise part.error(f"Option {name} stands twice", todo="keep one of the two")
        options[name] = read_value(part)
        if not part.done:
            raise part.error(
                f"Option {name} has more than one value", wanted="a literal or an array [a, b]"
            )
    return options


def read_struct(walk: Walk) -> dict[str, Field]:
    """``STRUCT(value AS name, ...)`` behind the word STRUCT, by the names in lower case.

    Raises:
        StatementError: not of that form, or a name twice.
    """
    fields: dict[str, Field] = {}
    for start, stop in walk.split(*walk.group()):
        part = walk.sub(start, stop)
        value = read_value(part)
        text = part.slice(0, part.at)
        part.expect("AS")
        name = part.name().lower()
        if not part.done:
            raise part.error("Did not expect more here", wanted="STRUCT(value AS name, ...)")
        if name in fields:
            raise walk.sub(start, stop).error(
                f"Field {name} of STRUCT stands twice", todo="keep one of the two"
            )
        fields[name] = Field(value, text, walk.sub(start, stop))
    return fields


@dataclass(frozen=True)
class HParamRange:
    """``HPARAM_RANGE(low, high)``: an option to be tuned between two numbers."""

    low: float
    high: float


@dataclass(frozen=True)
class HParamCandidates:
    """``HPARAM_CANDIDATES([a, b])``: an option to be tuned among values."""

    values: tuple[Any, ...]


def read_value(walk: Walk) -> Any:
    """One literal, array of literals, STRUCT(a, b) of literals (a list), or HPARAM_*."""
    if walk.done:
        raise walk.error("A value is missing", wanted="a literal such as 'text', 3, true or [1, 2]")
    token = walk.tokens[walk.at]
    if is_string(token):
        walk.at += 1
        return token.text
    if walk.peek() in ("[", "("):
        bare = walk.peek() == "("
        values = _read_array(walk)
        return values[0] if bare and len(values) == 1 else values
    if walk.peek() == "STRUCT" and walk.peek(1) == "(":
        walk.at += 1
        return _read_array(walk, named=True)
    if walk.peek() in ("HPARAM_RANGE", "HPARAM_CANDIDATES"):
        return _read_hparam(walk)
    if walk.peek() in (*_TYPED, *_NUMERIC, "INTERVAL"):
        return _read_typed(walk)
    constants = {"TRUE": True, "FALSE": False, "NULL": None}
    if walk.peek() in constants:
        walk.at += 1
        return constants[walk.tokens[walk.at - 1].text.upper()]
    return _read_number(walk)


_TYPED = ("TIMESTAMP", "DATE", "DATETIME", "TIME", "JSON")
_NUMERIC = ("NUMERIC", "DECIMAL", "BIGNUMERIC", "BIGDECIMAL")


def _read_typed(walk: Walk) -> Any:
    """``DATE '2024-01-01'`` and ``INTERVAL 7 DAY`` as texts, ``NUMERIC '1'`` as a number."""
    word = walk.peek()
    start = walk.at
    walk.at += 1
    if word == "INTERVAL":
        read_value(walk)
        if not walk.done and walk.peek().isalpha():
            walk.at += 1
        return walk.slice(start + 1, walk.at)
    if walk.done or not is_string(walk.tokens[walk.at]):
        walk.at = start
        raise walk.error("Expected a literal", wanted=f"{word} '...'")
    text = walk.tokens[walk.at].text
    if word in _NUMERIC:
        try:
            number = float(text)
        except ValueError:
            raise walk.error("This is no number", wanted=f"{word} '1.5'") from None
        if abs(number) > sys.float_info.max or number != number:
            raise walk.error("This is no number", wanted=f"{word} '1.5'")
        walk.at += 1
        return int(number) if number.is_integer() and "." not in text else number
    walk.at += 1
    return text


def _read_hparam(walk: Walk) -> HParamRange | HParamCandidates:
    start, name = walk.at, walk.peek()
    walk.at += 1
    if walk.peek() != "(":
        raise walk.error(f"Expected ( behind {name}", wanted="(")
    values = _read_array(walk)
    if name == "HPARAM_CANDIDATES":
        if len(values) == 1 and isinstance(values[0], list) and values[0]:
            return HParamCandidates(tuple(values[0]))
        wanted = "HPARAM_CANDIDATES([0.1, 1, 10])"
    else:
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        if len(values) == 2 and numbers and values[0] < values[1]:
            return HParamRange(*values)
        wanted = "HPARAM_RANGE(low, high) with low below high"
    walk.at = start
    raise walk.error(f"{name} has wrong arguments", seen=str(values), wanted=wanted)


def _read_number(walk: Walk) -> int | float:
    sign = -1 if walk.take("-") else 1
    word = walk.peek()
    try:
        number = float(word) if any(c in word for c in ".E") else int(word)
    except ValueError:
        given = word in ("?", "$", "@", ":")  # a parameter, which is known only while it runs
        raise walk.error(
            "Expected a literal", wanted="'text', 3, 0.5, true, NULL or an array of those",
            todo="settings are literals; write the value in" if given else None,
        ) from None  # fmt: skip
    if abs(number) > sys.float_info.max:
        raise walk.error("The number is too large", wanted="a number up to 1.7e308")
    walk.at += 1
    return sign * number


def _read_array(walk: Walk, named: bool = False) -> list[Any]:
    """Values in brackets; of STRUCT(2 AS p) the value alone, as its place says what it is."""
    close = "]" if walk.peek() == "[" else ")"
    walk.at += 1
    values: list[Any] = []
    while not walk.take(close):
        values.append(read_value(walk))
        if named and walk.take("AS"):
            walk.name()
        if not walk.take(",") and walk.peek() != close:
            raise walk.error("An array is not closed", wanted=close)
    return values
