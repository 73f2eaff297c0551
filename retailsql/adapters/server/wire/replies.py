"""Messages of the server, as bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from retailsql.adapters.server.records import Field, Notice, PgError

_HEAD = struct.Struct("!cI")
_COLUMN = struct.Struct("!IhIhih")


def frame(kind: bytes, content: bytes = b"") -> bytes:
    """A message: its name, its length (which counts itself), its content.

    >>> frame(b"Z", b"I").hex()
    '5a0000000549'
    """
    return _HEAD.pack(kind, len(content) + 4) + content


def text(value: str) -> bytes:
    """A string as messages hold it; it ends at the first NUL, so none may be inside."""
    return value.replace("\0", "").encode("utf-8", "replace") + b"\0"


PARSE_COMPLETE = frame(b"1")
BIND_COMPLETE = frame(b"2")
CLOSE_COMPLETE = frame(b"3")
NO_DATA = frame(b"n")
SUSPENDED = frame(b"s")
EMPTY_QUERY = frame(b"I")
COPY_DONE = frame(b"c")
AUTHENTICATION_OK = frame(b"R", struct.pack("!I", 0))


def sasl(mechanisms: Sequence[str]) -> bytes:
    """AuthenticationSASL: the mechanisms a client may choose of."""
    names = b"".join(text(name) for name in mechanisms)
    return frame(b"R", struct.pack("!I", 10) + names + b"\0")


def sasl_continue(data: bytes) -> bytes:
    """AuthenticationSASLContinue."""
    return frame(b"R", struct.pack("!I", 11) + data)


def sasl_final(data: bytes) -> bytes:
    """AuthenticationSASLFinal."""
    return frame(b"R", struct.pack("!I", 12) + data)


def negotiate(version: int, unknown: Sequence[str]) -> bytes:
    """NegotiateProtocolVersion: the newest version known here, and options not known here."""
    names = b"".join(text(name) for name in unknown)
    return frame(b"v", struct.pack("!II", version, len(unknown)) + names)


def key_data(pid: int, key: bytes) -> bytes:
    """BackendKeyData: what a CancelRequest must name."""
    return frame(b"K", struct.pack("!I", pid) + key)


def parameter_status(name: str, value: str) -> bytes:
    """ParameterStatus: a reported setting."""
    return frame(b"S", text(name) + text(value))


def ready(status: str) -> bytes:
    """ReadyForQuery."""
    return frame(b"Z", status.encode("ascii"))


def complete(tag: str) -> bytes:
    """CommandComplete."""
    return frame(b"C", text(tag))


def parameter_description(oids: Sequence[int]) -> bytes:
    """ParameterDescription."""
    return frame(b"t", struct.pack(f"!H{len(oids)}I", len(oids), *oids))


def row_description(fields: Sequence[Field], formats: Sequence[int] = ()) -> bytes:
    """RowDescription; formats: none, one for all, or one for each column."""
    each = list(formats) if len(formats) > 1 else [*(formats or [0])] * len(fields)
    parts = [struct.pack("!H", len(fields))]
    for column, code in zip(fields, each, strict=True):
        parts += [
            text(column.name),
            _COLUMN.pack(
                column.table, column.column, column.oid, column.typlen, column.typmod, code
            ),
        ]
    return frame(b"T", b"".join(parts))


def copy_out(columns: int, binary: bool) -> bytes:
    """CopyOutResponse."""
    code = int(binary)
    return frame(b"H", struct.pack(f"!bH{columns}H", code, columns, *[code] * columns))


def error(problem: PgError) -> bytes:
    """ErrorResponse."""
    return _told(b"E", problem.severity, problem)


def notice(told: Notice) -> bytes:
    """NoticeResponse."""
    return _told(b"N", told.severity, told)


def _told(kind: bytes, severity: str, what: PgError | Notice) -> bytes:
    fields = [
        (b"S", severity),
        (b"V", severity),
        (b"C", what.sqlstate),
        (b"M", what.message or "(no message)"),
        (b"D", what.detail),
        (b"H", what.hint),
        (b"P", None if what.position is None else str(what.position)),
    ]
    parts = [code + text(value) for code, value in fields if value]
    return frame(kind, b"".join(parts) + b"\0")
