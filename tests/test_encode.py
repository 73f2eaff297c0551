"""One column becomes one vector: whatever the array's shape, and never a wrong number."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest

import retailsql
from retailsql.errors import ScoringError
from retailsql.scoring import buffers
from retailsql.scoring.encode import LARGEST_DOUBLE, LARGEST_FLOAT, encoder
from retailsql.signature import Feature
from tests.conftest import MODELS, ROOT

NUMBER = Feature("x", "DOUBLE")
OVER = float(np.nextafter(LARGEST_FLOAT, np.inf))
DAY = 86_400_000_000


def encode(sql_type, dtype, array, **given):
    values, missing = encoder(Feature("x", sql_type, **given), dtype)(array)
    return values.tolist(), None if missing is None else missing.tolist()


def test_slices_and_chunks_are_the_same_column():
    """NULLs are found at the right place however DuckDB cuts its arrays."""
    whole = pa.array([9.0, 1.0, None, 3.0, float("nan"), 5.0])
    for column in (whole[1:5], pa.chunked_array([whole[1:3], whole[3:5]])):
        values, missing = encoder(NUMBER, "double")(column)
        assert np.array_equal(values, [1, np.nan, 3, np.nan], equal_nan=True)
        assert missing.tolist() == [False, True, False, True]
    flags = pa.array([True, None, False, True])
    assert encode("BOOLEAN", "int32", flags[1:]) == ([0, 0, 1], [True, False, False])
    days = pa.array([5, None, 7], pa.date32())
    assert encode("DATE", "int64", days[1:]) == ([0, 7], [True, False])
    texts = pa.array(["a", None, "b"])
    assert encode("VARCHAR", "string", texts[1:]) == (["", "b"], [True, False])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_every_unit_are_days(unit):
    array = pa.array([DAY // 2, None, -DAY], pa.timestamp("us")).cast(pa.timestamp(unit))
    values, missing = encoder(Feature("x", "TIMESTAMP"), "double")(array)
    assert np.array_equal(values, [0.5, np.nan, -1.0], equal_nan=True)
    assert missing.tolist() == [False, True, False]


@pytest.mark.parametrize("at", [0, 2047])
@pytest.mark.parametrize("value", [OVER, -OVER, 1e39, 1e300, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float", "double"])
@pytest.mark.parametrize("null", [False, True])
def test_what_a_32_bit_float_cannot_hold_is_refused(at, value, dtype, null):
    values = np.ones(2048)
    values[at] = value
    mask = np.zeros(2048, bool)
    mask[1000] = null
    with pytest.raises(ScoringError, match="Column 'x' holds") as caught:
        encoder(NUMBER, dtype)(pa.array(values, mask=mask))
    assert str(value) in str(caught.value)


def test_the_largest_float_passes():
    values = np.full(2048, LARGEST_FLOAT)
    got, missing = encoder(NUMBER, "float")(pa.array(values))
    assert (got == np.finfo("f4").max).all()
    assert not missing.any()


def test_a_graph_of_doubles_takes_doubles():
    values, _ = encoder(NUMBER, "double", LARGEST_DOUBLE)(pa.array([1e300, LARGEST_DOUBLE]))
    assert values.tolist() == [1e300, LARGEST_DOUBLE]
    with pytest.raises(ScoringError, match="infinite"):
        encoder(NUMBER, "double", LARGEST_DOUBLE)(pa.array([1e300, np.inf]))


def test_nan_in_a_null_slot_is_no_infinity():
    """What lies under a NULL is anybody's guess, infinity too."""
    under = buffers.to_arrow(np.array([np.inf, 1.0]), pa.float64(), np.array([True, False]))
    values, missing = encoder(NUMBER, "double")(under)
    assert np.array_equal(values, [np.nan, 1.0], equal_nan=True)
    assert missing.tolist() == [True, False]
    end = buffers.to_arrow(np.array([2**63 - 1, 0]), pa.timestamp("us"), np.array([True, False]))
    assert encoder(Feature("x", "TIMESTAMP"), "double")(end)[1].tolist() == [True, False]


def test_unseen_and_null_categories():
    feature = {"categories": ("a", "b")}
    column = pa.array(["b", "zz", None, "a"])
    assert encode("VARCHAR", "int64", column, **feature)[0] == [1, 3, 2, 0]
    with pytest.raises(ScoringError, match="never seen.*'zz'"):
        encode("VARCHAR", "int64", column, on_unseen="error", **feature)


@pytest.mark.parametrize("values", [[], ["a"], [None], ["", None, "tööt", "it's"] * 9])
def test_strings_by_buffers(values):
    array = buffers.strings(values)
    array.validate(full=True)
    assert array.to_pylist() == values


def test_lists_by_buffers():
    array = buffers.lists(np.arange(6.0).reshape(3, 2), np.array([False, True, False]))
    array.validate(full=True)
    assert array.to_pylist() == [[0, 1], None, [4, 5]]


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
def test_no_kind_of_row_model_loads_pandas():
    """Numbers, NULLs, text, codes, dates, classes: pyarrow would import pandas for any of them."""
    code = f"""
import json, sys, retailsql
con = retailsql.connect()
ab = {{"a": "DOUBLE", "b": "DOUBLE"}}
def put(name, **given):
    retailsql.import_onnx(con, name, {str(MODELS)!r} + "/" + name + ".onnx", **given)
put("odds", inputs=ab)
put("three", inputs=ab, classes=["x", "y", "z"])
put("mixed")
put("codes", inputs={{"plan": "TEXT", "size": "DOUBLE"}}, categories={{"plan": ["a", "b", "c"]}})
put("hours", inputs={{"at": "TIMESTAMPTZ"}})
con.execute("SELECT odds_predict(a := x, b := 1), three_predict(a := x, b := 0), "
    "mixed_predict(size := x, plan := 'plus', vip := true, visits := 2), "
    "codes_predict(plan := 'a', size := x), hours_predict(at := '2020-01-01'::TIMESTAMPTZ) "
    "FROM (VALUES (1.0), (NULL)) v(x)").to_arrow_table()
print(json.dumps("pandas" in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) is False


@pytest.fixture(scope="module")
def shop():
    """Models trained on a number, a date, and two instants that differ by the session's zone."""
    con = retailsql.connect()
    con.execute(
        "CREATE TABLE t AS SELECT i, sin(i) AS x, 0.001 * cos(i) AS tiny, "
        "DATE '2020-01-01' + i::INT AS day, "
        "TIMESTAMPTZ '2020-01-01 00:00:00+00' + to_hours(i * 7) AS moment, "
        "sin(i) + extract('dow' FROM DATE '2020-01-01' + i::INT) AS y FROM range(600) r(i)"
    )
    for kind in ("LINEAR_REG", "SVM_REGRESSOR", "DECISION_TREE_REGRESSOR"):
        options = {"model_type": kind, "data_split_method": "NO_SPLIT", "input_label_cols": ["y"]}
        retailsql.create_model(con, kind.lower(), options, "SELECT x, tiny, day, moment, y FROM t")
    yield con
    con.close()


@pytest.mark.parametrize("kind", ["linear_reg", "svm_regressor", "decision_tree_regressor"])
@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("x", "1e39", "'x' holds a number too large.*1e\\+39"),
        ("x", "1e300", "'x' holds a number too large.*1e\\+300"),
        ("day", "DATE 'infinity'", "'day' holds an infinite date.*Seen: infinity"),
        ("day", "DATE '-infinity'", "'day' holds an infinite date.*Seen: -infinity"),
        ("moment", "TIMESTAMPTZ 'infinity'", "'moment' holds an infinite date.*Seen: infinity"),
    ],
)
def test_trained_models_refuse_what_has_no_score(shop, kind, column, value, words):
    with pytest.raises(ScoringError, match=words):
        shop.execute(
            f"SELECT {kind}_score(r) FROM (SELECT * REPLACE ({value} AS {column}) FROM t) r"
        )


def test_a_trained_score_that_is_not_finite_names_its_column(shop):
    """3e38 fits a 32-bit float, but not once it is divided by a deviation of 0.0007."""
    query = "SELECT linear_reg_score(r) FROM (SELECT * REPLACE (3e38 AS tiny) FROM t) r"
    with pytest.raises(ScoringError, match=r"'tiny' .*far from the training data.*3e\+38"):
        shop.execute(query)


@pytest.mark.parametrize("kind", ["linear_reg", "decision_tree_regressor"])
def test_an_instant_scores_the_same_in_every_time_zone(shop, kind):
    scores = []
    for zone in ("America/New_York", "Asia/Tokyo"):
        shop.execute(f"SET TimeZone = '{zone}'")
        for call in ("t", "x := x, tiny := tiny, day := day, moment := moment"):
            scores.append(shop.execute(f"SELECT {kind}_score({call}) FROM t ORDER BY i").fetchall())
    shop.execute("RESET TimeZone")
    assert all(s == scores[0] for s in scores)
    assert len(set(scores[0])) > 20
