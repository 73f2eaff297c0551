"""Does the door's memory stay flat? Ten minutes of mixed use, in phases with a rest between them;
memory at work and at rest, threads and files are told.

Some clients read, score, use cursors and COPY; others vanish in the middle of a result, ask for
what is refused, cancel. The server's threads and descriptors are counted before and after.

DuckDB notes each temporary block of a statement in one of eight queues and clears a queue of
those that are gone when it has some 32,000 (``duckdb_eviction_queues()``): 40 MB when all are full,
for which as many short statements run before the first phase.

    python benchmarks/server_soak.py [--minutes 10]
"""

from __future__ import annotations

import contextlib
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import click
import psycopg
from psycopg import pq
from rich.console import Console
from server_peers import Peer, door, make_warehouse, memory

CLIENTS = 6
BLOCKS, FILLED = 32_000, "SELECT id FROM lines LIMIT 200"
"""So many of this statement fill DuckDB's queues: each LIMIT on a table leaves 17 notes."""
PHASES, REST = 10, 12
"""In between nobody is there for so many seconds: what is then still held was not given back."""
READS = (
    "SELECT * FROM lines LIMIT 20000",
    "SELECT customer, sum(amount) FROM lines GROUP BY 1 ORDER BY 2 DESC LIMIT 100",
    "SELECT id, boosting_numbers_score(r) AS score FROM numbers AS r LIMIT 20000",
    "SELECT count(*) FROM pg_class",
    "SELECT table_name, column_name, data_type FROM information_schema.columns",
)
REFUSED = (
    "DELETE FROM lines", "SELECT * FROM read_csv('/etc/passwd')", "SELECT nothing FROM lines",
    "SELEC 1", "SELECT 1 / 0 FROM no_table", "SELECT __rs_x(1)",
)  # fmt: skip


def reads(dsn: str, rng: random.Random) -> None:
    """A dashboard: a few statements, text or binary, some prepared."""
    with psycopg.connect(dsn, autocommit=True) as con:
        for _ in range(5):
            with con.cursor(binary=rng.random() < 0.5) as cursor:
                cursor.execute(rng.choice(READS), prepare=rng.random() < 0.3)
                cursor.fetchall()


def walks(dsn: str, rng: random.Random) -> None:
    """A cursor on the server, left half read."""
    with psycopg.connect(dsn) as con, con.cursor("walk") as cursor:
        cursor.execute(rng.choice(READS[:3]))
        cursor.fetchmany(rng.randint(1, 500))


def copies(dsn: str, rng: random.Random) -> None:
    """COPY, broken off now and then by closing the connection."""
    con = psycopg.connect(dsn, autocommit=True)
    with (
        contextlib.suppress(psycopg.Error),
        con.cursor().copy("COPY (SELECT * FROM lines LIMIT 200000) TO STDOUT") as copy,
    ):
        for i, _ in enumerate(copy):
            if i > 50 and rng.random() < 0.2:
                con.pgconn.finish()
                break
    con.close()


def vanishes(dsn: str, rng: random.Random) -> None:
    """Gone in the middle of a result, without a word."""
    con = pq.PGconn.connect(dsn.encode())
    con.send_query(b"SELECT * FROM lines")
    time.sleep(rng.random() * 0.2)
    con.finish()


def cancels(dsn: str, rng: random.Random) -> None:
    """A long statement, cancelled."""
    with psycopg.connect(dsn, autocommit=True) as con:
        timer = threading.Timer(0.2, con.cancel_safe)
        timer.start()
        with contextlib.suppress(psycopg.errors.QueryCanceled):
            con.execute("SELECT count(*) FROM lines a, lines b WHERE a.amount < b.amount")
        timer.join()


def refused(dsn: str, rng: random.Random) -> None:
    """What must be an error."""
    with psycopg.connect(dsn, autocommit=True) as con:
        for statement in rng.sample(REFUSED, 3):
            try:
                con.execute(statement)
            except psycopg.Error:
                continue
            raise SystemExit(f"not refused: {statement}")


def use(dsn: str, seed: int, until: float, done: list[str]) -> None:
    """One client after another until the time is over."""
    rng = random.Random(seed)
    kinds = (reads, reads, reads, walks, copies, vanishes, cancels, refused)
    while time.monotonic() < until:
        kind = rng.choice(kinds)
        try:
            kind(dsn, rng)
        except psycopg.Error as error:
            done.append(f"failed: {kind.__name__}: {error}")
        done.append(kind.__name__)


def fill(peer: Peer) -> None:
    """Let DuckDB's queues of blocks reach the size they keep."""

    def ask() -> None:
        with psycopg.connect(f"{peer.dsn} sslmode=disable", autocommit=True) as con:
            for _ in range(BLOCKS // CLIENTS):
                con.execute(FILLED).fetchall()

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()


def counted(peer: Peer) -> tuple[int, int]:
    """Threads and descriptors of the server."""
    of = Path(f"/proc/{peer.pid}")
    return len(list((of / "task").iterdir())), len(list((of / "fd").iterdir()))


def at_work(peer: Peer, seconds: float, phase: int, done: list[str]) -> float:
    """Let clients use it for a while; its memory meanwhile, the mean of one look a second."""
    until = time.monotonic() + seconds
    dsn = f"{peer.dsn} sslmode=disable"
    seeds = range(phase * CLIENTS, (phase + 1) * CLIENTS)
    clients = [threading.Thread(target=use, args=(dsn, seed, until, done)) for seed in seeds]
    for client in clients:
        client.start()
    sizes = []
    while time.monotonic() < until:
        time.sleep(1)
        sizes.append(memory(peer.pid))
    for client in clients:
        client.join()
    return statistics.mean(sizes)


def soak(
    peer: Peer, seconds: float, console: Console
) -> tuple[list[tuple[float, float]], list[str]]:
    """Memory of the server at work and at rest, in each of ten phases, and what clients did."""
    done: list[str] = []
    found = []
    for phase in range(PHASES):
        busy = at_work(peer, seconds / PHASES, phase, done)
        time.sleep(REST)
        found.append((busy, memory(peer.pid)))
        threads, files = counted(peer)
        console.print(
            f"phase {phase + 1}: {busy:.0f} MB at work, {found[-1][1]:.0f} at rest, "
            f"{threads} threads, {files} files, {len(done)} done"
        )
    return found, done


def told(name: str, sizes: Sequence[float]) -> str:
    """The first half against the second; the first phase, which loads things, is left out."""
    early, late = statistics.mean(sizes[1:5]), statistics.mean(sizes[-4:])
    ratio = late / early
    return f"memory {name}: {early:.0f} MB in phases 2-5, {late:.0f} in the last four ({ratio:.2f})"


@click.command()
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--rows", default=1_000_000, show_default=True)
@click.option("--filled/--empty", default=True, help="Fill DuckDB's queues before the first phase.")
def main(minutes: float, rows: int, filled: bool) -> None:
    """Use the door for a while and say whether it grew."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Path(folder) / "shop.duckdb"
        make_warehouse(warehouse, rows)
        with door(warehouse) as peer:
            reads(f"{peer.dsn} sslmode=disable", random.Random(0))
            if filled:
                fill(peer)
                console.print(f"DuckDB's queues are full: {memory(peer.pid):.0f} MB")
            time.sleep(1)
            before = counted(peer)
            sizes, done = soak(peer, minutes * 60, console)
            after = counted(peer)
    failed = [d for d in done if d.startswith("failed")]
    busy, rest = zip(*sizes, strict=True)
    console.print(
        f"{len(done)} uses, {len(failed)} failures {sorted(set(failed))[:5]}\n"
        f"{told('at work', busy)}\n{told('at rest', rest)}\n"
        f"threads, files: {before} before, {after} after"
    )


if __name__ == "__main__":
    main()
