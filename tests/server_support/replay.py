"""Says to a server what the statement log says, message by message, and notes the answers."""

from __future__ import annotations

import socket
import struct
from typing import Any

from scramp import ScramClient

from tests.server_support.conversation import Answers, message
from tests.server_support.recorder import one_message
from tests.server_support.targets import Target

PROTOCOL_3 = 196608


def framed(kind: str, body: bytes) -> bytes:
    return kind.encode() + struct.pack(">I", len(body) + 4) + body


class Player:
    """One connection, logged in by SCRAM-SHA-256."""

    def __init__(self, target: Target, startup: dict[str, str]) -> None:
        self.connection = socket.create_connection((target.host, target.port), timeout=20)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        words = {"user": target.user, "database": target.database, **startup}
        body = b"".join(f"{key}\0{value}\0".encode() for key, value in words.items()) + b"\0"
        self.connection.sendall(struct.pack(">II", len(body) + 8, PROTOCOL_3) + body)
        self._login(target)

    def _login(self, target: Target) -> None:
        scram = ScramClient(["SCRAM-SHA-256"], target.user, target.password)
        while True:
            kind, body = one_message(self.connection)
            if kind == "E":
                raise ConnectionError(body.decode())
            if kind == "Z":
                return
            if kind != "R":
                continue
            code, rest = struct.unpack(">I", body[:4])[0], body[4:]
            if code == 10:
                first = scram.get_client_first().encode()
                answer = b"SCRAM-SHA-256\0" + struct.pack(">I", len(first)) + first
                self.connection.sendall(framed("p", answer))
            elif code == 11:
                scram.set_server_first(rest.decode())
                self.connection.sendall(framed("p", scram.get_client_final().encode()))
            elif code == 12:
                scram.set_server_final(rest.decode())

    def step(self, sent: list[list[Any]], catalog: bool) -> list[Any]:
        """Send the messages at once; the answers up to ReadyForQuery."""
        self.connection.sendall(b"".join(message(*one) for one in sent))
        answers = Answers(catalog)
        while True:
            kind, body = one_message(self.connection)
            answers.add(kind, body)
            if kind == "Z":
                return answers.kept

    def close(self) -> None:
        self.connection.close()
