"""The forecaster's training: what it refuses and learns; ONNX says what Keras says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsql.errors import TrainingError
from retailsql.evaluation import forecasts
from retailsql.scoring.forecast import ForecastScorer
from retailsql.signature import Signature
from retailsql.training.fitted import Fitted, TrainingData
from retailsql.training.forecasting import lstm
from retailsql.training.forecasting.windows import read_panel

TINY: dict[str, Any] = {
    "time_series_timestamp_col": "day",
    "time_series_data_col": "units",
    "time_series_id_col": "sku",
    "horizon": 3,
    "hidden_units": 4,
    "max_iterations": 2,
    "max_windows": 200,
}


def silent(words: str, share: float) -> None:
    """A progress that says nothing."""


def data_of(table: pa.Table) -> TrainingData:
    names = {"string": "VARCHAR", "date32[day]": "DATE", "double": "DOUBLE", "int64": "BIGINT"}
    types = {f.name: names.get(str(f.type), str(f.type).upper()) for f in table.schema}
    return TrainingData(table, types, "LSTM")


def shop(series: int = 6, days: int = 60, seed: int = 0) -> pa.Table:
    """Weekly rhythm around a level of each series, with no sale on some days."""
    rng = np.random.default_rng(seed)
    rhythm = np.array([1.0, 1.2, 1.1, 1.0, 1.6, 2.0, 0.0])
    start = dt.date(2024, 1, 1)
    level = rng.uniform(3, 50, series)
    units = rng.poisson(level[:, None] * rhythm[np.arange(days) % 7]).astype(float)
    return pa.table(
        {
            "sku": [f"s{i}" for i in range(series) for _ in range(days)],
            "day": [start + dt.timedelta(days=d) for _ in range(series) for d in range(days)],
            "units": units.reshape(-1),
        }
    )


def scorer_of(fitted: Fitted) -> ForecastScorer:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(fitted.onnx, options, providers=["CPUExecutionProvider"])
    return ForecastScorer(session, Signature.from_json(fitted.signature.to_json()))


def forecast(scorer: ForecastScorer, rows: Any, steps: int = 3) -> Any:
    if not isinstance(rows, pa.Array | pa.ChunkedArray):
        rows = pa.array(rows, pa.list_(pa.float64()))
    return scorer.score(rows, pa.array([steps] * len(rows), pa.int32()))


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    return lstm.fit(data_of(shop()), TINY, silent)


@pytest.fixture(scope="module")
def scorer(fitted) -> ForecastScorer:
    return scorer_of(fitted)


def test_onnx_says_what_keras_says(fitted, scorer):
    """Also on short, holey, all-zero and constant histories, which are among the parity rows."""
    out = forecast(scorer, fitted.parity_inputs["history"])
    got = np.array([[s["value"] for s in row] for row in out.to_pylist()[:-1]])
    assert np.abs(got - fitted.parity_scores[:-1]).max() <= fitted.tolerance
    assert out.to_pylist()[-1] is None
    assert np.isnan(fitted.parity_scores[-1]).all()
    lengths = {len(h) for h in fitted.parity_inputs["history"].to_pylist()[:-1]}
    assert len(lengths) > 1


def test_the_signature_says_all_a_scorer_needs(fitted):
    signature = fitted.signature
    assert signature.kind == "forecaster"
    assert (signature.label, signature.features) == ("units", ())
    options = signature.options
    assert (options["horizon"], options["frequency"], options["season"]) == (3, "DAILY", 7)
    assert options["id_cols"] == ["sku"]
    assert options["has_histories"] is True
    assert fitted.profile["units"]["rows"] == 360
    assert len(fitted.onnx) < 1_000_000


def test_every_evaluation_has_its_trivial_rules(fitted):
    """The model and each rule are judged on the same windows by the same metrics."""
    evaluation = fitted.evaluation
    assert evaluation.rows_eval == 6
    assert {"zero", "naive", "median of 8", "seasonal naive 7"} <= set(evaluation.baselines)
    for metrics in evaluation.baselines.values():
        assert evaluation.primary in metrics
    assert 0 <= evaluation.metrics["interval_coverage"] <= 1


def test_histories_are_the_newest_values_of_all_rows(fitted):
    window = fitted.signature.options["window"]
    table = fitted.histories
    assert table.column_names == ["key", "last_at", "history"]
    row = table.slice(2, 1).to_pylist()[0]
    assert row["key"] == "s2"
    assert row["last_at"] == dt.datetime(2024, 2, 29)
    assert row["history"] == shop()["units"].to_pylist()[120:180][-window:]


def test_same_seed_same_scores_and_order_of_rows_does_not_matter(fitted, scorer):
    table = shop()
    order = np.random.default_rng(1).permutation(table.num_rows)
    again = lstm.fit(data_of(table.take(pa.array(order))), TINY, silent)
    history = fitted.parity_inputs["history"]
    assert forecast(scorer_of(again), history).equals(forecast(scorer, history))
    assert again.onnx == fitted.onnx, "equal models have equal bytes, so equal hashes"


numbers = st.none() | st.floats(0, 1e4, width=32)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.lists(numbers, max_size=30), min_size=1, max_size=9), data=st.data())
def test_scores_do_not_depend_on_the_batch(scorer, rows, data):
    """Bit for bit: alone, in chunks, in another order."""
    whole = forecast(scorer, rows).to_pylist()
    alone = [forecast(scorer, [row]).to_pylist()[0] for row in rows]
    order = data.draw(st.permutations(range(len(rows))))
    mixed = forecast(scorer, [rows[i] for i in order]).to_pylist()
    assert alone == whole
    assert mixed == [whole[i] for i in order]


def test_a_thousand_rows_score_as_they_do_alone(fitted, scorer):
    history = fitted.parity_inputs["history"].combine_chunks()
    many = pa.concat_arrays([history] * 10)
    whole = forecast(scorer, many)
    assert whole.slice(0, len(history)).equals(forecast(scorer, history))
    assert whole.slice(777, 1).equals(forecast(scorer, many.slice(777, 1)))


@settings(max_examples=30, deadline=None)
@given(rows=st.lists(st.lists(numbers, min_size=1, max_size=40), min_size=1, max_size=5))
def test_forecasts_are_finite_ordered_and_not_negative(scorer, rows):
    """Whatever the history: all training values were at least 0, so are all forecasts."""
    for row in forecast(scorer, rows).to_pylist():
        for step in row or []:
            assert 0 <= step["lower"] <= step["value"] <= step["upper"] < np.inf


def test_ten_times_the_history_is_ten_times_the_forecast(scorer):
    """Scaling is inside the graph; units as large as 1e20 do no harm."""
    base = [float(x) for x in range(1, 21)]
    small, large = (
        [s["value"] for s in forecast(scorer, [[x * unit for x in base]]).to_pylist()[0]]
        for unit in (1.0, 2.0**70)
    )
    np.testing.assert_allclose(np.array(large) / 2.0**70, small, rtol=1e-5)


def test_all_zero_history_forecasts_zero(scorer):
    assert [s["value"] for s in forecast(scorer, [[0.0] * 30]).to_pylist()[0]] == [0.0] * 3


def test_one_unnamed_series_with_gaps_and_negative_values():
    """No id column: the key is ''; a missing day is NULL, and said so; values may be negative."""
    table = shop(1, 80).drop_columns(["sku"])
    values = np.array(table["units"].to_pylist()) - 10
    table = table.set_column(1, "units", pa.array(values))
    table = table.filter(pa.array(np.arange(80) != 40))
    options = {k: v for k, v in TINY.items() if k != "time_series_id_col"}
    fit = lstm.fit(data_of(table), options, silent)
    assert fit.histories["key"].to_pylist() == [""]
    assert "1 days between" in fit.warnings[0]
    assert fit.signature.options["id_cols"] == []
    out = forecast(scorer_of(fit), [[-5.0] * 20]).to_pylist()[0]
    assert all(s["value"] < 0 for s in out)


def test_several_id_columns_are_a_json_key():
    table = shop(2).append_column("store", pa.array([7] * 120, pa.int64()))
    options = {**TINY, "time_series_id_col": ["store", "sku"]}
    panel = read_panel(data_of(table), {**options, "data_frequency": "AUTO_FREQUENCY"})
    assert panel.keys == ['["7","s0"]', '["7","s1"]']


def test_constant_series_forecast_their_constant():
    table = shop(3)
    table = table.set_column(2, "units", pa.array([5.0] * table.num_rows))
    out = forecast(scorer_of(lstm.fit(data_of(table), TINY, silent)), [[5.0] * 30]).to_pylist()[0]
    assert [s["value"] for s in out] == pytest.approx([5.0] * 3, abs=0.2)


@pytest.mark.parametrize(("days", "name"), [(1, "DAILY"), (7, "WEEKLY"), (30.5, "MONTHLY")])
def test_frequency_is_found(days, name):
    start = dt.date(2020, 1, 15)
    at = [start + dt.timedelta(days=int(days * i)) for i in range(40)]
    table = pa.table({"day": at, "units": [1.0] * 40})
    options = {
        "time_series_timestamp_col": "DAY",
        "time_series_data_col": "units",
        "time_series_id_col": None,
        "data_frequency": "AUTO_FREQUENCY",
    }
    panel = read_panel(data_of(table), options)
    assert (panel.frequency, panel.gaps, panel.values.shape) == (name, 0, (1, 40))


def test_the_length_an_error_wants_is_enough():
    """One step less is refused and names the length; that length trains."""
    options = {**TINY, "horizon": 10, "max_iterations": 1}
    with pytest.raises(TrainingError, match="Wanted: 34 steps") as error:
        lstm.fit(data_of(shop(2, 33)), options, silent)
    assert "OPTIONS(horizon=9)" in str(error.value)
    assert lstm.fit(data_of(shop(2, 34)), options, silent).evaluation.rows_eval == 2


@pytest.mark.slow
def test_it_learns_what_no_rule_knows():
    """Levels that swing up and down by turns: any mean is 80 % off, the network is not."""
    days, series = 120, 20
    rng = np.random.default_rng(0)
    swing = 1 + 0.8 * (-1.0) ** np.arange(days)
    level = rng.uniform(5, 50, (series, 1)) * swing * rng.normal(1, 0.05, (series, days))
    table = shop(series, days).set_column(2, "units", pa.array(level.reshape(-1)))
    options = {**TINY, "hidden_units": 16, "max_iterations": 20, "max_windows": 3000, "season": 1}
    evaluation = lstm.fit(data_of(table), options, silent).evaluation
    assert evaluation.metrics["wape"] < 0.3 * evaluation.baselines["mean of 8"]["wape"]
    assert evaluation.beats_baseline


def change(column: str, value: Any) -> pa.Table:
    table = shop()
    return table.set_column(table.column_names.index(column), column, value)


BAD = [
    ({"time_series_timestamp_col": "dya"}, shop(), "no column 'dya'.*Wanted: day"),
    ({"time_series_data_col": "unit"}, shop(), "no column 'unit'.*Wanted: units"),
    ({"time_series_id_col": "sk"}, shop(), "no column 'sk'.*Wanted: sku"),
    ({"time_series_data_col": None}, shop(), "lacks time_series_data_col"),
    ({"horizn": 2}, shop(), "no option 'horizn'"),
    ({}, change("day", pa.array(["x"] * 360)), "'day'.*holds no dates.*VARCHAR"),
    ({}, change("units", pa.array(["x"] * 360)), "'units'.*is not a number.*VARCHAR"),
    ({}, change("units", pa.nulls(360, pa.float64())), "NULL on every row"),
    ({}, change("units", pa.array([1.0] * 359 + [np.inf])), "Seen: inf in 1 rows"),
    ({}, change("sku", pa.array([None] + ["a"] * 359)), "'sku'.*has NULLs. Seen: 1 of 360"),
    ({}, shop().slice(0, 0), "returned no rows"),
    ({}, pa.concat_tables([shop(), shop().slice(3, 1)]), "series 's0' has 2024-01-04"),
    ({"time_series_id_col": None}, shop(), "time_series_id_col"),
    ({"horizon": 28}, shop(), r"too short.*60 steps.*Wanted: \d+ steps.*horizon 28"),
]


@pytest.mark.parametrize(("options", "table", "words"), BAD)
def test_bad_input_is_refused_by_name(options, table, words):
    with pytest.raises(TrainingError, match=words):
        lstm.fit(data_of(table), {**TINY, **options}, silent)


def test_metrics_by_hand():
    """WAPE 3/10, MAE 3/3, MASE 1/2; a missing actual counts nowhere."""
    actual = np.array([[4.0, 6.0, 0.0, np.nan]])
    guess = np.array([[3.0, 5.0, 1.0, 99.0]])
    got = forecasts.metrics(actual, guess, forecasts.naive_scale(np.array([[1.0, 3.0, 1.0]])))
    assert got == {
        "mean_absolute_error": 1.0,
        "wape": 0.3,
        "mase": 0.5,
        "root_mean_squared_error": 1.0,
    }
    assert forecasts.interval_coverage(actual, guess, guess + 1) == pytest.approx(2 / 3)


def test_trivial_rules_by_hand():
    """Two seasons of three: each rule at its place, and a hole falls back on the last value."""
    history = np.array([[1.0, 2.0, 3.0, 5.0, np.nan, 7.0]])
    rules = forecasts.trivial_rules(history, 4, 3)
    assert rules["naive"].tolist() == [[7.0] * 4]
    assert rules["median of 8"].tolist() == [[3.0] * 4]
    assert rules["seasonal naive 3"].tolist() == [[5.0, 7.0, 7.0, 5.0]]
    assert rules["mean of 2 seasons"].tolist() == [[3.0, 2.0, 5.0, 3.0]]
