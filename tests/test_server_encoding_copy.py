"""COPY (query) TO STDOUT: the bytes of text, csv and binary are those of PostgreSQL 15."""

from __future__ import annotations

import struct

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retailsql.adapters.server.encoding import CopyEncoder, CopyOptions, describe, project

psycopg = pytest.importorskip("psycopg")

QUERY = (
    "SELECT * FROM (VALUES (1, 'a', 1.5::float8, true, date '2024-01-01'),"
    " (2, E'tab\\t nl\\n cr\\r bs\\\\ \\b\\f\\v', 1e20, false, NULL),"
    " (NULL, NULL, NULL, NULL, NULL),"
    " (3, '', 0, NULL, NULL), (4, E'\\\\N', 0, NULL, NULL), (5, E'\\\\.', 0, NULL, NULL),"
    " (6, 'with \"quotes\", commas; pipes|', 0, NULL, NULL), (7, 'x''y ü', 0, NULL, NULL),"
    " (8, ' ', 0, NULL, NULL), (9, 'NULL', 0, NULL, NULL)) t(id, name, x, flag, day)"
)
ONE = "SELECT * FROM (VALUES (1, E'\\\\.'), (2, ''), (3, NULL), (4, 'a')) t(i, v) ORDER BY i"


@pytest.fixture(scope="module")
def duck():
    with duckdb.connect() as con:
        yield con


def theirs(pg, query, options):
    with pg.cursor().copy(f"COPY ({query}) TO STDOUT WITH ({options})") as copy:
        return b"".join(bytes(part) for part in copy)


def unpacked(data):
    """The contents of CopyData messages."""
    out, at = [], 0
    while at < len(data):
        assert data[at : at + 1] == b"d"
        (length,) = struct.unpack_from(">i", data, at + 1)
        out.append(data[at + 5 : at + 1 + length])
        at += 1 + length
    return out


def ours(duck, query, options):
    rel = duck.sql(query)
    copy = CopyEncoder(describe(rel.columns, rel.types), options)
    rows = [copy.rows(batch) for batch in project(rel).to_arrow_reader(1000)]
    return b"".join(unpacked(copy.header() + b"".join(rows) + copy.trailer()))


@pytest.mark.parametrize(
    ("written", "options"),
    [
        ("FORMAT text", CopyOptions()),
        ("FORMAT text, HEADER", CopyOptions(header=True)),
        ("FORMAT text, DELIMITER '|', NULL 'nix'", CopyOptions(delimiter="|", null="nix")),
        ("FORMAT text, DELIMITER ',', NULL ''", CopyOptions(delimiter=",", null="")),
        ("FORMAT text, DELIMITER E'\\x0b'", CopyOptions(delimiter="\x0b")),
        ("FORMAT csv", CopyOptions("csv")),
        ("FORMAT csv, HEADER", CopyOptions("csv", header=True)),
        ("FORMAT csv, DELIMITER ';', NULL 'NULL'", CopyOptions("csv", delimiter=";", null="NULL")),
        ("FORMAT csv, QUOTE '''', ESCAPE '\\'", CopyOptions("csv", quote="'", escape="\\")),
        ("FORMAT csv, FORCE_QUOTE *", CopyOptions("csv", force_quote=["*"])),
        ("FORMAT csv, FORCE_QUOTE (name, id)", CopyOptions("csv", force_quote=["id", "name"])),
        ("FORMAT binary", CopyOptions("binary")),
    ],
)
def test_copy_is_as_postgresql_writes_it(pg, duck, written, options):
    assert ours(duck, QUERY, options) == theirs(pg, QUERY, written)


@pytest.mark.parametrize("kind", ["text", "csv"])
def test_a_single_column_that_looks_like_the_end_of_the_data(pg, duck, kind):
    query = f"SELECT v FROM ({ONE}) t ORDER BY i"
    assert ours(duck, query, CopyOptions(kind)) == theirs(pg, query, f"FORMAT {kind}")


@pytest.mark.parametrize("kind", ["text", "csv"])
def test_names_in_the_header_are_quoted_like_values(pg, duck, kind):
    query = 'SELECT 1 AS "a,b", 2 AS "c\td", 3 AS "e""f"'
    options = CopyOptions(kind, header=True)
    assert ours(duck, query, options) == theirs(pg, query, f"FORMAT {kind}, HEADER")


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(words=st.lists(st.none() | st.text("a\"\\,\t\n\r'N. ;\x08ü", max_size=5), min_size=1))
def test_any_text_is_written_as_postgresql_does(pg, duck, words):
    listed = ", ".join("NULL" if w is None else "'" + w.replace("'", "''") + "'" for w in words)
    for kind in ("text", "csv", "binary"):
        query = "SELECT v, v AS w FROM {} t(v)"
        wanted = theirs(pg, query.format(f"unnest(ARRAY[{listed}]::text[])"), f"FORMAT {kind}")
        query = "SELECT v, v AS w FROM (SELECT unnest([{}]::VARCHAR[])) t(v)"
        assert ours(duck, query.format(listed), CopyOptions(kind)) == wanted


def test_each_row_is_a_message_of_its_own(duck):
    rel = duck.sql("SELECT i, i || 'x' FROM range(5) t(i)")
    copy = CopyEncoder(describe(rel.columns, rel.types), CopyOptions("csv"))
    data = b"".join(copy.rows(batch) for batch in rel.to_arrow_reader(2))
    assert unpacked(data) == [f"{i},{i}x\n".encode() for i in range(5)]


def test_no_rows_are_no_messages():
    copy = CopyEncoder(describe([], []), CopyOptions())
    assert copy.rows(pa.record_batch({})) == b""
    assert copy.header() == copy.trailer() == b""
