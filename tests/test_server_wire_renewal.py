"""A renewed certificate is served to new connections, without a new start."""

from __future__ import annotations

import shutil
import signal
import ssl
from datetime import datetime, timedelta
from pathlib import Path

import pytest

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("scramp")
pytest.importorskip("tomlkit")
pytest.importorskip("cryptography")

from retailsql.adapters.server.self_signed import self_signed
from retailsql.adapters.server.wire import Listener, load
from retailsql.errors import ProjectError
from tests.server_fake import FakeLogin
from tests.server_fixtures import dsn
from tests.server_raw import eventually
from tests.test_serve_cli import serving, shop  # noqa: F401 - a fixture

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def pairs(tmp_path):
    """Certificates and their keys of two years."""
    found = []
    for year in ("old", "new"):
        (tmp_path / year).mkdir()
        found.append(self_signed(tmp_path / year, "127.0.0.1"))
    return found


def shown(address) -> str:
    return ssl.get_server_certificate(address)


def renew(pair, files) -> None:
    for path, place in zip(pair, files, strict=True):
        shutil.copyfile(path, place)


def test_a_listener_changes_its_certificate_and_keeps_its_clients(pairs):
    old, new = pairs
    with Listener(FakeLogin(), "127.0.0.1", 0, tls=load(*old)) as listener:

        def connect(root: Path):
            more = {"sslmode": "verify-full", "sslrootcert": str(root), "host": "localhost"}
            told = dsn(listener, channel_binding="require", hostaddr="127.0.0.1", **more)
            return psycopg.connect(told, autocommit=True)

        with connect(old.certificate) as first:
            listener.renew(load(*new))
            with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
                connect(old.certificate)
            with connect(new.certificate) as second:  # bound to the new one
                assert second.execute("echo new").fetchone() == ("new",)
            assert first.execute("echo old").fetchone() == ("old",)


OTHERS = {
    "nothing": lambda pem: b"",
    "no PEM": lambda pem: b"no PEM",
    "read by OpenSSL alone": lambda pem: pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
}


@pytest.mark.parametrize("other", [*OTHERS, "of another key"])
def test_files_that_are_no_pair_are_refused_in_words(pairs, other):
    certificate, key = pairs[0]
    if other in OTHERS:
        certificate.write_bytes(OTHERS[other](certificate.read_bytes()))
    else:
        certificate = pairs[1].certificate
    with pytest.raises(ProjectError, match="cannot be used"):
        load(certificate, key)


def test_hang_up_reads_the_certificate_again(shop, pairs):  # noqa: F811
    old, new = pairs
    files = [shop / "mine.crt", shop / "mine.key"]
    renew(old, files)
    options = ["--users", "users.toml", "--tls-cert", "mine.crt", "--tls-key", "mine.key"]
    with serving(shop, *options) as served:
        address = ("127.0.0.1", served.port)
        with served.connect(sslmode="require") as client:
            before = shown(address)
            assert before == old.certificate.read_text()
            renew(new, files)
            served.process.send_signal(signal.SIGHUP)
            assert eventually(lambda: shown(address) == new.certificate.read_text())
            assert client.execute("SELECT 1").fetchone() == (1,)

            renew([old.certificate], files[:1])  # and the key of the new one
            served.process.send_signal(signal.SIGHUP)
            line = told(served, "certificate or its key cannot be used")
            assert "the one of before is used on" in line
            assert shown(address) == new.certificate.read_text()
            files[1].unlink()
            served.process.send_signal(signal.SIGHUP)
            assert "mine.key" in told(served, "is not there")
            served.connect(sslmode="require").close()


def test_no_hang_up_is_lost(shop, pairs):  # noqa: F811
    """Also one that comes while the one before it is worked on, or just when that is done."""
    files = [shop / "mine.crt", shop / "mine.key"]
    renew(pairs[0], files)
    options = ["--users", "users.toml", "--tls-cert", "mine.crt", "--tls-key", "mine.key"]
    with serving(shop, *options) as served:
        for turn in range(40):
            wanted = pairs[turn % 2]
            renew(wanted, files)
            served.process.send_signal(signal.SIGHUP)
            text = wanted.certificate.read_text()
            assert eventually(lambda text=text: shown(("127.0.0.1", served.port)) == text), turn


def told(served, words: str) -> str:
    """The next line of the log with these words."""
    while words not in (line := served.process.stderr.readline()):
        assert line
    return line


def test_hang_up_makes_a_new_one_in_place_of_a_self_signed_one_that_ends(shop, monkeypatch):  # noqa: F811
    from retailsql.adapters.server import self_signed as made

    class Past(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) - timedelta(days=made._DAYS - 10)

    for file in ("server.crt", "server.key"):
        (shop / file).unlink(missing_ok=True)
    with serving(shop, "--users", "users.toml", "--self-signed") as served:
        address = ("127.0.0.1", served.port)
        assert shown(address) == (shop / "server.crt").read_text()
        (shop / "server.crt").unlink()
        with monkeypatch.context() as past:
            past.setattr(made, "datetime", Past)
            ending = self_signed(shop, "127.0.0.1").certificate.read_text()
        served.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: shown(address) == (shop / "server.crt").read_text() != ending)
