"""The SQL of materialized='score': what is scored again, what is kept, what is refused.

A made-up score stands in for a model's, with a table for the model's view, so that every answer is
known; tests/test_dbt.py and the light runner's own tests run it with models.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined

FILE = Path(__file__).parents[1] / "sql" / "macros" / "retailsql" / "score.sql"
SQL = (
    Environment(undefined=StrictUndefined, autoescape=False)
    .from_string(FILE.read_text("utf-8"))
    .module
)
SCORES = {"score": "r.spend * 10"}


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE model AS SELECT 1 AS version")
        con.execute(
            "CREATE TABLE customers AS FROM (VALUES (1, 5, 'a'), (2, 7, NULL), (3, NULL, 'c')) "
            "v(id, spend, note)"
        )
        yield con


@contextmanager
def transaction(con):
    con.begin()
    try:
        yield
        con.commit()
    except BaseException:
        con.rollback()
        raise


def build(con, query="FROM customers", key="id", keep=(), scores=SCORES, full_refresh=False):
    """What both engines do, in their order; returns rows scored and the version."""
    with transaction(con):
        con.execute(SQL.rs_score_rows("out", query, scores))
        con.execute(SQL.rs_score_check("out", "models/out.sql", key, "churn", "model")).fetchall()
        rest = ("out", "main.out", key, list(keep), scores, "model")
        there = con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'out'").fetchall()
        same = bool(there) and con.execute(SQL.rs_score_same_columns(*rest)).fetchall()[0][0]
        update = same and not full_refresh
        con.execute(SQL.rs_score_update(*rest) if update else SQL.rs_score_replace(*rest))
        ((scored, _, version),) = con.execute(SQL.rs_score_counts("main.out")).fetchall()
        con.execute(SQL.rs_score_end("out"))
    return scored, version


def scores(con):
    return dict(con.execute("SELECT id, score FROM out").fetchall())


def stamps(con):
    return dict(con.execute("SELECT id, scored_at FROM out").fetchall())


def test_the_table_has_key_kept_columns_scores_and_how_they_came(con):
    assert build(con, keep=["note"]) == (3, 1)
    shape = con.execute("SELECT column_name, column_type FROM (DESCRIBE out)").fetchall()
    assert shape == [
        ("id", "INTEGER"), ("note", "VARCHAR"), ("score", "INTEGER"), ("model_version", "INTEGER"),
        ("scored_at", "TIMESTAMP"), ("row_hash", "UBIGINT"),
    ]  # fmt: skip
    assert scores(con) == {1: 50, 2: 70, 3: None}


def test_time_is_utc_whatever_the_session_says(con):
    con.execute("SET TimeZone = 'Asia/Tokyo'")
    build(con)
    sql = "SELECT max(abs(epoch(scored_at) - epoch(now()))) FROM out"
    assert con.execute(sql).fetchall()[0][0] < 60


def test_nothing_changed_scores_nothing(con):
    build(con)
    before = con.execute("FROM out ORDER BY ALL").fetchall()
    assert build(con)[0] == 0
    assert con.execute("FROM out ORDER BY ALL").fetchall() == before


def test_a_changed_row_is_scored_alone_and_the_others_keep_their_time(con):
    build(con)
    before = stamps(con)
    con.execute("UPDATE customers SET spend = 8 WHERE id = 2")
    assert build(con)[0] == 1
    after = stamps(con)
    assert scores(con) == {1: 50, 2: 80, 3: None}
    assert after[1] == before[1]
    assert after[3] == before[3]
    assert after[2] > before[2]


@pytest.mark.parametrize("change", ["spend = 9 WHERE id = 3", "note = 'b' WHERE id = 2"])
def test_from_null_to_a_value_is_a_change_also_of_a_column_no_score_reads(con, change):
    build(con)
    con.execute(f"UPDATE customers SET {change}")
    assert build(con)[0] == 1


def test_new_rows_come_and_vanished_ones_go(con):
    build(con)
    con.execute("DELETE FROM customers WHERE id = 1; INSERT INTO customers VALUES (4, 1, 'd')")
    assert build(con)[0] == 1
    assert scores(con) == {2: 70, 3: None, 4: 10}


def test_another_version_scores_all_again(con):
    build(con)
    con.execute("UPDATE model SET version = 2")
    assert build(con) == (3, 2)


def test_a_full_refresh_scores_all_again(con):
    build(con)
    assert build(con, full_refresh=True)[0] == 3


def test_another_text_of_the_scores_scores_all_again(con):
    build(con)
    assert build(con, scores={"score": "r.spend * 11"})[0] == 3
    assert scores(con) == {1: 55, 2: 77, 3: None}


@pytest.mark.parametrize(
    "other",
    [
        {"keep": ["note"]},
        {"scores": {"score": "r.spend * 10.0"}},
        {"scores": {"risk": "r.spend * 10"}},
        {"scores": {**SCORES, "why": "'it''s ' || r.note"}},
        {"query": "SELECT CAST(id AS BIGINT) AS id, spend FROM customers"},
    ],
)
def test_other_columns_or_types_make_the_table_anew(con, other):
    build(con)
    assert build(con, **other)[0] == 3
    assert build(con, **other)[0] == 0


def test_several_columns_can_be_the_key(con):
    query = "SELECT id, spend, s AS store FROM customers, range(2) AS t(s)"
    assert build(con, query, ["id", "store"])[0] == 6
    con.execute("DELETE FROM customers WHERE id = 2")
    assert build(con, query, ["id", "store"])[0] == 0
    assert con.execute("SELECT count(*) FROM out").fetchall() == [(4,)]


def test_names_that_need_quotes_are_quoted(con):
    con.execute('CREATE TABLE odd AS SELECT 1 AS "order", 2 AS "my spend", 3 AS spend')
    scored = {"the score": 'r."my spend" * 2'}
    assert build(con, "FROM odd", "order", ["my spend"], scored)[0] == 1
    assert build(con, "FROM odd", "order", ["my spend"], scored)[0] == 0


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ("INSERT INTO customers VALUES (NULL, 1, 'x')", {},
         "models/out.sql: the unique_key id is NULL in 1 of 4 rows"),
        ("INSERT INTO customers VALUES (2, 1, 'x')", {},
         r"the unique_key id is not unique: 4 rows, 3 keys, twice is \(2,\)"),
        ("DELETE FROM model", {}, "no version of model churn is deployed"),
        ("SELECT 1", {"query": "SELECT id, spend, note AS r FROM customers"}, "column is called r"),
        ("SELECT 1", {"keep": ["model_version"],
                      "query": "SELECT *, 1 AS model_version FROM customers"}, "model_version"),
        ("SELECT 1", {"scores": {"score": "error('half way')"}}, "half way"),
        ("SELECT 1", {"scores": {"score": "CASE WHEN r.id = 3 THEN error('half way') END"}},
         "half way"),
    ],
)  # fmt: skip
def test_what_is_refused_or_fails_leaves_the_table_as_it_was(con, change, options, words):
    build(con)
    before = con.execute("FROM out ORDER BY ALL").fetchall()
    con.execute("UPDATE customers SET spend = spend + 1")
    con.execute(change)
    with pytest.raises(duckdb.Error, match=words):
        build(con, **options)
    assert con.execute("FROM out ORDER BY ALL").fetchall() == before


def test_a_table_with_a_primary_key_can_be_renewed(con):
    """Delete and insert of one key in one transaction: older DuckDB refused it."""
    build(con)
    con.execute("CREATE OR REPLACE TABLE kept AS FROM out; DROP TABLE out")
    con.execute(
        "CREATE TABLE out (id INTEGER PRIMARY KEY, score INTEGER NOT NULL, model_version INTEGER, "
        "scored_at TIMESTAMP, row_hash UBIGINT)"
    )
    con.execute("INSERT INTO out FROM kept WHERE score IS NOT NULL")
    con.execute("DELETE FROM customers WHERE id = 3; UPDATE customers SET spend = 9 WHERE id = 1")
    assert build(con)[0] == 1
    assert scores(con) == {1: 90, 2: 70}


ROWS = st.dictionaries(st.integers(0, 8), st.none() | st.integers(0, 3), max_size=8)


@settings(max_examples=25, deadline=None)
@given(runs=st.lists(st.tuples(ROWS, st.integers(1, 2)), min_size=2, max_size=4))
def test_after_any_changes_the_table_is_what_a_full_refresh_would_make(runs):
    """And only rows that differ, or all of them for another version, were scored."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE model (version INTEGER)")
        con.execute("CREATE TABLE customers (id INTEGER, spend INTEGER)")
        before, last = {}, None
        for rows, version in runs:
            con.execute("DELETE FROM customers; DELETE FROM model")
            con.execute("INSERT INTO model VALUES (?)", [version])
            for row in rows.items():
                con.execute("INSERT INTO customers VALUES (?, ?)", row)
            new = [k for k, v in rows.items() if k not in before or before[k] != v]
            wanted = len(new) if version == last else len(rows)
            assert build(con)[0] == wanted
            assert scores(con) == {k: v and v * 10 for k, v in rows.items()}
            before, last = rows, version
