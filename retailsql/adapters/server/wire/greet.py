"""From the first byte of a connection to a client that wants to log in, with TLS or without."""

from __future__ import annotations

import ssl

from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.wire import replies
from retailsql.adapters.server.wire.startup import (
    CancelRequest,
    Hello,
    Upgrade,
    read_startup,
)
from retailsql.adapters.server.wire.stream import ClientGoneError, Stream
from retailsql.adapters.server.wire.tls import ALPN, Tls

_TLS_RECORD = 0x16


def greet(
    stream: Stream, tls: Tls | None, require_tls: bool, max_bytes: int
) -> Hello | CancelRequest:
    """What the client wants.

    Raises:
        PgError: FATAL, it cannot be had.
        ClientGoneError: the client left, or was no client of PostgreSQL.
    """
    if stream.peek() == _TLS_RECORD:
        _direct(stream, tls)
    asked: set[str] = set()
    while isinstance(wish := _packet(stream, max_bytes), Upgrade):
        if wish.kind in asked or isinstance(stream.sock, ssl.SSLSocket):
            raise PgError("08P01", "encryption was asked for twice", severity="FATAL")
        asked.add(wish.kind)
        if wish.kind == "tls" and tls is not None:
            # Nothing was read ahead: bytes behind the request are the client's TLS, and a text
            # that somebody slipped in between fails as a handshake.
            _answer(stream, b"S")
            _check_alpn(stream.upgrade(tls.context), required=False)
        else:
            _answer(stream, b"N")
    if isinstance(wish, Hello):
        if require_tls and not isinstance(stream.sock, ssl.SSLSocket):
            raise PgError(
                "28000",
                "connection requires TLS",
                hint="Set sslmode=require in the client.",
                severity="FATAL",
            )
        if wish.negotiate:
            stream.write(replies.negotiate(wish.version, wish.unknown))
    return wish


def _answer(stream: Stream, byte: bytes) -> None:
    stream.write(byte)
    stream.flush()


def _packet(stream: Stream, max_bytes: int) -> Hello | Upgrade | CancelRequest:
    size = int.from_bytes(stream.exactly(4), "big") - 4
    if not 4 <= size <= max_bytes:
        raise PgError("08P01", "invalid length of startup packet", severity="FATAL")
    return read_startup(stream.exactly(size))


def _direct(stream: Stream, tls: Tls | None) -> None:
    """TLS from the first byte (PostgreSQL 17): the client must name the protocol within."""
    if tls is None:
        raise ClientGoneError("The client wants TLS, and the server has no certificate")
    _check_alpn(stream.upgrade(tls.context), required=True)


def _check_alpn(sock: ssl.SSLSocket, required: bool) -> None:
    # Else bytes of one protocol could be read as another's (the ALPACA attack).
    if required and sock.selected_alpn_protocol() != ALPN:
        raise PgError(
            "08P01",
            "received direct SSL connection request without ALPN protocol negotiation extension",
            severity="FATAL",
        )
