"""Portals that are run twice, left half read, and read on beside BEGIN and COMMIT."""

from __future__ import annotations

import threading

import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server.wire import Listener
from tests.server_raw import SYNC, TERMINATE, Raw, bind, execute, fields, parse, query
from tests.server_sessions import WRITER, ask, enter, make_door, make_file

# Its first rows come at once, then there are none, and it never ends.
ENDLESS = (
    "SELECT i FROM range(100000000000) t(i) "
    "WHERE i < 200000 OR (i % 1000000007 = 5 AND i % 999983 = 3)"
)
MANY = "SELECT i FROM generate_series(1, 5000) AS t(i)"
OTHER = [bind("", ""), execute()]
TALKS = {
    "INSERT": [parse("", "INSERT INTO once VALUES (1)"), bind("p", ""), execute("p"), execute("p")],
    "COPY": [parse("", "COPY once TO STDOUT"), bind("p", ""), execute("p"), execute("p")],
    "SET": [parse("", "SET work_mem = '8MB'"), bind("p", ""), execute("p"), execute("p")],
    "a query": [parse("", "SELECT 1"), bind("p", ""), execute("p"), execute("p")],
    "COMMIT between": [
        parse("s", MANY), bind("p", "s"), execute("p", 10), parse("", "COMMIT"), *OTHER,
        execute("p"),
    ],
    "ROLLBACK between": [
        parse("s", MANY), bind("p", "s"), execute("p", 10), parse("", "ROLLBACK"), *OTHER,
        execute("p"),
    ],
    "BEGIN between": [
        parse("s", MANY), bind("p", "s"), execute("p", 10), parse("", "BEGIN"), *OTHER,
        execute("p"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("door")
    made = make_door(make_file(folder / "shop.duckdb"), folder, will=WRITER)
    yield made
    made.close()


@pytest.fixture(scope="module")
def listener(door):
    with Listener(door, "127.0.0.1", 0) as listener:
        yield listener


def talk(raw: Raw, said: list[bytes]) -> list[str]:
    """All answers, rows counted, and what is there behind them."""
    raw.until()
    raw.send(query("CREATE TABLE once (i integer)"), query("ROLLBACK"))
    raw.until(), raw.until()
    raw.send(*said, SYNC)
    out = [told(kind, content) for kind, content in raw.until() if kind in "CEZ"]
    raw.send(query("ROLLBACK"), query("SELECT count(*) FROM once"), query("DROP TABLE once"))
    raw.until()
    out += [repr(content) for kind, content in raw.until() if kind == "D"]
    raw.until()
    raw.send(TERMINATE)
    return out


def told(kind: str, content: bytes) -> str:
    if kind == "E":
        error = fields(content)
        return f"E {error['C']} {error['M']}"
    return f"{kind} {content.decode()}"


@pytest.mark.parametrize("what", TALKS)
def test_the_same_answers_as_postgres(listener, postgres15, what):
    pg = postgres15
    found = []
    for address, user, password, database in (
        ((pg.host, pg.port), pg.user, pg.password, pg.database),
        (listener.address, "will", "a long password", "shop"),
    ):
        with Raw(address) as raw:
            assert raw.sasl(user, password, database=database) is None
            found.append(talk(raw, TALKS[what]))
    assert found[1] == found[0]


def soon(do) -> None:
    """Fails, and does not hang, if it takes long."""
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("end", ["CLOSE half", "COMMIT", "ROLLBACK", "leave"])
def test_a_cursor_that_is_left_is_not_waited_for(door, end):
    will = enter(door, "will")
    ask(will, "CREATE OR REPLACE TABLE notes AS SELECT 1 AS id")
    begun = ask(will, f"BEGIN; INSERT INTO notes VALUES (2); DECLARE half CURSOR FOR {ENDLESS}")
    assert begun.state == "00000"
    assert len(ask(will, "FETCH 10 FROM half").rows) == 10
    soon(will.close if end == "leave" else lambda: ask(will, end))
    if end != "leave":
        ask(will, "COMMIT")  # what was written before stays, if it was not rolled back
    again = enter(door, "will")
    kept = [("1",)] if end in ("ROLLBACK", "leave") else [("1",), ("2",)]
    assert ask(again, "SELECT id FROM notes ORDER BY id").rows == kept
    again.close()
    will.close()


def test_a_portal_that_is_left_at_sync_is_not_waited_for(door):
    will = enter(door, "will")
    will.prepare("", ENDLESS, [])
    will.bind("p", "", [], [], [])
    list(will.execute("p", 10))
    soon(will.sync)
    assert ask(will, "SELECT 1").rows == [("1",)]
    will.close()
