"""Memory that is free goes back to the system, and one statement cannot take all there is."""

import ctypes
import resource
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

pytest.importorskip("scramp")
from retailsql.adapters.server import resources, threads
from retailsql.adapters.server.backend import running
from retailsql.adapters.server.wire import listener
from tests.server_sessions import READER, make_door, make_file

_GLIBC = pytest.mark.skipif(
    resources._of_c("malloc_trim") is None, reason="the C library is not glibc"
)
_LINUX = pytest.mark.skipif(
    sys.platform != "linux", reason="RLIMIT_DATA counts all of it on Linux only"
)


@_GLIBC
def test_memory_that_is_free_is_given_back():
    def mine():
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    c = ctypes.CDLL(None)
    c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    blocks = [c.malloc(4_000) for _ in range(30_000)]
    for block in blocks:
        ctypes.memset(ctypes.c_void_p(block), 1, 4_000)
    for block in blocks[:-1]:
        c.free(block)  # the last lies above them all, so that nothing falls back by itself
    before = mine()
    resources.give_back()
    assert before - mine() > 60_000_000
    c.free(blocks[-1])


# Two thousand texts of 3 MB in one block of rows: DuckDB's memory_limit does not count them.
_GREEDY = """
import sys
import threading
from pathlib import Path
from retailsql.adapters.server import resources
from retailsql.adapters.server.backend import running
from tests.server_sessions import READER, ask, enter, make_door, make_file

folder = Path(sys.argv[1])
door = make_door(make_file(folder / "shop.duckdb"), folder, anna=READER)
one, two = enter(door), enter(door)
assert ask(two, "SELECT count(*) FROM items").rows == [("3",)]
resources.bound_memory(1_500_000_000)
text = "(SELECT string_agg(md5(i::VARCHAR), '') s FROM range(100000) t(i))"
greedy = ask(one, f"SELECT sum(len(s || j)) FROM {text}, range(20000) r(j)")
print(greedy.state)
for session in (one, two, enter(door)):
    print(ask(session, "SELECT count(*), max(name) FROM items").rows)
door.close()
"""


@_LINUX
def test_a_statement_that_wants_more_than_there_is_fails_alone(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", _GREEDY, str(tmp_path)],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.stdout.splitlines() == ["53200", *["[('3', 'n2')]"] * 3], ran.stderr[-2000:]


def test_the_stacks_of_connections_take_nothing_of_the_room():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    stack = min(resource.getrlimit(resource.RLIMIT_STACK)[0] % (1 << 63), 64 << 20)
    if stack < 1 << 20:
        pytest.skip("stacks have no size here")
    try:
        resources.bound_memory(64_000_000_000, threads=100)
        with_them = resource.getrlimit(resource.RLIMIT_DATA)[0]
        resources.bound_memory(64_000_000_000)
        without = resource.getrlimit(resource.RLIMIT_DATA)[0]
        assert with_them - without > 50 * stack
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def test_the_limit_is_only_ever_lowered():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        resources.bound_memory(64_000_000_000)
        once = resource.getrlimit(resource.RLIMIT_DATA)[0]
        resources.bound_memory(128_000_000_000)
        assert resource.getrlimit(resource.RLIMIT_DATA)[0] == once
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def test_time_limits_outlive_a_moment_without_memory(monkeypatch):
    deadlines, started = running.Deadlines(), []

    class Short(threading.Thread):
        def start(self):
            started.append(self)
            if len(started) == 1:
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(running.threading, "Thread", Short)
    one = running.Running(deadlines)
    with pytest.raises(RuntimeError):
        deadlines.add(0.0, one, 0)
    deadlines.add(0.0, one, 0)
    assert len(started) == 2
    deadlines.close()


def test_a_time_limit_is_not_lost_to_a_moment_without_memory():
    deadlines, told, over = running.Deadlines(), [], threading.Event()

    class Short(running.Running):
        def cancel(self, reason=running.USER, number=None):
            told.append(reason)
            if len(told) < 3:
                raise MemoryError
            over.set()

    deadlines.add(0.0, Short(deadlines), 0)
    assert over.wait(10)
    assert told == [running.TIMEOUT] * 3
    deadlines.close()


def test_a_thread_that_dies_before_it_begins_holds_nobody_up(monkeypatch):
    class Dead(threading.Thread):
        def _bootstrap(self):
            """As where memory ends in it: it never says that it has begun."""

    monkeypatch.setattr(threads, "PATIENCE", 0.1)
    with pytest.raises(MemoryError, match="could not begin"):
        threads.begin(Dead(name="dead"))
    begun = threading.Event()
    threads.begin(threading.Thread(target=begun.set))
    assert begun.wait(10)


def test_the_next_client_is_served_after_one_whose_thread_could_not_begin(tmp_path, monkeypatch):
    door = make_door(make_file(tmp_path / "shop.duckdb"), tmp_path, anna=READER)
    begin, failed = listener.begin, []

    def short(thread):
        if not failed:
            failed.append(thread)
            raise MemoryError
        begin(thread)

    monkeypatch.setattr(listener, "begin", short)
    with listener.Listener(door, "127.0.0.1", 0) as made:
        with socket.create_connection(made.address, 10) as sock:
            assert sock.recv(1) == b""  # closed, not left waiting
        with socket.create_connection(made.address, 10) as sock:
            sock.sendall(struct.pack("!ii", 8, 80877103))  # SSLRequest
            assert sock.recv(1) == b"N"
    door.close()
