"""Silence between statements ends a session where the client has set so, as in PostgreSQL 15."""

from __future__ import annotations

import contextlib
import time

import pytest

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("scramp")

from tests.server_raw import FLUSH, SYNC, Raw, bind, eventually, execute, parse, query
from tests.server_support.faulty import ENDLESS, serving

pytestmark = pytest.mark.timeout(60)
BEGIN = query("BEGIN")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """After PostgreSQL, which would put its files where the door must leave none."""
    with serving(tmp_path_factory.mktemp("idle")) as door:
        yield door


@contextlib.contextmanager
def talking(where, request):
    """A client of the door, or of PostgreSQL 15."""
    if where == "door":
        with request.getfixturevalue("server").raw() as raw:
            yield raw
        return
    pg = request.getfixturevalue("postgres15")
    with Raw((pg.host, pg.port)) as raw:
        assert raw.sasl(pg.user, pg.password, database=pg.database) is None
        raw.until()
        yield raw


@pytest.mark.parametrize("where", ["postgres", "door"])
@pytest.mark.parametrize(("said", "code", "words"), [
    ([query("SET idle_in_transaction_session_timeout = 200"), BEGIN], "25P03", "in-transaction"),
    ([BEGIN, query("SET LOCAL idle_in_transaction_session_timeout = '0.2s'")], "25P03", "in-trans"),
    ([query("SET idle_in_transaction_session_timeout = 200"), BEGIN, query("nonsense")],
     "25P03", "in-transaction"),
    ([query("SET idle_session_timeout = 200")], "57P05", "idle-session"),
], ids=["block", "local", "failed", "session"])  # fmt: skip
def test_who_says_nothing_for_longer_than_he_has_set_is_ended(where, request, said, code, words):
    with talking(where, request) as raw:
        for one in said:
            raw.ask(one)
        error = raw.error()
        assert (error["S"], error["C"]) == ("FATAL", code)
        assert words in error["M"]
        assert raw.at_end()


NOT_IDLE = {
    "no block": [query("SET idle_in_transaction_session_timeout = 200")],
    "block": [query("SET idle_session_timeout = 200"), BEGIN],
    "pipeline": [query("SET idle_session_timeout = 200"), parse("", "SELECT 1") + FLUSH],
    "suspended": [
        query("SET statement_timeout = 200"), BEGIN,
        parse("", "SELECT * FROM generate_series(1, 9)") + bind("", "") + execute("", 2) + SYNC,
    ],
}  # fmt: skip


@pytest.mark.parametrize("where", ["postgres", "door"])
def test_who_is_not_idle_in_that_sense_is_not_ended(where, request):
    with contextlib.ExitStack() as stack:  # all wait out one time
        clients = {how: stack.enter_context(talking(where, request)) for how in NOT_IDLE}
        for how, raw in clients.items():
            for one in NOT_IDLE[how]:
                raw.send(one)
                raw.until("1" if one.endswith(FLUSH) else "Z")
        time.sleep(0.6)
        for how, raw in clients.items():
            assert raw.ask(SYNC) == "Z", how


def test_an_idle_cursor_holds_what_it_reads_until_its_block_is_ended(server):
    with server.raw() as raw:
        raw.ask(query("SET statement_timeout = 300"))
        raw.ask(BEGIN)
        raw.ask(query(f"DECLARE c CURSOR FOR {ENDLESS}"))
        assert raw.ask(query("FETCH 2 FROM c")) == "TDDCZ"
        time.sleep(0.4)  # no statement runs, so none is over its time
        assert server.in_statements() == 1
        assert raw.ask(query("FETCH 1 FROM c")) == "TDCZ"
        raw.ask(query("SET idle_in_transaction_session_timeout = 100"))
        assert raw.error()["C"] == "25P03"
        assert eventually(server.is_empty, 1.0)
