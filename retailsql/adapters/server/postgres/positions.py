"""Where an error lies in the user's own text, from DuckDB's ``LINE 1: ... ^``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from retailsql.adapters.server.records import Edit, apply, original

_LINE = re.compile(r"(?:^|\n)LINE (\d+): (.*)\n( *)\^[\^~]*\s*$", re.DOTALL)
_PLACE = re.compile(r"at line (\d+), column (\d+)")
_LITERAL = re.compile(r"'(?:[^']|'')*'\s*$")


def position(message: str, text: str, edits: Sequence[Edit] = ()) -> int | None:
    r"""The place in the user's text, counted from 1; None if the message does not tell it.

    >>> position("Parser Error: no\n\nLINE 1: select 1 +\n                 ^", "select 1 +")
    10
    """
    found = _LINE.search(message)
    if found is None:
        return _told(message, text, edits)
    edited = apply(text, edits)
    lines = edited.split("\n")
    number = int(found[1]) - 1
    if number >= len(lines):
        return None
    column = _column(found[2], len(found[3]) - len(f"LINE {found[1]}: "), lines[number])
    if column is None:
        return None
    at = sum(len(line) + 1 for line in lines[:number]) + column
    return original(_start_of_cast(edited, at), edits) + 1


def without_place(message: str) -> str:
    """The message without the lines that show the place."""
    found = _LINE.search(message)
    return message[: found.start()] if found else message


def _told(message: str, text: str, edits: Sequence[Edit]) -> int | None:
    """The place of ``at line 1, column 8``, which our own errors tell."""
    found = _PLACE.search(message)
    if found is None:
        return None
    edited = apply(text, edits)
    lines = edited.split("\n")
    number = int(found[1]) - 1
    if number >= len(lines):
        return None
    at = sum(len(line) + 1 for line in lines[:number]) + int(found[2]) - 1
    return original(at, edits) + 1 if at <= len(edited) else None


def _column(shown: str, width: int, line: str) -> int | None:
    """The place in the line of the text that is shown ``width`` cells into the excerpt."""
    at, cells = 0, 0
    while at < len(shown) and cells < width:
        cells += _cells(shown[at])
        at += 1
    cut = shown.startswith("...")
    excerpt = shown.removeprefix("...") if cut else shown
    if shown.endswith("...") and not line.endswith("..."):
        excerpt = excerpt.removesuffix("...")
    begin = _plain(line).find(_plain(excerpt))
    if begin < 0:
        return None
    return begin + at - (3 if cut else 0)


def _plain(text: str) -> str:
    return re.sub(r"\s", " ", text)


def _cells(character: str) -> int:
    """How wide a terminal shows a character: DuckDB counts in these."""
    if unicodedata.combining(character) or unicodedata.category(character) == "Cc":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _start_of_cast(text: str, at: int) -> int:
    """PostgreSQL points to the literal that cannot be cast, DuckDB to the cast behind it."""
    if text.startswith("::", at):
        literal = _LITERAL.search(text, 0, at)
        if literal:
            return literal.start()
    return at
