"""Faults, through the real door: clients killed, statements stopped; nothing stays.

Whatever a client does, the engine is free again within a second, and the session, its connection
of DuckDB's, its thread and its descriptors are gone.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("scramp")

from tests.server_raw import (
    SYNC,
    Raw,
    bind,
    cancel,
    descriptors,
    eventually,
    execute,
    mine,
    packet,
    parse,
    query,
    startup,
)
from tests.server_support.faulty import (
    ENDLESS,
    NEVER,
    ROWS,
    serving,
    temporary,
)

pytestmark = pytest.mark.timeout(60)
CLIENT = """
import psycopg, sys
con = psycopg.connect(sys.argv[1], autocommit=True)
sys.stdout.write("in\\n"); sys.stdout.flush()
con.execute(sys.argv[2])
"""
READY = packet("Z", b"I")
DECLARE = f"DECLARE c CURSOR FOR {ENDLESS}"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("faults")) as server:
        server.count()
        yield server


@pytest.fixture
def server(served):
    """The server, with nobody in it before and behind a test, and nothing more than before."""
    assert eventually(served.is_empty)
    threads, files, left = mine() | {"retailsql-deadlines"}, descriptors(), temporary()
    yield served
    assert eventually(served.is_empty), (served.sessions, served.in_statements())
    assert eventually(lambda: mine() <= threads), mine() - threads
    assert eventually(lambda: descriptors() <= files), (files, descriptors())
    assert temporary() <= left


def reset(raw: Raw) -> None:
    """What a dead machine's network says."""
    raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.sock.close()


def rest(raw: Raw) -> bytes:
    """All up to ReadyForQuery, without a look at single messages: there are many."""
    answer = bytearray(raw.data)
    while not answer.endswith(READY):
        answer += raw.sock.recv(1_000_000) or b"the end"
        assert not answer.endswith(b"the end")
    raw.data = b""
    return bytes(answer)


HOW = {
    "close": lambda raw: raw.sock.close(),
    "reset": reset,
    "half": lambda raw: raw.sock.shutdown(socket.SHUT_WR),
}


@pytest.mark.parametrize("how", ["reset", "half"])
@pytest.mark.parametrize("said", [
    [query(NEVER)],
    [query("BEGIN"), query(NEVER)],
    [parse("", NEVER), bind("", ""), execute(), SYNC],
    [query(f"COPY ({NEVER}) TO STDOUT")],
    [query("BEGIN"), query(f"DECLARE c CURSOR FOR {NEVER}"), query("FETCH 1 FROM c")],
    [query(f"SELECT 1; {NEVER}; SELECT 2")],
], ids=["query", "block", "extended", "copy", "fetch", "script"])  # fmt: skip
def test_a_client_that_vanishes_in_mid_query(server, said, how):
    with server.raw() as raw:
        raw.send(*said)
        assert server.starts()
        HOW[how](raw)
        assert server.stops()
        assert eventually(server.is_empty, 1.0)


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(("said", "first"), [
    ([query(ENDLESS)], "T"),
    ([parse("", ENDLESS), bind("", "", results=[1]), execute(), SYNC], "D"),
    ([query(f"COPY ({ENDLESS}) TO STDOUT")], "d"),
    ([query("BEGIN"), query(DECLARE), query("FETCH ALL FROM c")], "D"),
], ids=["rows", "binary", "copy", "fetch"])  # fmt: skip
def test_a_client_that_vanishes_in_mid_result(server, said, first, how):
    with server.raw() as raw:
        raw.send(*said)
        raw.until(first)
        HOW[how](raw)
        assert server.stops(1.5)
        assert eventually(server.is_empty, 1.0)


def test_a_client_between_two_fetches_of_a_block(server):
    with server.raw() as raw:
        raw.ask(query("BEGIN"))
        raw.ask(query(DECLARE))
        assert raw.ask(query("FETCH 10 FROM c")) == "T" + "D" * 10 + "CZ"
        raw.ask(query("SELECT count(*) FROM lines"))
        assert server.connections() == 2  # the cursor keeps one of its own
        reset(raw)
        assert eventually(server.is_empty, 1.0)


@pytest.mark.parametrize("statement", [NEVER, ENDLESS, f"COPY ({NEVER}) TO STDOUT"])
def test_a_client_process_that_is_killed(server, statement):
    host, port = server.address
    dsn = f"host={host} port={port} user=anna password=secret dbname=shop gssencmode=disable"
    child = subprocess.Popen([sys.executable, "-c", CLIENT, dsn, statement], stdout=subprocess.PIPE)
    with child:
        assert child.stdout.readline() == b"in\n"
        assert server.starts()
        os.kill(child.pid, signal.SIGKILL)
        child.wait(5)
        assert server.stops()


@pytest.mark.parametrize("words", [
    b"", startup(user="anna", database="shop")[:9], startup(user="anna", database="shop"),
    startup(user="anna", database="shop") + packet("p", b"SCRAM-SHA-256\0\0\0\0\x09n,,n=,r=a"),
])  # fmt: skip
@pytest.mark.parametrize("how", HOW)
def test_a_client_that_vanishes_during_login(server, words, how):
    with Raw(server.address) as raw:
        raw.send(words)
        HOW[how](raw)
    assert server.count() == ROWS


def test_a_client_that_does_not_read_is_left(server):
    with server.raw() as raw:
        raw.send(query(ENDLESS))
        assert eventually(lambda: server.sessions == 0, 4.0)
        assert server.stops()


def test_a_client_that_reads_slowly_has_all_rows(server):
    with server.raw() as raw:
        raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        raw.send(query("SELECT l.* FROM lines l, range(5)"))
        for _ in range(12):  # in all longer than the time for one step
            time.sleep(0.1)
            raw.data += raw.sock.recv(200_000)
        answer = rest(raw)
        assert answer.endswith(b"SELECT %d\0" % (ROWS * 5) + READY)
        assert answer.count(b"customer ") == ROWS * 5


@pytest.mark.parametrize("after", [0.0, 0.002, 0.01, 0.05, 0.3])
def test_a_cancel_stops_the_engine_whenever_it_comes(server, after):
    # Early ones arrive while the statement is read and planned: they must not be forgotten.
    with server.raw() as raw:
        for said in ([query(NEVER)], [parse("", NEVER), bind("", ""), execute(), SYNC]):
            raw.send(*said)
            assert eventually(lambda: server.in_statements() > 0)
            time.sleep(after)
            cancel(server.address, raw.pid, raw.key)
            # One between two messages meets nothing that runs, at PostgreSQL neither.
            again = threading.Timer(0.4, cancel, (server.address, raw.pid, raw.key))
            if len(said) > 1:
                again.start()
            begin = time.monotonic()
            errors = [content for kind, content in raw.until() if kind == "E"]
            again.cancel()
            assert time.monotonic() - begin < 1
            assert len(errors) == 1
            assert b"C57014\0" in errors[0]
            assert server.stops()
            assert raw.ask(query("SELECT 1")) == "TDCZ"


def test_cancels_in_mid_result_of_many_clients(server):
    raws = [server.raw() for _ in range(3)]
    for raw in raws:
        raw.send(query(ENDLESS))
    for raw in raws:
        raw.until("D")
        cancel(server.address, raw.pid, raw.key)
    for raw in raws:
        assert b"C57014\0" in rest(raw)[-400:]
        assert raw.ask(query("SELECT 1")) == "TDCZ"
    assert server.stops()
    for raw in raws:
        raw.sock.close()


def test_a_block_that_was_cancelled_is_failed_until_its_end(server):
    with server.raw() as raw:
        raw.ask(query("BEGIN"))
        raw.send(query(NEVER))
        assert server.starts()
        cancel(server.address, raw.pid, raw.key)
        assert raw.until()[-1] == ("Z", b"E")
        assert raw.ask(query("SELECT 1")) == "EZ"
        assert raw.ask(query("ROLLBACK")) == "CZ"
        assert raw.ask(query("SELECT 1")) == "TDCZ"


def test_the_limit_of_sessions_counts_down_again(server):
    for _ in range(3):
        one, two = server.raw("ben"), server.raw("ben")
        with Raw(server.address) as third:
            third.sasl("ben", "other, pässword=", database="shop")
            assert third.error()["C"] == "53300"
        one.send(query(NEVER))
        assert server.starts()
        reset(one)
        two.sock.close()
        assert eventually(server.is_empty, 2.0)


def test_a_hundred_clients_come_and_go(server):
    failed: list[str] = []

    def come_and_go(number: int) -> None:
        try:
            con = server.connect()
            con.execute("SELECT count(*) FROM lines WHERE id < %s", [number]).fetchall()
            if number % 3 == 0:
                con.pgconn.send_query(ENDLESS.encode())
                con.pgconn.finish()
            con.close()
        except psycopg.Error as error:
            failed.append(str(error))

    threads = [threading.Thread(target=come_and_go, args=(i,)) for i in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert server.stops(10)


def test_a_stop_with_statements_that_run(tmp_path):
    with serving(tmp_path) as server:
        raws = [server.raw() for _ in range(3)]
        raws[0].send(query(NEVER))
        raws[1].send(query(ENDLESS))
        assert server.starts()
        begin = time.monotonic()
        server.listener.stop()
        assert time.monotonic() - begin < 4
        assert server.is_empty()
        assert b"C57P01\0" in raws[0].until("E")[-1][1]
        for raw in raws:
            raw.sock.close()
    assert not any(tmp_path.glob("*.wal"))
