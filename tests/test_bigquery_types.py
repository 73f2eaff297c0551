"""Where the type of a column decides, the type is asked of DuckDB and the answer is BigQuery's."""

# A table reads best with one entry a line.
# ruff: noqa: E501
from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import duckdb
import farmhash
import pytest

import retailsql
from retailsql.errors import StatementError

SCRIPT = """CREATE OR REPLACE TEMP TABLE made AS SELECT 1 AS id,
  TIMESTAMP '2024-01-02 00:30:00' AS ts, DATETIME '2024-01-02 00:30:00' AS dt;"""


@pytest.fixture(scope="module")
def session():
    with retailsql.connect() as con:
        con.execute(
            """CREATE TABLE t AS SELECT 3::BIGINT AS n, 2::INTEGER AS small, 1.5::DOUBLE AS f,
            DATE '2024-03-01' AS d, DATE '2024-02-01' AS e, 'é' AS s, encode('é') AS b,
            TIMESTAMP '2024-01-02 00:30:00' AS ts, TIMESTAMPTZ '2024-01-01 23:30:00+00' AS tz,
            2.50::DECIMAL(10, 2) AS q, 3::DECIMAL(20, 9) AS r, TIME '10:00:00' AS ti,
            {'d': DATE '2024-03-01', 'n': 7::BIGINT} AS st, [DATE '2024-03-01'] AS ds, true AS yes"""
        )
        yield con


VALUES = [
    ("d - e", timedelta(29)),
    ("d + n", date(2024, 3, 4)),
    ("n + d", date(2024, 3, 4)),
    ("d - 1", date(2024, 2, 29)),
    ("st.d - e", timedelta(29)),
    ("t.st.d - t.e", timedelta(29)),
    ("ds[OFFSET(0)] - e", timedelta(29)),
    ("(SELECT MAX(x) - t.e FROM UNNEST(ds) AS x)", timedelta(29)),
    ("EXTRACT(HOUR FROM ts - TIMESTAMP '2024-01-01')", 24),
    ("DATE_TRUNC(d, MONTH)", date(2024, 3, 1)),
    ("DATE_TRUNC(ts, MONTH)", datetime(2024, 1, 1)),
    ("DATE_ADD(ts, INTERVAL 1 DAY)", datetime(2024, 1, 3, 0, 30)),
    ("DATE_ADD(d, INTERVAL 1 DAY)", date(2024, 3, 2)),
    ("DATE_SUB(tz, INTERVAL 1 DAY)", datetime(2023, 12, 31, 23, 30)),
    ("DATE_DIFF(ts, tz, DAY)", 0),
    ("DATE_DIFF(DATE(ts), DATE(tz), DAY)", 1),
    ("TIMESTAMP_DIFF(ts, tz, MINUTE)", 60),
    ("DATETIME_DIFF(ts, DATETIME '2024-01-01 23:30:00', DAY)", 1),
    ("DATE(tz, 'Asia/Tokyo')", date(2024, 1, 2)),
    ("EXTRACT(HOUR FROM tz AT TIME ZONE 'Asia/Tokyo')", 8),
    ("FORMAT_TIMESTAMP('%F %T', tz, 'Asia/Tokyo')", "2024-01-02 08:30:00"),
    ("CAST(tz AS STRING)", "2024-01-01 23:30:00+00"),
    ("CAST(ts AS STRING)", "2024-01-02 00:30:00+00"),
    ("CONCAT(f, '|', q, '|', yes, '|', d)", "1.5|2.5|true|2024-03-01"),
    ("CAST(f * 2 AS STRING)", "3"),
    ("FORMAT('%t', f * 2)", "3.0"),
    ("LENGTH(s)", 1),
    ("LENGTH(b)", 2),
    ("small * 2000000000", 4000000000),
    ("small * small", 4),
    ("q * r", Decimal("7.5")),
    ("r / 7", Decimal("0.428571429")),
    ("SAFE_DIVIDE(q, 0)", None),
    ("DIV(q, 2)", Decimal(1)),
    ("ROUND(n)", 3.0),
    ("n / small", 1.5),
    ("CAST(q AS INT64)", 3),
    ("GREATEST(n, f)", 3.0),
    ("TO_JSON_STRING(STRUCT(n, d))", '{"n":3,"d":"2024-03-01"}'),
    ("SAFE_CAST(s AS BOOL)", None),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "value"), VALUES, ids=[e for e, _ in VALUES])
def test_a_column_is_taken_for_what_it_is(session, expression, value):
    """The same through a CTE, a derived table and a join."""
    for source in (
        "t",
        "(SELECT * FROM t) AS t",
        "t CROSS JOIN (SELECT 1 AS other)",
    ):
        relation = session.run_script(f"SELECT {expression} AS x FROM {source}", "bigquery")
        ((got,),) = relation.fetchall()
        assert (got, type(got)) == (value, type(value))
    text = f"WITH u AS (SELECT * FROM t), t AS (SELECT * FROM u) SELECT {expression} FROM t"
    assert session.run_script(text, "bigquery").fetchall() == [(value,)]


TYPES = [
    ("SUM(n)", "BIGINT"),
    ("SUM(n) OVER (ORDER BY d)", "BIGINT"),
    ("SUM(small)", "BIGINT"),
    ("SUM(IF(f > 1, 1, 0))", "BIGINT"),
    ("SUM(q)", "DECIMAL(38,2)"),
    ("SUM(f)", "DOUBLE"),
    ("AVG(q)", "DECIMAL(38,9)"),
    ("AVG(n)", "DOUBLE"),
    ("COUNT(DISTINCT n) OVER ()", "BIGINT"),
    ("CEIL(n)", "DOUBLE"),
    ("small + 1", "BIGINT"),
    ("DATE_TRUNC(ts, DAY)", "TIMESTAMP"),
    ("MAX(ts)", "TIMESTAMP"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "type_"), TYPES, ids=[e for e, _ in TYPES])
def test_a_result_has_bigquerys_type(session, expression, type_):
    relation = session.run_script(f"SELECT {expression} AS x FROM t", "bigquery")
    assert [str(t) for t in relation.types] == [type_]


def test_a_sum_beyond_int64_is_an_error(session):
    with pytest.raises(duckdb.Error):
        session.run_script("SELECT SUM(x) FROM UNNEST([9223372036854775807, 1]) AS x", "bigquery")


def test_timestamp_and_datetime_are_told_apart_in_a_script(session):
    """DuckDB has one type for both; their texts and their differences in days are not the same."""
    text = """SELECT CAST(ts AS STRING), CAST(dt AS STRING), TO_JSON_STRING(made),
      DATE_DIFF(ts, TIMESTAMP '2024-01-01 23:30:00', DAY),
      DATE_DIFF(dt, DATETIME '2024-01-01 23:30:00', DAY) FROM made"""
    assert session.run_script(SCRIPT + text, "bigquery").fetchall() == [
        (
            "2024-01-02 00:30:00+00",
            "2024-01-02 00:30:00",
            '{"id":1,"ts":"2024-01-02T00:30:00Z","dt":"2024-01-02T00:30:00"}',
            0,
            1,
        )
    ]
    assert session.findings == []
    declared = """CREATE OR REPLACE TEMP TABLE made (d DATETIME, t TIMESTAMP);
    INSERT made VALUES (DATETIME '2024-01-02 00:30:00', TIMESTAMP '2024-01-02 00:30:00');
    WITH a AS (SELECT *, d AS e FROM made) SELECT TO_JSON_STRING(a) FROM a"""
    assert session.run_script(declared, "bigquery").fetchall() == [
        ('{"d":"2024-01-02T00:30:00","t":"2024-01-02T00:30:00Z","e":"2024-01-02T00:30:00"}',)
    ]


def test_what_a_timestamp_column_from_outside_is_taken_for_is_told(session):
    session.run_script("SELECT CAST(ts AS STRING) FROM t", "bigquery")
    (found,) = session.findings
    assert (found.code, found.column) == ("RS501", 13)
    assert "taken for BigQuery's TIMESTAMP" in found.sentence
    session.run_script("SELECT CAST(CAST(ts AS DATETIME) AS STRING) FROM t", "bigquery")
    assert session.findings == []


def test_a_row_as_json_has_the_columns_in_their_order_and_letters(session):
    session.execute("""CREATE OR REPLACE TABLE Orders AS SELECT 2::BIGINT AS "Id", 'x' AS "b C",
    NULL::DOUBLE AS none, 12.5::DOUBLE AS Price, [{'k': 'v'}] AS tags""")
    wanted = '{"Id":2,"b C":"x","none":null,"Price":12.5,"tags":[{"k":"v"}]}'
    for text in (
        "SELECT TO_JSON_STRING(o) FROM Orders AS o",
        "SELECT TO_JSON_STRING(Orders) FROM Orders",
        "SELECT TO_JSON_STRING(o) FROM (SELECT * FROM Orders) AS o WHERE o.Id = 2",
        "SELECT TO_JSON_STRING((SELECT AS STRUCT o.*)) FROM Orders AS o",
    ):
        assert session.run_script(text, "bigquery").fetchall() == [(wanted,)]
    split = "SELECT MOD(ABS(FARM_FINGERPRINT(TO_JSON_STRING(o))), 10) < 8 FROM Orders AS o"
    hashed = farmhash.fingerprint64(wanted)
    signed = hashed - 2**64 if hashed >= 2**63 else hashed
    assert session.run_script(split, "bigquery").fetchall() == [(abs(signed) % 10 < 8,)]


def test_each_statement_sees_what_those_before_it_made(session):
    text = """CREATE OR REPLACE TEMP TABLE step AS SELECT DATE '2024-03-01' AS v;
    CREATE OR REPLACE TEMP TABLE copy AS SELECT v - DATE '2024-02-01' AS gap FROM step;
    CREATE OR REPLACE TEMP TABLE step AS SELECT 5 AS v;
    SELECT gap, v - 1 FROM copy, step"""
    assert session.run_script(text, "bigquery").fetchall() == [(timedelta(29), 4)]


def test_parameters_of_a_function_have_the_declared_type(session):
    text = """CREATE TEMP FUNCTION gap(a DATE, b DATE) AS (a - b);
    CREATE TEMP FUNCTION size(x BYTES) RETURNS INT64 AS (LENGTH(x)); SELECT gap(d, e), size(b) FROM t"""
    assert session.run_script(text, "bigquery").fetchall() == [(timedelta(29), 2)]


def test_a_recursive_query_has_types(session):
    text = """WITH RECURSIVE r AS (SELECT DATE '2024-01-01' AS d, 1 AS n
      UNION ALL SELECT d + n, n + 1 FROM r WHERE n < 3) SELECT MAX(d) - MIN(d) FROM r"""
    assert session.run_script(text, "bigquery").fetchall() == [(timedelta(3),)]


def test_columns_of_changed_tables_have_types(session):
    session.execute(
        "CREATE OR REPLACE TABLE u AS SELECT 1 AS k, DATE '2024-01-05' AS d, 0::BIGINT AS days"
    )
    text = """UPDATE u SET days = EXTRACT(DAY FROM d - DATE '2024-01-01') WHERE TRUE;
    MERGE u USING (SELECT 1 AS k, DATE '2024-02-01' AS d) AS s ON u.k = s.k
    WHEN MATCHED THEN UPDATE SET days = u.days + EXTRACT(DAY FROM s.d - u.d); SELECT days FROM u"""
    assert session.run_script(text, "bigquery").fetchall() == [(31,)]


def test_without_a_database_a_type_that_must_be_known_is_asked_for():
    from retailsql.dialect.bigquery.translate import translate

    with pytest.raises(StatementError, match="needs to know the type"):
        translate("SELECT TO_JSON_STRING(x) FROM t")
