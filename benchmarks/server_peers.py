"""The two servers of the benchmark of the door: ``retailsql serve`` and a real PostgreSQL 15, with
the same table in both, each a process of its own on loopback.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
from scoring_models import make_tables, train

import retailsql
from retailsql.adapters.server.self_signed import self_signed

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from server_support.postgres15 import running as postgres_running

PASSWORD = "seven apples"
TABLE = """
SELECT i AS id, (i % 1000)::INTEGER AS quantity, i * 0.37 AS amount, 'customer ' || i % 50000 AS
customer, DATE '2020-01-01' + (i % 2000)::INTEGER AS day,
TIMESTAMP '2020-01-01' + i * INTERVAL 1 SECOND AS ordered_at, (i % 100000 / 100)::DECIMAL(9, 2) AS
price FROM range({rows}) t(i)
"""
COLUMNS = (
    "id bigint, quantity integer, amount double precision, customer text, day date, "
    "ordered_at timestamp, price numeric(9, 2)"
)


class Peer(NamedTuple):
    """A server that is up.

    Args:
        dsn: for libpq.
        pid: of its process.
    """

    dsn: str
    pid: int


def make_warehouse(path: Path, rows: int) -> None:
    """Table ``lines`` for reading, ``numbers`` for scoring by a model of 100 trees of depth 3."""
    with retailsql.connect(path) as con:
        amount = TABLE.format(rows=rows).replace("i * 0.37", "(i * 0.37)::DOUBLE")
        con.execute(f"CREATE TABLE lines AS {amount}")
        make_tables(con, rows)
        con.execute("DROP TABLE mixed")
        train(con, "boosting", "numbers")


@contextmanager
def door(path: Path, *options: str) -> Iterator[Peer]:
    """``retailsql serve`` in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "retailsql.cli", "serve", str(path), "--port", str(port),
               "--user", "analyst", *options]  # fmt: skip
    server = subprocess.Popen(
        command, env={**os.environ, "RETAILSQL_PASSWORD": PASSWORD}, stdout=subprocess.DEVNULL
    )
    dsn = (
        f"host=127.0.0.1 port={port} user=analyst password='{PASSWORD}' dbname={path.stem} "
        "gssencmode=disable"
    )
    try:
        until = time.monotonic() + 60
        while not answers(dsn):
            if server.poll() is not None or time.monotonic() > until:
                raise SystemExit("retailsql serve did not start")
            time.sleep(0.2)
        yield Peer(dsn, server.pid)
    finally:
        server.terminate()
        server.wait(30)


def answers(dsn: str) -> bool:
    """True if somebody can log in."""
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def postgres(warehouse: Path) -> Iterator[Peer]:
    """PostgreSQL 15 with table ``lines`` of a warehouse, its statistics up to date, TLS on."""
    with postgres_running() as server, retailsql.connect(warehouse, read_only=True) as con:
        file = warehouse.with_suffix(".csv")
        con.execute(f"COPY lines TO '{file}' (FORMAT csv, HEADER false)")
        with psycopg.connect(server.dsn, autocommit=True) as pg:
            pg.execute(f"CREATE TABLE lines ({COLUMNS})")
            with pg.cursor().copy("COPY lines FROM STDIN (FORMAT csv)") as copy:
                copy.write(file.read_bytes())
            pg.execute("ALTER TABLE lines ADD PRIMARY KEY (id)")  # as a good administrator would
            pg.execute("VACUUM ANALYZE lines")
            encrypt(pg, server.folder / "data", warehouse.parent)
        file.unlink()
        yield Peer(f"{server.dsn} gssencmode=disable", 0)


def encrypt(pg: psycopg.Connection[tuple[object, ...]], data: Path, folder: Path) -> None:
    """Give PostgreSQL a certificate as the door makes its own."""
    owner = data.stat()
    for file in self_signed(folder, "127.0.0.1"):
        shutil.copyfile(file, data / file.name)
        os.chown(data / file.name, owner.st_uid, owner.st_gid)
        (data / file.name).chmod(0o600)
    pg.execute("ALTER SYSTEM SET ssl = on")
    pg.execute("SELECT pg_reload_conf()")


def memory(pid: int, what: str = "VmRSS") -> float:
    """MB of a process that are in memory now (VmRSS), or were at most (VmHWM); Linux."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what):
            return int(line.split()[1]) / 1024
    return float("nan")
