"""ML.PREDICT, ML.FORECAST and ML.RECOMMEND: the grid of a forecast, and settings of all three."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import retailsql
from retailsql.dialect.splice import splice
from retailsql.dialect.tokens import Walk, tokenize
from retailsql.errors import StatementError
from retailsql.registry.names import ModelName
from retailsql.registry.store import StoredVersion
from retailsql.signature import Graph, Signature
from retailsql.training.fitted import TrainingData
from retailsql.training.forecasting.windows import read_panel

AB = {"a": "DOUBLE", "b": "DOUBLE"}
WINDOW = 6


def forecaster(frequency="DAILY", ids=("sku",)):
    options = {
        "window": WINDOW, "horizon": 5, "levels": [0.05, 0.5, 0.95], "frequency": frequency,
        "id_cols": list(ids), "timestamp_col": "day",
    }  # fmt: skip
    graph = Graph(("history",), ("float",), "value")
    signature = Signature("forecaster", (), graph, "units", options=options)
    name = ModelName("memory", "main", "m")
    return StoredVersion(name, 1, True, "abc", "LSTM", signature, None, None)


def histories(con, rows, model, parameters=None):
    """What ML.FORECAST hands to the model: id -> (last timestamp, history)."""
    con.execute(
        "CREATE OR REPLACE MACRO __rs_m_abc(h, n, level) AS "
        "[{'step': 0, 'value': h, 'lower': 0.0, 'upper': 1.0}]"
    )
    sql = f"SELECT * FROM ML.FORECAST(MODEL m, {rows})"
    catalog = SimpleNamespace(
        model=lambda name: model, has_function=lambda *names: False, integer_division=False
    )
    text = splice(Walk(sql, tokenize(sql)), catalog)
    found = con.execute(text, parameters).fetchall()
    ids = len(model.signature.options["id_cols"])
    return {row[:ids]: (row[ids], row[ids + 1]) for row in found}


@pytest.fixture
def plain():
    with duckdb.connect() as con:
        yield con


@pytest.fixture
def sales(plain):
    plain.execute(
        "CREATE TABLE s AS FROM (VALUES ('a', DATE '2024-01-04', 4), ('a', DATE '2024-01-01', 1), "
        "('b', DATE '2024-01-02', 9), ('b', DATE '2023-01-02', 8), ('c', DATE '2024-01-05', NULL)) "
        "v(sku, day, units)"
    )
    return plain


class TestGrid:
    def test_gaps_are_missing_and_the_window_is_the_end(self, sales):
        assert histories(sales, "TABLE s", forecaster()) == {
            ("a",): (datetime(2024, 1, 4), [1, None, None, 4]),
            ("b",): (datetime(2024, 1, 2), [None, None, None, None, None, None, 9]),
            ("c",): (datetime(2024, 1, 5), [None]),
        }

    def test_without_ids_the_rows_are_one_series(self, sales):
        rows = "(SELECT day, units FROM s WHERE sku = ?)"
        assert histories(sales, rows, forecaster(ids=()), ["a"]) == {
            (): (datetime(2024, 1, 4), [1, None, None, 4])
        }

    def test_no_rows_are_no_history(self, sales):
        """Without ids it is NULL, of which a forecast is NULL, which unnests to no row."""
        assert histories(sales, "(FROM s WHERE false)", forecaster()) == {}
        found = histories(sales, "(FROM s WHERE false)", forecaster(ids=()))
        assert found == {(): (None, None)}

    def test_weeks_begin_on_monday_and_months_have_all_lengths(self, plain):
        plain.execute(
            "CREATE TABLE w AS FROM (VALUES ('a', DATE '2024-01-07', 1), "
            "('a', DATE '2024-01-08', 2), ('a', DATE '2024-01-28', 3)) v(sku, day, units)"
        )
        found = histories(plain, "TABLE w", forecaster("WEEKLY"))
        assert found[("a",)] == (datetime(2024, 1, 28), [1, 2, None, 3])
        plain.execute(
            "CREATE TABLE m AS SELECT 'a' AS sku, d AS day, 1 AS units FROM (VALUES "
            "(TIMESTAMP '2023-12-31 23:00'), ('2024-01-01'), ('2024-03-31')) v(d)"
        )
        found = histories(plain, "TABLE m", forecaster("MONTHLY"))
        assert found[("a",)] == (datetime(2024, 3, 31), [1, 1, None, 1])

    def test_several_ids_and_a_null_id(self, plain):
        plain.execute(
            "CREATE TABLE t AS FROM (VALUES (1, NULL, DATE '2024-01-01', 1), "
            "(1, 'x', DATE '2024-01-01', 2), (1, NULL, DATE '2024-01-03', 3)) "
            "v(shop, sku, day, units)"
        )
        found = histories(plain, "TABLE t", forecaster(ids=("shop", "sku")))
        assert {k: v[1] for k, v in found.items()} == {(1, None): [1, None, 3], (1, "x"): [2]}

    def test_times_with_a_zone_are_utc_as_in_training(self, plain):
        plain.execute("SET TimeZone = 'America/New_York'")
        rows = "(SELECT 'a' AS sku, TIMESTAMPTZ '2024-01-02 01:00:00+00' AS day, 1 AS units)"
        assert histories(plain, rows, forecaster())[("a",)][0] == datetime(2024, 1, 2, 1)

    @pytest.mark.parametrize(
        ("frequency", "unit"), [("DAILY", "day"), ("WEEKLY", "week"), ("MONTHLY", "month")]
    )
    def test_two_rows_in_one_step_are_refused(self, sales, frequency, unit):
        rows = "(FROM s WHERE sku <> 'a' UNION ALL SELECT 'b', DATE '2024-01-02', 3)"
        words = f"share one {unit}. Seen: 2024-01-02 of series b. Wanted: one row per series"
        with pytest.raises(duckdb.InvalidInputException, match=words):
            histories(sales, rows, forecaster(frequency))

    def test_two_rows_before_the_window_are_refused_too(self, sales):
        rows = "(FROM s UNION ALL SELECT 'b', DATE '2023-01-02', 3)"
        with pytest.raises(duckdb.InvalidInputException, match="2023-01-02 of series b"):
            histories(sales, rows, forecaster())

    def test_two_series_given_to_a_model_of_one(self, sales):
        rows = "(SELECT DATE '2024-01-02' AS day, units FROM s)"
        with pytest.raises(duckdb.InvalidInputException, match="2024-01-02. Wanted: one row per d"):
            histories(sales, rows, forecaster(ids=()))

    @pytest.mark.parametrize("value", ["NULL", "'infinity'"])
    def test_a_row_without_a_time_is_refused(self, sales, value):
        rows = f"(FROM s UNION ALL SELECT 'b', {value}::DATE, 3)"
        words = "a row has no time. Seen: NULL or infinity in column 'day' of series b"
        with pytest.raises(duckdb.InvalidInputException, match=words):
            histories(sales, rows, forecaster())


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.integers(-1000, 1000)),
        st.none() | st.integers(0, 9),
        min_size=1, max_size=30,
    ),
)  # fmt: skip
def test_the_grid_is_the_one_of_training(frequency, rows):
    """Whatever the dates, 1970 between them: the same steps, the same gaps, the same last time."""
    keys = {}
    for (sku, days), units in rows.items():
        day = date(1970, 1, 1) + timedelta(days)
        monday = day - timedelta(day.weekday())
        step = {"DAILY": day, "WEEKLY": monday, "MONTHLY": day.replace(day=1)}[frequency]
        keys.setdefault((sku, step), (day, units))
    if all(units is None for _, units in keys.values()):
        return
    table = pa.table({
        "sku": [sku for sku, _ in keys],
        "day": pa.array([day for day, _ in keys.values()], pa.date32()),
        "units": pa.array([units for _, units in keys.values()], pa.float64()),
    })  # fmt: skip
    options = {
        "time_series_timestamp_col": "day", "time_series_data_col": "units",
        "time_series_id_col": ["sku"], "data_frequency": frequency,
    }  # fmt: skip
    panel = read_panel(TrainingData(table, {}, "LSTM"), options)
    with duckdb.connect() as con:
        con.register("t", table)
        found = histories(con, "TABLE t", forecaster(frequency))
        con.unregister("t")
    for i, sku in enumerate(panel.keys):
        last_at, history = found[(sku,)]
        assert np.datetime64(last_at) == panel.last_at[i]
        wide = np.full(WINDOW, np.nan)
        wide[-len(history[-WINDOW:]) :] = np.array(history[-WINDOW:], dtype=float)
        trained = np.full(WINDOW, np.nan)
        part = panel.values[i][-WINDOW:]
        trained[WINDOW - len(part) :] = part
        np.testing.assert_array_equal(wide, trained)


@pytest.fixture(scope="module")
def models():
    """One model of each kind that is not imported, trained in seconds."""
    with retailsql.connect() as con:
        con.execute(
            "CREATE TABLE s AS SELECT 's' || (i % 3) AS sku, DATE '2024-01-01' + (i // 3)::INT AS "
            "day, (i * 7) % 10 AS units FROM range(450) r(i)"
        )
        con.execute(
            "CREATE MODEL demand OPTIONS(model_type='LSTM', time_series_timestamp_col='day', "
            "time_series_data_col='units', time_series_id_col='sku', horizon=5, window=14, "
            "hidden_units=4, max_iterations=1) AS FROM s"
        )
        con.execute(
            "CREATE MODEL k OPTIONS(model_type='ITEM_KNN', user_col='CUST', item_col='Item', "
            "timestamp_col='DAY') AS SELECT i % 40 AS cust, (i * 7) % 53 AS item, "
            "DATE '2024-01-01' + (i // 6)::INT AS day FROM range(600) r(i)"
        )
        yield con


def test_a_forecast_over_gaps_equals_one_over_nulls(models):
    gaps = "(FROM s WHERE dayofyear(day) % 4 > 0 AND units > 1)"
    nulls = (
        "(SELECT sku, day, IF(dayofyear(day) % 4 > 0 AND units > 1, units, NULL) AS units FROM s "
        "JOIN (SELECT sku, min(day) AS a, max(day) AS b FROM s WHERE dayofyear(day) % 4 > 0 "
        "AND units > 1 GROUP BY sku) USING (sku) WHERE day BETWEEN a AND b)"
    )
    sql = "FROM ML.FORECAST(MODEL demand, STRUCT(4 AS horizon), {}) ORDER BY ALL"
    rows = models.execute(sql.format(gaps)).fetchall()
    assert len(rows) == 12
    assert rows == models.execute(sql.format(nulls)).fetchall()
    assert rows != models.execute(sql.format("TABLE s")).fetchall()


def test_rows_of_the_training_data_go_on_as_the_stored_histories_do(models):
    given = models.execute("FROM ML.FORECAST(MODEL demand, TABLE s) ORDER BY ALL").fetchall()
    assert given == models.execute("FROM ML.FORECAST(MODEL demand) ORDER BY ALL").fetchall()


def test_option_columns_in_any_case(models):
    """``user_col='CUST'`` is column cust; the answer has the SELECT's spelling."""
    rows = models.sql("FROM ML.RECOMMEND(MODEL k, (SELECT 3 AS cust), STRUCT(2 AS top_k))")
    assert rows.columns[:2] == ["cust", "item"]
    assert [r[0] for r in rows.fetchall()] == [3, 3]
    assert str(models.sql("FROM ML.RECOMMEND(MODEL k)").types[0]) == "BIGINT"


@pytest.mark.parametrize(
    ("struct", "words"),
    [
        ("'7' AS horizon", "horizon.*line 1, column 39. Seen: '7'. Wanted: a whole number from 1"),
        ("2.7 AS horizon", "Seen: 2.7"),
        ("NULL AS horizon", "Seen: NULL"),
        ("true AS horizon", "Seen: true"),
        ("0 AS horizon", "Seen: 0"),
        ("6 AS horizon", "forecasts 1 to 5 steps.*Seen: 6.*horizon=6"),
        ("1.5 AS confidence_level", "Wanted: a number from 0.01 to below 1"),
        ("1 AS confidence_level", "below 1"),
        ("0 AS confidence_level", "below 1"),
        ("-0.5 AS confidence_level", "Seen: -0.5"),
        ("NULL AS confidence_level", "Seen: NULL"),
        ("[0.5] AS confidence_level", "Seen: .0.5."),
        ("1e400 AS confidence_level", "too large.*Seen: 1e400"),
        ("2 AS horizon, 3 AS Horizon", "Field horizon of STRUCT stands twice"),
        ("2 AS horizon steps", "Did not expect more"),
        ("2 AS steps", "no setting 'steps'.*Wanted: confidence_level, horizon"),
    ],
)
def test_settings_of_forecast(models, struct, words):
    with pytest.raises(StatementError, match=words):
        models.execute(f"FROM ML.FORECAST(MODEL demand, STRUCT({struct}))")


@pytest.mark.parametrize(
    ("struct", "words"),
    [
        ("'x' AS top_k", "top_k.*Seen: 'x'"),
        ("2.0 AS top_k", "Seen: 2.0. Wanted: a whole number"),
        ("99999999999 AS top_k", "Wanted: a whole number"),
        ("'false' AS exclude_seen", "Seen: 'false'. Wanted: true or false"),
        ("0 AS exclude_seen", "Wanted: true or false"),
        ("NULL AS exclude_seen", "Wanted: true or false"),
    ],
)
def test_settings_of_recommend(models, struct, words):
    with pytest.raises(StatementError, match=words):
        models.execute(f"FROM ML.RECOMMEND(MODEL k, STRUCT({struct}))")


@pytest.fixture
def imported(con, tiny):
    """A classifier of two classes, one of three, a regressor, and rows for them."""
    retailsql.import_onnx(con, "odds", tiny("odds"), inputs=AB, label="bought")
    retailsql.import_onnx(con, "three", tiny("three"), inputs=AB, classes=["x", "y", "z"])
    retailsql.import_onnx(con, "line", tiny("line"), inputs={**AB, "c": "DOUBLE"})
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 1 AS b, 1 AS c")
    return con


@pytest.mark.parametrize(
    ("model", "arguments", "words"),
    [
        ("odds", "TABLE t, STRUCT('abc' AS threshold)", "threshold.*Seen: 'abc'.*from 0 to 1"),
        ("odds", "TABLE t, STRUCT(NULL AS threshold)", "Seen: NULL"),
        ("odds", "TABLE t, STRUCT(true AS threshold)", "Seen: true"),
        ("odds", "TABLE t, STRUCT(1.5 AS threshold)", "Seen: 1.5"),
        ("odds", "TABLE t, STRUCT(- true AS threshold)", "Expected a literal"),
        ("three", "TABLE t, STRUCT(0.5 AS threshold)", "'three' is a classifier of several"),
        ("line", "TABLE t, STRUCT(0.5 AS threshold)", "'line' is a regressor.*Seen: 0.5"),
        ("odds", "TABLE t, TABLE t", "has rows already at line 1, column 38"),
        ("odds", "TABLE t, (SELECT 1)", "has rows already"),
        ("odds", "TABLE t, STRUCT(1 AS threshold), STRUCT(0 AS threshold)", "settings already"),
        ("odds x", "TABLE t", "behind the model's name"),
    ],
)
def test_what_predict_refuses(imported, model, arguments, words):
    with pytest.raises(StatementError, match=words):
        imported.execute(f"FROM ML.PREDICT(MODEL {model}, {arguments})")


def test_thresholds_that_predict_takes(imported):
    sql = "SELECT predicted_bought FROM ML.PREDICT(MODEL odds, TABLE t, STRUCT({} AS threshold))"
    labels = [imported.execute(sql.format(v)).fetchall()[0][0] for v in ("0", "0.5", "1", "1e-3")]
    assert labels == [1, 1, 0, 1]
