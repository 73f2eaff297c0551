"""Messages of PostgreSQL's protocol as JSON and back, for the recorder and the replay.

A client's message is ``[kind, ...]``: ``["Q", text]``, ``["P", name, text, oids]``, ``["B", portal,
statement, formats, values, formats of results]``, and so on. Bytes that are text are written as
text, others as ``{"hex": "00ff"}``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Any

MOST_ROWS = 10
MOST_BYTES = 1500
OF_THE_CATALOG = re.compile(r"\bpg_|information_schema|\bversion\(|regclass|regtype", re.IGNORECASE)


def shown(data: bytes | None) -> Any:
    if data is None:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"hex": data.hex()}
    plain = all(char.isprintable() or char in "\n\t\r" for char in text)
    return text if plain else {"hex": data.hex()}


def hidden(value: Any) -> bytes | None:
    if value is None:
        return None
    return bytes.fromhex(value["hex"]) if isinstance(value, dict) else value.encode()


class Reader:
    """A message's body, read from the left."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    def text(self) -> str:
        end = self.body.index(0, self.at)
        found, self.at = self.body[self.at : end].decode(), end + 1
        return found

    def numbers(self, code: str, count: int = 1) -> list[int]:
        form = f">{count}{code}"
        found = struct.unpack_from(form, self.body, self.at)
        self.at += struct.calcsize(form)
        return list(found)

    def counted(self, code: str) -> list[int]:
        return self.numbers(code, self.numbers("H")[0])

    def values(self) -> list[bytes | None]:
        found: list[bytes | None] = []
        for _ in range(self.numbers("H")[0]):
            size = self.numbers("i")[0]
            found.append(None if size < 0 else self.body[self.at : self.at + size])
            self.at += max(size, 0)
        return found


def sent(kind: str, body: bytes) -> list[Any]:
    """What a client sent, as JSON."""
    read = Reader(body)
    if kind == "Q":
        return [kind, read.text()]
    if kind == "P":
        return [kind, read.text(), read.text(), read.counted("I")]
    if kind == "B":
        portal, statement, formats = read.text(), read.text(), read.counted("H")
        values = [shown(value) for value in read.values()]
        return [kind, portal, statement, formats, values, read.counted("H")]
    if kind in "DC":
        which = chr(read.numbers("B")[0])
        return [kind, which, read.text()]
    if kind == "E":
        return [kind, read.text(), read.numbers("i")[0]]
    return [kind, shown(body)] if body else [kind]


def _zero(text: str) -> bytes:
    return text.encode() + b"\0"


def _counted(code: str, numbers: Sequence[int]) -> bytes:
    return struct.pack(f">H{len(numbers)}{code}", len(numbers), *numbers)


def message(kind: str, *rest: Any) -> bytes:
    """The bytes of what :func:`sent` wrote."""
    if kind == "Q":
        body = _zero(rest[0])
    elif kind == "P":
        body = _zero(rest[0]) + _zero(rest[1]) + _counted("I", rest[2])
    elif kind == "B":
        portal, statement, formats, values, results = rest
        body = _zero(portal) + _zero(statement) + _counted("H", formats)
        body += struct.pack(">H", len(values))
        for value in map(hidden, values):
            body += (
                struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value
            )
        body += _counted("H", results)
    elif kind in "DC":
        body = rest[0].encode() + _zero(rest[1])
    elif kind == "E":
        body = _zero(rest[0]) + struct.pack(">i", rest[1])
    else:
        body = (hidden(rest[0]) or b"") if rest else b""
    return kind.encode() + struct.pack(">I", len(body) + 4) + body


class Answers:
    """What a server answers up to ReadyForQuery, as JSON; rows are gathered.

    Args:
        catalog: the statements ask about the catalog: of their rows nothing is kept.
    """

    def __init__(self, catalog: bool) -> None:
        self.catalog, self.kept = catalog, []

    def add(self, kind: str, body: bytes) -> None:
        read = Reader(body)
        if kind == "D":
            self._row(read)
        elif kind == "d":
            if not self.kept or self.kept[-1][0] != "d":
                self.kept.append(["d", ""])
            self.kept[-1][1] += body.hex()
        elif kind == "T":
            self.kept.append(["T", [self._column(read) for _ in range(read.numbers("H")[0])]])
        elif kind == "t":
            self.kept.append(["t", read.counted("I")])
        elif kind == "C":
            tag = read.text()
            self.kept.append(["C", tag.rstrip("0123456789") if self.catalog else tag])
        elif kind in "EN":
            fields = {part[:1]: part[1:] for part in body.decode().split("\0") if part}
            self.kept.append([kind, fields["C"], fields.get("P") if kind == "E" else None])
        elif kind == "Z":
            self.kept.append(["Z", body.decode()])
        elif kind in "GHW":
            self.kept.append([kind, list(body[:3])])
        elif kind not in "SKRA":
            self.kept.append([kind])

    @staticmethod
    def _column(read: Reader) -> list[Any]:
        name = read.text()
        read.numbers("I")
        read.numbers("H")
        oid, _ = read.numbers("I")[0], read.numbers("h")
        typmod, form = read.numbers("i")[0], read.numbers("H")[0]
        return [name, oid, typmod, form]

    def _row(self, read: Reader) -> None:
        if self.catalog:
            return
        if not self.kept or self.kept[-1][0] != "D":
            self.kept.append(["D", 0, []])
        rows = self.kept[-1]
        rows[1] += 1
        if rows[1] <= MOST_ROWS and len(read.body) < MOST_BYTES:
            rows[2].append([shown(value) for value in read.values()])


def of_the_catalog(messages: list[list[Any]]) -> bool:
    """Whether a statement among them asks the catalog: what that holds is each server's own."""
    texts = [each[1] if each[0] == "Q" else each[2] for each in messages if each[0] in "QP"]
    return any(OF_THE_CATALOG.search(text) for text in texts)
