"""The same conversations with a real PostgreSQL 15: the same messages in the same order."""

from __future__ import annotations

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
    describe,
    execute,
    fields,
    packet,
    parse,
    query,
    startup,
    z,
)

ONE = [parse("", "select 1"), bind("", ""), execute(), SYNC]
GO_ON = [SYNC, query("select 1")]
TALKS: dict[str, list[bytes]] = {
    "simple": [query("select 1")],
    "simple, empty": [query(""), query(";"), query(" ")],
    "simple, several": [query("select 1; select 2")],
    "simple, an error between": [
        query("select 1; select 1/(random()*0)::int; select 2"),
        query("select 1"),
    ],
    "simple, in a transaction": [
        query("begin"),
        query("select 1/(random()*0)::int"),
        query("select 1"),
        query("rollback"),
    ],
    "extended": ONE,
    "extended, described": [
        parse("s", "select 1"),
        describe("S", "s"),
        bind("p", "s"),
        describe("P", "p"),
        execute("p"),
        SYNC,
    ],
    "extended, no rows": [
        parse("", "begin"),
        describe("S"),
        bind("", ""),
        describe("P"),
        execute(),
        SYNC,
        query("rollback"),
    ],
    "extended, empty": [parse("", ""), describe("S"), bind("", ""), describe("P"), execute(), SYNC],
    "pipelined": ONE * 3,
    "flushed": [parse("", "select 1"), FLUSH, bind("", ""), FLUSH, execute(), FLUSH, SYNC],
    "an error in Parse": [parse("", "selekt"), bind("", ""), execute(), *GO_ON],
    "an error in Execute": [
        parse("", "select 1/(random()*0)::int"),
        bind("", ""),
        execute(),
        execute(),
        *GO_ON,
    ],
    "a query while skipping": [bind("", "none"), query("select 1"), SYNC, *ONE],
    "leaving while skipping": [bind("", "none")],
    "no such statement": [bind("", "none"), *GO_ON],
    "no such portal": [execute("none"), *GO_ON],
    "describe none": [describe("S", "none"), SYNC, describe("P", "none"), *GO_ON],
    "close none": [packet("C", b"S", z("none")), packet("C", b"P", z("none")), SYNC],
    "a name twice": [parse("s", "select 1"), parse("s", "select 1"), *GO_ON],
    "a portal twice": [parse("", "select 1"), bind("p", ""), bind("p", ""), *GO_ON],
    "a portal after Sync": [parse("", "select 1"), bind("p", ""), SYNC, execute("p"), *GO_ON],
    "copy words": [packet("d", b"x"), packet("c"), packet("f", z("x")), *GO_ON],
    "copy words, malformed": [packet("f", b"x"), packet("c", b"x"), *GO_ON],
    "Sync alone": [SYNC, SYNC],
    "Flush alone": [FLUSH, SYNC],
    "Query without end": [packet("Q", b"select 1"), *GO_ON],
    "Query with a tail": [packet("Q", z("select 1"), b"x"), *GO_ON],
    "Query, empty content": [packet("Q"), *GO_ON],
    "Query, not UTF-8": [packet("Q", b"select '\xff'\0"), *GO_ON],
    "Query, half a letter": [packet("Q", b"select '\xc3'\0"), *GO_ON],
    "Query, a surrogate": [packet("Q", b"select '\xed\xa0\x80'\0"), *GO_ON],
    "Parse cut off": [packet("P", z(""), z("select 1"), b"\0"), *GO_ON],
    "Parse, too many types": [packet("P", z(""), z("select 1"), b"\xff\xff"), *GO_ON],
    "Parse with a tail": [packet("P", z(""), z("select 1"), b"\0\0x"), *GO_ON],
    "Parse, a name that is not UTF-8": [packet("P", b"\xff\0", z("select 1"), b"\0\0"), *GO_ON],
    "Bind cut off": [parse("", "select 1"), packet("B", z(""), z(""), b"\0"), *GO_ON],
    "Bind with a tail": [
        parse("", "select 1"),
        packet("B", z(""), z(""), bytes(6), b"x"),
        *GO_ON,
    ],
    "Bind, a value past the end": [
        parse("", "select $1::text"),
        packet("B", z(""), z(""), struct.pack("!HHi", 0, 1, 99)),
        *GO_ON,
    ],
    "Bind, an absurd length": [
        parse("", "select $1::text"),
        packet("B", z(""), z(""), struct.pack("!HHiH", 0, 1, -5, 0)),
        *GO_ON,
    ],
    "Bind, other formats than values": [
        parse("", "select $1::text"),
        bind("", "", b"1", formats=[0, 0]),
        *GO_ON,
    ],
    "Bind, other result formats than columns": [
        parse("", "select 1"),
        bind("", "", results=[0, 0]),
        *GO_ON,
    ],
    "Bind, too few values": [parse("", "select $1::text"), bind("", ""), *GO_ON],
    "Bind, an unknown format": [
        parse("", "select $1::text"),
        bind("", "", b"1", formats=[7]),
        *GO_ON,
    ],
    "Bind, NUL in a value": [parse("", "select $1::text"), bind("", "", b"a\0b"), *GO_ON],
    "Bind, not UTF-8": [parse("", "select $1::text"), bind("", "", b"\xc3("), *GO_ON],
    "Describe of neither": [packet("D", b"X", z("")), *GO_ON],
    "Close of neither": [packet("C", b"X", z("")), *GO_ON],
    "Execute cut off": [packet("E", z(""), b"\0"), *GO_ON],
    "Execute of fewer than none": [parse("", "select 1"), bind("", ""), execute("", -1), SYNC],
    "Sync with content": [packet("S", b"x"), query("select 1")],
    "Flush with content": [packet("H", b"x"), *GO_ON],
    "an unknown kind": [packet("?"), *GO_ON],
    "a password too late": [packet("p", z("x")), *GO_ON],
    "a length too small": [b"Q" + struct.pack("!I", 3), *GO_ON],
    "a length below zero": [b"Q" + struct.pack("!i", -1), *GO_ON],
    "a Sync too long": [b"S" + struct.pack("!I", 20_000), *GO_ON],
    "an Execute too long": [b"E" + struct.pack("!I", 20_000), *GO_ON],
}
FIRST: dict[str, bytes] = {
    "nothing": struct.pack("!I", 0),
    "too short": struct.pack("!I", 7),
    "too long": struct.pack("!I", 10_005),
    "protocol 2": struct.pack("!II", 8, 2 << 16),
    "protocol 4": struct.pack("!II", 8, 4 << 16),
    "no end": struct.pack("!II", 15, 3 << 16) + b"user\0x\0",
    "a tail": struct.pack("!II", 17, 3 << 16) + b"user\0x\0\0\0",
    "no user": startup(database="x"),
    "SSLRequest twice": struct.pack("!II", 8, 80877103) * 2,
    "a browser": b"GET / HTTP/1.1\r\n\r\n",
}
# PostgreSQL only writes these to its log and closes, or answers as protocol 2 did; here the client
# is told why.
TOLD = {
    "a length too small": "08P01",
    "a length below zero": "08P01",
    "a Sync too long": "08P01",
    "an Execute too long": "08P01",
    "nothing": "08P01",
    "too short": "08P01",
    "too long": "08P01",
    "a browser": "08P01",
    "protocol 2": "0A000",
}


def transcript(raw: Raw) -> list[str]:
    """All that is said until the end: kinds, with what matters of their content."""
    out: list[str] = []
    while True:
        try:
            kind, content = raw.read()
        except (EOFError, ConnectionError):
            return out
        if kind == "E":
            error = fields(content)
            out.append(f"E {error['S']} {error['C']}")
        elif kind in "ZC":
            out.append(f"{kind} {content.decode()}")
        elif kind != "S":
            out.append(kind)


@pytest.fixture(scope="module")
def listener():
    with Listener(FakeLogin(), "127.0.0.1", 0) as listener:
        yield listener


def talk(address, user, password, database, said) -> list[str]:
    with Raw(address) as raw:
        assert raw.sasl(user, password, database=database) is None
        raw.until()
        raw.send(*said, TERMINATE)
        return transcript(raw)


@pytest.mark.parametrize("what", TALKS)
def test_the_same_answers_as_postgres(listener, postgres15, what):
    pg = postgres15
    real = talk((pg.host, pg.port), pg.user, pg.password, pg.database, TALKS[what])
    check(what, talk(listener.address, "anna", "secret", "shop", TALKS[what]), real)


@pytest.mark.parametrize("what", FIRST)
def test_the_same_answers_to_first_packets(listener, postgres15, what):
    said = []
    for address in ((postgres15.host, postgres15.port), listener.address):
        with Raw(address) as raw:
            raw.send(FIRST[what])
            try:
                if what.startswith("SSL"):
                    raw.exactly(1)
                said.append(transcript(raw))
            except TimeoutError:
                said.append(["silence"])
    check(what, said[1], said[0])


def check(what: str, here: list[str], real: list[str]) -> None:
    if what in TOLD:
        assert real == []
        assert here == [f"E FATAL {TOLD[what]}"]
    else:
        assert here == real
