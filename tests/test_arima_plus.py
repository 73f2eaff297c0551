"""ARIMA_PLUS: forecasts kept as a table, beside the answers known of made-up series."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import retailsql
from retailsql.errors import ModelNotFoundError, ScoringError, StatementError, TrainingError
from retailsql.evaluation.report import Evaluation
from retailsql.registry.names import ModelName
from retailsql.training.arima import fit as arima_plus
from retailsql.training.arima import options as arima_options
from retailsql.training.arima.clean import clean
from retailsql.training.arima.conclude import tell
from retailsql.training.arima.job import Recipe, Work
from retailsql.training.arima.series import read_series
from retailsql.training.fitted import TrainingData
from retailsql.training.result import _warnings

OPTIONS = {
    "time_series_timestamp_col": "day",
    "time_series_data_col": "units",
    "time_series_id_col": "sku",
    "horizon": 6,
}


def monthly(series: int = 2, months: int = 60, seed: int = 0) -> pa.Table:
    """A line, a year's wave and a little noise: what is to come is known but for the noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(months)
    days = np.datetime64("2020-01", "M") + t
    parts = [
        pa.table(
            {
                "sku": [f"s{i}"] * months,
                "day": pa.array(days.astype("datetime64[D]"), pa.date32()),
                "units": truth(i, t) + rng.normal(0, 0.5, months),
            }
        )
        for i in range(series)
    ]
    return pa.concat_tables(parts)


def truth(which: int, t: np.ndarray) -> np.ndarray:
    return 50 + 20 * which + 0.4 * t + 10 * np.sin(t * np.pi / 6)


def fit(table: pa.Table, model_type: str = "ARIMA_PLUS", **options):
    types = {f.name: {"day": "DATE", "sku": "VARCHAR"}.get(f.name, "DOUBLE") for f in table.schema}
    data = TrainingData(table, types, model_type)
    return arima_plus.fit(data, {**OPTIONS, **options}, lambda words, share: None)


def ahead(fitted, key: str = "") -> list[float]:
    rows = fitted.forecasts.to_pylist()
    return [r["value"] for r in rows if r["step"] > 0 and r["key"] in (key, key or r["key"])]


@pytest.fixture(scope="module")
def shop():
    """A session with model ``demand`` on two monthly series."""
    with retailsql.connect() as con:
        con.register("__rows", monthly())
        con.execute("CREATE TABLE sales AS FROM __rows")
        con.execute(
            "CREATE MODEL demand OPTIONS(model_type='ARIMA_PLUS', time_series_timestamp_col='day', "
            "time_series_data_col='units', time_series_id_col='sku', horizon=6) AS FROM sales"
        )
        yield con


def columns(con, sql: str) -> dict[str, str]:
    return {d[0]: str(d[1]) for d in con.execute(sql).description}


def test_forecasts_are_the_known_future(shop):
    """A line and a wave go on; the metric beats the best plain rule, and 95 % holds them."""
    rows = shop.execute(
        "FROM ML.FORECAST(MODEL demand, STRUCT(6 AS horizon)) ORDER BY ALL"
    ).fetchall()
    assert len(rows) == 12
    known = np.concatenate([truth(i, np.arange(60, 66)) for i in range(2)])
    assert np.abs(np.array([r[2] for r in rows]) - known).max() < 2.5
    assert [str(r[1])[:10] for r in rows[:2]] == ["2025-01-01", "2025-02-01"]
    told = shop.execute("SELECT evaluation FROM retailsql.versions").fetchall()[0][0]
    assert '"beats_baseline"' not in told
    beats = shop.execute("SELECT beats_baseline FROM retailsql.versions").fetchall()
    assert beats == [(True,)]


def test_columns_are_those_documented(shop):
    """Names, order and types of BigQuery ML's reference."""
    interval = [f"{k}_interval_{s}_bound" for k in ("prediction", "confidence")
                for s in ("lower", "upper")]  # fmt: skip
    assert columns(shop, "FROM ML.FORECAST(MODEL demand)") == {
        "sku": "VARCHAR", "forecast_timestamp": "TIMESTAMP",
        **dict.fromkeys(
            ["forecast_value", "standard_error", "confidence_level", *interval], "DOUBLE"
        ),
    }  # fmt: skip
    explained = columns(shop, "FROM ML.EXPLAIN_FORECAST(MODEL demand)")
    assert list(explained) == [
        "sku", "time_series_timestamp", "time_series_type", "time_series_data",
        "time_series_adjusted_data", "standard_error", "confidence_level",
        "prediction_interval_lower_bound", "prediction_interval_upper_bound", "trend",
        "seasonal_period_yearly", "seasonal_period_quarterly", "seasonal_period_monthly",
        "seasonal_period_weekly", "seasonal_period_daily", "holiday_effect", "spikes_and_dips",
        "step_changes", "residual",
    ]  # fmt: skip
    assert list(columns(shop, "FROM ML.DETECT_ANOMALIES(MODEL demand)")) == [
        "sku", "day", "units", "is_anomaly", "lower_bound", "upper_bound", "anomaly_probability",
    ]  # fmt: skip
    assert list(columns(shop, "FROM ML.ARIMA_EVALUATE(MODEL demand)")) == [
        "sku", "non_seasonal_p", "non_seasonal_d", "non_seasonal_q", "has_drift", "log_likelihood",
        "AIC", "variance", "seasonal_periods", "has_holiday_effect", "has_spikes_and_dips",
        "has_step_changes", "error_message", "forecaster",
    ]  # fmt: skip
    assert columns(shop, "FROM ML.ARIMA_COEFFICIENTS(MODEL demand)") == {
        "sku": "VARCHAR", "ar_coefficients": "DOUBLE[]", "ma_coefficients": "DOUBLE[]",
        "intercept_or_drift": "DOUBLE",
    }  # fmt: skip


def test_forecast_value_is_the_middle_of_its_interval(shop):
    """As BigQuery documents; wider with the level, 3 steps and 95 % when nothing is said."""
    rows = shop.execute("FROM ML.FORECAST(MODEL demand)").fetchall()
    assert len(rows) == 6
    assert {r[4] for r in rows} == {0.95}
    for row in rows:
        assert row[2] == pytest.approx((row[5] + row[6]) / 2)
        assert row[6] - row[5] == pytest.approx(2 * 1.959963985 * row[3])
    narrow = shop.execute(
        "FROM ML.FORECAST(MODEL demand, STRUCT(3 AS horizon, 0.5 AS confidence_level))"
    ).fetchall()
    assert all(n[6] - n[5] < r[6] - r[5] for n, r in zip(narrow, rows, strict=True))


def test_components_add_up_to_the_data(shop):
    """History: data is the sum of all parts; both: adjusted data is trend, seasons and holidays."""
    parts = "trend + coalesce(seasonal_period_yearly, 0) + coalesce(holiday_effect, 0)"
    rest = "coalesce(spikes_and_dips, 0) + coalesce(step_changes, 0) + coalesce(residual, 0)"
    found = shop.execute(
        f"SELECT max(abs(time_series_adjusted_data - ({parts}))), "
        f"max(abs(time_series_data - ({parts} + {rest}))), count(*), "
        "count(*) FILTER (time_series_type = 'forecast'), count(confidence_level), "
        "count(seasonal_period_yearly) "
        "FROM ML.EXPLAIN_FORECAST(MODEL demand, STRUCT(6 AS horizon))"
    ).fetchall()[0]
    assert found[0] < 1e-9
    assert found[1] < 1e-9
    assert found[2:] == (132, 12, 12, 132)


def test_the_public_function_works_on_a_plain_connection(tmp_path):
    """The forecasts are rows of the file: no retailsql is needed to read them."""
    file = tmp_path / "shop.duckdb"
    with retailsql.connect(file) as con:
        con.register("__rows", monthly(1, 30))
        options = {**OPTIONS, "model_type": "ARIMA_PLUS", "horizon": 4}
        retailsql.create_model(con, "m", options, "FROM __rows")
        want = con.execute("FROM ML.FORECAST(MODEL m, STRUCT(4 AS horizon))").fetchall()
    with duckdb.connect(str(file), read_only=True) as plain:
        got = plain.execute("FROM m_forecast(horizon := 4)").fetchall()
        assert got == want  # to the last bit: it is the same SQL
        got = plain.execute("FROM m_forecast(confidence_level := 0.8)").fetchall()
    with retailsql.connect(file) as con:
        level = "STRUCT(3 AS horizon, 0.8 AS confidence_level)"
        assert con.execute(f"FROM ML.FORECAST(MODEL m, {level})").fetchall() == got
    with (
        duckdb.connect(str(file), read_only=True) as plain,
        pytest.raises(duckdb.Error, match="1 to 4 steps, not 5"),
    ):
        plain.execute("FROM m_forecast(horizon := 5)").fetchall()


def test_dropped_with_its_rows():
    with retailsql.connect() as con:
        con.register("__rows", monthly(1, 20))
        options = {**OPTIONS, "model_type": "ARIMA_PLUS"}
        retailsql.create_model(con, "m", options, "FROM __rows")
        assert con.execute("SELECT count(*) > 0 FROM retailsql.forecasts").fetchall() == [(True,)]
        con.execute("DROP MODEL m")
        assert con.execute("SELECT count(*) FROM retailsql.forecasts").fetchall() == [(0,)]
        with pytest.raises(ModelNotFoundError, match="m_forecast"):
            con.execute("FROM m_forecast()")


def test_same_rows_in_any_order_are_the_same_model():
    """Bit by bit, duplicates too."""
    table = monthly(2, 30)
    twice = pa.concat_tables([table, table.slice(3, 4)])
    shuffled = twice.take(np.random.default_rng(1).permutation(len(twice)))
    assert fit(twice).forecasts.equals(fit(shuffled).forecasts)


def test_evaluate_against_rows_that_came_since(shop):
    """By hand: forecasts plus one are off by one everywhere; history counts for nothing."""
    future = (
        "(SELECT sku, forecast_timestamp AS day, forecast_value + 1 AS units "
        "FROM ML.FORECAST(MODEL demand, STRUCT(6 AS horizon)) UNION ALL FROM sales)"
    )
    rows = shop.execute(
        f"SELECT sku, mean_absolute_error, root_mean_squared_error FROM ML.EVALUATE(MODEL demand, "
        f"{future}, STRUCT(TRUE AS perform_aggregation, 4 AS horizon))"
    ).fetchall()
    assert [r[0] for r in rows] == ["s0", "s1"]
    assert np.allclose([r[1:] for r in rows], 1.0)
    steps = shop.execute(
        f"SELECT count(*), count(forecasted_units), max(absolute_error) FROM ML.EVALUATE("
        f"MODEL demand, {future}, STRUCT(FALSE AS perform_aggregation))"
    ).fetchall()[0]
    assert steps[:2] == (132, 12)
    assert steps[2] == pytest.approx(1.0)
    saved = shop.execute("FROM ML.EVALUATE(MODEL demand)").fetchall()
    assert len(saved) == 2


def test_anomalies_of_history_and_of_new_rows(shop):
    """A value far outside is one with probability near 1; bounds and verdict agree; rows of an
    unknown series or beyond the horizon are NULL."""
    history = shop.execute(
        "SELECT count(*), bool_and(is_anomaly = (units < lower_bound OR units > upper_bound)) "
        "FROM ML.DETECT_ANOMALIES(MODEL demand, STRUCT(0.8 AS anomaly_prob_threshold))"
    ).fetchall()
    assert history == [(120, True)]
    new = shop.execute(
        "SELECT day, is_anomaly, anomaly_probability, note FROM ML.DETECT_ANOMALIES(MODEL demand, "
        "STRUCT(0.9 AS anomaly_prob_threshold), (SELECT * FROM (VALUES "
        "('s0', DATE '2025-01-01', 500.0, 'far'), ('s0', DATE '2035-01-01', 70.0, 'late'), "
        "('s9', DATE '2025-01-01', 70.0, 'unknown')) v(sku, day, units, note)))"
    ).fetchall()
    by = {row[3]: row[1:3] for row in new}
    assert by["far"][0] is True
    assert by["far"][1] == pytest.approx(1.0)
    assert by["late"] == by["unknown"] == (None, None)


def test_arima_evaluate_names_the_forecaster_and_can_show_all(shop):
    best = shop.execute(
        "SELECT sku, forecaster, seasonal_periods FROM ML.ARIMA_EVALUATE(MODEL demand)"
    )
    rows = best.fetchall()
    assert [r[0] for r in rows] == ["s0", "s1"]
    assert all(r[1] for r in rows)
    assert rows[0][2] == ["YEARLY"]
    every = shop.execute(
        "SELECT count(*) FROM ML.ARIMA_EVALUATE(MODEL demand, "
        "STRUCT(TRUE AS show_all_candidate_models))"
    ).fetchall()
    assert every[0][0] > 2


def test_a_plain_rule_serves_where_nothing_beats_it():
    """Noise around a level that jumps about: the result row says which rule it was."""
    rng = np.random.default_rng(3)
    table = pa.table(
        {
            "sku": ["a"] * 40,
            "day": pa.array(np.datetime64("2024-01-01") + 7 * np.arange(40), pa.date32()),
            "units": rng.integers(0, 2, 40).astype(float),
        }
    )
    fitted = fit(table)
    assert "Forecaster" in fitted.warnings[0]
    assert min(ahead(fitted)) >= 0


def test_regressors_are_found_and_used():
    """y = 10 + 3 x exactly: the weight is 3, and the future follows the rows given."""
    rng = np.random.default_rng(0)
    x = rng.normal(5, 2, 60)
    with retailsql.connect() as con:
        rows = pa.table({
            "day": pa.array(np.datetime64("2024-01-01") + np.arange(60), pa.date32()),
            "y": 10 + 3 * x, "x": x, "kind": ["a", "b"] * 30,
        })  # fmt: skip
        con.register("__rows", rows)
        con.execute(
            "CREATE MODEL m OPTIONS(model_type='ARIMA_PLUS_XREG', time_series_timestamp_col='day', "
            "time_series_data_col='y', horizon=5) AS SELECT * FROM __rows"
        )
        weights = con.execute(
            "SELECT processed_input, weight, category_weights FROM ML.ARIMA_COEFFICIENTS(MODEL m)"
        ).fetchall()
        assert weights[0][0] == "x"
        assert weights[0][1] == pytest.approx(3, abs=0.01)
        assert [w["category"] for w in weights[1][2]] == ["a", "b"]
        future = "(SELECT DATE '2024-03-01' AS day, 100.0 AS x, 'a' AS kind)"
        got = con.execute(
            f"SELECT forecast_value FROM ML.FORECAST(MODEL m, STRUCT(5 AS horizon), {future})"
        ).fetchall()
        assert got[0][0] == pytest.approx(310, abs=2)
        parts = con.execute(
            "SELECT time_series_data - trend - coalesce(seasonal_period_weekly, 0) - attribution_x "
            f"- attribution_kind FROM ML.EXPLAIN_FORECAST(MODEL m, STRUCT(5 AS horizon), {future}) "
            "WHERE time_series_type = 'forecast'"
        ).fetchall()
        assert parts[0][0] == pytest.approx(0, abs=1e-9)
        with pytest.raises(StatementError, match="future rows of the regressors"):
            con.execute("FROM ML.FORECAST(MODEL m)")
        con.execute(f"CREATE TABLE f AS FROM {future}")
        table = con.execute("SELECT forecast_value FROM m_forecast('f', horizon := 5)").fetchall()
        assert table == got


def test_custom_holidays_come_again():
    """Two Decembers with a fair that adds 100; the third is forecast with it."""
    t = np.arange(800)
    days = np.datetime64("2022-01-01") + t
    fairs = np.array(["2022-12-10", "2023-12-10", "2024-03-20"], dtype="datetime64[D]")
    y = 50 + 2.0 * (t % 7) + 100.0 * np.isin(days, fairs)
    with retailsql.connect() as con:
        con.register("__rows", pa.table({"day": pa.array(days, pa.date32()), "y": y}))
        con.execute(
            "CREATE MODEL m OPTIONS(model_type='ARIMA_PLUS', time_series_timestamp_col='day', "
            "time_series_data_col='y', horizon=20) AS (training_data AS (SELECT * FROM __rows), "
            "custom_holiday AS (SELECT 'XX' AS region, 'Fair' AS holiday_name, unnest(["
            "DATE '2022-12-10', DATE '2023-12-10', DATE '2024-03-20']) AS primary_date))"
        )
        effect = con.execute(
            "SELECT time_series_timestamp, holiday_effect_Fair FROM ML.EXPLAIN_FORECAST(MODEL m, "
            "STRUCT(20 AS horizon)) WHERE holiday_effect_Fair > 10 ORDER BY 1"
        ).fetchall()
    assert [str(r[0])[:10] for r in effect] == ["2022-12-10", "2023-12-10", "2024-03-20"]
    assert effect[-1][1] > 50


@pytest.mark.parametrize("rows", [2, 3, 5])
def test_short_series_are_continued_and_counted(rows):
    table = pa.concat_tables([monthly(1, 30), monthly(2, rows).slice(rows, rows)])
    fitted = fit(table)
    assert len(ahead(fitted, "s1")) == 6
    assert np.isfinite(ahead(fitted, "s1")).all()
    assert ("fewer than 4 values" in " ".join(fitted.warnings)) == (rows < 4)


def test_gaps_duplicates_and_nulls():
    """Gaps are interpolated on a line, rows of one step averaged; both are counted."""
    table = pa.table({
        "sku": ["a"] * 9,
        "day": pa.array(np.array([1, 2, 3, 3, 6, 7, 8, 9, 10]), pa.int32()).cast(pa.date32()),
        "units": pa.array([1.0, 2.0, 2.0, 4.0, 6.0, 7.0, None, 9.0, 10.0]),
    })  # fmt: skip
    fitted = fit(table)
    history = [r["value"] for r in fitted.forecasts.to_pylist() if r["step"] <= 0]
    assert history == pytest.approx([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    told = " ".join(fitted.warnings)
    assert "2 days inside the series have no row" in told
    assert "1 rows share their day" in told


def test_constant_series_have_no_doubt():
    table = monthly(1, 30).set_column(2, "units", pa.array([7.0] * 30))
    fitted = fit(table)
    assert ahead(fitted) == pytest.approx([7.0] * 6)
    assert fitted.forecasts["standard_error"].to_pylist()[-1] == pytest.approx(0, abs=1e-6)


def test_forecasts_stay_within_the_limits():
    fitted = fit(monthly(1, 40), forecast_limit_lower_bound=0.0, forecast_limit_upper_bound=70.0)
    assert max(ahead(fitted)) <= 70
    assert "at or beyond the forecast limits" in " ".join(fitted.warnings)


def test_month_ends_stay_month_ends():
    days = (np.datetime64("2022-02", "M") + np.arange(24)).astype("datetime64[D]") - 1
    table = monthly(1, 24).set_column(1, "day", pa.array(days, pa.date32()))
    stamps = [r["ts"] for r in fit(table).forecasts.to_pylist() if r["step"] > 0]
    assert [str(s)[:10] for s in stamps[:3]] == ["2024-01-31", "2024-02-29", "2024-03-31"]


def test_a_fixed_order_is_used():
    fitted = fit(
        monthly(1, 40).drop_columns(["sku"]), time_series_id_col=None, auto_arima=False,
        non_seasonal_order=[1, 1, 0], include_drift=True,
    )  # fmt: skip
    rows = fitted.reports["arima_candidates"]
    assert [(r["non_seasonal_p"], r["non_seasonal_d"], r["non_seasonal_q"], r["has_drift"])
            for r in rows] == [(1, 1, 0, True)]  # fmt: skip


REFUSED = [
    ({"horizon": 10_001}, "horizon is out of range.*10001"),
    ({"seasonalities": ["YEARLI"]}, "seasonalities.*YEARLI"),
    ({"seasonalities": ["AUTO", "YEARLY"]}, "stand by themselves"),
    ({"holiday_region": "GBX"}, "holiday_region.*GBX.*GB"),
    ({"hierarchical_time_series_cols": ["sku"]}, "not available"),
    ({"auto_arima": False, "time_series_id_col": None}, "go together"),
    ({"auto_arima": False}, "One order.*leave auto_arima = false"),
    ({"forecast_limit_lower_bound": 2.0, "forecast_limit_upper_bound": 1.0}, "not below"),
    ({"data_frequency": "DAYLY"}, "data_frequency.*DAYLY"),
    ({"time_series_data_col": "unit"}, "'unit'.*units"),
    ({"horizn": 3}, "horizn.*horizon"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_refused_with_the_value_and_the_remedy(options, words):
    with pytest.raises(TrainingError, match=words):
        fit(monthly(1, 20), **options)


@pytest.mark.parametrize("bad", [float("inf"), float("-inf")])
def test_infinity_is_refused_by_name(bad):
    table = monthly(1, 20)
    values = [*table["units"].to_pylist()[:-1], bad]
    with pytest.raises(TrainingError, match="'units'.*inf"):
        fit(table.set_column(2, "units", pa.array(values)))


def test_horizon_beyond_the_trained_one_is_an_error(shop):
    with pytest.raises(StatementError, match="1 to 6 steps.*7"):
        shop.execute("FROM ML.FORECAST(MODEL demand, STRUCT(7 AS horizon))")
    with pytest.raises(StatementError, match="takes no rows"):
        shop.execute("FROM ML.FORECAST(MODEL demand, TABLE sales)")


def test_many_series_are_judged_together():
    """Two dozen short noisy series: what serves them beats the naive rule, and says what it is."""
    rng = np.random.default_rng(5)
    days = pa.array(np.datetime64("2024-01-01") + 7 * np.arange(30), pa.date32())
    parts = [
        pa.table({"sku": [f"s{i}"] * 30, "day": days, "units": rng.poisson(5 + i, 30) * 1.0})
        for i in range(24)
    ]
    fitted = fit(pa.concat_tables(parts), horizon=3)
    assert fitted.forecasts["step"].to_pylist().count(1) == 24
    metrics, rules = fitted.evaluation.metrics, fitted.evaluation.baselines
    assert metrics["mean_absolute_error"] < rules["naive"]["mean_absolute_error"]
    assert 0.7 <= metrics["interval_coverage"] <= 1


@pytest.mark.slow
def test_a_neural_forecaster_is_judged_by_the_same_functions():
    """LSTM: its forecasts plus one are off by one; history is NULL; there is nothing to explain."""
    with retailsql.connect() as con:
        con.register("__rows", monthly(2, 60))
        con.execute(
            "CREATE MODEL l OPTIONS(model_type='LSTM', time_series_timestamp_col='day', "
            "time_series_data_col='units', time_series_id_col='sku', horizon=4, window=12, "
            "max_iterations=1) AS FROM __rows"
        )
        future = (
            "(SELECT sku, forecast_timestamp AS day, forecast_value + 1 AS units "
            "FROM ML.FORECAST(MODEL l, STRUCT(4 AS horizon)) UNION ALL FROM __rows)"
        )
        rows = con.execute(f"FROM ML.EVALUATE(MODEL l, {future})").fetchall()
        assert [r[0] for r in rows] == ["s0", "s1"]
        assert [r[1] for r in rows] == pytest.approx([1.0, 1.0])
        judged = con.execute(
            f"SELECT count(*), count(is_anomaly) FROM ML.DETECT_ANOMALIES(MODEL l, {future})"
        ).fetchall()
        assert judged == [(128, 8)]
        assert con.execute("FROM ML.EVALUATE(MODEL l)").fetchall()[0][0] > 0
        with pytest.raises(StatementError, match="EXPLAIN_FORECAST"):
            con.execute("FROM ML.EXPLAIN_FORECAST(MODEL l)")


def daily(spike: float | None, seed: int = 0, on: str = "2024-12-10") -> pa.Table:
    """100 + d + 30 sin(2 pi d / 7) + U(0, 10) on 400 days, one of them changed."""
    rng, d = np.random.default_rng(seed), np.arange(400)
    days = np.datetime64("2024-01-01") + d
    y = 100 + d + 30 * np.sin(2 * np.pi * d / 7) + rng.uniform(0, 10, 400)
    y = y if spike is None else np.where(days == np.datetime64(on), spike, y)
    columns = {"sku": [f"s{seed}"] * 400, "day": pa.array(days, pa.date32()), "units": y}
    return pa.table(columns)


def later_by(steps: int) -> np.ndarray:
    """What is to be expected after the days of :func:`daily`."""
    d = np.arange(400, 400 + steps)
    return 105 + d + 30 * np.sin(2 * np.pi * d / 7)


@pytest.mark.parametrize(("spike", "series"), [(700.0, 1), (3000.0, 2)])
def test_a_spike_spoils_nothing_and_is_all_that_is_flagged(spike, series):
    """The forecast is the known future; no echo a week later, no other day, no other series."""
    with retailsql.connect() as con:
        con.register("__rows", pa.concat_tables([daily(spike), daily(None, 1)][:series]))
        con.execute(
            "CREATE MODEL m OPTIONS(model_type='ARIMA_PLUS', time_series_timestamp_col='day', "
            "time_series_data_col='units', time_series_id_col='sku', horizon=14) AS FROM __rows"
        )
        ahead = "FROM ML.FORECAST(MODEL m, STRUCT(14 AS horizon))"
        made = np.array(con.execute(f"SELECT forecast_value {ahead}").fetchall())[:, 0]
        assert np.abs(made - np.tile(later_by(14), series)).max() < 6
        flagged = con.execute(
            "SELECT sku, CAST(day AS VARCHAR)[:10] FROM ML.DETECT_ANOMALIES(MODEL m, "
            "STRUCT(0.999 AS anomaly_prob_threshold)) WHERE is_anomaly"
        ).fetchall()
        assert flagged == [("s0", "2024-12-10")]
        told = con.execute(
            "SELECT CAST(time_series_timestamp AS VARCHAR)[:10], spikes_and_dips "
            "FROM ML.EXPLAIN_FORECAST(MODEL m) WHERE spikes_and_dips != 0"
        ).fetchall()
        expected = 100 + 5 + 344 + 30 * np.sin(2 * np.pi * 344 / 7)
        assert [t[0] for t in told] == ["2024-12-10"]
        assert told[0][1] == pytest.approx(spike - expected, abs=10)
        found = con.execute("SELECT sku, has_spikes_and_dips FROM ML.ARIMA_EVALUATE(MODEL m)")
        assert found.fetchall() == [("s0", True), ("s1", False)][:series]


def test_without_a_spike_none_is_found_and_asked_not_to_none_is_cleaned():
    rows = [r["spikes_and_dips"] for r in fit(daily(None)).forecasts.to_pylist()]
    assert set(rows) == {None}
    kept = fit(daily(3000.0), clean_spikes_and_dips=False).forecasts.to_pylist()
    assert {r["spikes_and_dips"] for r in kept} == {None}


@pytest.mark.parametrize("place", [0, 5, 200, 350, 398, 399])
def test_a_spike_is_found_wherever_it_stands(place):
    """Alone, beside trend and season; its size is that of what was added, but for the noise."""
    values = daily(None)["units"].to_numpy().copy()
    values[place] += 800
    found = clean(values, (("WEEKLY", 7),), True, True).spikes
    assert np.flatnonzero(found).tolist() == [place]
    assert found[place] == pytest.approx(800, abs=20)


def test_series_that_are_all_spikes_are_left_as_they_are():
    """Nine days without a sale, then one: that is no error but how the product sells."""
    values = np.where(np.arange(300) % 10 == 3, 40.0, np.random.default_rng(0).uniform(0, 1, 300))
    assert not clean(values, (("WEEKLY", 7),), True, False).spikes.any()


def test_a_peak_that_comes_every_year_is_no_spike():
    """Three Christmases are a season; a fourth peak, in one summer alone, is a spike."""
    d = np.arange(1096)
    values = 50 + 5 * np.sin(2 * np.pi * d / 7) + np.random.default_rng(0).uniform(0, 5, 1096)
    for place in (357, 722, 1088, 550):
        values[place] += 400
    found = clean(values, (("WEEKLY", 7), ("YEARLY", 365)), True, False).spikes
    assert np.flatnonzero(found).tolist() == [550]


@pytest.mark.parametrize("growth", [0.0, 0.005])
def test_a_season_that_grows_with_its_level_is_no_spike(growth):
    """Ten years of months, the wave a third of a level that nearly doubles."""
    t, rng = np.arange(120), np.random.default_rng(2)
    values = 100 * np.exp(growth * t) * (1 + 0.3 * np.sin(t * np.pi / 6)) + rng.normal(0, 3, 120)
    assert not clean(values, (("YEARLY", 12),), True, True).spikes.any()


def wave_of_noise() -> pa.Table:
    """A week's wave around a level, much noise: a rule of seasons serves it."""
    rng, d = np.random.default_rng(8), np.arange(84)
    y = 50 + np.array([0, 0, 0, 0, 0, 30, 40])[d % 7] + rng.normal(0, 3, 84)
    days = pa.array(np.datetime64("2024-01-01") + d, pa.date32())
    return pa.table({"sku": ["a"] * 84, "day": days, "units": y})


@pytest.mark.parametrize("name", ["seasonal naive 7", "mean of seasons", "median of seasons"])
def test_a_rule_of_seasons_says_its_season(name):
    """The wave is in the seasonal part, as large as it is, the trend is the level; and the first
    week, which the rule says nothing of, has no standard error."""
    held = read_series(
        TrainingData(wave_of_noise(), {"day": "DATE", "sku": "VARCHAR", "units": "DOUBLE"}, ""),
        arima_options.read(OPTIONS, True),
    )
    told = tell(Work(held.series[0]), Recipe("DAILY"), name, 14)
    assert list(told.seasonal) == ["WEEKLY"]
    season, level = told.seasonal["WEEKLY"], told.forecast - told.seasonal["WEEKLY"][84:]
    assert np.ptp(season[84:]) == pytest.approx(40, abs=8)
    assert np.ptp(level) < 8
    assert level.mean() == pytest.approx(60, abs=3)
    assert told.adjusted_for == ("WEEKLY",)
    assert told.warm_up == 7


def test_the_first_season_of_history_gets_no_verdict(shop):
    """Twelve months of each series: no anomaly, the rest NULL; all others have bounds."""
    rows = shop.execute(
        "SELECT is_anomaly, lower_bound, anomaly_probability FROM ML.DETECT_ANOMALIES("
        "MODEL demand, STRUCT(0.0 AS anomaly_prob_threshold)) ORDER BY day, sku"
    ).fetchall()
    assert rows[:24] == [(False, None, None)] * 24
    assert all(r[0] is not None and r[1] is not None for r in rows[24:])
    assert any(r[0] for r in rows[24:])


def test_rows_that_end_before_the_forecasts_are_an_error(shop):
    """Both times are named; rows that reach them are judged."""
    words = "end before the forecasts.*up to 2024-12-01.*rows from 2025-01-01"
    with pytest.raises(ScoringError, match=words):
        shop.execute("FROM ML.EVALUATE(MODEL demand, TABLE sales)").fetchall()


def test_a_plain_rule_is_not_blamed_for_being_one():
    """The result row says that the model is the rule, and does not advise to drop it."""
    e = Evaluation("s", "mae", {"mae": 1.58}, {"naive": {"mae": 2.0}, "m": {"mae": 1.58}}, 9, 9)
    target = ModelName("memory", "main", "demand")
    said = _warnings(target, e, ("Forecaster: the plain rule m",), [])
    assert "is its own baseline" in said[1]
    assert "DROP" not in said[1]
    worse = replace(e, metrics={"mae": 1.59})
    assert "DROP MODEL" in _warnings(target, worse, ("Forecaster: the plain rule m",), [])[1]
    assert "DROP MODEL" in _warnings(target, e, ("Forecaster: ETS",), [])[1]
