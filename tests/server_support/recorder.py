"""A proxy on loopback between clients and a PostgreSQL: it notes what each says, without TLS.

What is kept of a connection: the parameters of its start, and its steps. A step is the client's
messages up to Query or Sync and the server's answers up to ReadyForQuery. Passwords pass unnoted.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.server_support.conversation import Answers, of_the_catalog, sent
from tests.server_support.targets import Target

REFUSED = (80877103, 80877104)  # TLS and GSSAPI: answered N
CANCEL = 80877102


class Conversation:
    """One connection, as it was."""

    def __init__(self) -> None:
        self.startup: dict[str, str] = {}
        self.sent: list[list[Any]] = []
        self.answered: list[list[tuple[str, bytes]]] = []

    def steps(self) -> list[dict[str, Any]]:
        """Each: ``{"sent": [...], "answered": [...]}``."""
        groups: list[list[Any]] = [[]]
        for message in self.sent:
            groups[-1].append(message)
            if message[0] in "QSF":
                groups.append([])
        found = []
        catalog_names: set[str] = set()  # prepared statements that ask the catalog
        for group, raw in zip(groups, self.answered[1:], strict=False):
            catalog = of_the_catalog(group)
            names = {m[1] for m in group if m[0] == "P"}
            catalog_names = catalog_names | names if catalog else catalog_names - names
            catalog |= any(m[0] == "B" and m[2] in catalog_names for m in group)
            answers = Answers(catalog)
            for kind, body in raw:
                answers.add(kind, body)
            found.append({"sent": group, "catalog": catalog, "answered": answers.kept})
        return found


def exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def one_message(connection: socket.socket) -> tuple[str, bytes]:
    kind, size = struct.unpack(">cI", exactly(connection, 5))
    return kind.decode(), exactly(connection, size - 4)


class Recorder:
    """Listens; every connection is one :class:`Conversation`."""

    def __init__(self, target: Target) -> None:
        self.target, self.conversations = target, []
        self.listener = socket.create_server(("127.0.0.1", 0))

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.begin, args=(client,), daemon=True).start()

    def begin(self, client: socket.socket) -> None:
        """The start of a connection, up to where messages have kinds."""
        with suppress(EOFError, OSError):
            while True:
                size, code = struct.unpack(">II", exactly(client, 8))
                rest = exactly(client, size - 8)
                if code not in REFUSED:
                    break
                client.sendall(b"N")
            server = socket.create_connection((self.target.host, self.target.port))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server.sendall(struct.pack(">II", size, code) + rest)
            if code == CANCEL:
                server.close()
                client.close()
                return
            kept = Conversation()
            words = rest.decode().split("\0")
            kept.startup = dict(zip(words[::2], words[1::2], strict=False))
            kept.startup.pop("", None)
            self.conversations.append(kept)
            back = threading.Thread(target=self.answers, args=(server, client, kept), daemon=True)
            back.start()
            self.requests(client, server, kept)

    @staticmethod
    def requests(client: socket.socket, server: socket.socket, kept: Conversation) -> None:
        try:
            while True:
                kind, body = one_message(client)
                if kind not in "pX":
                    kept.sent.append(sent(kind, body))
                server.sendall(kind.encode() + struct.pack(">I", len(body) + 4) + body)
        except (EOFError, OSError):
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def answers(server: socket.socket, client: socket.socket, kept: Conversation) -> None:
        kept.answered.append([])
        try:
            while True:
                kind, body = one_message(server)
                kept.answered[-1].append((kind, body))
                if kind == "Z":
                    kept.answered.append([])
                client.sendall(kind.encode() + struct.pack(">I", len(body) + 4) + body)
        except (EOFError, OSError):
            kept.answered.pop()
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


@contextmanager
def recording(target: Target) -> Iterator[tuple[Target, list[Conversation]]]:
    """A target that is the same server through the proxy, and what was said through it."""
    recorder = Recorder(target)
    threading.Thread(target=recorder.accept, daemon=True).start()
    try:
        port = recorder.listener.getsockname()[1]
        yield target._replace(host="127.0.0.1", port=port), recorder.conversations
    finally:
        with suppress(OSError):
            recorder.listener.shutdown(socket.SHUT_RDWR)
        recorder.listener.close()
