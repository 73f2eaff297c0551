"""A Session is a DuckDB connection, plus models; its errors are said in the model's words."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

import retailsql
from retailsql.errors import (
    DatabaseOpenError,
    ModelNotFoundError,
    ScoringError,
    SignatureError,
    StatementError,
)


def test_three_forms_agree(line):
    row = line.execute("SELECT line_predict(t) FROM t").fetchall()
    table = line.execute("SELECT predicted_label FROM line_predict('t')").fetchall()
    named = line.execute("SELECT line_predict(a := a, b := b, c := c) FROM t").fetchall()
    assert row == table == named == [(1.75,), (None,), (None,)]


def test_table_form_passes_all_columns(line):
    columns = [c[0] for c in line.execute("FROM line_predict('t')").description]
    assert columns == ["a", "b", "c", "predicted_label"]


def test_table_form_takes_a_cte(line):
    rows = line.execute("WITH few AS (FROM t LIMIT 1) FROM line_predict('few')").fetchall()
    assert len(rows) == 1


def test_an_unmatched_left_join_scores_null(line):
    rows = line.execute(
        "SELECT line_predict(t) FROM range(2) r(i) LEFT JOIN t ON t.a = i AND i = 1 ORDER BY i"
    ).fetchall()
    assert rows == [(None,), (1.75,)]


def test_everything_a_connection_offers(con):
    """Relations, cursors, data frames of the caller, transactions, settings."""
    frame = pd.DataFrame({"x": [1, 2]})
    assert con.sql("SELECT sum(x) FROM frame").fetchall() == [(3,)]
    con.register("seen", frame)
    assert con.table("seen").fetchall() == [(1,), (2,)]
    with con.cursor() as other:
        assert other.execute("SELECT 1").fetchall() == [(1,)]
    con.begin()
    con.execute("CREATE TABLE t (x INTEGER)")
    con.rollback()
    assert con.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_parameters_and_several_statements(line):
    assert line.execute("SELECT ? + 1", [1]).fetchall() == [(2,)]
    rows = line.execute(
        "SELECT 1; SELECT * FROM ML.PREDICT(MODEL line, (SELECT * FROM t WHERE a = ?))", [1]
    ).fetchall()
    assert rows[0][0] == 1.75
    relation = line.sql("FROM ML.PREDICT(MODEL line, (FROM t WHERE a = $x))", params={"x": 1})
    assert relation.columns == ["predicted_label", "a", "b", "c"]


@pytest.mark.parametrize(
    ("sql", "error", "words"),
    [
        ("SELECT line_predict(x) FROM (SELECT 1 AS a, 2 AS bb, 3 AS c) x", SignatureError,
         "needs a column 'b'.*Seen: bb.*Wanted: b DOUBLE"),
        ("FROM ML.PREDICT(MODEL line, (SELECT 1 AS a, 3 AS c))", SignatureError, "column 'b'"),
        ("SELECT line_predict(x) FROM (SELECT 1 AS a, 'u' AS b, 3 AS c) x", SignatureError,
         "Column 'b'.*wrong type.*Seen: VARCHAR.*Wanted: DOUBLE"),
        ("SELECT line_predict(x) FROM (SELECT true AS a, 1 AS b, 3 AS c) x", SignatureError,
         "Column 'a'.*Seen: BOOLEAN"),
        ("SELECT line_predict(a := 1, b := 2)", SignatureError, "c := DOUBLE"),
        ("SELECT lime_predict(t) FROM t", ModelNotFoundError, "line_predict"),
        ("FROM ML.PREDICT(MODEL lime, TABLE t)", ModelNotFoundError, "Wanted: line"),
        ("DROP MODEL lime", ModelNotFoundError, "Wanted: line"),
        ("FROM ML.PREDICT(MODEL line, (SELECT *, 1 AS predicted_label FROM t))", SignatureError,
         "predicted_label"),
        ("SELECT line_predict(x) FROM (SELECT 'inf'::DOUBLE AS a, 1 AS b, 3 AS c) x", ScoringError,
         "Column 'a' holds an infinite number.*Seen: inf"),
        ("FROM ML.FORECAST(MODEL line, TABLE t)", StatementError, "line is a regressor"),
        ("FROM ML.PREDICT(MODEL line)", StatementError, "needs rows"),
        ("FROM ML.EVALUAT(MODEL line)", StatementError, "no function ML.EVALUAT at line 1"),
        ("FROM ML.NEAR((SELECT 1))", StatementError, "no function ML.NEAR at line 1, column 6"),
        ("FROM ML.PREDIKT(MODEL line, TABLE t)", StatementError, "Wanted: PREDICT"),
        ("FROM ML.PREDICT(MODEL line, TABLE t, STRUCT(1 AS thresh))", StatementError, "thresh"),
    ],
)  # fmt: skip
def test_errors_teach(line, sql, error, words):
    """Each names the column, the value, and what would be right; the session goes on."""
    with pytest.raises(error, match=words):
        line.execute(sql).fetchall()
    assert line.execute("SELECT line_predict(t) FROM t LIMIT 1").fetchall() == [(1.75,)]


def test_clash_in_the_table_form(line):
    line.execute("CREATE TABLE scored AS FROM line_predict('t')")
    with pytest.raises(SignatureError, match="predicted_label"):
        line.execute("FROM line_predict('scored')")


def test_other_errors_stay_duckdbs(line):
    with pytest.raises(duckdb.ParserException):
        line.execute("SELEC 1")
    with pytest.raises(duckdb.CatalogException, match="nowhere"):
        line.execute("FROM line_predict('nowhere')")
    with pytest.raises(duckdb.ConversionException):
        line.execute("SELECT 'x'::INTEGER").fetchall()


def test_nan_is_null(line):
    rows = line.execute("SELECT line_predict(x) FROM (SELECT 1 AS a, 'nan'::DOUBLE AS b, 0 AS c) x")
    assert rows.fetchall() == [(None,)]


def test_a_hidden_function_attached_behind_the_session(tmp_path, tiny):
    """ATTACH through the bare connection is noticed when a model is called."""
    with retailsql.connect(tmp_path / "a.duckdb") as con:
        retailsql.import_onnx(con, "m", tiny("line_columns"))
    with retailsql.connect() as con:
        con.connection.execute(f"ATTACH '{tmp_path}/a.duckdb' AS shop")
        assert con.execute("SELECT shop.m_predict(a := 2, b := 1)").fetchall() == [(3.0,)]


def test_wherever_a_query_may_stand(line, tmp_path):
    """CTE, join, CTAS, INSERT, COPY, EXPLAIN, subquery, view-free."""
    call = "ML.PREDICT(MODEL line, TABLE t)"
    line.execute(f"CREATE TABLE s AS SELECT predicted_label FROM {call}")
    line.execute(f"INSERT INTO s SELECT predicted_label FROM {call} AS p WHERE p.a = 1")
    assert line.execute("SELECT count(*) FROM s").fetchall() == [(4,)]
    line.execute(f"COPY (SELECT * FROM {call}) TO '{tmp_path}/out.csv'")
    assert (tmp_path / "out.csv").read_text().startswith("predicted_label,a,b,c")
    cte = f"WITH p AS (SELECT * FROM {call}) SELECT count(*) FROM p JOIN t USING (a)"
    assert line.execute(cte).fetchall() == [(2,)]
    inner = f"SELECT (SELECT max(predicted_label) FROM {call})"
    assert line.execute(inner).fetchall() == [(1.75,)]
    assert "Projection" in line.execute(f"EXPLAIN SELECT * FROM {call}").fetchall()[0][1]
    inner = f"(SELECT predicted_label AS a, b, c FROM {call})"
    nested = f"SELECT count(*) FROM ML.PREDICT(MODEL line, {inner})"
    assert line.execute(nested).fetchall() == [(3,)]


def test_order_by_comments_and_strings_are_untouched(line):
    sql = "SELECT 'ML.PREDICT(MODEL line, TABLE t)' AS s /* MODEL */, 1 AS model -- ML.PREDICT"
    assert line.execute(sql).fetchall() == [("ML.PREDICT(MODEL line, TABLE t)", 1)]


def test_a_function_called_ml_predict_of_the_users_own(con):
    con.execute("CREATE SCHEMA ml; CREATE MACRO ml.predict(x) AS x * 2")
    assert con.execute("SELECT ml.predict(4)").fetchall() == [(8,)]


def test_the_row_of_a_statement_need_not_be_fetched(line):
    """CREATE, DROP and ALTER MODEL stand in nobody's way, like DDL."""
    line.execute("ALTER MODEL line SET OPTIONS(deployed_version = 1)")
    assert line.sql("SELECT 1").fetchall() == [(1,)]
    line.execute("ALTER MODEL line SET OPTIONS(deployed_version = 1)")
    line.register("frame", pd.DataFrame({"x": [1]}))
    line.execute("ALTER MODEL line SET OPTIONS(deployed_version = 1)")
    line.begin().rollback()
    assert line.sql("SHOW MODELS; SELECT 2").fetchall() == [(2,)]
    assert line.execute("ALTER MODEL line SET OPTIONS(deployed_version = 1)").fetchone() == (
        "line",
        1,
    )


def test_begin_and_commit_return_the_session(line):
    assert len(line.begin().execute("SHOW MODELS").fetchall()) == 1
    assert line.commit() is line


def test_a_table_called_models_is_the_users(line):
    line.execute("CREATE TABLE models (x INTEGER)")
    assert line.execute("SHOW MODELS").fetchall()[0][0] == "x"


def test_other_settings_in_one_process(tmp_path):
    path = tmp_path / "a.duckdb"
    with retailsql.connect(path), pytest.raises(DatabaseOpenError, match="other settings"):
        retailsql.connect(path, read_only=True)


def test_a_locked_configuration_is_respected(tmp_path):
    with retailsql.connect(config={"lock_configuration": True}) as con:
        assert con.execute("SELECT 1").fetchall() == [(1,)]


def test_a_wide_models_score_stands_once_in_predict(con, tiny):
    """Written out at each use it would make planning quadratic in the number of features."""
    retailsql.import_onnx(con, "odds", tiny("odds"), inputs={"a": "DOUBLE", "b": "DOUBLE"})
    definitions = con.execute(
        "SELECT macro_definition FROM duckdb_functions() "
        "WHERE function_name = 'odds_predict' AND function_type = 'macro'"
    ).fetchall()
    assert [text.count("__rs_odds_") for (text,) in definitions] == [1, 1]
