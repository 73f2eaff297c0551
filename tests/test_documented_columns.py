"""Each ML function against Google's reference: columns, types, rows, order, NULLs, arguments.

The table is ``documented_functions``, written from the pages and not from the code.
"""

from __future__ import annotations

import re

import pytest

import retailsql
from retailsql.dialect.verbs.table import VERBS
from retailsql.errors import StatementError
from tests.documented_functions import LATER, ROWS, SERIES, TABULAR, Documented

TABLES = """
CREATE TABLE customers AS SELECT i AS customer_id, i % 37 AS tenure, 20 + i * 7919 % 211 AS spend,
    ['basic', 'plus', 'gold'][1 + i % 3] AS plan, ['web', 'shop'][1:1 + i % 2] AS channels,
    DATE '2024-01-01' + CAST(i % 400 AS INTEGER) AS joined,
    10 + 3 * (i % 37) + i * 104729 % 17 AS value, i % 37 + i * 31 % 23 < 25 AS churned
FROM range(300) AS r(i);
CREATE TABLE ratings AS SELECT u AS customer_id, p AS product_id, 1 + (u * p + u + p) % 5 AS rating
FROM range(30) AS a(u), range(15) AS b(p) WHERE (u * 31 + p * 17) % 3 > 0;
CREATE TABLE sales AS SELECT 'sku' || s AS sku, DATE '2025-01-01' + CAST(d AS INTEGER) AS day,
    20 + 5 * s + .1 * d + 6 * sin(2 * pi() * d / 7) + (d * 7919 + s * 31) % 5 AS units
FROM range(2) AS a(s), range(70) AS b(d);
CREATE TABLE calendar AS SELECT day, units, day(day) AS monthday, dayname(day) AS weekday
FROM sales WHERE sku = 'sku0';
"""
TUNED = "num_trials = 2, l2_reg = HPARAM_RANGE(0, 10)"
RATED = "user_col = 'customer_id', item_col = 'product_id', rating_col = 'rating', num_factors = 2"
DATED = "time_series_timestamp_col = 'day', time_series_data_col = 'units', horizon = 7"
ROW_MODELS = f"""
churn   OPTIONS(model_type = 'LOGISTIC_REG', input_label_cols = ['churned']) AS
        SELECT tenure, spend, plan, churned FROM customers;
kinds   OPTIONS(model_type = 'LOGISTIC_REG', input_label_cols = ['plan']) AS
        SELECT tenure, spend, plan FROM customers;
flags   OPTIONS(model_type = 'LOGISTIC_REG', input_label_cols = ['y'], {TUNED}) AS
        SELECT tenure, spend, CAST(churned AS BIGINT) AS y FROM customers;
yearly  OPTIONS(model_type = 'LINEAR_REG', input_label_cols = ['value']) AS
        SELECT tenure, spend, plan, value FROM customers;
tuned   OPTIONS(model_type = 'LINEAR_REG', input_label_cols = ['value'], {TUNED}) AS
        SELECT tenure, spend, value FROM customers;
stumps  OPTIONS(model_type = 'BOOSTED_TREE_REGRESSOR', input_label_cols = ['value'],
        max_iterations = 5) AS SELECT tenure, spend, plan, value FROM customers;
segments OPTIONS(model_type = 'KMEANS', num_clusters = 6) AS FROM {ROWS};
space   OPTIONS(model_type = 'PCA', num_principal_components = 2) AS
        SELECT tenure, spend, value FROM customers;
squeeze OPTIONS(model_type = 'AUTOENCODER', hidden_units = [4, 2, 4], max_iterations = 1) AS
        FROM {ROWS};
taste   OPTIONS(model_type = 'MATRIX_FACTORIZATION', {RATED}) AS FROM ratings;
clicks  OPTIONS(model_type = 'MATRIX_FACTORIZATION', feedback_type = 'IMPLICIT', {RATED}) AS
        FROM ratings;
prep    TRANSFORM(ML.MIN_MAX_SCALER(spend) OVER () AS spend, upper(plan) AS plan)
        OPTIONS(model_type = 'TRANSFORM_ONLY') AS SELECT spend, plan FROM customers
"""
SERIES_MODELS = f"""
demand  OPTIONS(model_type = 'ARIMA_PLUS', time_series_id_col = 'sku', {DATED}) AS FROM sales;
one     OPTIONS(model_type = 'ARIMA_PLUS', {DATED}) AS (
        training_data AS (SELECT day, units FROM calendar), custom_holiday AS (
        SELECT 'XX' AS region, 'sale' AS holiday_name, unnest([DATE '2025-01-17',
        DATE '2025-02-11', DATE '2025-03-14']) AS primary_date));
xreg    OPTIONS(model_type = 'ARIMA_PLUS_XREG', {DATED}) AS FROM calendar
"""


def trained(models: str) -> retailsql.Session:
    con = retailsql.connect()
    con.execute(TABLES)
    for model in models.split(";"):
        con.execute(f"CREATE MODEL {model}").fetchall()
    return con


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
