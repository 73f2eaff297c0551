"""A user's own ONNX file becomes functions, or is refused with the reason."""

from __future__ import annotations

import math

import numpy as np
import pytest

import retailsql
from retailsql.errors import ImportModelError, NameTakenError, RegistryError, ScoringError
from tests.conftest import MODELS

AB = {"a": "DOUBLE", "b": "DOUBLE"}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_matrix_input_scores_by_hand(line):
    """2a - b + 0.5c + 0.25, in the order of ``inputs``, whatever the order of the table."""
    rows = line.execute("SELECT line_predict(x) FROM (SELECT 4 AS c, 2.5 AS b, 1 AS a, 'x' AS z) x")
    assert rows.fetchall() == [(2 * 1 - 2.5 + 0.5 * 4 + 0.25,)]


def test_columns_input_needs_no_inputs(con, tiny):
    """A graph with one input per column names its columns itself."""
    assert retailsql.import_onnx(con, "diff", tiny("line_columns")) == 1
    assert con.execute("SELECT diff_predict(a := 3, b := 1)").fetchall() == [(5.0,)]


def test_path_and_bytes_are_the_same_model(con, tiny):
    retailsql.import_onnx(con, "m", tiny("line_columns"))
    retailsql.import_onnx(con, "m", MODELS / "line_columns.onnx")
    hashes = con.execute("SELECT DISTINCT content_hash FROM retailsql.versions").fetchall()
    assert len(hashes) == 1


def test_classifier_second_output_is_the_score(con, tiny):
    retailsql.import_onnx(con, "odds", tiny("odds"), inputs=AB, label="bought")
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 1 AS b UNION ALL SELECT 0, 3 ORDER BY a DESC")
    scores = [r[0] for r in con.execute("SELECT odds_score(t) FROM t").fetchall()]
    assert scores == pytest.approx([sigmoid(1), sigmoid(-3)], abs=1e-6)
    table = con.execute("SELECT predicted_bought, predicted_bought_probs FROM odds_predict('t')")
    (label, probs), (other, _) = table.fetchall()
    assert (label, other) == (1, 0)
    assert [p["label"] for p in probs] == [1, 0]  # the most probable first
    assert sum(p["prob"] for p in probs) == pytest.approx(1)


def test_zipmap_names_its_classes(con, tiny):
    retailsql.import_onnx(con, "z", tiny("odds_zipmap"), inputs=AB)
    row = con.execute("SELECT z_predict(a := 1, b := 0), z_score(a := 1, b := 0)").fetchall()[0]
    assert row[0]["predicted_label"] == "Yes"
    assert row[1] == pytest.approx(sigmoid(2), abs=1e-6)


def test_positive_class_can_be_chosen(con, tiny):
    retailsql.import_onnx(con, "z", tiny("odds_zipmap"), inputs=AB, positive_class="No")
    score = con.execute("SELECT z_score(a := 1, b := 0)").fetchall()[0][0]
    assert score == pytest.approx(1 - sigmoid(2), abs=1e-6)


def test_three_classes_have_predict_and_no_score(con, tiny):
    retailsql.import_onnx(con, "three", tiny("three"), inputs=AB, classes=["x", "y", "z"])
    row = con.execute("SELECT three_predict(a := 0, b := 2)").fetchall()[0][0]
    assert row["predicted_label"] == "y"
    assert row["predicted_label_probs"][0]["label"] == "y"
    names = con.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_name LIKE 'three_%'"
    ).fetchall()
    assert names == [("three_predict",)]


def test_mixed_types(con, tiny):
    """size + 10 * (plan is 'plus') + 100 * vip + 1000 * visits."""
    retailsql.import_onnx(con, "mixed", tiny("mixed"))
    row = con.execute("SELECT mixed_predict(size := 0.5, plan := 'plus', vip := true, visits := 2)")
    assert row.fetchall() == [(2110.5,)]


def test_codes_for_text_and_what_is_unseen(con, tiny):
    """Categories are coded in list order; NULL and unseen score NULL, never a number."""
    inputs, categories = {"plan": "VARCHAR", "size": "DOUBLE"}, {"plan": ["a", "b", "c"]}
    retailsql.import_onnx(con, "codes", tiny("codes"), inputs=inputs, categories=categories)
    con.execute(
        "CREATE TABLE t AS FROM (VALUES ('c', 1), ('zz', 1), (NULL, 1), ('a', NULL)) v(plan, size)"
    )
    rows = con.execute("SELECT codes_predict(t) FROM t").fetchall()
    assert rows == [(21.0,), (None,), (None,), (None,)]


@pytest.mark.parametrize(
    ("name", "inputs", "words"),
    [
        ("line", None, "does not name its columns"),
        ("line", AB, "number of columns"),
        ("line_columns", {"a": "DOUBLE", "c": "DOUBLE"}, "'c'"),
        ("line_columns", {"a": "VARCHAR", "b": "DOUBLE"}, "Column 'a' does not fit"),
        ("fixed_batch", {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}, "fixed number of rows"),
        ("custom_domain", AB, "operator that standard ONNX does not have"),
        ("external_data", {f"x{i}": "DOUBLE" for i in range(400)}, "external data"),
        ("one_answer", AB, "one score per row"),
        ("share", None, "depends on the rows beside it"),
        ("logits", AB, "not probabilities.*predict_proba.*Softmax"),
        ("two_sigmoids", AB, "do not sum to 1"),
        ("odds", {"a": "DOUBLE", "A": "DOUBLE"}, "'a' and 'A' differ only in case"),
        ("odds", {"a": "DOUBLE", "b": "NUMBRE"}, "'b' has a SQL type that DuckDB does not know"),
        ("odds", {"a": "DOUBLE", "b": "INT); DROP TABLE t; --"}, "does not know"),
    ],
)
def test_refusals(con, tiny, name, inputs, words):
    """A model that cannot be scored is refused in words and leaves nothing behind."""
    with pytest.raises(ImportModelError, match=words):
        retailsql.import_onnx(con, "bad", tiny(name), inputs=inputs)
    assert con.execute("SHOW MODELS").fetchall() == []


@pytest.mark.parametrize("data", [b"", b"not a model", b"\x08\x09" * 50])
def test_broken_bytes(con, data):
    with pytest.raises(ImportModelError, match="not an ONNX model|cannot be loaded"):
        retailsql.import_onnx(con, "bad", data, inputs=AB)


def test_size_limit(con, tiny, monkeypatch):
    monkeypatch.setattr("retailsql.functions.import_onnx.MAX_BYTES", 100)
    with pytest.raises(ImportModelError, match="too large"):
        retailsql.import_onnx(con, "bad", tiny("line"), inputs=AB)


def test_no_such_file(con):
    with pytest.raises(ImportModelError, match="no such ONNX file"):
        retailsql.import_onnx(con, "bad", "nowhere.onnx")


def test_text_classes_must_be_named(con, tiny):
    with pytest.raises(ImportModelError, match="number of classes"):
        retailsql.import_onnx(con, "bad", tiny("three"), inputs=AB, classes=["x", "y"])


@pytest.mark.parametrize("name", ["Churn Model", "1st", "a-b", ""])
def test_names_that_make_no_function(con, tiny, name):
    with pytest.raises(NameTakenError):
        retailsql.import_onnx(con, name, tiny("line_columns"))


def test_a_function_of_the_users_is_never_replaced(con, tiny):
    con.execute("CREATE MACRO mine_predict(x) AS x + 1")
    with pytest.raises(NameTakenError, match="mine_predict"):
        retailsql.import_onnx(con, "mine", tiny("line_columns"))
    assert con.execute("SELECT mine_predict(1)").fetchall() == [(2,)]


def test_replace_false_keeps_the_model(con, tiny):
    retailsql.import_onnx(con, "m", tiny("line_columns"))
    with pytest.raises(NameTakenError, match="exists"):
        retailsql.import_onnx(con, "m", tiny("line_columns"), replace=False)


@pytest.mark.parametrize(
    ("sql_type", "canonical"),
    [("INT", "INTEGER"), ("real", "FLOAT"), ("FLOAT4", "FLOAT"), ("NUMERIC", "DECIMAL(18,3)"),
     ("double precision", "DOUBLE"), ("DECIMAL(9,2)", "DECIMAL(9,2)"),
     ("timestamptz", "TIMESTAMP WITH TIME ZONE"), ("DATETIME", "TIMESTAMP"), ("bool", "BOOLEAN")],
)  # fmt: skip
def test_every_name_of_a_type_is_understood(con, tiny, sql_type, canonical):
    retailsql.import_onnx(con, "h", tiny("hours"), inputs={"at": sql_type})
    stored = con.execute("SELECT signature FROM retailsql.versions").fetchall()[0][0]
    assert f'"sql_type": "{canonical}"' in stored


def test_text_has_many_names(con, tiny):
    inputs = {"size": "FLOAT4", "plan": "STRING", "vip": "LOGICAL", "visits": "INT8"}
    retailsql.import_onnx(con, "mixed", tiny("mixed"), inputs=inputs)
    row = con.execute("SELECT mixed_predict(size := 0.5, plan := 'plus', vip := true, visits := 2)")
    assert row.fetchall() == [(2110.5,)]


def test_int32_holds_what_it_holds(con, tiny):
    """Five billion does not wrap around to a number of 32 bits."""
    retailsql.import_onnx(con, "whole", tiny("whole"))
    wide = "SELECT whole_predict(n := x) FROM (VALUES (2147483647), (-2147483648), (NULL)) v(x)"
    assert con.execute(wide).fetchall() == [(4294967294.0,), (-4294967296.0,), (None,)]
    for n in (5_000_000_000, -2_147_483_649):
        with pytest.raises(ScoringError, match=rf"'n' .* 32-bit whole numbers.*{n}"):
            con.execute(f"SELECT whole_predict(n := {n})")


def test_float_holds_what_it_holds(line):
    with pytest.raises(ScoringError, match=r"Column 'b' .* too large.*1e\+300"):
        line.execute("SELECT line_predict(a := 1, b := 1e300, c := 1)")
    with pytest.raises(ScoringError, match=r"Column 'a' .*Seen: -4e\+38"):
        line.execute("SELECT line_predict(a := -4e38, b := NULL, c := 1)")


def test_a_graph_that_computes_in_doubles_takes_large_doubles(con, tiny):
    retailsql.import_onnx(con, "m", tiny("line_columns"))
    assert con.execute("SELECT m_predict(a := 1e300, b := 0)").fetchall() == [(2e300,)]
    assert con.execute("SELECT m_predict(a := 1e308, b := 0)").fetchall() == [(math.inf,)]
    with pytest.raises(ScoringError, match="infinite number"):
        con.execute("SELECT m_predict(a := 'inf'::DOUBLE, b := 0)")


@pytest.mark.parametrize("sql_type", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_an_infinite_date_has_no_score(con, tiny, sql_type, value):
    retailsql.import_onnx(con, "h", tiny("hours"), inputs={"at": sql_type})
    with pytest.raises(ScoringError, match=rf"'at' holds an infinite date.*Seen: {value}\."):
        con.execute(f"SELECT h_predict(at := '{value}'::{sql_type})")
    rows = f"(VALUES ('1970-01-03'::{sql_type}), (NULL)) v(x)"
    con.execute("SET TimeZone = 'UTC'")
    assert con.execute(f"SELECT h_predict(at := x) FROM {rows}").fetchall() == [(48.0,), (None,)]


def test_what_on_null_may_say(con, tiny):
    with pytest.raises(ImportModelError, match="'foo'.*'null', 'error', 'impute'"):
        retailsql.import_onnx(con, "m", tiny("line_columns"), on_null="foo")
    for name, inputs in (("whole", None), ("mixed", None)):
        with pytest.raises(ImportModelError, match="'impute' does not fit column"):
            retailsql.import_onnx(con, "m", tiny(name), inputs=inputs, on_null="impute")
    retailsql.import_onnx(con, "m", tiny("line_columns"), on_null="impute")
    score = con.execute("SELECT m_predict(a := NULL, b := 1)").fetchall()[0][0]
    assert math.isnan(score)  # the graph was asked and says NaN


@pytest.mark.parametrize(
    ("classes", "label"),
    [(np.array([0, 1]), 1), (np.array([0.0, 1.0]), 1), (np.array([False, True]), True),
     (np.array(["no", "yes"]), "yes"), (("no", "yes"), "yes")],
)  # fmt: skip
def test_classes_may_be_an_array(con, tiny, classes, label):
    retailsql.import_onnx(con, "odds", tiny("odds"), inputs=AB, classes=classes)
    row = con.execute("SELECT odds_predict(a := 1, b := 0), odds_score(a := 1, b := 0)")
    struct, score = row.fetchall()[0]
    assert struct["predicted_label"] == label
    assert type(struct["predicted_label"]) is type(label)
    assert score == pytest.approx(sigmoid(2), abs=1e-6)


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("odds", {"classes": ["yes", "yes"]}, "names a class twice"),
        ("odds", {"classes": [1, True]}, "names a class twice"),
        ("odds", {"classes": [0, 0.5]}, "no column of labels has"),
        ("odds", {"classes": [0, None]}, "no column of labels has"),
        ("odds", {"classes": [0, 2**70]}, "no column of labels has"),
        ("odds", {"classes": "ab"}, "not a list of classes"),
        ("odds", {"classes": 2}, "not a list of classes"),
        ("odds", {"positive_class": 2}, "none of two classes"),
        ("three", {"positive_class": 1}, "none of two classes"),
        ("odds_zipmap", {"classes": ["a", "b"]}, "not those the graph names.*'No', 'Yes'"),
    ],
)
def test_classes_that_do_not_fit(con, tiny, name, given, words):
    with pytest.raises(ImportModelError, match=words):
        retailsql.import_onnx(con, "bad", tiny(name), inputs=AB, **given)


def test_int32_takes_categories_too(con, tiny):
    categories = {"n": ["a", "b", "c"]}
    retailsql.import_onnx(con, "m", tiny("whole"), inputs={"n": "TEXT"}, categories=categories)
    rows = con.execute("SELECT m_predict(n := x) FROM (VALUES ('c'), ('z'), (NULL)) v(x)")
    assert rows.fetchall() == [(4.0,), (None,), (None,)]


def test_the_certificate_would_see_a_wrong_encoder(con, tiny, monkeypatch):
    """It compares the scorer with ONNX Runtime fed another way, not the scorer with itself."""
    monkeypatch.setattr("retailsql.scoring.encode.MICROSECONDS_PER_DAY", 3_600_000_000.0)
    with pytest.raises(RegistryError, match="does not score as onnxruntime does"):
        retailsql.import_onnx(con, "h", tiny("hours"), inputs={"at": "TIMESTAMP"})
