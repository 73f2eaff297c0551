"""TLS: asked for, from the first byte, bound to the password; what must not work."""

# ruff: noqa: F401, F811 - fixtures are imported by name

from __future__ import annotations

import ssl
import struct

import pytest

from retailsql.adapters.server.wire import Listener, WireLimits, load
from retailsql.adapters.server.wire.scram import Exchange, Verifier
from retailsql.adapters.server.wire.tls import end_point
from retailsql.errors import ProjectError
from tests.server_fake import verifier
from tests.server_fixtures import certificate, dsn, login, patient, plain, secure, wrapped
from tests.server_raw import (
    Raw,
    cancel,
    eventually,
    nothing_left,
    query,
    startup,
)

psycopg = pytest.importorskip("psycopg")
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)


# -- TLS ----------------------------------------------------------------------------------------


def test_tls_is_answered_no_without_a_certificate(plain):
    with Raw(plain.address) as raw:
        raw.send(GSS_REQUEST)
        assert raw.exactly(1) == b"N"
        raw.send(SSL_REQUEST)
        assert raw.exactly(1) == b"N"
        assert raw.login().ask(query("rows 1")) == "TDCZ"
    with pytest.raises(psycopg.OperationalError, match="does not support SSL"):
        psycopg.connect(dsn(plain, sslmode="require"))


@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_tls_with_and_without_channel_binding(secure, certificate, binding):
    told = dsn(
        secure,
        host="localhost",
        hostaddr="127.0.0.1",
        sslmode="verify-full",
        sslrootcert=str(certificate[0]),
        channel_binding=binding,
    )
    with psycopg.connect(told) as con:
        assert con.pgconn.ssl_in_use
        assert con.execute("echo safe").fetchone() == ("safe",)


def test_a_wrong_password_over_tls(secure):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(dsn(secure, password="no", sslmode="require"))


def test_without_tls_where_it_is_required(login, certificate):
    with Listener(login, "127.0.0.1", 0, tls=load(*certificate), require_tls=True) as listener:
        with pytest.raises(psycopg.OperationalError, match="requires TLS"):
            psycopg.connect(dsn(listener, sslmode="disable"))
        psycopg.connect(dsn(listener, sslmode="require")).close()


def test_direct_tls(secure, certificate):
    with Raw(None, sock=wrapped(secure, certificate, "postgresql")) as raw:
        assert raw.sock.selected_alpn_protocol() == "postgresql"
        assert raw.login().ask(query("rows 2")) == "TDDCZ"
        cancelled = raw.pid, raw.key
    cancel(secure.address, *cancelled)


@pytest.mark.parametrize("alpn", [None, "http/1.1"])
def test_direct_tls_needs_the_protocol_named(secure, certificate, alpn):
    with Raw(None, sock=wrapped(secure, certificate, alpn)) as raw:
        assert raw.error()["C"] == "08P01"


def test_words_slipped_in_before_tls_are_not_read_as_if_inside(secure, login):
    with Raw(secure.address) as raw:
        raw.send(SSL_REQUEST, startup(user="anna"))
        assert raw.exactly(1) == b"S"
        with pytest.raises((EOFError, ConnectionError)):
            while True:
                raw.exactly(1)
    assert not login.sessions


def test_tls_twice(plain, secure, certificate):
    with Raw(plain.address) as raw:
        raw.send(SSL_REQUEST, SSL_REQUEST)
        assert raw.exactly(1) == b"N"
        assert raw.error()["C"] == "08P01"
    with Raw(None, sock=wrapped(secure, certificate, "postgresql")) as raw:
        raw.send(SSL_REQUEST)
        assert raw.error()["C"] == "08P01"


def test_direct_tls_to_a_server_without(plain):
    with Raw(plain.address) as raw:
        raw.send(b"\x16\x03\x01\0\x05hello")
        assert raw.at_end()


def test_stop_tells_clients_with_tls(login, certificate):
    limits = WireLimits(stop_seconds=0.5)
    with nothing_left():
        listener = Listener(login, "127.0.0.1", 0, tls=load(*certificate), limits=limits).start()
        idle = Raw(None, sock=wrapped(listener, certificate, "postgresql"))
        running = Raw(None, sock=wrapped(listener, certificate, "postgresql"))
        with idle, running:
            idle.login()
            running.login().send(query("sleep"))
            assert login.sessions[-1].running.wait(5)
            listener.stop()
            assert [raw.error()["C"] for raw in (idle, running)] == ["57P01", "57P01"]
            assert idle.at_end()


def test_a_client_with_tls_that_vanishes_stops_its_statement(secure, login, certificate):
    with Raw(None, sock=wrapped(secure, certificate, "postgresql")) as raw:
        raw.login().send(query("sleep"))
        session = login.sessions[-1]
        assert session.running.wait(5)
        raw.sock.close()
        assert eventually(lambda: session.closed == 1, 1.0)


def test_much_over_tls(secure, certificate):
    with Raw(None, sock=wrapped(secure, certificate, "postgresql")) as raw:
        raw.login().send(query("big 1000000 20"))
        assert raw.kinds() == "T" + "D" * 20 + "CZ"
        assert raw.ask(query("echo " + "x" * 2_000_000)) == "TDCZ"


def test_a_downgrade_of_channel_binding_is_seen():
    exchange = Exchange(Verifier.of(verifier("secret")), b"hash")
    with pytest.raises(Exception, match="thinks the server does not"):
        exchange.first("SCRAM-SHA-256", b"y,,n=,r=abc")


def test_files_that_are_no_certificate(tmp_path, certificate):
    (tmp_path / "x").write_text("no")
    with pytest.raises(ProjectError, match="certificate"):
        load(tmp_path / "x", certificate[1])
    with pytest.raises(ProjectError, match="certificate"):
        load(tmp_path / "missing", certificate[1])


def test_the_hash_of_a_certificate_is_that_of_openssl(certificate):
    der = ssl.PEM_cert_to_DER_cert(certificate[0].read_text())
    import hashlib

    assert end_point(certificate[0].read_bytes()) == hashlib.sha256(der).digest()
