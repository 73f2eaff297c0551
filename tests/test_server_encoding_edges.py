"""What rows must survive: NULLs, slices, parts, odd names, catalog types, values none can send."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from retailsql.adapters.server.encoding import RowEncoder, describe, project, rows
from retailsql.adapters.server.encoding.types import ARRAYS, LENGTHS, OIDS
from retailsql.adapters.server.records import Field, PgError
from tests.server_support.rows import encoded, postgres_rows, taken_apart

ALL_TYPES = (
    "true b, 'x'::BLOB bl, 1::BIGINT i8, 1::SMALLINT i2, 1 i4, 'x' t, 1::FLOAT f4, 1::DOUBLE f8,"
    " 1.5::DECIMAL(9, 2) n, 1.5::DECIMAL(38, 2) w, 1::HUGEINT h, DATE '2024-01-01' d,"
    " TIME '10:00:00' tm, TIMETZ '10:00:00+01' tz, TIMESTAMP '2024-01-01' ts,"
    " TIMESTAMPTZ '2024-01-01' tt, INTERVAL 1 DAY iv, uuid() u, BIT '01' bi, '{}'::JSON j,"
    " {'a': 1} s, [1, 2] l, ['a'] lt, [[1]] ll, INTERVAL 1 DAY iv2, [INTERVAL 1 DAY] li"
)


@pytest.fixture(scope="module")
def duck():
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con


@pytest.mark.parametrize("format_", [0, 1])
def test_nulls_at_any_place_leave_other_values_as_they_are(duck, format_):
    names = [column.split()[-1] for column in ALL_TYPES.replace(", 2", "").split(",")]
    plain = f"SELECT {ALL_TYPES}"
    columns = duck.sql(plain).columns
    assert len(columns) >= len(set(names)) - 1
    _, [full] = encoded(duck, plain, format_)
    holes = ", ".join(f"CASE WHEN i % 3 = {k % 3} THEN {c} END" for k, c in enumerate(columns))
    query = f"SELECT {holes} FROM (SELECT {ALL_TYPES}) CROSS JOIN range(7) r(i) ORDER BY i"
    _, found = encoded(duck, query, format_)
    uuid = columns.index("u")
    for i, row in enumerate(found):
        for k, value in enumerate(row):
            expected = full[k] if i % 3 == k % 3 else None
            assert value is None if expected is None else k == uuid or value == expected


@pytest.mark.parametrize("format_", [0, 1])
def test_columns_of_nothing_but_null(duck, format_):
    holes = ", ".join(
        f"CASE WHEN false THEN {c} END" for c in duck.sql(f"SELECT {ALL_TYPES}").columns
    )
    _, found = encoded(duck, f"SELECT {holes} FROM (SELECT {ALL_TYPES}), range(3)", format_)
    assert found == [[None] * len(found[0])] * 3


@pytest.mark.parametrize("format_", [0, 1])
def test_a_slice_of_a_batch_is_those_rows(duck, format_):
    rel = project(duck.sql(f"SELECT {ALL_TYPES}, i, 'w' || i w2, [i] z FROM range(50) r(i)"))
    fields = describe(
        rel.columns, duck.sql(f"SELECT {ALL_TYPES}, 1::BIGINT i, 'w' w2, [1::BIGINT] z").types
    )
    encoder = RowEncoder(fields, [format_] * len(fields))
    [batch] = rel.to_arrow_table().combine_chunks().to_batches()
    whole = taken_apart(encoder.rows(batch))
    assert taken_apart(encoder.rows(batch.slice(13, 21))) == whole[13:34]
    assert encoder.rows(batch.slice(50)) == b""


def test_a_batch_too_big_goes_in_parts(duck, monkeypatch):
    rel = duck.sql("SELECT i, repeat('x', 1000) t FROM range(1000) r(i)")
    fields = describe(rel.columns, rel.types)
    [batch] = rel.to_arrow_table().combine_chunks().to_batches()
    whole = RowEncoder(fields, [0, 0]).rows(batch)
    monkeypatch.setattr(rows, "PORTION", 20_000)
    assert len(list(rows.portions(batch))) > 40
    assert RowEncoder(fields, [0, 0]).rows(batch) == whole


def test_names_that_need_quotes_and_names_given_twice(duck):
    query = """SELECT {'a': 1} AS "a""b", INTERVAL 1 DAY AS "a b", 1 AS c, 2 AS c, 3 AS "C",
               [INTERVAL 1 DAY] AS rs_x0, 4 AS "select" """
    _, [row] = encoded(duck, query, 0)
    assert row == [b'{"a":1}', b"1 day", b"1", b"2", b"3", b'{"1 day"}', b"4"]


def test_a_projection_keeps_order_and_parameters(duck):
    query = "SELECT i::HUGEINT h, $1::INTERVAL v FROM range(5) r(i) ORDER BY (i * 7) % 5"
    _, found = encoded(duck, query, 0, params=["2 days"])
    assert found == [[str(i).encode(), b"2 days"] for i in (0, 3, 1, 4, 2)]


def test_nothing_is_projected_that_need_not_be(duck):
    rel = duck.sql("SELECT 1 a, 'x' b, now() c, [1] d, '{}'::JSON e")
    assert project(rel) is rel


def test_text_with_a_nul_is_refused(duck):
    with pytest.raises(PgError, match="0x00") as caught:
        encoded(duck, "SELECT 'a' || chr(0) || 'b'", 0)
    assert caught.value.sqlstate == "22021"


@pytest.mark.parametrize(
    "value",
    ["DATE '4714-11-23 (BC)'", "TIMESTAMP '4714-11-23 (BC) 23:59:59'", "DATE '5881580-07-10'"],
)
def test_a_date_outside_of_postgresql_is_text_but_no_binary(duck, value):
    _, [[text]] = encoded(duck, f"SELECT {value}", 0)
    assert text.split()[0] in (b"4714-11-23", b"5881580-07-10")
    with pytest.raises(PgError) as caught:
        encoded(duck, f"SELECT {value}", 1)
    assert caught.value.sqlstate == "22008"


@pytest.mark.parametrize("value", ["[[1, 2], [3]]", "[[1], NULL]", "[[], [1]]"])
def test_lists_of_different_lengths_are_text_but_no_binary(duck, value):
    _, [[text]] = encoded(duck, f"SELECT {value}", 0)
    assert text == value.translate(str.maketrans("[]", "{}", " ")).encode()
    with pytest.raises(PgError) as caught:
        encoded(duck, f"SELECT {value}", 1)
    assert caught.value.sqlstate == "2202E"


def test_an_unknown_zone_is_refused():
    with pytest.raises(PgError) as caught:
        RowEncoder([Field("t", 1184, 8)], [0], "Mars/Phobos")
    assert caught.value.sqlstate == "22023"


@pytest.mark.parametrize(
    ("zone", "text"), [("+05:30", b"05:30:00+05:30"), ("UTC-3", b"21:00:00-03")]
)
def test_a_zone_may_be_an_offset(duck, zone, text):
    _, [[found]] = encoded(duck, "SELECT TIMESTAMPTZ '2024-01-02 00:00:00+00'", 0, zone)
    assert found.endswith(text)


CATALOG = {
    "oid": ("1259::oid", pa.array([1259], pa.int64())),
    "name": ("'pg_class'::name", pa.array(["pg_class"])),
    '"char"': ("'r'::\"char\"", pa.array(["r"])),
    "int2vector": ("'1 2'::int2vector", pa.array([[1, 2]], pa.list_(pa.int16()))),
    "int2vector as text": ("'1 2'::int2vector", pa.array(["1 2"])),
    "oidvector": ("'23 25'::oidvector", pa.array([[23, 25]], pa.list_(pa.int64()))),
    "empty oidvector": ("''::oidvector", pa.array([""])),
    "oid[]": ("'{23,25}'::oid[]", pa.array([[23, 25]], pa.list_(pa.int64()))),
    "name[]": ("'{a,b c}'::name[]", pa.array([["a", "b c"]])),
    "char[]": ("'{i,o}'::\"char\"[]", pa.array([["i", "o"]])),
    "varchar": ("'x'::varchar(5)", pa.array(["x"])),
    "int2 of int8": ("7::int2", pa.array([7], pa.int64())),
    "int4 of int8": ("7::int4", pa.array([7], pa.int64())),
    "float4 of double": ("1.5::float4", pa.array([1.5])),
    "bool": ("true", pa.array([True])),
    "xid": ("'5'::xid", pa.array([5], pa.int64())),
}


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
@pytest.mark.parametrize("name", CATALOG)
def test_columns_of_the_catalog_are_sent_as_postgresql_does(postgres15, name, binary):
    psycopg = pytest.importorskip("psycopg")
    literal, array = CATALOG[name]
    with psycopg.connect(postgres15.dsn) as con:
        [(oid, size, typmod)], wanted = postgres_rows(con, f"SELECT {literal}", binary)
    encoder = RowEncoder([Field("c", oid, size, typmod)], [int(binary)])
    assert taken_apart(encoder.rows(pa.record_batch({"c": array}))) == wanted


def test_numbers_of_types_are_postgresql_s(postgres15):
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(postgres15.dsn) as con:
        known = dict(con.execute("SELECT oid::int, typarray::int FROM pg_type").fetchall())
        sizes = dict(con.execute("SELECT oid::int, typlen::int FROM pg_type").fetchall())
    assert {oid: known[oid] for oid in ARRAYS} == ARRAYS
    assert {oid: sizes[oid] for oid in LENGTHS} == LENGTHS
    assert all(sizes[oid] == LENGTHS.get(oid, -1) for oid in OIDS.values())


def test_a_value_that_does_not_fit_its_announced_type_is_an_error():
    with pytest.raises(PgError) as caught:
        RowEncoder([Field("c", 21, 2)], [1]).rows(pa.record_batch({"c": [70_000]}))
    assert caught.value.sqlstate == "22003"


def test_garbage_under_nulls_is_not_sent():
    values = pa.array(np.array([1, 2, 3]), mask=np.array([False, True, False]))
    [one, two, three] = taken_apart(
        RowEncoder([Field("c", 20, 8)], [0]).rows(pa.record_batch({"c": values}))
    )
    assert (one, two, three) == ([b"1"], [None], [b"3"])


@pytest.mark.parametrize(
    ("number", "shown", "scale"),
    [("0.00012", "0.00012", 5), ("1200", "1200", 0), ("-0.5", "-0.5", 1), ("0", "0", 0)],
)
def test_a_numeric_without_declared_digits_has_those_it_needs(number, shown, scale):
    array = pa.array([Decimal(number)], pa.decimal128(38, 10))
    batch = pa.record_batch({"n": array})
    field = Field("n", 1700, -1, -1, "DECIMAL(38,10)")
    assert RowEncoder([field], [0]).rows(batch)[11:] == shown.encode()
    assert RowEncoder([field], [1]).rows(batch)[17:19] == scale.to_bytes(2, "big")
