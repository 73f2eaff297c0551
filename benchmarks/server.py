"""The door of `retailsql serve` beside a real PostgreSQL 15: same client, same machine, same run.

Rows a second of a large result in text and binary (libpq takes it whole; also with TLS), the time
of short statements, scoring through the door against the same query in process, 100 connections,
memory. Both servers are processes of their own.

    python benchmarks/server.py [--rows 1000000] [--repeat 5]
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click
import psycopg
from psycopg import pq
from rich.console import Console
from rich.table import Table
from scoring_measure import Ratio, in_turn, verdict
from server_peers import Peer, door, make_warehouse, memory, postgres

import retailsql

READ = b"SELECT id, quantity, amount, customer, day, ordered_at FROM lines"
ALL = b"SELECT * FROM lines"
SMALL = b"SELECT quantity % 10, count(*), sum(amount) FROM lines WHERE id < 20000 GROUP BY 1"
SCORE = "SELECT id, boosting_numbers_score(r) AS score FROM numbers AS r"
CONNECTIONS = 100


class Client:
    """One connection of libpq's, without anything of Python's on a row's way."""

    def __init__(self, dsn: str) -> None:
        self.con = pq.PGconn.connect(dsn.encode())
        if self.con.status != pq.ConnStatus.OK:
            raise SystemExit(self.con.error_message.decode())

    def rows(self, sql: bytes, binary: bool = False) -> int:
        """Rows of a result that was fetched whole."""
        result = self.con.exec_params(sql, None, result_format=pq.Format(int(binary)))
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise SystemExit(result.error_message.decode())
        n = result.ntuples
        result.clear()
        return n


def bulk(ours: Peer, theirs: Peer, rows: int, repeat: int) -> Table:
    """Rows a second of the whole table."""
    table = Table(title=f"{rows:,} rows, thousands a second (libpq)")
    for column in ("columns, format", "TLS", "door", "PostgreSQL 15", "ratio", "target", ""):
        table.add_column(column)
    for words, sql in (("6 columns", READ), ("7, with numeric", ALL)):
        for binary in (False, True):
            for tls in ("disable", "require"):
                us, them = (
                    Client(f"{ours.dsn} sslmode={tls}"),
                    Client(f"{theirs.dsn} sslmode={tls}"),
                )
                peers: dict[str, Callable[[], object]] = {
                    "door": lambda us=us, sql=sql, b=binary: us.rows(sql, b),
                    "postgres": lambda them=them, sql=sql, b=binary: them.rows(sql, b),
                }
                times = in_turn(peers, repeat, 60)
                ratio, target = Ratio.of(times, "postgres", "door"), 1.2 if binary else 0.8
                speed = {k: f"{rows / statistics.median(v) / 1e3:,.0f}" for k, v in times.items()}
                table.add_row(
                    f"{words}, {'binary' if binary else 'text'}",
                    "yes" if tls == "require" else "no", speed["door"], speed["postgres"],
                    str(ratio), f">= {target}",
                    verdict(ratio.median >= target, ratio.best >= target),
                )  # fmt: skip
    return table


def short(ours: Peer, theirs: Peer, times: int = 400) -> Table:
    """Median and 95th percentile of short statements, in milliseconds."""
    table = Table(title="Short statements, ms: median (95th percentile)")
    for column in ("statement", "door", "PostgreSQL 15"):
        table.add_column(column)
    for words, sql in (("select 1", b"SELECT 1"), ("small aggregate", SMALL)):
        cells = []
        for peer in (ours, theirs):
            client, took = Client(f"{peer.dsn} sslmode=disable"), []
            for _ in range(times):
                start = time.perf_counter()
                client.rows(sql)
                took.append((time.perf_counter() - start) * 1e3)
            cells.append(
                f"{statistics.median(took):.3f} ({statistics.quantiles(took, n=20)[-1]:.3f})"
            )
        table.add_row(words, *cells)
    return table


def scoring(warehouse: Path, rows: int, repeat: int) -> Table:
    """The same query in this process and through the door, each with two threads."""
    table = Table(title=f"Scoring {rows:,} rows by 100 trees of depth 3, s")
    for column in ("query", "in process", "door", "ratio", "target", ""):
        table.add_column(column)
    queries = {
        "all scores": SCORE,
        "their mean": f"SELECT avg(score) FROM ({SCORE})",
    }
    with door(warehouse) as ours, retailsql.connect(warehouse, read_only=True) as con:
        client = Client(f"{ours.dsn} sslmode=disable")
        for words, sql in queries.items():
            times = in_turn(
                {
                    "here": lambda sql=sql: con.sql(sql).to_arrow_table(),
                    "door": lambda sql=sql: client.rows(sql.encode(), True),
                },
                repeat, 60,
            )  # fmt: skip
            ratio = Ratio.of(times, "door", "here")
            seconds = [f"{statistics.median(times[k]):.2f}" for k in ("here", "door")]
            table.add_row(
                words,
                *seconds,
                str(ratio),
                "<= 1.1",
                verdict(ratio.median <= 1.1, ratio.best <= 1.1),
            )
    return table


def crowd(peer: Peer) -> str:
    """One hundred connections at once, each asking ten times."""
    failed: list[str] = []
    took: list[float] = []

    def one() -> None:
        try:
            with psycopg.connect(f"{peer.dsn} sslmode=disable", autocommit=True) as con:
                for _ in range(10):
                    start = time.perf_counter()
                    con.execute(SMALL).fetchall()
                    took.append(time.perf_counter() - start)
        except psycopg.Error as error:
            failed.append(str(error))

    threads = [threading.Thread(target=one) for _ in range(CONNECTIONS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    all_in = time.perf_counter() - start
    worst = statistics.quantiles(took, n=20)[-1]
    return (
        f"{len(took)} answers, {len(failed)} failures, {len(took) / all_in:.0f} a second, "
        f"median {statistics.median(took) * 1e3:.0f} ms, 95th percentile {worst * 1e3:.0f} ms"
    )


@click.command()
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--repeat", default=5, show_default=True)
def main(rows: int, repeat: int) -> None:
    """Measure the door."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        warehouse = Path(folder) / "shop.duckdb"
        make_warehouse(warehouse, rows)
        theirs = stack.enter_context(postgres(warehouse))
        with door(warehouse, "--self-signed") as ours:
            rest = memory(ours.pid)
            console.print(bulk(ours, theirs, rows, repeat), short(ours, theirs))
            for name, peer in (("door", ours), ("PostgreSQL 15", theirs)):
                console.print(f"{CONNECTIONS} connections, {name}: {crowd(peer)}")
        console.print(scoring(warehouse, rows, repeat))
        with door(warehouse) as ours:
            client = Client(f"{ours.dsn} sslmode=disable")
            rest = memory(ours.pid)
            for sql in (ALL, SCORE.encode()):
                client.rows(sql, True)
                client.rows(sql)
            most = memory(ours.pid, "VmHWM")
            console.print(
                f"Memory of the door, MB: at rest {rest:.0f}, at most {most:.0f} with {rows:,} "
                "rows read and scored (target: under 400)"
            )


if __name__ == "__main__":
    main()
