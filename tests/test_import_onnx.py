"""A user's own ONNX file becomes functions, or is refused with the reason."""

from __future__ import annotations

import math

import pytest

import retailsql
from retailsql.errors import ImportModelError, NameTakenError
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
