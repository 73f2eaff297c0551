"""Arrays as PostgreSQL writes them, in text ``{1,NULL,"a b"}`` and in binary."""

from __future__ import annotations

import re
import struct
from typing import Any

from retailsql.adapters.server.records import PgError

Nested = list[Any]  # of values, None, and lists of the same
_BOUNDS = re.compile(r"\s*(?:\[\s*[+-]?\d+(?::[+-]?\d+)?\])+\s*=")
_ELEMENT = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|((?:[^{},"\\]|\\.)*))\s*', re.DOTALL)
_DEEPEST = 6  # dimensions in PostgreSQL


def malformed(text: str, detail: str | None = None) -> PgError:
    """PostgreSQL's words for an array it cannot read."""
    return PgError("22P02", f'malformed array literal: "{text}"', detail=detail)


def read_text(text: str) -> Nested:
    r"""The elements of an array literal, as text.

    Raises:
        PgError: 22P02.

    >>> read_text('{a,"b \\"c","NULL",NULL}')
    ['a', 'b "c', 'NULL', None]
    >>> read_text("{{1,2},{3,4}}")
    [['1', '2'], ['3', '4']]
    """
    bounds = _BOUNDS.match(text)
    at = bounds.end() if bounds else 0
    while at < len(text) and text[at].isspace():
        at += 1
    if text[at : at + 1] != "{":
        raise malformed(text, 'Array value must start with "{" or dimension information.')
    out, at = _list(text, at, 1)
    if text[at:].strip():
        raise malformed(text, "Junk after closing right brace.")
    if not _even(out):
        raise malformed(
            text, "Multidimensional arrays must have sub-arrays with matching dimensions."
        )
    return out


def _list(text: str, at: int, depth: int) -> tuple[Nested, int]:
    """The list that opens at ``at``, and the place behind it."""
    if depth > _DEEPEST:
        raise PgError("54000", f"number of array dimensions exceeds the maximum ({_DEEPEST})")
    out: Nested = []
    at += 1
    empty = re.compile(r"\s*\}").match(text, at)
    if empty:
        return out, empty.end()
    while True:
        while text[at : at + 1].isspace():
            at += 1
        if text[at : at + 1] == "{":
            inner, at = _list(text, at, depth + 1)
            out.append(inner)
            while text[at : at + 1].isspace():
                at += 1
        else:
            value, at = _element(text, at)
            out.append(value)
        mark = text[at : at + 1]
        if mark not in (",", "}"):
            raise malformed(text, f'Unexpected "{mark}" character.' if mark else None)
        at += 1
        if mark == "}":
            return out, at


def _element(text: str, at: int) -> tuple[str | None, int]:
    found = _ELEMENT.match(text, at)
    if found is None:
        raise malformed(text)
    if found[1] is not None:
        return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL), found.end()
    bare = found[2].rstrip()
    if not bare:
        raise malformed(text)
    if bare.upper() == "NULL":
        return None, found.end()
    return re.sub(r"\\(.)", r"\1", bare, flags=re.DOTALL), found.end()


def _even(items: Nested) -> bool:
    """True if all sub-lists have one length, at each depth."""
    inner = [item for item in items if isinstance(item, list)]
    if not inner:
        return True
    same = len(inner) == len(items) and len({len(item) for item in inner}) == 1
    return same and all(_even(item) for item in inner)


def read_binary(data: bytes) -> tuple[int, list[int], list[bytes | None]]:
    """The element type, the dimensions and the elements of a binary array.

    Raises:
        PgError: 22P03.
    """
    try:
        dimensions, _, oid = struct.unpack_from(">iiI", data)
        if not 0 <= dimensions <= _DEEPEST:
            raise PgError("22P03", f"invalid number of dimensions: {dimensions}")
        sizes = [struct.unpack_from(">ii", data, 12 + 8 * i)[0] for i in range(dimensions)]
        count, at, out = _product(sizes, len(data)), 12 + 8 * dimensions, list[bytes | None]()
        for _ in range(count):
            (size,) = struct.unpack_from(">i", data, at)
            at += 4
            out.append(None if size == -1 else data[at : at + size])
            if size < -1 or at + max(size, 0) > len(data):
                raise PgError("22P03", "insufficient data left in message")
            at += max(size, 0)
    except struct.error:
        raise PgError("22P03", "insufficient data left in message") from None
    if at != len(data):
        raise PgError("22P03", "improper binary format in array")
    return oid, sizes, out


def _product(sizes: list[int], length: int) -> int:
    count = 1 if sizes else 0
    for size in sizes:
        if size < 0 or (count := count * size) > length:
            raise PgError("22P03", "array size exceeds the message")
    return count


def shaped(flat: Nested, sizes: list[int]) -> Nested:
    """A flat list as lists in lists.

    >>> shaped([1, 2, 3, 4], [2, 2])
    [[1, 2], [3, 4]]
    """
    for size in reversed(sizes[1:]):
        flat = [flat[i : i + size] for i in range(0, len(flat), size)] if size else []
    return flat
