"""No score stays that would come out otherwise now, and none is made again for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import retailsql
from retailsql.runner.build import build
from retailsql.runner.node import Node, Project

RAW = """
CREATE SCHEMA raw;
CREATE TABLE raw.t AS SELECT range AS id, range * 1.0::DOUBLE AS a, 1.0::DOUBLE AS b FROM range(4);
CREATE MACRO limit_() AS 10;
CREATE MACRO band(x) AS x > limit_();
"""


@pytest.fixture
def con(tiny):
    """``diff_predict(a, b)`` is 2a - b."""
    with retailsql.connect() as con:
        con.execute(RAW)
        retailsql.import_onnx(con, "diff", tiny("line_columns"))
        yield con


def scored(con, sql="SELECT * FROM raw.t", schema="main", **scores):
    """Build; how many rows were scored, None if the file was not run at all."""
    options = {"unique_key": "id", "scores": scores or {"y": f"{schema}.diff_predict(r)"}}
    nodes = {
        "diff": Node("diff", "training/diff.sql", "model", "SELECT 1 AS a"),
        "s": Node("s", "models/s.sql", "score", sql, options, ("diff",)),
    }
    report = build(con, Project("p", Path(), schema, nodes, {}, {}))
    assert not report.failed, report.failed[0].error
    return report.results[-1].detail.get("scored")


def held(con, column="y"):
    return [row[0] for row in con.execute(f"SELECT {column} FROM s ORDER BY id").fetchall()]


def test_two_columns_that_change_names(con):
    """The values of each row are the same in the same order."""
    scored(con, "SELECT id, a, b FROM raw.t")
    assert scored(con, "SELECT id, a AS b, b AS a FROM raw.t") == 4
    assert held(con) == [2 - a for a in range(4)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1.25::DECIMAL(4,2)", "12.5::DECIMAL(4,1)"),
        ("'a'::ENUM ('a', 'b')", "'c'::ENUM ('c', 'd')"),
        ("[]::INTEGER[]", "NULL::INTEGER[]"),
        ("[[1], [2]]", "[[1, 2]]"),
        ("INTERVAL 30 DAY", "INTERVAL 1 MONTH"),
    ],
)
def test_values_that_are_not_the_same_and_have_one_hash(con, before, after):
    score = {"y": "main.diff_predict(r)", "said": "CAST(r.v AS VARCHAR)"}
    scored(con, f"SELECT {before} AS v, * FROM raw.t", **score)
    assert scored(con, f"SELECT {before} AS v, * FROM raw.t", **score) is None
    assert scored(con, f"SELECT {after} AS v, * FROM raw.t", **score) == 4
    said = con.execute(f"SELECT CAST({after} AS VARCHAR)").fetchall()[0][0]
    assert held(con, "said") == [said] * 4


def test_a_model_that_was_dropped_and_made_again_has_the_number_it_had(con, tiny):
    scored(con)
    con.execute("DROP MODEL diff")
    retailsql.import_onnx(con, "diff", tiny("line_columns"), label="other", on_null="error")
    assert con.execute("SELECT max(version) FROM retailsql.versions").fetchall() == [(1,)]
    assert scored(con) == 4


def test_a_macro_in_the_scores_and_one_behind_it(con):
    score = {"y": "main.diff_predict(r)", "high": "band(r.a * 5)"}
    scored(con, **score)
    assert held(con, "high") == [False, False, False, True]
    con.execute("CREATE OR REPLACE MACRO limit_() AS 4")
    assert scored(con, **score) == 4
    assert held(con, "high") == [False, True, True, True]
    con.execute("CREATE MACRO another() AS 1")
    assert scored(con, **score) is None


def test_a_select_in_the_scores_reads_more_than_the_row(con):
    score = {"y": "main.diff_predict(r)", "top": "(\n SELECT max(a) FROM raw.t)"}
    scored(con, **score)
    con.execute("INSERT INTO raw.t VALUES (9, 9, 9)")
    assert scored(con, **score) == 5
    assert set(held(con, "top")) == {9}


def test_a_score_changed_by_hand_is_mended(con):
    scored(con)
    before = held(con)
    con.execute("UPDATE s SET y = 0 WHERE id = 3")
    assert scored(con) == 4
    assert held(con) == before


def test_a_model_of_that_name_in_another_schema_is_another(con, tiny):
    con.execute("CREATE SCHEMA mart")
    retailsql.import_onnx(con, "mart.diff", tiny("line_columns"))
    assert (scored(con), scored(con, schema="mart")) == (4, 4)
    retailsql.import_onnx(con, "mart.diff", tiny("line_columns"), label="other")
    assert (scored(con), scored(con, schema="mart")) == (None, 4)
