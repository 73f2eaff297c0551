"""Values drawn at random, hundreds of each type, are byte by byte what PostgreSQL 15 sends."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server_support.rows import encoded, postgres_rows

psycopg = pytest.importorskip("psycopg")

FEW = settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
MICRO_MIN, MICRO_MAX = -210_866_803_200_000_000, 9_223_371_244_800_000_000
DAY_MIN, DAY_MAX = -2_440_588, 2_145_031_948 - 10_957


@pytest.fixture(scope="module")
def duck():
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        yield con


def many(values, size=40):
    """Columns with NULLs."""
    return st.lists(st.none() | values, min_size=1, max_size=size)


def same(pg, duck, values, theirs, ours, zone="UTC"):
    """Compare columns: ``theirs`` and ``ours`` write a value as a literal of each side."""
    left = ", ".join(f"({at}, {'NULL' if v is None else theirs(v)})" for at, v in enumerate(values))
    right = ", ".join(f"({at}, {'NULL' if v is None else ours(v)})" for at, v in enumerate(values))
    kind = theirs(next((v for v in values if v is not None), None) or 0)
    left += f", (-1, {kind})"
    right += f", (-1, {ours(next((v for v in values if v is not None), None) or 0)})"
    for binary in (False, True):
        query = "SELECT v FROM (VALUES {}) t(i, v) ORDER BY i"
        _, wanted = postgres_rows(pg, query.format(left), binary)
        _, found = encoded(duck, query.format(right), int(binary), zone)
        assert found == wanted


def text(value):
    return "'" + value.replace("'", "''") + "'"


@FEW
@given(values=many(st.floats(width=64)))
def test_float8(pg, duck, values):
    same(pg, duck, values, lambda v: f"'{v}'::float8", lambda v: f"'{v}'::DOUBLE")


@FEW
@given(values=many(st.integers(0, 10**17).flatmap(
    lambda m: st.integers(-30, 30).map(lambda e: float(f"{m}e{e}")))))  # fmt: skip
def test_float8_of_few_digits(pg, duck, values):
    same(pg, duck, values, lambda v: f"'{v}'::float8", lambda v: f"'{v}'::DOUBLE")


@FEW
@given(values=many(st.floats(width=32)))
def test_float4(pg, duck, values):
    same(pg, duck, values, lambda v: f"'{v}'::float4", lambda v: f"'{v}'::FLOAT")


@FEW
@given(values=many(st.integers(-(2**63), 2**63 - 1)))
def test_int8(pg, duck, values):
    same(pg, duck, values, lambda v: f"'{v}'::int8", lambda v: f"'{v}'::BIGINT")


@FEW
@given(
    shape=st.integers(1, 38).flatmap(lambda p: st.tuples(st.just(p), st.integers(0, p))),
    data=st.data(),
)
def test_numeric(pg, duck, shape, data):
    precision, scale = shape
    top = 10**precision - 1
    values = data.draw(many(st.integers(-top, top).map(lambda n: point(n, scale))))
    kind = f"({precision}, {scale})"
    same(pg, duck, values, lambda v: f"'{v}'::numeric{kind}", lambda v: f"'{v}'::DECIMAL{kind}")


def point(number, scale):
    """An unscaled number as text."""
    digits = str(abs(number)).rjust(scale + 1, "0")
    head, tail = digits[: len(digits) - scale], digits[len(digits) - scale :]
    return f"{'-' if number < 0 else ''}{head}.{tail}"


@FEW
@given(values=many(st.integers(-(2**127), 2**127 - 1)))
def test_hugeint(pg, duck, values):
    same(pg, duck, values, lambda v: f"'{v}'::numeric", lambda v: f"'{v}'::HUGEINT")


@FEW
@given(values=many(st.text(st.characters(exclude_characters="\0", codec="utf-8"))))
def test_text(pg, duck, values):
    same(pg, duck, values, lambda v: f"{text(v or '')}::text", lambda v: text(v or ""))


@FEW
@given(values=many(st.binary()))
def test_bytea(pg, duck, values):
    same(
        pg, duck, values,
        lambda v: f"'\\x{(v or b'').hex()}'::bytea", lambda v: f"unhex('{(v or b'').hex()}')",
    )  # fmt: skip


@FEW
@given(values=many(st.integers(-719_162, 2_932_896) | st.integers(DAY_MIN, DAY_MAX)))
def test_date(pg, duck, values):
    same(
        pg, duck, values,
        lambda v: f"date '2000-01-01' + ({v - 10957})", lambda v: f"DATE '1970-01-01' + ({v})",
    )  # fmt: skip


@FEW
@given(values=many(st.integers(-(2**55), 2**57) | st.integers(MICRO_MIN, MICRO_MAX)))
def test_timestamp(pg, duck, values):
    same(pg, duck, values, lambda v: theirs_at(v, "timestamp"), lambda v: f"make_timestamp({v})")


@FEW
@given(
    values=many(st.integers(-(2**52), 2**55)),
    zone=st.sampled_from(
        ["Europe/Berlin", "America/Sao_Paulo", "Asia/Tehran", "Africa/Casablanca"]
    ),
)
def test_timestamptz(pg, duck, values, zone):
    pg.execute(f"SET timezone = '{zone}'")
    same(
        pg, duck, values, lambda v: theirs_at(v, "timestamptz"),
        lambda v: f"make_timestamptz({v})", zone,
    )  # fmt: skip
    pg.execute("SET timezone = 'UTC'")


def theirs_at(micros, kind):
    """A moment in PostgreSQL, exact to the microsecond: whole days, then less than a day."""
    days, rest = divmod(micros, 86_400_000_000)
    zone = "+00" if kind == "timestamptz" else ""
    hours = days * 24
    return f"({kind} '1970-01-01 00:00:00{zone}' + interval '{hours} hours {rest} microseconds')"


@FEW
@given(values=many(st.integers(0, 86_400_000_000 - 1)))
def test_time(pg, duck, values):
    same(
        pg, duck, values,
        lambda v: f"time '00:00' + interval '{v} microseconds'",
        lambda v: f"TIME '00:00:00' + to_microseconds({v})",
    )  # fmt: skip


@FEW
@given(values=many(st.tuples(
    st.integers(-200_000, 200_000), st.integers(-(2**31), 2**31 - 1), st.integers(-(2**52), 2**52)
)))  # fmt: skip
def test_interval(pg, duck, values):
    def literal(value):
        months, days, micros = value or (0, 0, 0)
        return months, days, micros

    same(
        pg, duck, values,
        lambda v: "interval '{} months {} days {} microseconds'".format(*literal(v)),
        lambda v: "to_months({}) + to_days({}) + to_microseconds({})".format(*literal(v)),
    )  # fmt: skip


@FEW
@given(values=many(st.uuids()))
def test_uuid(pg, duck, values):
    zero = "00000000-0000-0000-0000-000000000000"
    same(pg, duck, values, lambda v: f"uuid '{v or zero}'", lambda v: f"UUID '{v or zero}'")


WORDS = st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=6) | (
    st.text('ab"\\{}, \t\nNULnul', max_size=6)
)  # fmt: skip


@FEW
@given(values=many(st.lists(WORDS, max_size=5), 20))
def test_text_array(pg, duck, values):
    def items(value):
        return ", ".join("NULL" if word is None else text(word) for word in value or [])

    same(
        pg, duck, values,
        lambda v: f"ARRAY[{items(v)}]::text[]", lambda v: f"[{items(v)}]::VARCHAR[]",
    )  # fmt: skip


@FEW
@given(values=many(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=5), 20))
def test_bigint_array(pg, duck, values):
    def items(value):
        return ", ".join("NULL" if n is None else f"'{n}'::BIGINT" for n in value or [])

    same(
        pg, duck, values,
        lambda v: f"ARRAY[{items(v)}]::int8[]", lambda v: f"[{items(v)}]::BIGINT[]",
    )  # fmt: skip


@FEW
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3)), data=st.data(),
)  # fmt: skip
def test_array_of_arrays(pg, duck, shape, data):
    rows, columns = shape
    cell = st.none() | st.integers(-100, 100)
    inner = st.lists(cell, min_size=columns, max_size=columns)
    values = data.draw(many(st.lists(inner, min_size=rows, max_size=rows), 10))

    def items(value):
        lists = value or [[1]]
        return ", ".join(
            f"[{', '.join('NULL' if n is None else str(n) for n in one)}]" for one in lists
        )

    same(
        pg, duck, values,
        lambda v: f"ARRAY[{items(v)}]::int4[]", lambda v: f"[{items(v)}]::INTEGER[][]",
    )  # fmt: skip
