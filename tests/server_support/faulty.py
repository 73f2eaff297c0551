"""The real door in this process, so that its threads, descriptors and sessions can be counted."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psycopg

from retailsql.adapters.server.wire import Throttle, Tls
from tests.server_fake import USERS
from tests.server_raw import Raw, eventually, nothing_left

ROWS = 60_000
NEVER = "SELECT count(*) FROM lines a, lines b WHERE hash(a.id, b.id) = 7"  # not soon, at least
ENDLESS = "SELECT l.* FROM lines l, range(1000)"


class Server:
    """A door, its listener, and what can be counted in it."""

    def __init__(self, path: Path, door, listener) -> None:
        self.path, self.door, self.listener = path, door, listener
        self.address = listener.address

    def raw(self, user: str = "anna") -> Raw:
        return Raw(self.address).login(user, database="shop")

    def connect(self, user: str = "anna", **more) -> psycopg.Connection:
        host, port = self.address
        return psycopg.connect(
            host=host, port=port, user=user, password=USERS[user], dbname="shop",
            gssencmode="disable", autocommit=True, **more,
        )  # fmt: skip

    def count(self) -> int:
        """A whole conversation: the number of rows of the table."""
        with self.connect() as con:
            return con.execute("SELECT count(*) FROM lines").fetchone()[0]

    @property
    def sessions(self) -> int:
        return sum(self.door._open.values())

    def in_statements(self) -> int:
        """Sessions in a statement or transaction, of all instances that are open."""
        return sum(g.users for g in self.door.warehouse._generations.values())

    def connections(self) -> int:
        """DuckDB's connections of sessions."""
        gc.collect()
        return sum(len(g._cursors) for g in self.door.warehouse._generations.values())

    def is_empty(self) -> bool:
        return self.sessions == 0 and self.in_statements() == 0 and self.connections() == 0

    def starts(self) -> bool:
        """True when some statement keeps the engine busy."""
        return eventually(lambda: self.in_statements() > 0 and not idle(0.05))

    def stops(self, seconds: float = 1.0) -> bool:
        """True if the engine has nothing to do any more within some time."""
        return eventually(lambda: self.in_statements() == 0 and idle(0.1), seconds)


def idle(seconds: float) -> bool:
    """Whether this process, engine's threads and all, does next to nothing for so long."""
    begin = time.process_time()
    time.sleep(seconds)
    return time.process_time() - begin < seconds / 4


def temporary() -> set[str]:
    """Files and folders of the server's own, in the folder that :func:`serving` gave it."""
    names = {path.name for path in Path(tempfile.gettempdir()).iterdir()}
    return {name for name in names if "catalog" not in name}  # the sheet, one for the process


@contextmanager
def temporary_in(folder: Path) -> Iterator[None]:
    """Temporary files are made there, and none is left."""
    folder.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
        assert temporary() == set(), temporary()
    finally:
        tempfile.tempdir = before


def make_file(path: Path, rows: int = ROWS) -> Path:
    """Table ``lines``."""
    with duckdb.connect(str(path)) as con:
        con.execute(
            "CREATE TABLE lines AS SELECT i AS id, (i * 37 % 1000)::DOUBLE AS amount, "
            f"'customer ' || i % 500 AS customer FROM range({rows}) t(i)"
        )
    return path


@contextmanager
def serving(folder: Path, *, tls: Tls | None = None, **limits: float) -> Iterator[Server]:
    """Anna may read; ben, too, with two sessions at once. Nothing is left behind at the end."""
    from retailsql.adapters.server.accounts import Accounts, Audit
    from retailsql.adapters.server.accounts.verifiers import make_verifier
    from retailsql.adapters.server.door import Door
    from retailsql.adapters.server.wire import Listener, WireLimits

    lines = ["[roles.all]", 'grants = ["read on database"]']
    lines += ["[roles.two]", 'grants = ["read on database"]', "sessions = 2"]
    for user, role in (("anna", "all"), ("ben", "two")):
        lines += [f"[users.{user}]", f'verifier = "{make_verifier(USERS[user])}"']
        lines += [f'roles = ["{role}"]']
    users = folder / "users.toml"
    users.write_text("\n".join(lines) + "\n")
    users.chmod(0o600)
    short = {"watch_seconds": 0.1, "unread_seconds": 1.0, "stall_seconds": 1.0, "stop_seconds": 0.5}
    patient = Throttle(free=10**6, per_user=10**6, per_address=10**6)
    with nothing_left(), temporary_in(folder / "scratch"):
        door = Door(make_file(folder / "shop.duckdb"), Accounts.open(users), Audit(None))
        try:
            listener = Listener(
                door, "127.0.0.1", 0, tls=tls, limits=WireLimits(**short | limits), throttle=patient
            )
            with listener:
                yield Server(folder / "shop.duckdb", door, listener)
        finally:
            door.close()
