"""Each ML function against Google's reference: columns, types, rows, order, NULLs, arguments.

The table is ``documented_functions``, written from the pages and not from the code.
"""

from __future__ import annotations

import re

import pytest

from retailsql.dialect.verbs.table import VERBS
from retailsql.errors import StatementError
from tests.documented_functions import LATER, ROWS, SERIES, TABULAR, Documented
from tests.documented_models import ROW_MODELS, SERIES_MODELS, trained

@pytest.fixture(scope="module")
def shop():
    """Models of rows and of ratings."""
    with trained(ROW_MODELS) as con:
        yield con


@pytest.fixture(scope="module")
def series():
    """Models of time series."""
    with trained(SERIES_MODELS) as con:
        yield con


def described(con, call: str) -> list[str]:
    """"name TYPE" of each column that a call returns."""
    rows = con.execute(f"DESCRIBE SELECT * FROM {call}").fetchall()
    return [f"{name} {kind}".replace('"', "") for name, kind, *_ in rows]


def listed(columns: str) -> list[str]:
    """The same of a documented list: split at commas outside of brackets."""
    return [c.strip() for c in re.split(r",(?![^()]*\))", columns)]


def check(con, entry: Documented) -> None:
    assert bool(entry.ours) == bool(entry.why)
    assert entry.ours != entry.columns
    assert described(con, entry.call) == listed(entry.ours or entry.columns)
    assert con.execute(f"SELECT * FROM {entry.call}").fetchall()


def named(entry: Documented) -> str:
    return f"{entry.page}-{entry.kind}"


@pytest.mark.parametrize("entry", TABULAR, ids=named)
def test_columns_are_those_of_the_page(shop, entry):
    """Names, order and types, of a call that runs and returns rows."""
    check(shop, entry)


@pytest.mark.parametrize("entry", SERIES, ids=named)
def test_columns_of_series_are_those_of_the_page(series, entry):
    """The same of time series."""
    check(series, entry)


WITHOUT_PAGE = {
    ("PREDICT", "factorizer"): "BigQuery ML has ML.RECOMMEND alone; scripts use both",
    ("RECOMMEND", "recommender"): "ITEM_KNN is a model type of ours",
    ("EVALUATE", "recommender"): "ITEM_KNN is a model type of ours",
    ("FORECAST", "forecaster"): "LSTM is a model type of ours",
    ("EVALUATE", "forecaster"): "LSTM is a model type of ours",
    ("DETECT_ANOMALIES", "forecaster"): "LSTM is a model type of ours",
}


def test_every_function_is_in_the_table():
    """Each verb of each kind has an entry, or a reason for having none."""
    kinds = {
        "classifier": ("churn", "kinds", "flags"), "regressor": ("yearly", "tuned", "stumps"),
        "clusterer": ("segments",), "reducer": ("space", "squeeze"),
        "factorizer": ("taste", "clicks"), "transformer": ("prep",),
        "forecast_table": ("demand", "one", "xreg"),
    }  # fmt: skip
    told = {re.findall(r"ML\.(\w+)\((?:MODEL (\w+))?", e.call)[0] for e in TABULAR + SERIES}
    for verb in VERBS:
        models = {m for kind in verb.kinds for m in kinds.get(kind, ())} or {""}
        known = {(verb.name, m) for m in models} & told
        assert known or all((verb.name, k) in WITHOUT_PAGE for k in verb.kinds), verb.name


@pytest.mark.parametrize(
    ("call", "words", "why"),
    [
        ("ML.TRAINING_INFO(MODEL space)", "not for this kind", "PCA is solved, not iterated"),
        ("ML.FEATURE_INFO(MODEL prep)", "not for this kind", "nothing is learned of a column"),
        ("ML.EVALUATE(MODEL tuned, STRUCT(9 AS trial_id))", "best trial only", "others are gone"),
        ("ML.PREDICT(MODEL yearly, TABLE customers, STRUCT(1 AS trial_id))", "not tuned", ""),
        ("ML.RECOMMEND(MODEL taste, STRUCT(1 AS trial_id))", "no setting", "none is tuned"),
        ("ML.VALIDATE_DATA_DRIFT(TABLE customers, TABLE customers, MODEL churn)",
         "does not take", "it asks for a link into Google's console"),
        ("ML.DETECT_ANOMALIES(MODEL segments, TABLE customers)", "needs the share", ""),
        ("ML.ROC_CURVE(MODEL kinds)", "3 classes", ""),
        ("ML.EVALUATE(MODEL kinds, STRUCT(0.4 AS threshold))", "no threshold", ""),
    ],
)  # fmt: skip
def test_what_is_documented_and_not_there_says_so(shop, call, words, why):
    """Refused with the reason, never answered with a stub."""
    with pytest.raises(StatementError, match=words):
        shop.execute(f"FROM {call}")


@pytest.mark.parametrize(
    ("plain", "given"),
    [
        (f"ML.PREDICT(MODEL churn, {ROWS})", "0.5 AS threshold"),
        ("ML.CONFUSION_MATRIX(MODEL churn)", "0.5 AS threshold"),
        ("ML.EVALUATE(MODEL churn, TABLE customers)", "0.5 AS threshold"),
        (f"ML.PREDICT(MODEL space, (SELECT *, 1 AS value FROM {ROWS}))",
         "FALSE AS keep_original_columns"),
        (f"ML.EXPLAIN_PREDICT(MODEL churn, {ROWS})", "5 AS top_k_features, 0.5 AS threshold"),
        (f"ML.EXPLAIN_PREDICT(MODEL stumps, {ROWS})", "FALSE AS approx_feature_contrib"),
        ("ML.GLOBAL_EXPLAIN(MODEL kinds)", "FALSE AS class_level_explain"),
        ("ML.WEIGHTS(MODEL churn)", "FALSE AS standardize"),
        ("ML.CENTROIDS(MODEL segments)", "FALSE AS standardize"),
        ("ML.DESCRIBE_DATA(TABLE customers)",
         "2 AS num_quantiles, 10 AS num_array_length_quantiles, 1 AS top_k"),
        ("ML.VALIDATE_DATA_DRIFT(TABLE customers, (FROM customers WHERE tenure < 20))",
         "10 AS num_quantiles_histogram_buckets, 10 AS num_histogram_buckets, 10 AS "
         "num_values_histogram_buckets, 50 AS num_rank_histogram_buckets, 'L_INFTY' AS "
         "categorical_metric_type, 0.3 AS categorical_default_threshold, 0.3 AS "
         "numerical_default_threshold, 'JENSEN_SHANNON_DIVERGENCE' AS numerical_metric_type"),
        ("ML.VALIDATE_DATA_SKEW(MODEL churn, (FROM customers WHERE tenure < 20))",
         "'L_INFTY' AS categorical_metric_type, 0.3 AS categorical_default_threshold, 0.3 AS "
         "numerical_default_threshold, FALSE AS enable_visualization_link"),
    ],
)  # fmt: skip
def test_defaults_are_the_documented_ones(shop, plain, given):
    """A setting left out is the same as its documented default."""
    assert_same(shop, plain, given)


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


def assert_same(con, plain: str, given: str) -> None:
    full = f"{plain[:-1]}, STRUCT({given}))"
    assert con.execute(f"FROM {plain}").fetchall() == con.execute(f"FROM {full}").fetchall()


def rows(con, sql: str) -> list[tuple[object, ...]]:
    return con.execute(sql).fetchall()


def test_as_many_rows_as_the_pages_say(shop):
    """Rows in are rows out; a centroid, a component and a trial have their own numbers."""
    for call in (f"PREDICT(MODEL churn, {ROWS})", f"PREDICT(MODEL segments, {ROWS})"):
        assert rows(shop, f"SELECT count(*) FROM ML.{call}") == [(300,)]
    counted = "SELECT count(*), count(DISTINCT {}) FROM ML.{}"
    assert rows(shop, counted.format("centroid_id", "CENTROIDS(MODEL segments)")) == [(18, 6)]
    component = counted.format("principal_component_id", "PRINCIPAL_COMPONENTS(MODEL space)")
    assert rows(shop, component) == [(6, 2)]
    assert rows(shop, "SELECT trial_id FROM ML.TRIAL_INFO(MODEL tuned)") == [(1,), (2,)]
    assert rows(shop, "SELECT count(*) FROM ML.RECOMMEND(MODEL taste)") == [(450,)]
    one = "SELECT count(*) FROM ML.RECOMMEND(MODEL taste, (SELECT 3 AS product_id))"
    assert rows(shop, one) == [(30,)]


def test_five_nearest_centroids_the_nearest_first(shop):
    """Of six: k is the lesser of num_clusters and 5."""
    got = rows(shop, f"SELECT NEAREST_CENTROIDS_DISTANCE FROM ML.PREDICT(MODEL segments, {ROWS})")
    for (near,) in got:
        far = [c["DISTANCE"] for c in near]
        assert len(near) == 5
        assert far == sorted(far)


def test_components_are_in_descending_order_of_their_eigenvalues(shop):
    """Without ORDER BY."""
    told = rows(shop, "FROM ML.PRINCIPAL_COMPONENT_INFO(MODEL space)")
    assert [r[1] for r in told] == sorted((r[1] for r in told), reverse=True)
    assert told[-1][3] == pytest.approx(sum(r[2] for r in told))


def test_the_confusion_matrix_has_its_hits_on_the_diagonal(shop):
    """Both classes in ascending order."""
    (no, yes) = rows(shop, "FROM ML.CONFUSION_MATRIX(MODEL churn)")
    assert (no[0], yes[0]) == (False, True)
    assert no[1] > no[2]
    assert yes[2] > yes[1]


def test_weights_are_a_number_or_categories(shop):
    """The other is NULL; of a class each feature once; the global intercept without factors."""
    for name, weight, categories in rows(shop, "FROM ML.WEIGHTS(MODEL churn)"):
        assert (weight is None) == (name == "plan")
        assert (categories is None) == (name != "plan")
    each = "SELECT count(*) FROM ML.WEIGHTS(MODEL kinds) GROUP BY class_label, processed_input"
    assert set(rows(shop, each)) == {(1,)}
    intercept = "SELECT * FROM ML.WEIGHTS(MODEL {}) WHERE feature = 'global__intercept__'"
    assert rows(shop, intercept.format("clicks")) == [(None, "global__intercept__", None, 0.0)]
    (general,) = rows(shop, intercept.format("taste"))
    bias = "SELECT intercept FROM ML.WEIGHTS(MODEL taste) WHERE processed_input = 'product_id' AND "
    ((item,),) = rows(shop, f"{bias} feature = '3'")
    stranger = "(SELECT 999 AS customer_id, 3 AS product_id)"
    ((rating,),) = rows(
        shop, f"SELECT predicted_rating FROM ML.RECOMMEND(MODEL taste, {stranger})"
    )
    assert rating == pytest.approx(general[3] + item)


def test_feature_info_has_what_the_type_has(shop):
    """NULLs elsewhere; of users and items their number alone."""
    told = {r[0]: r[1:] for r in rows(shop, "FROM ML.FEATURE_INFO(MODEL churn)")}
    assert told["plan"] == (None, None, None, None, None, 3, 0, None)
    assert told["tenure"][5:] == (None, 0, None)
    assert rows(shop, "FROM ML.FEATURE_INFO(MODEL taste)") == [
        ("customer_id", None, None, None, None, None, 30, None, None),
        ("product_id", None, None, None, None, None, 15, None, None),
    ]


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
