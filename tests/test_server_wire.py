"""The protocol, spoken by hand: what is answered to what, in which order."""

from __future__ import annotations

import logging
import struct

import pytest

from retailsql.adapters.server.wire import Listener
from tests.server_fake import FakeLogin
from tests.server_raw import (
    FLUSH,
    SYNC,
    TERMINATE,
    Raw,
    bind,
    cancel,
    describe,
    eventually,
    execute,
    fields,
    packet,
    parse,
    query,
    startup,
    z,
)


@pytest.fixture(scope="module")
def login():
    return FakeLogin()


@pytest.fixture(scope="module")
def listener(login):
    with Listener(login, "127.0.0.1", 0) as listener:
        yield listener


@pytest.fixture
def raw(listener):
    with Raw(listener.address) as raw:
        yield raw.login()


@pytest.fixture
def backend(raw, login):
    return login.sessions[-1]


def test_login_tells_settings_key_and_readiness(listener, login):
    with Raw(listener.address) as raw:
        assert raw.sasl("anna", "secret", database="shop", application_name="x") is None
        kinds = raw.kinds()
    assert kinds == "RSSSSSKZ"
    given = login.sessions[-1].given
    assert given["database"] == "shop"
    assert int(given["_pq_.pid"]) > 0
    assert ("login", "anna", "") in login.events


def test_simple_query(raw):
    assert raw.ask(query("rows 3")) == "TDDDCZ"
    assert raw.ask(query("rows 1; rows 2")) == "TDCTDDCZ"
    assert raw.ask(query("")) == "IZ"
    assert raw.ask(query(" ; ")) == "IZ"


def test_an_error_has_all_its_fields_and_ends_the_simple_query(raw):
    raw.send(query("rows 1; nonsense; rows 1"))
    got = raw.until()
    assert "".join(kind for kind, _ in got) == "TDCEZ"
    error = fields(got[3][1])
    assert error == {
        "S": "ERROR",
        "V": "ERROR",
        "C": "42601",
        "M": "syntax error",
        "D": "Really.",
        "H": "Know better.",
        "P": "1",
    }


def test_the_status_of_the_transaction_is_told(raw):
    seen = []
    for text in ("begin", "rows 1", "nonsense", "rows 1", "rollback"):
        raw.send(query(text))
        seen.append(raw.until()[-1][1])
    assert seen == [b"T", b"T", b"E", b"E", b"I"]


def test_extended_query_in_one_batch(raw):
    got = raw.ask(parse("", "rows $1"), bind("", "", b"2"), describe("P"), execute(), SYNC)
    assert got == "12TDDCZ"


def test_describe_a_statement_and_one_without_rows(raw):
    raw.send(parse("s", "echo $1 $2"), describe("S", "s"), SYNC)
    got = dict(raw.until())
    assert got["t"] == struct.pack("!HII", 2, 25, 25)
    assert got["T"][:2] == b"\0\x02"
    assert raw.ask(parse("", "begin"), describe("S"), bind("", ""), describe("P"), SYNC) == "1tn2nZ"


def test_formats_of_the_result_are_told_and_kept(raw):
    raw.send(parse("", "rows 1"), bind("", "", results=[1]), describe("P"), execute(), SYNC)
    got = dict(raw.until())
    assert got["T"][-2:] == b"\0\x01"
    assert got["D"] == struct.pack("!Hii", 1, 4, 0)


def test_a_portal_gives_its_rows_in_parts(raw):
    raw.send(parse("", "rows 5"), bind("p", ""), execute("p", 2), FLUSH)
    assert raw.kinds("s") == "12DDs"
    raw.send(execute("p", 2), FLUSH)
    assert raw.kinds("s") == "DDs"
    assert raw.ask(execute("p", 2), packet("C", b"P", z("p")), SYNC) == "DC3Z"


def test_after_an_error_all_is_skipped_to_sync(raw, backend):
    got = raw.ask(
        parse("a", "nonsense"),
        bind("", "a"),
        execute(),
        parse("b", "rows 1"),
        query("rows 1"),
        packet("d", b"junk"),
        execute(),
        SYNC,
        parse("c", "rows 1"),
        SYNC,
    )
    assert got == "12EZ"
    assert raw.kinds() == "1Z"
    assert set(backend.statements) == {"a", "c"}


def test_pipelined_groups_are_answered_in_order(raw):
    group = [parse("", "rows $1"), bind("", "", b"1"), execute(), SYNC]
    raw.send(*group * 50)
    assert [raw.kinds() for _ in range(50)] == ["12DCZ"] * 50


def test_missing_statement_and_portal(raw):
    raw.send(bind("", "none"), SYNC)
    assert raw.error()["C"] == "26000"
    raw.until()
    raw.send(execute("none"), SYNC)
    assert raw.error()["C"] == "34000"
    assert raw.kinds() == "Z"
    assert raw.ask(packet("C", b"S", z("none")), packet("C", b"P", z("none")), SYNC) == "33Z"


def test_an_empty_statement_by_extended_messages(raw):
    assert raw.ask(parse("", ""), bind("", ""), execute(), SYNC) == "12IZ"


def test_copy_out(raw):
    raw.send(query("copy 3"))
    got = raw.until()
    assert "".join(kind for kind, _ in got) == "HdddcCZ"
    assert got[0][1] == struct.pack("!bHH", 0, 1, 0)
    assert raw.ask(parse("", "copy 2"), bind("", ""), execute(), SYNC) == "12HddcCZ"


def test_copy_messages_outside_of_copy_are_passed_over(raw):
    copying = packet("d", b"1\n") + packet("c") + packet("f", z("no"))
    assert raw.ask(copying, query("rows 1")) == "TDCZ"


def test_notices_come_before_the_end_of_their_statement(raw):
    raw.send(query("notice mind the gap; rows 1"))
    got = raw.until()
    assert "".join(kind for kind, _ in got) == "NCTDCZ"
    assert fields(got[0][1])["M"] == "mind the gap"
    assert fields(got[0][1])["S"] == "WARNING"


def test_changed_settings_are_told_before_readiness(raw):
    raw.send(query("set TimeZone=UTC"))
    got = raw.until()
    assert got[1] == ("S", b"TimeZone\0UTC\0")
    assert "".join(kind for kind, _ in got) == "CSZ"
    assert raw.ask(query("rows 0")) == "TCZ"


def test_fast_path_is_refused(raw):
    raw.send(packet("F", struct.pack("!IHHH", 1, 0, 0, 0)))
    assert raw.error()["C"] == "0A000"
    assert raw.kinds() == "Z"


@pytest.mark.parametrize("text", ["boom", "BOOM"])
def test_a_fault_of_the_server_is_one_failed_statement(raw, caplog, text):
    with caplog.at_level(logging.ERROR):
        raw.send(query(text))
        error = raw.error()
    assert error["C"] == "XX000"
    assert "secret of the house" not in str(error)
    assert "Traceback" in caplog.text
    assert raw.kinds() == "Z"
    assert raw.ask(query("rows 1")) == "TDCZ"


def test_a_fault_in_parse_is_skipped_to_sync(raw):
    assert raw.ask(parse("", "boom"), bind("", ""), execute(), SYNC) == "EZ"


def test_a_fatal_error_ends_the_connection(raw):
    raw.send(query("fatal"))
    assert raw.error()["S"] == "FATAL"
    assert raw.at_end()


def test_terminate_closes_the_session(raw, backend):
    raw.send(TERMINATE)
    assert raw.at_end()
    assert eventually(lambda: backend.closed == 1)


BAD = {
    "Query without its end": (packet("Q", b"rows 1"), "08P01"),
    "Query with a tail": (packet("Q", z("rows 1"), b"x"), "08P01"),
    "Query that is not UTF-8": (packet("Q", b"rows \xff\0"), "22021"),
    "Parse cut off": (packet("P", z(""), z("rows 1"), b"\0"), "08P01"),
    "Parse with too many types told": (packet("P", z(""), z("rows 1"), b"\xff\xff"), "08P01"),
    "Bind with a length past the end": (
        packet("B", z(""), z(""), struct.pack("!HHi", 0, 1, 99)),
        "08P01",
    ),
    "Bind with a length below -1": (
        packet("B", z(""), z(""), struct.pack("!HHiH", 0, 1, -2, 0)),
        "08P01",
    ),
    "Bind with other formats than values": (bind("", "", b"1", formats=[0, 0]), "08P01"),
    "Bind with an unknown format": (bind("", "", b"1", formats=[7]), "22023"),
    "a value with NUL": (bind("", "", b"a\0b"), "22021"),
    "a value that is not UTF-8": (bind("", "", b"\xc3("), "22021"),
    "Describe of neither": (packet("D", b"X", z("")), "08P01"),
    "Close of neither": (packet("C", b"X", z("")), "08P01"),
    "Execute cut off": (packet("E", z(""), b"\0"), "08P01"),
    "Sync with content": (packet("S", b"x"), "08P01"),
    "Flush with content": (packet("H", b"x"), "08P01"),
}


@pytest.mark.parametrize("what", BAD)
def test_malformed_content_is_an_error_and_the_connection_goes_on(raw, what):
    bad, sqlstate = BAD[what]
    raw.send(bad)
    assert raw.error()["C"] == sqlstate
    if bad[:1] not in b"QS":
        raw.send(SYNC)
    assert raw.kinds() == "Z"
    assert raw.ask(query("rows 1")) == "TDCZ"


def test_binary_values_are_bytes(raw):
    raw.send(parse("", "echo $1"), bind("", "", b"\xff\0", formats=[1]), execute(), SYNC)
    assert dict(raw.until())["D"][6:] == b"\xff\0"


@pytest.mark.parametrize(
    "bad",
    [
        b"?" + struct.pack("!I", 4),
        b"p" + struct.pack("!I", 4),
        b"Q" + struct.pack("!I", 3),
        b"Q" + struct.pack("!I", 0xFFFFFFFF),
        b"Q" + struct.pack("!I", (64 << 20) + 5),
        b"S" + struct.pack("!I", 20_000),
    ],
)
def test_a_frame_that_cannot_be_ends_the_connection(raw, backend, bad):
    raw.send(bad)
    error = raw.error()
    assert (error["S"], error["C"]) == ("FATAL", "08P01")
    assert raw.at_end()
    assert eventually(lambda: backend.closed == 1)


def test_a_long_message_is_taken(raw):
    text = "x" * 3_000_000
    raw.send(query("echo " + text))
    assert len(dict(raw.until())["D"]) == len(text) + 6


def test_cancel_needs_the_right_key(listener, raw, backend):
    raw.send(query("sleep"))
    assert backend.running.wait(5)
    cancel(listener.address, raw.pid, b"\0\0\0\0")
    cancel(listener.address, raw.pid + 1, raw.key)
    assert backend.cancels == 0
    cancel(listener.address, raw.pid, raw.key)
    assert raw.error()["C"] == "57014"
    assert raw.kinds() == "Z"
    assert backend.cancels == 1


def test_protocol_3_2_has_long_keys(listener):
    with Raw(listener.address) as raw:
        assert len(raw.login(version=3 << 16 | 2).key) == 32
        session_key = raw.key
        cancel(listener.address, raw.pid, session_key)
    with Raw(listener.address) as raw:
        assert len(raw.login().key) == 4


@pytest.mark.parametrize(
    ("version", "told", "spoken", "unknown"),
    [
        (3 << 16 | 99, {}, 3 << 16 | 2, b""),
        (3 << 16 | 1, {}, 3 << 16, b""),
        (3 << 16, {"_pq_.magic": "on"}, 3 << 16, b"_pq_.magic\0"),
    ],
)
def test_versions_and_options_are_negotiated(listener, version, told, spoken, unknown):
    with Raw(listener.address) as raw:
        raw.send(startup(version, user="anna", **told))
        kind, content = raw.read()
    assert kind == "v"
    assert content == struct.pack("!II", spoken, bool(unknown)) + unknown


def test_a_big_row_and_small_ones_keep_their_order(raw):
    raw.send(query("big 100000 3; rows 2; big 70000 1"))
    assert raw.kinds() == "TDDDCTDDCTDCZ"
