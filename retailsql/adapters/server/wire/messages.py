"""Messages of a client, from bytes: every length and count is checked here, and nowhere else.

A message whose frame is right and whose content is not raises 08P01 as an ERROR, as PostgreSQL
does: the connection is still in step. Frames themselves are the business of ``stream``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Literal, NamedTuple

from retailsql.adapters.server.records import PgError

_INT16, _INT32, _UINT32 = struct.Struct("!H"), struct.Struct("!i"), struct.Struct("!I")


class Query(NamedTuple):
    """A simple query: statements, with ``;`` between them."""

    text: str


class Parse(NamedTuple):
    """Name a statement; types of its first parameters, 0: not told."""

    name: str
    text: str
    oids: list[int]


class Bind(NamedTuple):
    """Make a portal of a statement and values."""

    portal: str
    statement: str
    formats: list[int]
    values: list[bytes | None]
    result_formats: list[int]


class Describe(NamedTuple):
    """Ask for the columns of a statement ``S`` or a portal ``P``."""

    kind: Literal["S", "P"]
    name: str


class Close(NamedTuple):
    """Forget a statement ``S`` or a portal ``P``."""

    kind: Literal["S", "P"]
    name: str


class Execute(NamedTuple):
    """Run a portal; 0: all its rows."""

    portal: str
    max_rows: int


class Flush(NamedTuple):
    """Send what is buffered."""


class Sync(NamedTuple):
    """End of a group of extended messages."""


class Terminate(NamedTuple):
    """The client leaves."""


class FunctionCall(NamedTuple):
    """The fast path of PostgreSQL 7, which is refused."""


class CopyIn(NamedTuple):
    """CopyData, CopyDone or CopyFail outside of COPY FROM: passed over, as PostgreSQL does."""


Message = (
    Query | Parse | Bind | Describe | Close | Execute | Flush | Sync | Terminate | FunctionCall
) | CopyIn


class Body:
    """Reads the content of a message from left to right, and never past its end.

    >>> body = Body(b"a" + bytes([0, 0, 5]))
    >>> body.text(), body.int16()
    ('a', 5)
    >>> body.end()
    """

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        end = self.at + size
        if size < 0 or end > len(self.data):
            raise malformed("insufficient data left in message")
        part, self.at = self.data[self.at : end], end
        return part

    def int16(self) -> int:
        """An unsigned number of two bytes, as counts and formats are read."""
        return int(_INT16.unpack(self.take(2))[0])

    def int32(self) -> int:
        """A signed number of four bytes."""
        return int(_INT32.unpack(self.take(4))[0])

    def oid(self) -> int:
        """An unsigned number of four bytes."""
        return int(_UINT32.unpack(self.take(4))[0])

    def string(self) -> bytes:
        """Bytes up to a NUL, which is passed over."""
        end = self.data.find(0, self.at)
        if end < 0:
            raise malformed("invalid string in message")
        part, self.at = self.data[self.at : end], end + 1
        return part

    def text(self) -> str:
        """A string, which must be UTF-8."""
        return utf8(self.string())

    def end(self) -> None:
        """Nothing may be left."""
        if self.at != len(self.data):
            raise malformed("invalid message format")


def malformed(what: str) -> PgError:
    """08P01: the client does not keep to the protocol."""
    return PgError("08P01", what)


def utf8(data: bytes) -> str:
    """Text of a client; 22021 if it is not UTF-8.

    >>> utf8(b"caf" + bytes([0xC3, 0xA9])) == "caf" + chr(233)
    True
    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(data[error.start : max(error.end, error.start + 1)]) from None


def _not_utf8(bad: bytes) -> PgError:
    shown = " ".join(f"0x{byte:02x}" for byte in bad)
    return PgError("22021", f'invalid byte sequence for encoding "UTF8": {shown}')


def _check_value(value: bytes | None) -> None:
    """A value in text format is UTF-8 without a NUL."""
    if value is None:
        return
    if b"\0" in value:
        raise _not_utf8(b"\0")
    if not value.isascii():
        utf8(value)


def _formats(body: Body) -> list[int]:
    formats = [body.int16() for _ in range(body.int16())]
    for code in formats:
        if code > 1:
            raise PgError("22023", f"unsupported format code: {code}")
    return formats


def _query(body: Body) -> Query:
    return Query(body.text())


def _parse(body: Body) -> Parse:
    return Parse(body.text(), body.text(), [body.oid() for _ in range(body.int16())])


def _bind(body: Body) -> Bind:
    portal, statement = body.text(), body.text()
    formats = _formats(body)
    values: list[bytes | None] = []
    for _ in range(body.int16()):
        size = body.int32()
        values.append(None if size == -1 else body.take(size))
    if len(formats) > 1 and len(formats) != len(values):
        raise malformed(
            f"bind message has {len(formats)} parameter formats but {len(values)} parameters"
        )
    every = formats if len(formats) > 1 else (formats or [0]) * len(values)
    for value, code in zip(values, every, strict=True):
        if code == 0:
            _check_value(value)
    return Bind(portal, statement, formats, values, _formats(body))


def _target(body: Body, verb: str) -> tuple[Literal["S", "P"], str]:
    kind, name = body.take(1), body.text()
    if kind == b"S":
        return "S", name
    if kind == b"P":
        return "P", name
    raise malformed(f"invalid {verb} message subtype {kind[0]}")


def _execute(body: Body) -> Execute:
    # PostgreSQL takes a number below zero as "all rows".
    return Execute(body.text(), max(body.int32(), 0))


def _rest(body: Body) -> None:
    body.at = len(body.data)


def _unread(message: Message) -> Callable[[Body], Message]:
    def read(body: Body) -> Message:
        _rest(body)
        return message

    return read


_READERS: dict[int, Callable[[Body], Message]] = {
    ord("Q"): _query,
    ord("P"): _parse,
    ord("B"): _bind,
    ord("D"): lambda body: Describe(*_target(body, "DESCRIBE")),
    ord("C"): lambda body: Close(*_target(body, "CLOSE")),
    ord("E"): _execute,
    ord("H"): lambda body: Flush(),
    ord("S"): lambda body: Sync(),
    ord("X"): _unread(Terminate()),
    ord("F"): _unread(FunctionCall()),
    ord("d"): _unread(CopyIn()),
    ord("c"): _unread(CopyIn()),
    ord("f"): _unread(CopyIn()),
}
_LARGE = frozenset(b"QPBFdf")


def sizes(small: int, large: int) -> dict[int, int]:
    """Each kind of message and how long it may be: only some hold texts or values.

    >>> sizes(10, 1000)[ord("Q")], sizes(10, 1000)[ord("S")]
    (1000, 10)
    """
    return {kind: large if kind in _LARGE else small for kind in _READERS}


def parse(kind: int, content: bytes) -> Message:
    """A message from the byte that names it and its content.

    Raises:
        PgError: 08P01 wrong lengths or counts; 22021 text that is not UTF-8.

    >>> parse(ord("E"), b"p1" + bytes([0, 0, 0, 0, 7]))
    Execute(portal='p1', max_rows=7)
    """
    body = Body(content)
    message = _READERS[kind](body)
    body.end()
    return message
