"""Values of each type, in text and binary, are byte by byte what a real PostgreSQL 15 sends."""

from __future__ import annotations

import re

import duckdb
import pytest

from tests.server_support.encoding_values import ARRAYS, TYPES
from tests.server_support.rows import encoded, postgres_rows

psycopg = pytest.importorskip("psycopg")

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/St_Johns",
         "Australia/Lord_Howe", "Europe/Amsterdam", "Pacific/Apia"]  # fmt: skip
MOMENTS = [
    "1970-01-01 00:00:00+00", "2024-03-31 00:59:59.999999+00", "2024-03-31 01:00:00+00",
    "2024-10-27 00:59:59+00", "2024-10-27 01:00:00+00", "1850-06-01 12:00:00+00",
    "1700-01-01 00:00:00+00", "0001-01-01 00:00:00+00", "0044-03-15 00:00:00+00 BC",
    "9999-12-31 23:59:59.5+00", "2437-06-30 22:15:00.25+00", "2438-07-01 00:00:00+00",
    "5000-07-01 12:00:00+00", "12345-07-01 12:00:00+00", "infinity", "-infinity", None,
    "294247-01-10 04:00:54.775806+00", "0001-01-01 00:30:00+00", "0001-12-31 23:30:00+00 BC",
    "9999-12-31 23:30:00+00", "10000-01-01 00:30:00+00", "1937-06-30 23:40:28+00",
    "2011-12-30 10:00:00+00",
]  # fmt: skip


@pytest.fixture(scope="module")
def duck():
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con


def quoted(word):
    return "NULL" if word is None else "'" + word.replace("'", "''") + "'"


def of_duckdb(word, kind):
    """A literal of PostgreSQL in DuckDB's syntax."""
    if word is None:
        return f"NULL::{kind}"
    if kind == "BLOB":
        word = re.sub("([0-9a-f]{2})", r"\\x\1", word.removeprefix("\\x"))
    elif kind in ("DATE", "TIMESTAMP", "TIMESTAMPTZ") and word.endswith(" BC"):
        day, _, rest = word.removesuffix(" BC").partition(" ")
        word = f"{day} (BC) {rest}".strip()
    return f"{quoted(word)}::{kind}"


def both(pg, duck, theirs, ours, binary, zone="UTC"):
    """Types and rows of both must be the same."""
    types, wanted = postgres_rows(pg, " UNION ALL ".join(f"SELECT {one}" for one in theirs), binary)
    query = f"SELECT unnest([{', '.join(ours)}]) AS c"
    fields, found = encoded(duck, query, int(binary), zone)
    assert [(f.oid, f.typlen) for f in fields] == [(number, size) for number, size, _ in types]
    for literal, want, have in zip(theirs, wanted, found):
        assert have == want, literal
    assert len(wanted) == len(found)
    return fields, types


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("kind", TYPES)
def test_a_scalar_is_as_postgresql_sends_it(pg, duck, kind, binary):
    ours, literals = TYPES[kind]
    theirs = [f"{quoted(word)}::{kind}" for word in literals]
    fields, types = both(pg, duck, theirs, [of_duckdb(w, ours) for w in literals], binary)
    assert fields[0].typmod == types[0][2]


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("kind", ARRAYS)
def test_an_array_is_as_postgresql_sends_it(pg, duck, kind, binary):
    ours, literals = ARRAYS[kind]
    theirs = [f"{quoted(word)}::{kind}" for word, _ in literals]
    query = " UNION ALL ".join(f"SELECT {one}" for one in theirs)
    types, wanted = postgres_rows(pg, query, binary)
    query = " UNION ALL ".join(f"SELECT {word or 'NULL'}::{ours} AS c" for _, word in literals)
    fields, found = encoded(duck, query, int(binary))
    assert found == wanted
    assert [(f.oid, f.typlen, f.typmod) for f in fields] == types


@pytest.mark.parametrize("zone", ZONES)
def test_a_moment_is_shown_in_the_zone_of_the_session(pg, duck, zone):
    pg.execute(f"SET timezone = '{zone}'")
    theirs = [f"{quoted(word)}::timestamptz" for word in MOMENTS]
    ours = [of_duckdb(word and word.replace("+00 BC", " BC"), "TIMESTAMPTZ") for word in MOMENTS]
    for binary in (False, True):
        both(pg, duck, theirs, ours, binary, zone)
    pg.execute("SET timezone = 'UTC'")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("UTINYINT '255'", "smallint '255'"),
        ("TINYINT '-128'", "smallint '-128'"),
        ("USMALLINT '65535'", "integer '65535'"),
        ("UINTEGER '4294967295'", "bigint '4294967295'"),
        ("UBIGINT '18446744073709551615'", "numeric '18446744073709551615'"),
        ("HUGEINT '170141183460469231731687303715884105727'",
         "numeric '170141183460469231731687303715884105727'"),
        ("HUGEINT '-170141183460469231731687303715884105728'",
         "numeric '-170141183460469231731687303715884105728'"),
        ("UHUGEINT '340282366920938463463374607431768211455'",
         "numeric '340282366920938463463374607431768211455'"),
        (f"BIGNUM '-{'7' * 100}'", f"numeric '-{'7' * 100}'"),
        ("sum(x) FROM (VALUES (1), (2)) t(x)", "numeric '3'"),
        ("TIMESTAMP_S '2024-01-01 10:00:00'", "timestamp '2024-01-01 10:00:00'"),
        ("TIMESTAMP_MS '2024-01-01 10:00:00.123'", "timestamp '2024-01-01 10:00:00.123'"),
        ("TIMESTAMP_NS '2024-01-01 10:00:00.1234567'", "timestamp '2024-01-01 10:00:00.1234567'"),
        ("TIMESTAMP_S 'infinity'", "timestamp 'infinity'"),
        ("'b'::ENUM ('a', 'b')", "text 'b'"),
        ("['b']::ENUM ('a', 'b')[]", "'{b}'::text[]"),
        ("NULL", "NULL::text"),
        ("[1, 2]::INTEGER[2]", "'{1,2}'::integer[]"),
        ("[[1, 2], [3, 4]]::INTEGER[2][2]", "'{{1,2},{3,4}}'::integer[]"),
        ("[1]::HUGEINT[]", "'{1}'::numeric[]"),
        ("[]", "'{}'::text[]"),
        ("{'a': 1, 'b': 'x'}", """json '{"a":1,"b":"x"}'"""),
        ("MAP {'k': 1.5}", """json '{"k":1.5}'"""),
        ("[{'a': 1}]", """json '[{"a":1}]'"""),
        ("row(1, 'x')", """json '[1,"x"]'"""),
        ("{'a': 'NaN'::DOUBLE, 'b': ['-inf'::DOUBLE], 'c': 'NaN \\\" Infinity'}",
         """json '{"a":"NaN","b":["-Infinity"],"c":"NaN \\\\\\" Infinity"}'"""),
        ("[['[1]'::JSON]]", "json '[[[1]]]'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_types_postgresql_has_not_become_the_nearest(pg, duck, ours, theirs, binary):
    types, wanted = postgres_rows(pg, f"SELECT {theirs}", binary)
    fields, found = encoded(duck, f"SELECT {ours}", int(binary))
    assert found == wanted
    assert fields[0].oid == types[0][0]
