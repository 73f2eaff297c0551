"""bi_catalog.sql, and one of its statements asked as its tool's driver does: extended protocol."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any, NamedTuple

from tests.server_support.catalog_shop import numbered
from tests.server_support.conversation import Answers, Reader, message
from tests.server_support.recorder import one_message
from tests.server_support.replay import Player

BINARY = ("npgsql", "powerbi")
NUMBERS = {
    16: "?",
    20: "q",
    21: "h",
    23: "i",
    26: "I",
    700: "f",
    701: "d",
}  # types by struct's codes


class Asked(NamedTuple):
    """A statement; ``compared`` are columns, ``parameters`` pairs of type and value."""

    tool: str
    text: str
    compared: str
    parameters: list[tuple[int, str]]


def asked() -> list[Asked]:
    """All of bi_catalog.sql."""
    text = Path(__file__).with_name("bi_catalog.sql").read_text(encoding="utf-8")
    found = []
    for part in re.split(r"(?m)^-- @ ", text)[1:]:
        head, _, body = part.partition("\n")
        tool, compared, told = (word.strip() for word in head.split("|"))
        statement = body.rpartition("\n;")[0]
        values = [word.partition(":") for word in told.split()]
        found.append(Asked(tool, statement, compared, [(int(a), b) for a, _, b in values]))
    return found


class Answer(NamedTuple):
    """Columns as (name, type), all rows as text, and the SQLSTATE of an error."""

    columns: list[tuple[str, int]]
    rows: list[tuple[Any, ...]]
    error: str


def messages(one: Asked, number: Any) -> list[list[Any]]:
    """Parse, Bind, Describe, Execute and Sync."""
    values = [numbered(value, number) for _, value in one.parameters]
    form = [1] if one.tool in BINARY else [0]
    kinds = [kind for kind, _ in one.parameters]
    text = numbered(one.text, number)
    return [["P", "", text, kinds], ["B", "", "", [0], values, form], ["D", "P", ""],
            ["E", "", 0], ["S"]]  # fmt: skip


def ask(player: Player, sent: list[list[Any]]) -> list[Answer]:
    """What a server answers to the messages: one answer for each result."""
    player.connection.sendall(b"".join(message(*each) for each in sent))
    answers: list[Answer] = []
    forms: list[int] = []
    while True:
        kind, body = one_message(player.connection)
        if kind == "T":
            told = Answers(False)
            told.add(kind, body)
            columns = told.kept[0][1]
            forms = [column[3] for column in columns]
            answers.append(Answer([(column[0], column[1]) for column in columns], [], ""))
        elif kind == "D":
            kinds = [oid for _, oid in answers[-1].columns]
            values = zip(Reader(body).values(), kinds, forms, strict=True)
            answers[-1].rows.append(tuple(as_text(*value) for value in values))
        elif kind == "E":
            fields = {part[:1]: part[1:] for part in body.decode().split("\0") if part}
            answers.append(Answer([], [], f"{fields['C']} {fields['M']}"))
        elif kind == "Z":
            return answers


def as_text(value: bytes | None, oid: int, form: int) -> str | None:
    """A value as text, whichever form it came in."""
    if value is None:
        return None
    if form and oid in NUMBERS:
        (number,) = struct.unpack(f">{NUMBERS[oid]}", value)
        return str(number)[0].lower() if oid == 16 else str(number)
    return value.decode()


def one_number(player: Player, sql: str) -> str:
    """The single number that a query answers."""
    return next(a.rows[0][0] for a in ask(player, [["Q", sql]]) if a.rows)
