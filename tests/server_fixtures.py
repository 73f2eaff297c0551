"""Fixtures of the wire's tests: a certificate, a listener with TLS and one without."""

from __future__ import annotations

import datetime
import socket
import ssl
import struct

import pytest

from retailsql.adapters.server.wire import Listener, Throttle, load
from tests.server_fake import USERS, FakeLogin

psycopg = pytest.importorskip("psycopg")
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSS_REQUEST = struct.pack("!II", 8, 80877104)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """Files of a certificate for localhost that signs itself, and of its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def patient():
    """Counts nothing: tests of one address fail often."""
    return Throttle(free=10**6, per_user=10**6, per_address=10**6)


@pytest.fixture
def login():
    return FakeLogin()


@pytest.fixture
def plain(login, patient):
    with Listener(login, "127.0.0.1", 0, throttle=patient) as listener:
        yield listener


@pytest.fixture
def secure(login, patient, certificate):
    with Listener(login, "127.0.0.1", 0, tls=load(*certificate), throttle=patient) as listener:
        yield listener


def dsn(listener, user="anna", password=None, **more) -> str:
    host, port = listener.address
    told = {"host": host, "port": port, "user": user, "dbname": "shop", "connect_timeout": 5}
    told |= {"password": password or USERS[user], "gssencmode": "disable"} | more
    return psycopg.conninfo.make_conninfo(**told)


def wrapped(listener, certificate, alpn) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    if alpn:
        context.set_alpn_protocols([alpn])
    sock = socket.create_connection(listener.address, timeout=5)
    try:
        return context.wrap_socket(sock, server_hostname="localhost")
    except BaseException:
        sock.close()
        raise
