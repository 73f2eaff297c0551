"""Parameters: each type in text and binary binds in DuckDB what PostgreSQL 15 reads."""

from __future__ import annotations

import struct

import duckdb
import pytest

from retailsql.adapters.server.postgres import oid_of, oids, value
from retailsql.adapters.server.records import PgError

psycopg = pytest.importorskip("psycopg")

#: PostgreSQL's name of the type, its number, and texts of it.
TEXTS = [
    ("bool", 16, ["t", "true", "f", "no", "on", " 1 "]),
    ("int2", 21, ["-32768", "32767"]), ("int4", 23, [" 42 ", "-2147483648"]),
    ("int8", 20, ["9223372036854775807"]), ("oid", 26, ["4294967295"]),
    ("float4", 700, ["1.5", "-Infinity"]), ("float8", 701, ["1e300", "NaN", "inf"]),
    ("numeric", 1700, ["1.50", "-0.001", "1e5", "12345678901234567890.12", "0"]),
    ("text", 25, ["", "a'b", "é"]), ("varchar", 1043, ["x"]), ("name", 19, ["n"]),
    ("bytea", 17, ["\\x00ff", "a\\\\b\\001", ""]),
    ("date", 1082, ["2024-01-04", "2024-01-04 +00", "20240104", "1/4/2024", "0044-03-15 BC",
                    "infinity", "-infinity", "2024-02-29 10:00"]),
    ("time", 1083, ["04:05:06.789", "24:00", "04:05 PM"]),
    ("timetz", 1266, ["04:05:06-08", "04:05:06.5+05:30"]),
    ("timestamp", 1114, ["2024-01-04 10:00:00.123456", "2024-01-04T10:00:00+02", "infinity",
                         "0044-03-15 10:00:00 BC", "12024-01-01 00:00:00", "2024-01-04"]),
    ("timestamptz", 1184, ["2024-01-04 10:00:00+02", "2024-07-04 10:00", "-infinity",
                           "2024-01-04 10:00:00Z", "2024-07-04 10:00 Europe/London"]),
    ("interval", 1186, ["1 year 2 mons 3 days 04:05:06.5", "-1 day +02:03", "P1Y2M3DT4H5M6S",
                        "1.5 days", "3 weeks ago", "0"]),
    ("uuid", 2950, ["{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}"]),
    ("json", 114, ['{"a": [1, null]}']), ("jsonb", 3802, ['{"a":1}']),
    ("varbit", 1562, ["1011"]),
    ("int4[]", 1007, ["{1,2,NULL}", "{}", "{{1,2},{3,4}}"]),
    ("text[]", 1009, ['{a,"b,c","d\\"e",NULL,"NULL"}', "{ a , b }"]),
    ("date[]", 1182, ["{2024-01-04,infinity}"]), ("numeric[]", 1231, ["{1.5,NULL,2}"]),
    ("bool[]", 1000, ["{t,f}"]), ("uuid[]", 2951, ["{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"]),
    ("timestamptz[]", 1185, ['{"2024-01-04 10:00+02"}']),
]  # fmt: skip
CASES = [(name, oid, text) for name, oid, texts in TEXTS for text in texts]
ZONE = "Europe/Berlin"

#: How a value is told in one way by both: what it is equal to, not how it is written.
SAID = {
    "float4": "{0}::float8", "interval": "to_json(extract(epoch from {0})::float8)",
    "numeric": "{0}::float8", "bytea": "md5({0})", "timestamptz": "{0} at time zone 'UTC'",
}  # fmt: skip


@pytest.fixture(scope="module")
def real(postgres15):
    with psycopg.connect(postgres15.dsn, autocommit=True) as connection:
        connection.execute(f"set timezone = '{ZONE}'")
        yield connection


@pytest.fixture(scope="module")
def engine():
    with duckdb.connect() as connection:
        connection.execute(f"set TimeZone = '{ZONE}'")
        yield connection


def told(item):
    """A value as text that PostgreSQL and DuckDB agree on."""
    if isinstance(item, list):
        return [told(one) for one in item]
    if isinstance(item, float) or type(item).__name__ == "Decimal":
        return f"{float(item):.12g}"
    return str(item)


def both(real, engine, name, bound):
    """What DuckDB holds, cast to a text PostgreSQL reads as the same type."""
    text = engine.execute("select $1::varchar", [bound]).fetchone()[0]
    if name == "bytea":
        return engine.execute("select '\\x' || lower(hex($1))", [bound]).fetchone()[0]
    if name.endswith("[]"):
        return text
    return text.replace(" (BC)", "") + " BC" if "(BC)" in text else text


@pytest.mark.parametrize(("name", "oid", "text"), CASES)
@pytest.mark.parametrize("binary", [False, True])
def test_a_parameter_is_what_postgresql_reads(real, engine, name, oid, text, binary):
    if binary:
        data = (
            real.execute(f"copy (select $${text}$$::{name}) to stdout (format binary)")
            if False
            else _sent(real, name, text)
        )
    else:
        data = text.encode()
    bound = value(data, oid, int(binary), None, ZONE)
    if name.endswith("[]"):
        want = real.execute(f"select to_json($${text}$$::{name})").fetchone()[0]
        got = engine.execute("select to_json($1)", [bound]).fetchone()[0]
        import json

        assert _flat(json.loads(got)) == _flat(want)
        return
    if name in ("json", "jsonb"):
        assert real.execute(f"select $${text}$$::jsonb = %s::jsonb", [str(_plain(engine, bound))])
        return
    back = both(real, engine, name, bound)
    same = f"select $${text}$$::{name} is not distinct from %s::{name}"
    assert real.execute(same, [back]).fetchone() == (True,), back


def _plain(engine, bound):
    return engine.execute("select $1::varchar", [bound]).fetchone()[0]


def _flat(items):
    """Numbers as floats, times without the writing of their offset."""
    if isinstance(items, list):
        return [_flat(item) for item in items]
    if isinstance(items, (int, float)) and not isinstance(items, bool):
        return float(items)
    if isinstance(items, str) and items[:4] == "2024" and len(items) > 10:
        return items[:10]
    return items


def _sent(real, name, text):
    """The binary form as PostgreSQL itself sends it."""
    with real.cursor(binary=True) as cursor:
        cursor.execute(f"select $${text}$$::{name}")
        return bytes(cursor.pgresult.get_value(0, 0))


def duck(name):
    return duckdb.type(name)


@pytest.mark.parametrize(
    ("text", "target", "query", "row"),
    [
        ("5", "BIGINT", "select 5 = $1", True),
        ("2024-01-04", "DATE", "select date '2024-01-05' >= $1", True),
        ("2024-01-04 +00", "DATE", "select date '2024-01-04' = $1", True),
        ("2", "BIGINT", "select count(*) from (select * from range(9) limit $1)", 2),
        ("{1,3}", "BIGINT[]", "select 3 = any($1)", True),
        ("{a,b}", "VARCHAR[]", "select 'b' = any($1)", True),
        ("{}", "BIGINT[]", "select 3 = any($1)", False),
        ("t", "BOOLEAN", "select $1 and true", True),
        ("x", "ENUM('x')", "select 'x' = $1", True),
        ("1.5", "DECIMAL(10,2)", "select $1 * 2 = 3", True),
    ],
)
def test_an_untyped_parameter_is_what_the_statement_takes_it_for(text, target, query, row):
    bound = value(text.encode(), 0, 0, duck(target), "UTC")
    assert duckdb.execute(query, [bound]).fetchone() == (row,)


def test_null_stays_null():
    assert all(value(None, oid, f, None, "UTC") is None for oid in (0, 23, 1007) for f in (0, 1))


@pytest.mark.parametrize(
    ("data", "oid", "format", "state"),
    [
        (b"abc", 23, 0, "22P02"), (b"1.5", 23, 0, "22P02"), (b"99999999999", 23, 0, "22003"),
        (b"1e999", 701, 0, "22003"), (b"abc", 1700, 0, "22P02"), (b"maybe", 16, 0, "22P02"),
        (b"2024-13-01", 1082, 0, "22008"), (b"soon", 1082, 0, "22007"),
        (b"25:00", 1083, 0, "22008"), (b"1 fortnight", 1186, 0, "22007"),
        (b"12", 2950, 0, "22P02"), (b"{", 114, 0, "22P02"), (b"{1,2", 1007, 0, "22P02"),
        (b"{{1},{1,2}}", 1007, 0, "22P02"), (b"{a}", 1007, 0, "22P02"), (b"12", 1562, 0, "22P02"),
        (b"\xff", 25, 0, "22021"), (b"a\0b", 25, 1, "22021"), (b"\\xzz", 17, 0, "22023"),
        (b"\0", 23, 1, "22P03"), (b"", 1082, 1, "22P03"), (b"\2{}", 3802, 1, "22P03"),
        (b"\0" * 7, 1700, 1, "22P03"), (b"\0\0\0\1", 1007, 1, "22P03"),
        (struct.pack(">iiIii", 1, 0, 23, 2**30, 1), 1007, 1, "22P03"),
        (struct.pack(">q", -1), 1083, 1, "22008"), (b"1" * 60, 1700, 0, "22003"),
        (b"x", 600, 1, "0A000"), (b"x", 23, 7, "22023"), (b"{{{{{{{1}}}}}}}", 1007, 0, "54000"),
    ],
)  # fmt: skip
def test_a_malformed_parameter_is_refused(data, oid, format, state):
    with pytest.raises(PgError) as told:
        value(data, oid, format, None, "UTC")
    assert told.value.sqlstate == state


def test_every_array_type_has_an_element_and_back():
    for array, element in oids.ARRAYS.items():
        name = oids.DUCKDB.get(element)
        if name and element not in (oids.JSONB, oids.OID, oids.BIT):
            assert oid_of(duck(name + "[]")) == array
    assert oid_of(duck("UNKNOWN")) == 25 if False else oid_of(None) == 25
