"""The door as ``retailsql serve`` opens it, in a process of its own, with a shop behind it.

Not in the tests' process: some drivers (psycopg2's ``cancel``) wait for the server while they hold
Python's lock, and it would wait for them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import retailsql
from tests.conftest import MODELS
from tests.server_support.targets import PASSWORD, SHOP, Target
from tests.server_support.users_file import add_user

PATIENCE = 40.0  # seconds: for a statement, and for a client that says nothing
# A tester may do all that needs no writing: so the file is held read-only, as mostly.
USERS = {
    "tester": ["read on database", "score on database"],
    "reader": ["read on schema sales"],
    "scorer": ["read on schema sales", "score on model odds"],
    "stranger": [],
}


def make_shop(path: Path) -> None:
    """shop.sql as a DuckDB file, with models ``line`` and ``odds``."""
    with retailsql.connect(path) as session:
        session.execute(SHOP.read_text())
        three = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
        retailsql.import_onnx(session, "line", (MODELS / "line.onnx").read_bytes(), inputs=three)
        two = {"a": "DOUBLE", "b": "DOUBLE"}
        odds = (MODELS / "odds.onnx").read_bytes()
        retailsql.import_onnx(session, "odds", odds, inputs=two, label="bought")


@contextmanager
def opened(folder: Path) -> Iterator[Target]:
    """The door, for as long as the block lasts; the target is for ``tester``."""
    command = [sys.executable, "-m", "tests.server_support.door", str(folder)]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip
    try:
        line = child.stdout.readline()
        if not line:
            raise RuntimeError((folder / "log").read_text())
        yield Target("127.0.0.1", int(line), "tester", PASSWORD, "shop")
    finally:
        child.stdin.close()
        child.stdout.close()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def serve(folder: Path) -> None:
    """Tell the port, and serve until the other end of standard input is closed."""
    from retailsql.adapters.server.accounts import Accounts, Audit
    from retailsql.adapters.server.door import Door
    from retailsql.adapters.server.records import Limits
    from retailsql.adapters.server.wire import Listener, WireLimits

    database, users = folder / "shop.duckdb", folder / "users.toml"
    make_shop(database)
    users.write_text("[server]\n")
    users.chmod(0o600)
    for name, grants in USERS.items():
        add_user(users, name, PASSWORD, grants=grants)
    accounts = Accounts.open(users)
    # No client may hang: some wait in C, where no time limit of a test reaches them.
    accounts.rights = lambda user, ask=accounts.rights: replace(
        ask(user), limits=Limits(seconds=PATIENCE)
    )
    limits = WireLimits(stall_seconds=PATIENCE, unread_seconds=PATIENCE, idle_seconds=PATIENCE)
    with ExitStack() as stack:
        audit = Audit(folder / "audit.jsonl")
        stack.callback(audit.close)
        door = Door(database, accounts, audit)
        stack.callback(door.close)
        listener = stack.enter_context(Listener(door, "127.0.0.1", 0, limits=limits))
        sys.stdout.write(f"{listener.address[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
