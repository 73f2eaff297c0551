"""Limits before login: too many clients, too slow ones, too many guesses."""

# ruff: noqa: F401, F811 - fixtures are imported by name

from __future__ import annotations

import socket
import struct
import time

import pytest

from retailsql.adapters.server.wire import Listener, Throttle, WireLimits
from tests.server_fixtures import certificate, login, patient, plain, secure
from tests.server_raw import (
    Raw,
    cancel,
    eventually,
    nothing_left,
    packet,
    query,
    startup,
    z,
)

psycopg = pytest.importorskip("psycopg")
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)


# -- limits -------------------------------------------------------------------------------------


def test_too_many_clients(login):
    with Listener(login, "127.0.0.1", 0, max_connections=2) as listener:
        with Raw(listener.address) as one, Raw(listener.address) as two:
            one.login()
            two.login()
            with Raw(listener.address) as three:
                three.send(startup(user="anna"))
                assert three.error()["C"] == "53300"
            cancel(listener.address, one.pid, one.key)  # which still has a way in
        assert eventually(lambda: all(session.closed for session in login.sessions))
        with Raw(listener.address) as again:
            again.login()


def test_a_slow_start_ends(login):
    limits = WireLimits(login_seconds=0.4)
    with nothing_left(), Listener(login, "127.0.0.1", 0, limits=limits) as listener:
        begin = time.monotonic()
        with Raw(listener.address) as silent, Raw(listener.address) as slow:
            hello = startup(user="anna", application_name="a slow one")
            for i in range(100):
                try:
                    slow.send(hello[i : i + 1])
                except OSError:
                    break
                time.sleep(0.03)
            assert slow.at_end()
            assert silent.at_end()
        assert time.monotonic() - begin < 2


def test_those_who_only_connect_do_not_keep_others_out(login):
    limits = WireLimits(waiting=5, login_seconds=30)
    with nothing_left(), Listener(login, "127.0.0.1", 0, limits=limits) as listener:
        idlers = [socket.create_connection(listener.address, timeout=5) for _ in range(20)]
        with Raw(listener.address) as raw:
            assert raw.login().ask(query("rows 1")) == "TDCZ"
        assert idlers[0].recv(1) == b""
        for sock in idlers:
            sock.close()


def test_wrong_passwords_make_it_slower_and_then_refused(login):
    throttle = Throttle(free=2, per_user=4, longest=0.2)
    took, states = [], []
    with Listener(login, "127.0.0.1", 0, throttle=throttle) as listener:
        for _ in range(5):
            begin = time.monotonic()
            with Raw(listener.address) as raw:
                states.append(raw.sasl("anna", "wrong")["C"])
            took.append(time.monotonic() - begin)
        with Raw(listener.address) as raw:
            assert raw.sasl("anna", "secret")["C"] == "28000"
        with Raw(listener.address) as raw:
            raw.login("ben")
    assert states == ["28P01"] * 4 + ["28000"]
    assert took[0] < 0.1 <= took[2] < took[3]


def test_failures_are_forgotten_after_a_while():
    now = [0.0]
    throttle = Throttle(per_user=2, window=60, clock=lambda: now[0])
    for _ in range(2):
        throttle.failed("192.0.2.1", "anna")
    assert throttle.refused("192.0.2.1", "anna")
    now[0] = 61.0
    assert not throttle.refused("192.0.2.1", "anna")


def test_many_names_from_one_address_are_refused_together():
    throttle = Throttle(per_address=5)
    for i in range(5):
        throttle.failed("192.0.2.1", f"user{i}")
    assert throttle.refused("192.0.2.1", "another")
    assert not throttle.refused("192.0.2.2", "another")


def test_counting_failures_needs_no_memory_without_end():
    throttle = Throttle()
    for i in range(30_000):
        throttle.failed(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}", "x")
    assert len(throttle._failures) <= 10_000


def test_names_are_told_as_they_were_given(plain):
    with Raw(plain.address) as raw:
        error = raw.sasl("näme", "x")
    assert error["M"] == 'password authentication failed for user "näme"'


def test_guesses_sent_at_the_same_time_count_together(login):
    throttle = Throttle(free=100, per_user=3)
    with Listener(login, "127.0.0.1", 0, throttle=throttle) as listener:
        clients = [Raw(listener.address) for _ in range(6)]
        late = Raw(listener.address)
        begun = [begin(raw) for raw in (*clients, late)]
        states = [proof(raw, client, "wrong") for raw, client in begun[:-1]]
        assert states[:3] == ["28P01"] * 3
        assert proof(*begun[-1], "secret") == "28000"
        for raw in (*clients, late):
            raw.sock.close()


def begin(raw: Raw):
    """A login up to the server's challenge."""
    raw.send(startup(user="anna"))
    raw.read()
    first = b"n,,n=,r=abc"
    raw.send(packet("p", z("SCRAM-SHA-256"), struct.pack("!I", len(first)), first))
    return raw, raw.read()[1][4:].decode()


def proof(raw: Raw, challenge: str, password: str) -> str:
    """The rest of it, by hand; the error's code."""
    import hashlib
    import hmac
    from base64 import b64decode, b64encode

    nonce, salt, count = (part[2:] for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), b64decode(salt), int(count))
    key = hmac.digest(salted, b"Client Key", "sha256")
    without = f"c=biws,r={nonce}"
    told = f"n=,r=abc,{challenge},{without}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), told, "sha256")
    shown = b64encode(bytes(a ^ b for a, b in zip(key, signature))).decode()
    raw.send(packet("p", f"{without},p={shown}".encode()))
    return raw.error()["C"]
