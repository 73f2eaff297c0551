"""Who may come in: passwords, names that must not leak, first packets."""

# ruff: noqa: F401, F811 - fixtures are imported by name

from __future__ import annotations

import re
import struct

import pytest

from retailsql.adapters.server.wire import Listener
from retailsql.adapters.server.wire.refusals import Refusals
from retailsql.adapters.server.wire.scram import Verifier
from retailsql.adapters.server.wire.startup import read_startup
from retailsql.adapters.server.wire.throttle import Throttle
from tests.server_fixtures import certificate, dsn, login, patient, plain, secure
from tests.server_raw import (
    Raw,
    packet,
    query,
    startup,
    z,
)

psycopg = pytest.importorskip("psycopg")
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)


# -- passwords ----------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["anna", "ben"])
def test_the_right_password(plain, user):
    with psycopg.connect(dsn(plain, user)) as con:
        assert con.pgconn.user == user.encode()


def test_a_wrong_password_and_a_wrong_name_look_alike(plain, login):
    seen = []
    for user in ("anna", "nobody"):
        with Raw(plain.address) as raw:
            seen.append(raw.sasl(user, "wrong"))
            assert raw.at_end()
    assert [error["C"] for error in seen] == ["28P01", "28P01"]
    assert seen[0]["M"].replace("anna", "nobody") == seen[1]["M"]
    assert seen[0]["S"] == "FATAL"
    assert [event[:2] for event in login.events] == [
        ("login refused", "anna"),
        ("login refused", "nobody"),
    ]
    assert not login.sessions


def test_a_user_who_does_not_exist_always_has_the_same_salt(plain):
    salts = []
    for user in ("nobody", "nobody", "somebody", "anna"):
        with Raw(plain.address) as raw:
            raw.send(startup(user=user))
            assert raw.read() == ("R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0")
            first = b"n,,n=,r=abc"
            raw.send(packet("p", z("SCRAM-SHA-256"), struct.pack("!I", len(first)), first))
            answer = raw.read()[1][4:].decode()
            salts.append(answer.split(",")[1:])
    assert salts[0] == salts[1] != salts[2]
    assert len({iterations for _, iterations in salts}) == 1
    assert len({len(salt) for salt, _ in salts}) == 1


def test_a_mock_never_fits_even_if_the_proof_did():
    # The proof of an empty verifier's own keys: the mock's are random at each try.
    a, b = (Verifier.mock("x", b"secret", [4096]) for _ in "ab")
    assert a.salt == b.salt
    assert a.stored_key != b.stored_key


def test_no_count_of_iterations_tells_who_exists():
    """Who does not exist is shown one of all the counts, by his name alone: each is shown to some,
    and the same at each try.
    """
    names = [f"user{n}" for n in range(60)]
    first, again = (
        [Verifier.mock(name, b"secret", [4096, 10000]).iterations for name in names] for _ in "ab"
    )
    assert first == again
    assert set(first) == {4096, 10000}
    other = [Verifier.mock(name, b"other", [4096, 10000]).iterations for name in names]
    assert other != first


def test_a_flood_of_refusals_is_summed_up():
    now, lines = [0.0], []
    told = Refusals(lambda *line: lines.append(line), clock=lambda: now[0])
    for n in range(1000):
        now[0] = n * 0.0099
        told.told(f"u{n}", "192.0.2.1", "too many")
    told.told("anna", "192.0.2.2", "too many")
    assert lines == [
        ("login refused", "u0", "192.0.2.1", "too many"),
        ("login refused", "anna", "192.0.2.2", "too many"),
    ]
    now[0] = 12.0
    told.told("ben", "192.0.2.3", "full")
    assert lines[2:] == [
        ("login refused", "u999", "192.0.2.1", "too many (999 more in 12 s)"),
        ("login refused", "ben", "192.0.2.3", "full"),
    ]
    told.flush()
    assert len(lines) == 4  # of the others there was one, which is written


def test_throttled_logins_are_one_line_and_a_sum(login):
    throttle = Throttle(free=9, per_user=2)
    with Listener(login, "127.0.0.1", 0, throttle=throttle) as listener:
        for _ in range(7):
            with Raw(listener.address) as raw:
                assert raw.sasl("anna", "wrong")["C"] in ("28P01", "28000")
    said = [detail for event, _, detail in login.events if event == "login refused"]
    wrong = 'password authentication failed for user "anna"'
    often = "too many failed logins, try again in a minute"
    assert said[:3] == [wrong, wrong, often]
    assert [re.sub(r" in \d+ s", "", text) for text in said[3:]] == [f"{often} (4 more)"]


@pytest.mark.parametrize(
    "broken", ["", "md5abc", "SCRAM-SHA-256$x:y$z", "SCRAM-SHA-256$4096:c2FsdA==$YQ==:YQ=="]
)
def test_a_verifier_that_cannot_be_read_lets_nobody_in(plain, login, broken, caplog):
    login.verifier = lambda user: broken
    with Raw(plain.address) as raw:
        assert raw.sasl("anna", "secret")["C"] == "28P01"
    assert "cannot be read" in caplog.text


FIRST = {
    "no comma": b"junk",
    "no header": b"n,,",
    "no nonce": b"n,,n=x",
    "empty nonce": b"n,,n=x,r=",
    "unknown flag": b"q,,n=,r=abc",
    "another identity": b"n,a=ben,n=,r=abc",
    "an extension that must be known": b"n,,m=x,n=,r=abc",
    "binding that was not offered": b"p=tls-server-end-point,,n=,r=abc",
    "not UTF-8": b"n,,n=\xff,r=abc",
}


@pytest.mark.parametrize("what", FIRST)
def test_malformed_first_messages_are_refused(plain, what):
    with Raw(plain.address) as raw:
        raw.send(startup(user="anna"))
        raw.read()
        first = FIRST[what]
        raw.send(packet("p", z("SCRAM-SHA-256"), struct.pack("!I", len(first)), first))
        assert raw.error()["S"] == "FATAL"
        assert raw.at_end()


@pytest.mark.parametrize(
    "final",
    [
        "",
        "c=biws,r={r}",
        "c=biws,r={r},p=",
        "c=biws,r={r},p=AAAA",
        "c=!,r={r},p=" + "A" * 43 + "=",
        "c=eSws,r={r},p=" + "A" * 43 + "=",
        "c=biws,r=other,p=" + "A" * 43 + "=",
        "c=biws,p=" + "A" * 43 + "=",
    ],
)
def test_malformed_proofs_are_refused(plain, final):
    with Raw(plain.address) as raw:
        raw.send(startup(user="anna"))
        raw.read()
        first = b"n,,n=,r=abc"
        raw.send(packet("p", z("SCRAM-SHA-256"), struct.pack("!I", len(first)), first))
        nonce = raw.read()[1][4:].decode().split(",")[0][2:]
        raw.send(packet("p", final.format(r=nonce).encode()))
        error = raw.error()
        assert error["S"] == "FATAL"
        assert error["C"] in ("08P01", "28000")


def test_no_other_mechanism_and_no_skipping_of_the_password(plain, login):
    for words in (
        packet("p", z("PLAIN"), struct.pack("!I", 1), b"x"),
        packet("p", z("SCRAM-SHA-256-PLUS"), struct.pack("!I", 1), b"x"),
        packet("p", b"x"),
        query("rows 1"),
    ):
        with Raw(plain.address) as raw:
            raw.send(startup(user="anna"))
            raw.read()
            raw.send(words)
            error = raw.error()
            assert (error["S"], error["C"]) == ("FATAL", "08P01")
    assert not login.sessions


def test_a_session_that_cannot_be_had(plain):
    with pytest.raises(psycopg.OperationalError, match='database "nowhere" does not exist'):
        psycopg.connect(dsn(plain, dbname="nowhere"))


# -- the first packet ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "sqlstate"),
    [
        (struct.pack("!I", 0), "08P01"),
        (struct.pack("!I", 7), "08P01"),
        (struct.pack("!I", 10_005), "08P01"),
        (struct.pack("!I", 0xFFFFFFFF), "08P01"),
        (struct.pack("!II", 8, 2 << 16), "0A000"),
        (struct.pack("!II", 8, 4 << 16), "0A000"),
        (struct.pack("!II", 8, 3 << 16), "08P01"),
        (startup(database="shop"), "28000"),
        (startup(user=""), "28000"),
        (startup(user="anna", replication="database"), "0A000"),
        (struct.pack("!II", 15, 3 << 16) + b"user\0x\0", "08P01"),
        (struct.pack("!II", 16, 3 << 16) + b"user\0\xff\0\0", "22021"),
        (struct.pack("!II", 17, 3 << 16) + b"user\0x\0\0\0", "08P01"),
        (struct.pack("!III", 12, 80877102, 1), "08P01"),
        (b"GET / HTTP/1.1\r\n\r\n", "08P01"),
    ],
)
def test_first_packets_that_cannot_be(plain, bad, sqlstate):
    with Raw(plain.address) as raw:
        raw.send(bad)
        error = raw.error()
        assert (error["S"], error["C"]) == ("FATAL", sqlstate)
        assert raw.at_end()


def test_scramp_still_refuses_what_every_libpq_sends():
    """The reason for a SCRAM of our own; when this fails, scramp has become fit."""
    from scramp import ScramException, ScramMechanism

    mechanism = ScramMechanism()
    server = mechanism.make_server(lambda user: mechanism.make_auth_info("secret"))
    with pytest.raises(ScramException):
        server.set_client_first("n,,n=,r=abc")


def test_a_name_is_cut_as_postgresql_cuts_it():
    start = (196608).to_bytes(4, "big") + b"user\0" + "é".encode() * 40 + b"\0\0"
    assert read_startup(start).user == "é" * 31
