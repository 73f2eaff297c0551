"""The ML functions of time series against Google's reference; see ``test_documented_columns``."""

from __future__ import annotations

import pytest

from tests.documented_functions import LATER, SERIES
from tests.documented_models import SERIES_MODELS, assert_same, check, named, rows, trained


@pytest.fixture(scope="module")
def series():
    """Models of time series."""
    with trained(SERIES_MODELS) as con:
        yield con


@pytest.mark.parametrize("entry", SERIES, ids=named)
def test_columns_of_series_are_those_of_the_page(series, entry):
    """The same of time series."""
    check(series, entry)


@pytest.mark.parametrize(
    ("plain", "given"),
    [
        ("ML.FORECAST(MODEL demand)", "3 AS horizon, 0.95 AS confidence_level"),
        ("ML.EXPLAIN_FORECAST(MODEL demand)", "3 AS horizon, 0.95 AS confidence_level"),
        ("ML.DETECT_ANOMALIES(MODEL demand)", "0.95 AS anomaly_prob_threshold"),
        (f"ML.EVALUATE(MODEL demand, {LATER})", "TRUE AS perform_aggregation, 7 AS horizon"),
        ("ML.ARIMA_EVALUATE(MODEL demand)", "FALSE AS show_all_candidate_models"),
        ("ML.ARIMA_EVALUATE(MODEL one)", "TRUE AS show_all_candidate_models"),
    ],
)
def test_defaults_of_series_are_the_documented_ones(series, plain, given):
    """The same of time series."""
    assert_same(series, plain, given)


def test_forecasts_are_three_steps_in_order_with_the_value_in_the_middle(series):
    """Of each series."""
    told = rows(series, "FROM ML.FORECAST(MODEL demand)")
    assert [r[:2] for r in told] == sorted(r[:2] for r in told)
    assert len(told) == 6
    for r in told:
        assert r[2] == pytest.approx((r[5] + r[6]) / 2)
        assert r[4] == 0.95
        assert r[5:7] == r[7:9]


def test_of_the_past_a_forecast_tells_no_interval_and_of_the_future_no_residual(series):
    """NULL where the page says so; components add up to the data."""
    told = rows(
        series, "SELECT time_series_type, confidence_level, prediction_interval_lower_bound, "
        "spikes_and_dips, step_changes, residual, time_series_data, time_series_adjusted_data "
        "FROM ML.EXPLAIN_FORECAST(MODEL demand)",
    )  # fmt: skip
    past = [r for r in told if r[0] == "history"]
    future = [r for r in told if r[0] == "forecast"]
    assert (len(past), len(future), len(told)) == (140, 6, 146)
    assert {r[1:3] for r in past} == {(None, None)}
    assert {r[3:6] for r in future} == {(None, None, None)}
    assert all(r[6] == r[7] for r in future)


def test_rows_without_a_forecast_are_judged_null(series):
    """An unknown series, or a time beyond the horizon."""
    known = "SELECT 'sku0' AS sku, DATE '2025-03-12' AS day, 99.0 AS units"
    strange = "SELECT 'new', DATE '2025-03-12', 9 UNION ALL SELECT 'sku0', DATE '2027-01-01', 9"
    call = f"DETECT_ANOMALIES(MODEL demand, STRUCT(0.9 AS anomaly_prob_threshold), ({known} UNION \
ALL {strange}))"
    told = rows(series, f"SELECT * EXCLUDE (day) FROM ML.{call} ORDER BY units DESC")
    assert told[0][2] is True
    assert [r[2:] for r in told[1:]] == [(None,) * 4] * 2
    past = f"ML.EVALUATE(MODEL demand, {LATER}, STRUCT(FALSE AS perform_aggregation))"
    early = rows(series, f"SELECT * EXCLUDE (sku, day, units) FROM {past} WHERE day < '2025-03-12'")
    assert set(early) == {(None,) * 5}


def test_the_candidate_models_come_with_the_lowest_aic_first(series):
    """All of one series, the best of each of many; no drift but with one difference."""
    told = rows(series, "SELECT AIC, non_seasonal_d, has_drift FROM ML.ARIMA_EVALUATE(MODEL one)")
    assert [r[0] for r in told] == sorted(r[0] for r in told)
    assert len(told) > 1
    assert not any(drift for _, d, drift in told if d != 1)
    assert len(rows(series, "FROM ML.ARIMA_EVALUATE(MODEL demand)")) == 2
