"""A client of PostgreSQL's protocol that says exactly what a test wants said."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from tests.server_fake import USERS


def packet(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def z(text: str) -> bytes:
    return text.encode() + b"\0"


def startup(version: int = 196608, **told: str) -> bytes:
    body = struct.pack("!I", version)
    body += b"".join(z(name) + z(value) for name, value in told.items()) + b"\0"
    return struct.pack("!I", len(body) + 4) + body


def parse(name: str, text: str, *oids: int) -> bytes:
    return packet("P", z(name), z(text), struct.pack(f"!H{len(oids)}I", len(oids), *oids))


def bind(portal: str, name: str, *values: bytes | None, formats=(), results=()) -> bytes:
    out = [z(portal), z(name), struct.pack(f"!H{len(formats)}H", len(formats), *formats)]
    out.append(struct.pack("!H", len(values)))
    for value in values:
        out.append(struct.pack("!i", -1 if value is None else len(value)) + (value or b""))
    out.append(struct.pack(f"!H{len(results)}H", len(results), *results))
    return packet("B", *out)


def execute(portal: str = "", rows: int = 0) -> bytes:
    return packet("E", z(portal), struct.pack("!i", rows))


def describe(kind: str, name: str = "") -> bytes:
    return packet("D", kind.encode(), z(name))


SYNC, FLUSH, TERMINATE = packet("S"), packet("H"), packet("X")


def query(text: str) -> bytes:
    return packet("Q", z(text))


class Raw:
    """A socket with a reader of messages; ``read`` gives (kind, content)."""

    def __init__(self, address, *, sock=None) -> None:
        self.sock = sock or socket.create_connection(address, timeout=10)
        self.data = b""
        self.pid, self.key = 0, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, *parts: bytes) -> None:
        self.sock.sendall(b"".join(parts))

    def exactly(self, size: int) -> bytes:
        while len(self.data) < size:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError(self.data)
            self.data += more
        out, self.data = self.data[:size], self.data[size:]
        return out

    def read(self) -> tuple[str, bytes]:
        kind = self.exactly(1).decode()
        return kind, self.exactly(struct.unpack("!I", self.exactly(4))[0] - 4)

    def until(self, last: str = "Z") -> list[tuple[str, bytes]]:
        out = [self.read()]
        while out[-1][0] != last:
            out.append(self.read())
        return out

    def kinds(self, last: str = "Z") -> str:
        return "".join(kind for kind, _ in self.until(last))

    def ask(self, *parts: bytes) -> str:
        self.send(*parts)
        return self.kinds()

    def error(self) -> dict[str, str]:
        return fields(self.until("E")[-1][1])

    def at_end(self) -> bool:
        try:
            return not self.data and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True

    def sasl(self, user: str, password: str, version: int = 196608, **told: str):
        from scramp import ScramClient

        self.send(startup(version, user=user, **told))
        kind, content = self.read()
        while kind == "v":
            kind, content = self.read()
        if kind == "E":
            return self.refused(content)
        client = ScramClient(["SCRAM-SHA-256"], user, password)
        first = client.get_client_first().encode()
        self.send(packet("p", z("SCRAM-SHA-256"), struct.pack("!I", len(first)), first))
        kind, content = self.read()
        client.set_server_first(content[4:].decode())
        self.send(packet("p", client.get_client_final().encode()))
        kind, content = self.read()
        if kind == "E":
            return self.refused(content)
        client.set_server_final(content[4:].decode())
        return None

    def refused(self, content: bytes) -> dict[str, str]:
        return fields(content)

    def login(self, user: str = "anna", version: int = 196608, **told: str) -> Raw:
        assert self.sasl(user, USERS[user], version, **told) is None
        for kind, content in self.until():
            if kind == "K":
                self.pid, self.key = struct.unpack("!I", content[:4])[0], content[4:]
        return self


def fields(content: bytes) -> dict[str, str]:
    return {part[:1].decode(): part[1:].decode() for part in content.split(b"\0") if part}


def cancel(address, pid: int, key: bytes) -> None:
    with socket.create_connection(address, timeout=5) as sock:
        body = struct.pack("!II", 80877102, pid) + key
        sock.sendall(struct.pack("!I", len(body) + 4) + body)
        assert sock.recv(1) == b""


def eventually(true, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def mine() -> set[str]:
    return {thread.name for thread in threading.enumerate() if "retailsql" in thread.name}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def nothing_left():
    """No thread and no descriptor more than before."""
    threads, files = mine(), descriptors()
    yield
    assert eventually(lambda: mine() <= threads), mine() - threads
    assert eventually(lambda: descriptors() <= files), (files, descriptors())
