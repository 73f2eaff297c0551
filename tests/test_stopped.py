"""Ctrl-C stops a build wherever it meets it; it is no fault of a file, and nothing is half-made."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
import time
from pathlib import Path

import duckdb
import pytest

from retailsql.functions.stopped import stoppable
from retailsql.runner import made
from retailsql.runner.build import build
from retailsql.runner.node import DataTest, Node, Place, Project

LONG = "SELECT count(*) AS n FROM range(3000000000) AS a(x) WHERE md5(x::VARCHAR) > 'zz'"
LATER = Node("z_later", "models/z_later.sql", "table", "SELECT 1 AS x")


def press(con, sql, tests=()):
    """Build a file and one that does not need it."""
    node = Node("a", "models/a.sql", "table", sql)
    nodes = {"a": node, "z_later": LATER}
    build(con, Project("p", Path(), "main", nodes, {}, {}, tests=tuple(tests)))


@pytest.fixture(autouse=True)
def heeded():
    """A shell without job control lets what it starts in the background ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def con():
    """``pressed(x)`` is Python code that Ctrl-C meets."""

    def pressed(_):
        raise KeyboardInterrupt

    with duckdb.connect() as con:
        con.create_function("pressed", pressed, ["BIGINT"], "BIGINT", side_effects=True)
        yield con


def test_in_the_engine(con):
    """Also where another thread of the engine does the work."""
    node = Node("a", "models/a.sql", "table", LONG)

    def start(event):
        if (event.name, event.status) == ("a", "start"):
            threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()

    begun = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        build(con, Project("p", Path(), "main", {"a": node}, {}, {}), on_event=start)
    assert time.perf_counter() - begun < 10  # at once: the query takes minutes
    assert made.relations(con, "main") == {}
    con.execute("BEGIN")  # no transaction was left open
    con.execute("COMMIT")


def test_where_python_comes_to_know_of_it_late(con):
    """The main thread is in C and looks at no signal; the statement runs in another thread."""
    ended = []

    def work():
        with pytest.raises(duckdb.InterruptException):
            con.execute(LONG)
        ended.append(time.perf_counter())

    thread = threading.Thread(target=work)
    with pytest.raises(KeyboardInterrupt), stoppable(con):
        thread.start()
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        hashlib.pbkdf2_hmac("sha256", b"", b"", 5_000_000)
    back = time.perf_counter()
    thread.join()
    assert ended[0] < back - 0.2


def test_in_python_that_the_engine_calls(con):
    """As where a model scores rows."""
    with pytest.raises(KeyboardInterrupt):
        press(con, "SELECT pressed(1) AS x")
    assert made.relations(con, "main") == {}


def test_in_a_data_test(con):
    place = Place("tests/t.sql")
    test = DataTest("t", "singular", "a", "SELECT pressed(x) FROM main.a", place, ("a",))
    with pytest.raises(KeyboardInterrupt):
        press(con, "SELECT 1 AS x", [test])
    assert set(made.relations(con, "main")) == {"a"}
