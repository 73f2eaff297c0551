"""What goes wrong on a network, and the end of the server: nothing may be left behind."""

from __future__ import annotations

import errno
import select
import socket
import struct
import threading
import time

import pytest

from retailsql.adapters.server.wire import Listener, WireLimits, watcher
from retailsql.errors import ProjectError
from tests.server_fake import FakeLogin
from tests.server_raw import Raw, cancel, eventually, nothing_left, packet, parse, query, startup

QUICK = WireLimits(stall_seconds=0.5, unread_seconds=0.5, watch_seconds=0.1, stop_seconds=0.3)


@pytest.fixture
def login():
    return FakeLogin()


@pytest.fixture
def listener(login):
    with nothing_left(), Listener(login, "127.0.0.1", 0, limits=QUICK) as listener:
        yield listener


def reset(raw: Raw) -> None:
    """Close as a killed machine's kernel would: with a reset."""
    raw.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.sock.close()


@pytest.mark.parametrize("how", ["close", "reset", "half"])
def test_a_client_that_vanishes_stops_its_statement_within_a_second(listener, login, how):
    with Raw(listener.address) as raw:
        raw.login().send(query("sleep"))
        session = login.sessions[-1]
        assert session.running.wait(5)
        begin = time.monotonic()
        if how == "close":
            raw.sock.close()
        elif how == "reset":
            reset(raw)
        else:
            raw.sock.shutdown(socket.SHUT_WR)
        assert eventually(lambda: session.closed == 1)
        assert time.monotonic() - begin < 1
        assert session.cancels >= 1
        assert session.ended == ["sleep"]


def test_what_a_vanished_client_sent_ahead_is_not_run(listener, login):
    with Raw(listener.address) as raw:
        raw.login().send(query("sleep"), *[query("sleep"), query("rows 1")] * 50)
        session = login.sessions[-1]
        assert session.running.wait(5)
        raw.sock.shutdown(socket.SHUT_WR)
        assert eventually(lambda: session.closed == 1, 1.0)
        assert session.ended == ["sleep"]


def test_a_client_that_stays_is_not_cancelled(listener, login):
    with Raw(listener.address) as raw:
        raw.login().send(query("sleep"))
        session = login.sessions[-1]
        assert session.running.wait(5)
        raw.send(query("rows 1"))  # sent ahead; it is no end
        time.sleep(0.4)
        assert session.cancels == 0
        session.stop.set()
        assert raw.kinds() == "EZ"
        assert raw.kinds() == "TDCZ"


def test_a_client_killed_in_the_middle_of_rows(listener, login):
    with Raw(listener.address) as raw:
        raw.login().send(query("big 100000 1000000"))
        assert raw.read()[0] == "T"
        reset(raw)
        session = login.sessions[-1]
        assert eventually(lambda: session.closed == 1, 1.5)
        assert session.ended == ["big 100000 1000000"]


def test_a_client_killed_in_the_middle_of_copy(listener, login):
    with Raw(listener.address) as raw:
        raw.login().send(query("copy 10000000"))
        assert raw.read()[0] == "H"
        raw.sock.close()
        session = login.sessions[-1]
        assert eventually(lambda: session.closed == 1, 1.5)
        assert session.ended == ["copy 10000000"]


def test_a_client_that_does_not_read_is_left(listener, login):
    with Raw(listener.address) as raw:
        raw.login().send(query("big 1000000 1000"))
        session = login.sessions[-1]
        assert eventually(lambda: session.closed == 1, 3)
        assert session.ended == ["big 1000000 1000"]


def test_a_client_that_reads_slowly_is_not_left(listener):
    with Raw(listener.address) as raw:
        raw.login().send(query("big 1000000 20"))
        for _ in range(8):
            time.sleep(0.15)  # in all longer than the time for one step
            raw.data += raw.sock.recv(4_000_000)
        assert raw.kinds()[-2:] == "CZ"


def test_a_client_that_stops_in_the_middle_of_a_message_is_left(listener, login):
    for part in (b"Q", query("rows 1")[:-3], b"Q" + struct.pack("!I", 60_000_000) + b"x"):
        with Raw(listener.address) as raw:
            raw.login().send(part)
            assert raw.at_end()
    assert eventually(lambda: [session.closed for session in login.sessions] == [1, 1, 1])


def test_a_client_between_messages_may_take_its_time(listener):
    with Raw(listener.address) as raw:
        raw.login()
        time.sleep(1.2)
        assert raw.ask(query("rows 1")) == "TDCZ"


def test_an_idle_client_is_ended_where_that_is_wanted(login):
    limits = WireLimits(idle_seconds=0.2)
    listener = Listener(login, "127.0.0.1", 0, limits=limits)
    with nothing_left(), listener, Raw(listener.address) as raw:
        assert raw.login().ask(query("rows 1")) == "TDCZ"
        assert raw.error()["C"] == "57P05"
        assert raw.at_end()


def test_half_closed_while_idle_ends_the_session(listener, login):
    with Raw(listener.address) as raw:
        raw.login()
        raw.sock.shutdown(socket.SHUT_WR)
        assert raw.at_end()
    assert eventually(lambda: login.sessions[-1].closed == 1)


def test_a_port_scan_leaves_nothing(listener):
    for words in (b"", b"\0", b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01", startup(user="anna")):
        for how in (reset, lambda raw: raw.sock.close()):
            raw = Raw(listener.address)
            raw.send(words)
            how(raw)
    with Raw(listener.address) as raw:
        raw.login()


def test_stop_tells_everybody_and_leaves_nothing(login):
    with nothing_left():
        listener = Listener(login, "127.0.0.1", 0, limits=QUICK).start()
        address = listener.address
        clients = [Raw(address) for _ in range(6)]
        idle, running, deaf, early, partly, _silent = clients
        for raw in (idle, running, deaf, partly):
            raw.login()
        running.send(query("sleep"))
        assert login.sessions[1].running.wait(5)
        deaf.send(query("big 1000000 1000"))
        early.send(startup(user="anna"))
        partly.send(parse("", "rows 1"), b"B\0\0")
        time.sleep(0.1)
        begin = time.monotonic()
        listener.stop()
        assert time.monotonic() - begin < 3
        for raw in (idle, running, early):
            error = raw.error()
            assert (error["S"], error["C"]) == ("FATAL", "57P01")
            assert raw.at_end()
        for raw in clients:
            raw.sock.close()
        assert all(session.closed == 1 for session in login.sessions)
        with pytest.raises(OSError):
            socket.create_connection(address, timeout=1)
        listener.stop()  # again is no error


def test_a_statement_that_cannot_be_stopped_at_once_is_waited_for(login):
    with nothing_left():
        listener = Listener(login, "127.0.0.1", 0, limits=QUICK).start()
        with Raw(listener.address) as raw:
            raw.login().send(query("sleep"))
            session = login.sessions[-1]
            assert session.running.wait(5)
            real, session.cancel = session.cancel, lambda: None
            timer = threading.Timer(0.8, real)
            timer.start()
            listener.stop()
            timer.join()
            assert session.closed == 1


def test_a_cancel_that_fails_does_not_end_the_watcher(listener, login, caplog):
    with Raw(listener.address) as raw, Raw(listener.address) as other:
        raw.login().send(query("sleep"))
        bad = login.sessions[-1]
        other.login().send(query("sleep"))
        good = login.sessions[-1]
        assert bad.running.wait(5)
        assert good.running.wait(5)

        def broken():
            raise RuntimeError("no")

        bad.cancel = broken
        raw.sock.close()
        time.sleep(0.3)
        other.sock.close()
        assert eventually(lambda: good.closed == 1, 1.0)
        bad.stop.set()
    assert "could not be cancelled" in caplog.text


def test_faults_of_the_login_do_not_end_the_server(listener, login, caplog):
    def broken(*_):
        raise RuntimeError("a secret")

    good = login.session
    login.session = broken
    with Raw(listener.address) as raw:
        raw.sasl("anna", "secret")
        error = raw.error()
    assert (error["S"], error["C"]) == ("FATAL", "XX000")
    assert "a secret" not in str(error)
    login.session = good
    with Raw(listener.address) as raw:
        raw.login()


def test_a_thread_that_cannot_be_started_costs_one_client(listener, monkeypatch, caplog):
    def no_thread(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        with Raw(listener.address) as raw:
            assert raw.at_end()
    with Raw(listener.address) as raw:
        raw.login()
    assert "cannot be served" in caplog.text


def test_no_descriptors_left_for_a_client(listener, monkeypatch, caplog):
    real, failed = socket.socket.accept, []

    def no_descriptor(self):
        if not failed:
            failed.append(1)
            raise OSError(errno.EMFILE, "Too many open files")
        return real(self)

    monkeypatch.setattr(socket.socket, "accept", no_descriptor)
    with Raw(listener.address) as raw:
        raw.login()
    assert "cannot be accepted" in caplog.text


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70000)])
def test_addresses_that_cannot_be(login, host, port):
    with nothing_left(), pytest.raises(ProjectError, match="cannot be listened on"):
        Listener(login, host, port).start()


def test_a_host_of_another_machine_is_told_as_such(login):
    for host in ("192.0.2.1", "no.such.host.invalid"):
        with pytest.raises(ProjectError, match="give --host an address or a name of this machine"):
            Listener(login, host, 0).start()


def test_ipv6(login):
    try:
        listener = Listener(login, "::1", 0).start()
    except ProjectError:
        pytest.skip("this machine has no IPv6")
    with Raw(listener.address) as raw:
        assert raw.login().ask(query("rows 1")) == "TDCZ"
    listener.stop()


def test_an_address_in_use(listener, login):
    host, port = listener.address
    with pytest.raises(ProjectError, match=f"{port} cannot be listened on"):
        Listener(login, host, port).start()


@pytest.mark.parametrize("rdhup", [getattr(select, "POLLRDHUP", 0), 0])
def test_the_end_of_a_client_is_seen_with_and_without_pollrdhup(rdhup):
    one, other = socket.socketpair()
    with one, other:
        one.settimeout(5)
        assert watcher._closed([one.fileno()], rdhup) == []
        other.send(b"ahead")
        assert watcher._closed([one.fileno()], rdhup) == []
        assert one.recv(5) == b"ahead"
        other.shutdown(socket.SHUT_WR)
        assert watcher._closed([one.fileno()], rdhup) == [one.fileno()]
        assert one.gettimeout() == 5


def test_many_clients_at_once(listener, login):
    def use(failures):
        try:
            with Raw(listener.address) as raw:
                raw.login()
                for _ in range(5):
                    assert raw.ask(query("rows 3")) == "TDDDCZ"
                raw.send(packet("X"))
        except (AssertionError, EOFError, OSError) as error:
            failures.append(error)

    failures: list[Exception] = []
    threads = [threading.Thread(target=use, args=(failures,)) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert eventually(lambda: all(session.closed == 1 for session in login.sessions))


def test_cancel_requests_for_nobody_are_slowed(listener, login):
    with Raw(listener.address) as raw:
        raw.login().send(query("sleep"))
        session = login.sessions[-1]
        assert session.running.wait(5)
        for guess in range(110):
            cancel(listener.address, raw.pid, struct.pack("!I", guess))
        cancel(listener.address, raw.pid, raw.key)
        time.sleep(0.1)
        assert session.cancels == 0  # too many wrong keys came from here
        session.stop.set()
        raw.until()
