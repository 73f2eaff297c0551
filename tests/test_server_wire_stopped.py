"""A client that does not read: what its statement holds is let go soon after the statement's end.

As long as a statement may run, people may look at its first rows as long as they like. When it was
stopped (cancelled, over its time), a client that reads learns of it; one that does not is cut off.
"""

# ruff: noqa: F401, F811 - fixtures are imported by name

from __future__ import annotations

import socket
import time

import pytest

psycopg = pytest.importorskip("psycopg")
pytest.importorskip("scramp")

from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.wire import WireLimits, load
from retailsql.adapters.server.wire.dialog import Dialog
from retailsql.adapters.server.wire.patience import Patience
from tests.server_fake import FakeBackend
from tests.server_fixtures import certificate, wrapped
from tests.server_raw import (
    SYNC,
    Raw,
    bind,
    cancel,
    descriptors,
    eventually,
    execute,
    mine,
    parse,
    query,
)
from tests.server_support.faulty import ENDLESS, ROWS, serving

pytestmark = pytest.mark.timeout(60)
GRACE, TIME = 0.3, 0.2
BEGIN, TIMEOUT = query("BEGIN"), query(f"SET statement_timeout = '{TIME}s'")
ASKED = {
    "rows": [query(ENDLESS)],
    "binary": [parse("", ENDLESS), bind("", "", results=[1]), execute(), SYNC],
    "copy": [query(f"COPY ({ENDLESS}) TO STDOUT")],
    "fetch": [BEGIN, query(f"DECLARE c CURSOR FOR {ENDLESS}"), query("FETCH ALL FROM c")],
    "script": [query(f"SELECT 1; {ENDLESS}; SELECT 2")],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory, certificate):
    folder = tmp_path_factory.mktemp("stopped")
    with serving(folder, tls=load(*certificate), unread_seconds=30, stopped_seconds=GRACE) as door:
        door.count()
        yield door


@pytest.fixture
def server(served):
    """With nobody in it before and behind a test, and nothing more than before."""
    assert eventually(served.is_empty)
    threads, files = mine() | {"retailsql-deadlines"}, descriptors()
    yield served
    assert eventually(served.is_empty), (served.sessions, served.in_statements())
    assert eventually(lambda: mine() <= threads), mine() - threads
    assert eventually(lambda: descriptors() <= files), (files, descriptors())


@pytest.fixture(params=["plain", "tls"])
def client(server, certificate, request):
    """Somebody logged in, who takes little at a time."""
    tls = request.param == "tls"
    sock = wrapped(server.listener, certificate, "postgresql") if tls else None
    with Raw(server.address, sock=sock) as raw:
        raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        yield raw.login(database="shop")


def ended(raw: Raw) -> str:
    """The code of the error behind the rows that were on their way, up to ReadyForQuery."""
    tail = b""
    while b"Z\x00\x00\x00\x05" not in tail[-6:]:
        more = raw.sock.recv(1_000_000)
        assert more, "the connection was closed"
        tail = (tail + more)[-2000:]
    return tail[tail.rindex(b"\0C") + 2 :][:5].decode()


def stuck(server, raw: Raw, how: str = "rows") -> None:
    """It has asked, its statement runs, and nothing more can be sent to it."""
    raw.send(*ASKED[how])
    assert eventually(lambda: server.in_statements() == 1)
    time.sleep(0.3)


@pytest.mark.parametrize(
    ("client", "how"),
    [*(("plain", how) for how in ASKED), ("tls", "binary")],
    indirect=["client"],
)
def test_who_does_not_read_is_cut_off_soon_after_the_statements_time(server, client, how):
    client.ask(TIMEOUT)
    begin = time.monotonic()
    client.send(*ASKED[how])
    assert eventually(lambda: server.in_statements() == 1)
    assert eventually(server.is_empty, TIME + GRACE + 1)
    assert time.monotonic() - begin >= TIME + GRACE


def test_who_does_not_read_is_cut_off_soon_after_a_cancel(server, client):
    stuck(server, client)
    cancel(server.address, client.pid, client.key)
    assert eventually(server.is_empty, GRACE + 1)


@pytest.mark.parametrize("client", ["plain"], indirect=True)
def test_who_has_looked_for_long_may_read_on_until_the_error(server, client):
    stuck(server, client)
    time.sleep(GRACE + 0.3)  # nobody has stopped it: there is no hurry
    cancel(server.address, client.pid, client.key)
    time.sleep(GRACE / 2)
    assert ended(client) == "57014"
    assert client.ask(query("SELECT 1")) == "TDCZ"


def test_who_reads_little_at_a_time_has_the_error_in_the_end(server, client):
    stuck(server, client)
    cancel(server.address, client.pid, client.key)
    begin = time.monotonic()
    while time.monotonic() - begin < 3 * GRACE:
        assert client.sock.recv(10_000)  # the kernel tells the other side of more than 64 KB
        time.sleep(0.01)
    assert ended(client) == "57014"


def test_who_reads_slowly_within_the_time_has_all_rows(server, client):
    client.ask(query("SET statement_timeout = '20s'"))
    client.send(query("SELECT l.* FROM lines l, range(3)"))
    data = b""
    for _ in range(3):
        time.sleep(0.25)  # longer than between two looks whether it was stopped
        data += client.sock.recv(100_000)
    while not data.endswith(b"Z\0\0\0\x05I"):
        data += client.sock.recv(1_000_000)
    assert data.count(b"customer ") == 3 * ROWS


# -- an answer, and its patience -----------------------------------------------------------------


@pytest.fixture
def waiting(monkeypatch):
    """What a Patience of one minute, of five seconds once stopped, says at times, with so many
    bytes queued.
    """
    from retailsql.adapters.server.wire import patience

    now = {"time": 0.0, "queued": 9, "stopped": False}
    monkeypatch.setattr(patience, "_queued", lambda descriptor: now["queued"])
    limits = WireLimits(unread_seconds=60, stopped_seconds=5)
    one = Patience(limits, lambda: now["stopped"], lambda: now["time"])

    def ends(time: float, queued: int = 9, stopped: bool = False) -> bool:
        now.update(time=time, queued=queued, stopped=stopped)
        return one.ends(0)

    return ends


def test_a_pause_may_last_as_long_as_the_limit(waiting):
    assert [waiting(t) for t in (1, 50, 60.9, 61.1)] == [False, False, False, True]


def test_a_stop_gives_the_same_time_whenever_it_comes(waiting):
    assert [waiting(50), waiting(51, stopped=True), waiting(55.9, stopped=True)] == [False] * 3
    assert waiting(56.1, stopped=True)


def test_a_little_that_is_taken_counts(waiting):
    assert not any(waiting(t, queued=100_000 - t) for t in range(1000))


def test_a_little_now_and_then_does_not_hold_a_stopped_statement_for_ever(waiting):
    times = [waiting(t, queued=100_000 - t, stopped=True) for t in range(70)]
    assert times.index(True) == 61


def test_an_error_lets_go_before_it_is_told():
    order: list[str] = []

    class Backend(FakeBackend):
        def fail(self):
            order.append("let go")

    class Sink:
        def write(self, data):
            order.append(data[:1].decode())

        def flush(self):
            pass

    Dialog(Backend("anna", {}), Sink(), lambda: False).take(ord("Q"), b"boom\0")
    assert order.index("let go") < order.index("E")
