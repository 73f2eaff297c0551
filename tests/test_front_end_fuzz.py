"""The statement front end on any text: it reads it, leaves it alone or says what is wrong.

A few thousand inputs in the ordinary run, 100,000 in the slow one.
"""

# ruff: noqa: E501  (a case of a table stands on one line)
from __future__ import annotations

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import retailsql
from retailsql.dialect.lint.check import glance, lint
from retailsql.dialect.lookup import Catalog
from retailsql.dialect.splice import splice
from retailsql.dialect.statements import Query, read_script, split_script
from retailsql.dialect.tokens import Walk, tokenize
from retailsql.errors import RetailSQLError

FUZZ_EXAMPLES = 3000
NAMES = ["m", "churn", "t", "s.t", '"M o"', "`p.d.t`", "ml", "model", "predict", "MODEL", "é", "x"]
PLAIN = [
    "SELECT 1", "SELECT * FROM t WHERE a > 3", "WITH q AS (SELECT a FROM t) SELECT * FROM q",
    "FROM t SELECT a, b", "INSERT INTO t VALUES (1, 'ML.PREDICT(MODEL m, TABLE t)')",
    "CREATE TABLE model AS SELECT 1 AS ml", "SELECT model.ml FROM model", "SHOW TABLES",
    "SELECT 'CREATE MODEL m AS SELECT 1; DROP MODEL m'", "-- CREATE MODEL x\nSELECT 2",
    "/* DROP MODEL m; */ SELECT 3", 'SELECT "ML".predict("MODEL") FROM t', "EXPLAIN SELECT 1",
    "SELECT ml.predict(a) FROM t", "SELECT $$ ML.PREDICT(MODEL m $$", "PREPARE p AS SELECT ?",
    "SELECT {'model': 1, 'ml': [1, 2]}", "COPY t TO 'model.csv'", "PIVOT t ON a USING sum(b)",
    "SELECT a AS model, b AS ml FROM t AS predict", "SELECT lambda x: x + 1", "SELECT E'\\'ML'",
    "SELECT list_transform(l, lambda x: x.model) FROM t", "SET VARIABLE model = 3", "SELECT a:1",
]  # fmt: skip
"""Statements that hold no ML, though many hold its words."""
ML = [
    "CREATE MODEL m OPTIONS(model_type = 'LINEAR_REG') AS SELECT 1 AS a, 2 AS label",
    "CREATE OR REPLACE MODEL s.m TRANSFORM(a, ML.STANDARD_SCALER(b) OVER () AS c, label) "
    "OPTIONS(model_type='LOGISTIC_REG', hidden_units=[8, 4], l2_reg=-1.5e3) AS SELECT * FROM t",
    "CREATE MODEL IF NOT EXISTS m OPTIONS(model_type='ARIMA_PLUS') AS (training_data AS "
    "(SELECT 1), custom_holiday AS (SELECT 2))", "DROP MODEL IF EXISTS m", "DROP MODEL m VERSION 2",
    "ALTER MODEL m SET OPTIONS(deployed_version = 3)", "ALTER MODEL m ROLLBACK", "SHOW MODELS",
    "EXPORT MODEL m OPTIONS(uri = 'x.onnx')",
    "SELECT * FROM ML.PREDICT(MODEL m, TABLE t)",
    "SELECT * FROM ML.PREDICT(MODEL m, (SELECT a FROM t), STRUCT(0.5 AS threshold))",
    "SELECT * FROM ML.FORECAST(MODEL m, STRUCT(3 AS horizon, 0.9 AS confidence_level))",
    "WITH q AS (SELECT * FROM ML.EVALUATE(MODEL m)) SELECT * FROM q JOIN ML.WEIGHTS(MODEL m) w ON 1",
    "EXPLAIN SELECT * FROM ML.PREDICT(MODEL m, (SELECT * FROM ML.PREDICT(MODEL x, TABLE t)))",
    "SELECT m_score(t), m_predict(a := 1, b := 2) FROM t WHERE m_score(t) > 0.5",
    "CREATE VIEW v AS SELECT m_score(3, 4)", "SELECT ML.BUCKETIZE(a, [1, 2]) FROM t",
]  # fmt: skip
PIECES = [
    "SELECT", "FROM", "(", ")", "[", "]", "{", "}", ",", ".", ";", "MODEL", "ML.", "ML", "PREDICT(",
    "CREATE", "OR REPLACE", "OPTIONS(", "STRUCT(", "AS", "TABLE", "WITH", "RECURSIVE", "'", '"', "`",
    "--", "/*", "*/", "$$", "1e999", "-", "+", "=", ":=", "=>", "?", "$1", "NULL", "\x00", "\ufeff",
    "\n", "\t", "TRANSFORM(", "VERSION", "SHOW MODELS", "IF NOT EXISTS", "x", "0", "'a'", "UNION ALL",
    "WHERE", "m_score(", "🙂", "EXPLAIN", "ß", "\\", "%", "{{", "*",
]  # fmt: skip


def _cut(parts):
    text, start, length = parts
    start = start % (len(text) + 1)
    return text[:start] + text[start + length :]


def _insert(parts):
    text, at, piece = parts
    at = at % (len(text) + 1)
    return f"{text[:at]}{piece}{text[at:]}"


BIG = st.integers(0, 10_000)
STATEMENT = st.sampled_from(PLAIN + ML)
MUTATED = st.one_of(
    st.tuples(STATEMENT, BIG, st.integers(1, 30)).map(_cut),
    st.tuples(STATEMENT, BIG, st.sampled_from(PIECES)).map(_insert),
    st.tuples(STATEMENT, BIG).map(lambda p: p[0][: p[1] % (len(p[0]) + 1)]),
    st.tuples(st.sampled_from(ML), st.sampled_from(NAMES)).map(
        lambda p: p[0].replace("m", p[1], 1)
    ),
)
SOUP = st.lists(st.sampled_from(PIECES + NAMES), max_size=25).map(" ".join)
TEXT = st.one_of(STATEMENT, MUTATED, SOUP, st.text(max_size=60))
SCRIPT = st.one_of(TEXT, st.lists(st.one_of(TEXT, MUTATED), min_size=1, max_size=4).map(" ; ".join))
WORDS = st.sampled_from(
    ["MODEL", "MODELS", "ML", "PREDICT", "CREATE MODEL m", "DROP MODEL m", "SHOW MODELS",
     "ML.PREDICT(MODEL m, TABLE t)", "ML . FORECAST ( MODEL m )", "EXPORT MODEL m"]
)  # fmt: skip
PLACES = st.sampled_from(
    ["SELECT '{}'", 'SELECT 1 AS "{}"', "SELECT 1 -- {}\n", "/* {} */ SELECT 1", "SELECT $${}$$",
     "SELECT a /* {} */, b FROM t -- {}", "INSERT INTO t VALUES ('{}', '{}')",
     "CREATE TABLE t AS SELECT '{}' AS model, 1 AS ml", "SELECT model, ml FROM predict -- {}"]
)  # fmt: skip


@pytest.fixture(scope="module")
def con():
    with retailsql.connect() as session:
        yield session.connection


def check_text(con: duckdb.DuckDBPyConnection, text: str, with_lint: bool) -> None:
    """What holds for every text."""
    parts = split_script(text)
    assert all(part in text for part in parts)
    try:
        script = read_script(text)
    except RetailSQLError:
        script = []
    for statement in script or []:
        if isinstance(statement, Query):
            assert statement.sql in text
            walk = Walk(statement.sql, statement.tokens)
            held = "ML" in [walk.peek(i) for i in range(len(walk.tokens))]
            try:
                out = splice(walk, Catalog(con))
            except RetailSQLError:
                assert held
                continue
            assert held or out == statement.sql
    if with_lint:
        for found in [*lint(con, text), *glance(con, text)]:
            assert 1 <= found.line <= text.count("\n") + 1
            assert found.column >= 1
            assert found.sentence.endswith(".")


RELAXED = {
    "deadline": None,  # a hang is caught by the timeout of the test run
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    "database": None,
    "derandomize": True,
}


@settings(max_examples=FUZZ_EXAMPLES, **RELAXED)
@given(text=SCRIPT)
def test_any_text_is_read_or_refused_in_words(con, text):
    check_text(con, text, with_lint=False)


@settings(max_examples=80, **RELAXED)
@given(text=SCRIPT)
def test_any_text_can_be_linted(con, text):
    check_text(con, text, with_lint=True)


@settings(max_examples=500, **RELAXED)
@given(word=WORDS, place=PLACES, more=st.sampled_from(PLAIN))
def test_words_in_strings_comments_and_names_change_nothing(word, place, more):
    """The text goes to DuckDB as it is."""
    assert read_script(place.replace("{}", word)) is None
    assert read_script(f"{place.replace('{}', word)}\n;{more}") is None


@pytest.mark.parametrize("statement", PLAIN)
def test_no_statement_without_ml_is_changed(statement):
    assert read_script(statement) is None


@pytest.mark.parametrize("statement", PLAIN)
def test_beside_a_statement_with_ml_the_others_are_unchanged(con, statement):
    if tokenize(statement) is None:
        pytest.skip("sqlglot's tokenizer gives up on it: the text goes to DuckDB whole")
    script = read_script(f"SHOW MODELS; {statement}; SHOW MODELS")
    query = script[1]
    assert isinstance(query, Query)
    assert query.sql in statement
    assert splice(Walk(query.sql, query.tokens), Catalog(con)) == query.sql


@pytest.mark.slow
@settings(max_examples=100_000, **RELAXED)
@given(text=SCRIPT)
def test_a_hundred_thousand_texts(con, text):
    check_text(con, text, with_lint=False)
