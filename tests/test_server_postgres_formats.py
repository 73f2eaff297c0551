"""to_char, to_timestamp, to_date and to_number: the same text as PostgreSQL 15."""

from __future__ import annotations

import numpy as np
import pytest

from retailsql.adapters.server.postgres import moments, numbers_text, readings
from retailsql.adapters.server.records import PgError
from tests.server_support.dialect import Engine, same
from tests.server_support.dialect_formats import (
    DATES,
    MOMENTS,
    NUMBERS,
    READINGS,
    TO_NUMBER,
    VALUES,
)

psycopg = pytest.importorskip("psycopg")


@pytest.fixture(scope="module")
def real(postgres15):
    with psycopg.connect(postgres15.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def engine():
    one = Engine()
    yield one
    one.close()


@pytest.mark.parametrize("template", DATES)
def test_to_char_of_a_moment(real, template):
    rows = real.execute(
        "select (extract(epoch from t::timestamp) * 1000000)::bigint, to_char(t::timestamp, %s) "
        "from unnest(%s::text[]) t",
        (template, MOMENTS),
    ).fetchall()
    micros = np.array([row[0] for row in rows])
    got = moments.to_char(micros, template, np.zeros(len(rows), dtype=int), "").to_pylist()
    assert got == [row[1] for row in rows]


@pytest.mark.parametrize("template", NUMBERS)
def test_to_char_of_a_number(real, template):
    rows = real.execute(
        "select to_char(t::numeric, %s) from unnest(%s::text[]) t", (template, VALUES)
    ).fetchall()
    assert [numbers_text.to_char(v, template) for v in VALUES] == [row[0] for row in rows]


@pytest.mark.parametrize(("text", "template"), READINGS)
def test_to_timestamp(real, text, template):
    query = "select (extract(epoch from to_timestamp(%s, %s)) * 1000000)::bigint"
    state = None
    try:
        want = real.execute(query, (text, template)).fetchone()[0]
    except psycopg.Error as e:
        state = e.sqlstate
    if state is None:
        assert readings.to_timestamp(text, template) == want
        return
    with pytest.raises(PgError) as told:
        readings.to_timestamp(text, template)
    assert told.value.sqlstate == state


@pytest.mark.parametrize(("text", "template"), TO_NUMBER)
def test_to_number(real, text, template):
    try:
        want = real.execute("select to_number(%s, %s)", (text, template)).fetchone()[0]
    except psycopg.Error:
        with pytest.raises(PgError):
            numbers_text.to_number(text, template)
    else:
        assert numbers_text.to_number(text, template) == want


@pytest.mark.parametrize(
    "query",
    [
        "select to_char(sum(x), 'FM990.00'), to_char(max(d), 'Mon') "
        "from (values (1.5, date '2024-01-01')) t(x, d)",
        "select to_char(interval '1 day 02:03:04', 'HH24:MI:SS')",
        "select to_char(timestamptz '2024-07-01 12:00+02', 'YYYY-MM-DD HH24:MI TZ OF')",
        "select to_char(x, 'YYYY') from (values (null::timestamp), ('infinity')) t(x)",
        "select to_char(d, f) from (values (date '2024-01-05', 'YYYY'), ('2024-02-05', 'Mon')) "
        "t(d, f)",
        "select to_char(count(*), '999') from generate_series(1, 3)",
        "select to_char(row_number() over (), '9')",
        "select to_date('05 Jan 2024', 'DD Mon YYYY'), to_timestamp('2024', 'YYYY')",
        "select to_timestamp(1.5), to_number('1,5', '9G9')",
    ],
)
def test_the_functions_in_a_query(real, engine, query):
    real.execute("set timezone = 'UTC'")
    assert same(engine.rows(query), real.execute(query).fetchall())


def test_a_text_that_does_not_fit_is_postgresqls_error(engine):
    told = engine.error("select to_timestamp('soon', 'YYYY')")
    assert (told.sqlstate, told.message) == ("22007", 'invalid value "soon" for "YYYY"')
