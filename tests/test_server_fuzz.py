"""Random and mutated packets: whatever a client sends, the server answers in frames or closes.

No crash, no internal error, no thread, descriptor or session left behind.
"""

from __future__ import annotations

import contextlib
import logging
import random
import socket
import struct

import pytest

from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.wire import Listener, Throttle, WireLimits
from retailsql.adapters.server.wire.messages import parse as read_message
from retailsql.adapters.server.wire.messages import sizes
from retailsql.adapters.server.wire.scram import PLAIN, Exchange, Verifier
from retailsql.adapters.server.wire.startup import read_startup
from tests.server_fake import FakeLogin, verifier
from tests.server_raw import (
    FLUSH,
    SYNC,
    Raw,
    bind,
    describe,
    eventually,
    execute,
    fields,
    nothing_left,
    packet,
    parse,
    query,
    startup,
    z,
)

KINDS = frozenset("RSKZTDCEN123nsIHdctvAGWV")
FIRST = [
    startup(user="anna", database="shop", application_name="fuzz"),
    startup(3 << 16 | 2, user="ben"),
    struct.pack("!II", 8, 80877103),
    struct.pack("!II", 8, 80877104),
    struct.pack("!IIII", 16, 80877102, 7, 7),
    packet("p", z(PLAIN), struct.pack("!I", 11), b"n,,n=,r=abc"),
]
LATER = [
    query("rows 3"),
    query("rows 1; echo x; nonsense; rows 1"),
    query("begin"),
    query("rollback"),
    query("copy 3"),
    query("notice x"),
    query("set a=b"),
    parse("s", "rows $1"),
    parse("", "echo $1 $2", 25, 25),
    bind("", "s", b"2"),
    bind("p", "", b"x", None, formats=[0, 1], results=[1]),
    describe("S", "s"),
    describe("P"),
    execute(),
    execute("p", 1),
    packet("C", b"S", z("s")),
    packet("C", b"P", z("p")),
    SYNC,
    SYNC,
    FLUSH,
    packet("F", struct.pack("!IHHH", 1, 0, 0, 0)),
    packet("d", b"x"),
    packet("c"),
    packet("f", z("x")),
]
NUMBERS = [b"\0\0\0\0", b"\0\0\0\x04", b"\x7f\xff\xff\xff", b"\xff\xff\xff\xff", b"\0\0\xff\xff"]


def mutated(chance: random.Random, data: bytes) -> bytes:
    """One change, or none; mostly inside a right frame, so that contents are tried too."""
    kind = chance.choices(range(8), [8, 2, 0.1, 4, 4, 4, 4, 0.1])[0]
    if kind == 0:
        return data
    if kind == 1:  # a frame of random content
        name = chance.choice("QPBDECHSFdcf")
        return packet(name, chance.randbytes(chance.choice([0, 1, 4, 9, 200])))
    if kind == 2:  # nothing of a frame
        return chance.randbytes(chance.randrange(1, 40))
    head, body = data[:1], bytearray(data[5:])
    at = chance.randrange(len(body) + 1)
    if kind == 3:
        body[at : at + 1] = chance.randbytes(1)
    elif kind == 4:
        del body[at:]
    elif kind == 5:
        body[at:at] = chance.randbytes(chance.randrange(1, 5))
    elif kind == 6:
        body[at : at + 4] = chance.choice(NUMBERS)
    else:  # a length that is not the content's
        wrong = chance.choice(NUMBERS)
        return head + wrong + bytes(body)
    return head + struct.pack("!I", len(body) + 4) + bytes(body)


def everything(raw: Raw) -> bytes:
    """All that the server still says; it must close."""
    raw.sock.settimeout(10)
    try:
        raw.sock.shutdown(socket.SHUT_WR)
        while more := raw.sock.recv(65536):
            raw.data += more
    except TimeoutError:
        raise
    except OSError:
        pass  # closed with bytes of ours unread
    return raw.data


def check_frames(data: bytes) -> None:
    """Whole frames of known kinds, no internal error; the last may be cut by a reset."""
    at = 0
    while at + 5 <= len(data):
        kind, size = chr(data[at]), struct.unpack("!I", data[at + 1 : at + 5])[0]
        assert kind in KINDS, data[at : at + 50]
        assert 4 <= size < 1_000_000
        if kind == "E":
            error = fields(data[at + 5 : at + 1 + size])
            assert {"S", "C", "M"} <= set(error), error
            assert error["C"] != "XX000", error
        at += 1 + size


def before_login(listener: Listener, chance: random.Random) -> int:
    packets = [mutated(chance, chance.choice(FIRST)) for _ in range(chance.randrange(1, 4))]
    with Raw(listener.address) as raw:
        with contextlib.suppress(OSError):
            raw.send(*packets)
        answer = everything(raw).lstrip(b"N")  # N is an answer to SSLRequest, and no frame
    check_frames(answer)
    return len(packets)


def after_login(listener: Listener, chance: random.Random) -> int:
    packets = [mutated(chance, chance.choice(LATER)) for _ in range(chance.randrange(10, 60))]
    with Raw(listener.address) as raw:
        raw.login()
        with contextlib.suppress(OSError):
            raw.send(*packets)
        check_frames(everything(raw))
    return len(packets)


def fuzz(packets: int, seed: int, caplog) -> None:
    chance = random.Random(seed)
    login = FakeLogin()
    patient = Throttle(free=10**9, per_user=10**9, per_address=10**9)
    limits = WireLimits(login_seconds=2, stall_seconds=2)
    sent = 0
    with (
        caplog.at_level(logging.WARNING),
        nothing_left(),
        Listener(login, "127.0.0.1", 0, limits=limits, throttle=patient) as listener,
    ):
        while sent < packets:
            sent += before_login(listener, chance) + after_login(listener, chance)
        # Most packets must have reached the protocol, or this would prove little.
        assert sum(session.syncs for session in login.sessions) > packets / 20
        assert eventually(lambda: all(session.closed == 1 for session in login.sessions))
        with Raw(listener.address) as raw:
            assert raw.login().ask(query("rows 1")) == "TDCZ"
    assert caplog.text == ""


def test_packets(caplog):
    fuzz(10_000, 1, caplog)


@pytest.mark.slow
def test_a_hundred_thousand_packets(caplog):
    fuzz(100_000, 2, caplog)


def refusal(step, *given) -> PgError | None:
    try:
        step(*given)
    except PgError as error:
        return error
    return None


def test_contents_are_read_or_refused():
    chance = random.Random(3)
    kinds = list(sizes(1, 1))
    for _ in range(20_000):
        data = mutated(chance, chance.choice(LATER))[5:]
        error = refusal(read_message, chance.choice(kinds), data)
        assert error is None or error.severity == "ERROR"
        assert error is None or error.sqlstate in ("08P01", "22021", "22023")


def test_first_packets_are_read_or_refused():
    chance = random.Random(4)
    for _ in range(20_000):
        data = bytearray(chance.choice(FIRST)[4:])
        for _ in range(chance.randrange(3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        error = refusal(read_startup, bytes(data[: chance.randrange(len(data) + 1)]))
        assert error is None or error.severity == "FATAL"
        assert error is None or error.sqlstate in ("08P01", "22021", "28000", "0A000")


def test_no_words_but_a_password_open_the_door():
    chance = random.Random(5)
    stored = Verifier.of(verifier("secret"))
    words = [b"n,,n=,r=abc", b"c=biws,r=abc,p=" + b"A" * 43 + b"=", b"y,,n=x,r=", b"v=", b""]
    for _ in range(5_000):
        exchange = Exchange(stored, None)
        first = mutated(chance, b"p\0\0\0\0" + chance.choice(words))[5:]
        error = refusal(exchange.first, PLAIN, first)
        if error is None:
            proofs: list[bytes | None] = []
            final = chance.choice(words) + chance.randbytes(2)
            error = refusal(lambda e=exchange, f=final, p=proofs: p.append(e.final(f)))
            assert not any(proofs)
        assert error is None or error.sqlstate in ("08P01", "28000", "0A000")
