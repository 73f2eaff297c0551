"""The first packet of a connection, from bytes.

It has no name: a length, a version or a code in its place, then what that calls for.
"""

from __future__ import annotations

from typing import NamedTuple

from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.wire.messages import Body

_LONGEST = 63  # bytes of a name
_MAJOR = 3
NEWEST = _MAJOR << 16 | 2  # 3.2 (PostgreSQL 18) has longer keys for CancelRequest; 3.1 was not used
_CODES = {1234 << 16 | 5679: "tls", 1234 << 16 | 5680: "gss"}
_CANCEL = 1234 << 16 | 5678
_OPTION = "_pq_."  # names of options of the protocol; other names are settings


class Hello(NamedTuple):
    """A client that wants to log in.

    Args:
        version: of the protocol that is spoken from here on.
        user: name.
        parameters: settings (database, application_name, ...), ``user`` not among them.
        unknown: options of the protocol that are not known here.
        negotiate: the client must be told of the version and the options.
    """

    version: int
    user: str
    parameters: dict[str, str]
    unknown: list[str]
    negotiate: bool

    @property
    def key_bytes(self) -> int:
        """Length of the secret key for CancelRequest."""
        return 32 if self.version >= NEWEST else 4


class Upgrade(NamedTuple):
    """SSLRequest (``tls``) or GSSENCRequest (``gss``)."""

    kind: str


class CancelRequest(NamedTuple):
    """Stop the statement of another connection."""

    pid: int
    key: bytes


def read_startup(content: bytes) -> Hello | Upgrade | CancelRequest:
    """The first packet without its length.

    Raises:
        PgError: FATAL 08P01 it is malformed; 0A000 another protocol; 28000 no user is named;
            22021 text that is not UTF-8.

    >>> read_startup((196608).to_bytes(4, "big") + b"user" + bytes(1) + b"anna" + bytes(2)).user
    'anna'
    """
    body = Body(content)
    try:
        code = body.oid()
        if code in _CODES:
            body.end()
            return Upgrade(_CODES[code])
        if code == _CANCEL:
            return _cancel(body)
        if code >> 16 != _MAJOR:
            raise PgError(
                "0A000",
                f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}: "
                "server supports 3.0 to 3.2",
            )
        return _hello(code, body)
    except PgError as error:
        error.severity = "FATAL"
        raise


def _cancel(body: Body) -> CancelRequest:
    pid, key = body.oid(), body.data[8:]
    if not 4 <= len(key) <= 256:
        raise PgError("08P01", "invalid length of query cancel packet")
    return CancelRequest(pid, key)


def _hello(version: int, body: Body) -> Hello:
    told: dict[str, str] = {}
    while name := body.text():
        told[name] = body.text()
    if body.at != len(body.data):
        raise PgError("08P01", "invalid startup packet layout: expected terminator as last byte")
    # Cut as PostgreSQL cuts it, so that nobody fills the audit log with his name.
    user = told.pop("user", "").encode()[:_LONGEST].decode(errors="ignore")
    if not user:
        raise PgError("28000", "no PostgreSQL user name specified in startup packet")
    if told.pop("replication", "false").lower() not in ("false", "off", "no", "0"):
        raise PgError("0A000", "replication is not supported")
    unknown = [name for name in told if name.startswith(_OPTION)]
    spoken = NEWEST if version >= NEWEST else _MAJOR << 16
    return Hello(
        spoken,
        user,
        {name: value for name, value in told.items() if not name.startswith(_OPTION)},
        unknown,
        negotiate=bool(unknown) or version != spoken,
    )
