"""pg_prepared_statements and pg_cursors tell what the session has made, as PostgreSQL 15 does."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.server_support.postgres15 import postgres15  # noqa: F401
from tests.server_support.targets import door, real  # noqa: F401

psycopg = pytest.importorskip("psycopg")
pytestmark = pytest.mark.timeout(60)

PREPARED = (
    "SELECT name, statement, parameter_types, from_sql, generic_plans, custom_plans "
    "FROM pg_prepared_statements WHERE name <> '' ORDER BY name"
)
CURSORS = (
    "SELECT name, statement, is_holdable, is_binary, is_scrollable FROM pg_cursors "
    "WHERE name <> '' ORDER BY name"
)


@pytest.fixture
def both(real, door):  # noqa: F811
    with (
        psycopg.connect(real.dsn, autocommit=True) as there,
        psycopg.connect(door.dsn, autocommit=True) as here,
    ):
        yield there, here


def same(both, ask):
    there, here = (ask(con) for con in both)
    assert here == there
    return here


def texts(con, text):
    """The rows as the server writes them in a simple query."""
    result = con.pgconn.exec_(text.encode())
    assert result.status == psycopg.pq.ExecStatus.TUPLES_OK, result.error_message
    return [
        [result.get_value(row, i) for i in range(result.nfields)] for row in range(result.ntuples)
    ]


def test_statements_of_prepare_and_of_the_protocol(both):
    def ask(con):
        con.execute("PREPARE one AS SELECT id, words FROM kinds")
        con.execute("PREPARE two (integer, text) AS SELECT $1 + 1, $2 || 'x'")
        con.execute("EXECUTE one")
        con.execute("EXECUTE one")
        con.execute("EXECUTE two (1, 'a')")
        con.pgconn.prepare(b"three", b"SELECT words FROM kinds WHERE id = $1", [23])
        con.pgconn.exec_prepared(b"three", [b"1"])
        return texts(con, PREPARED)

    assert len(same(both, ask)) == 3


def test_what_is_deallocated_is_gone(both):
    def ask(con):
        con.execute("PREPARE one AS SELECT 1")
        con.execute("PREPARE two AS SELECT 2")
        con.execute("DEALLOCATE one")
        first = texts(con, PREPARED)
        con.execute("DISCARD ALL")
        return first, texts(con, PREPARED)

    first, then = same(both, ask)
    assert (len(first), len(then)) == (1, 0)


def test_each_session_has_its_own(door):  # noqa: F811
    with psycopg.connect(door.dsn) as one, psycopg.connect(door.dsn) as other:
        one.execute("PREPARE mine AS SELECT 1")
        assert len(texts(one, PREPARED)) == 1
        assert texts(other, PREPARED) == []


def test_open_cursors(both):
    def ask(con):
        with con.transaction():
            con.execute("DECLARE a SCROLL CURSOR WITH HOLD FOR SELECT id FROM kinds")
            con.execute("DECLARE b NO SCROLL CURSOR FOR SELECT 'it''s'")
            inside = texts(con, CURSORS)
        return inside, texts(con, CURSORS), con.execute("CLOSE ALL").statusmessage

    inside, outside, _ = same(both, ask)
    assert (len(inside), len(outside)) == (2, 1)


def test_they_tell_when_they_were_made(door):  # noqa: F811
    with psycopg.connect(door.dsn) as con:
        before = dt.datetime.now(dt.UTC)
        con.execute("PREPARE one AS SELECT 1")
        con.execute("DECLARE a CURSOR FOR SELECT 1")
        for column in ("prepare_time FROM pg_prepared_statements", "creation_time FROM pg_cursors"):
            (made,) = con.execute(f"SELECT {column} WHERE name <> ''", prepare=False).fetchone()
            assert before <= made <= dt.datetime.now(dt.UTC)
