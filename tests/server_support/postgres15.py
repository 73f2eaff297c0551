"""A scratch PostgreSQL 15 on loopback, to compare the door with; fixture ``postgres15``.

It is started once in a session by whoever asks first, as a user that is not root (PostgreSQL
refuses root), with SCRAM passwords only, and is gone with its folder afterwards, even if the tests
were killed.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PLACES = ("/usr/lib/postgresql/15/bin", "/usr/pgsql-15/bin", "/opt/homebrew/opt/postgresql@15/bin")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "150",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "datestyle": "ISO, MDY",
    "password_encryption": "scram-sha-256",
}


class Postgres(NamedTuple):
    """Where it listens and how to log in; ``user`` is a superuser."""

    host: str
    port: int
    user: str
    password: str
    database: str
    folder: Path

    @property
    def dsn(self) -> str:
        return (
            f"host={self.host} port={self.port} user={self.user} "
            f"password='{self.password}' dbname={self.database}"
        )


def binaries() -> Path | None:
    """The folder of PostgreSQL 15's programs; None: not installed."""
    told = os.environ.get("POSTGRES15_BIN")
    for place in (told, *PLACES) if told else PLACES:
        if all((Path(place) / name).exists() for name in ("initdb", "postgres", "psql")):
            return Path(place)
    return None


def free_port() -> int:
    """A port of loopback nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def person() -> dict[str, object]:
    """As whom to run it: subprocess arguments, none unless this is root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    pytest.skip("PostgreSQL does not run as root, and there is no user postgres or nobody")


def initdb(programs: Path, folder: Path, password: str, **who: object) -> None:
    secret = folder / "password"
    secret.write_text(password)
    (folder / "data").mkdir(mode=0o700)
    if who:
        for path in (folder, secret, folder / "data"):
            os.chown(path, who["user"], who["group"])
    command = [
        programs / "initdb", "-D", folder / "data", "-U", "tester", "--pwfile", secret,
        "--auth=scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, cwd=folder, **who)
    secret.unlink()


KEEPER = """
"$@" </dev/null &
read -r _
kill -INT $!
wait $!
cd /
rm -rf -- "$FOLDER"
"""
"""Runs a server until standard input ends, as it does however its writer ends; then cleans up."""


@contextmanager
def running(password: str = "correct horse") -> Iterator[Postgres]:
    """A server of its own, for as long as the block lasts."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL 15 is not installed (Debian: postgresql-15; POSTGRES15_BIN)")
    who, port = person(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="pg15-"))
    server = None
    try:
        initdb(programs, folder, password, **who)
        options = {**SETTINGS, "port": str(port), "unix_socket_directories": str(folder)}
        arguments = [f"--{name}={value}" for name, value in options.items()]
        with (folder / "log").open("wb") as log:
            command = [programs / "postgres", "-D", folder / "data", *arguments]
            server = subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, "keeper", *command], stdin=subprocess.PIPE, stdout=log,
                stderr=log, cwd=folder, env={**os.environ, "FOLDER": str(folder)},
                start_new_session=True, **who,
            )  # fmt: skip
        wait(programs, server, port, folder)
        yield Postgres("127.0.0.1", port, "tester", password, "postgres", folder)
    finally:
        if server is not None:
            stop(server)
        shutil.rmtree(folder, ignore_errors=True)


def wait(programs: Path, server: subprocess.Popen, port: int, folder: Path) -> None:
    """Until it takes connections."""
    until = time.monotonic() + 30
    command = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    while subprocess.run(command, check=False).returncode:
        if server.poll() is not None or time.monotonic() > until:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.05)


def stop(server: subprocess.Popen) -> None:
    """Its keeper sends SIGINT, PostgreSQL's fast stop: clients are thrown out."""
    server.stdin.close()
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture(scope="session")
def postgres15() -> Iterator[Postgres]:
    """A real PostgreSQL 15: host, port, user, password, database, dsn; skips where it is absent."""
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def pg(postgres15: Postgres) -> Iterator[Any]:
    """A connection of psycopg's to it."""
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres15.dsn, autocommit=True) as con:
        yield con
