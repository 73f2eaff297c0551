"""The tables and models on which the functions of ``documented_functions`` are called, and what
compares the two.
"""

from __future__ import annotations

import re

import retailsql
from tests.documented_functions import ROWS, Documented

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
yearly  OPTIONS(model_type = 'LINEAR_REG', input_label_cols = ['value'],
        calculate_p_values = TRUE, category_encoding_method = 'DUMMY_ENCODING') AS
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
scaled  TRANSFORM(ML.MIN_MAX_SCALER(spend) OVER () AS spend, upper(plan) AS what, value)
        OPTIONS(model_type = 'BOOSTED_TREE_REGRESSOR', input_label_cols = ['value'],
        max_iterations = 5) AS SELECT spend, plan, value FROM customers;
prep    TRANSFORM(ML.MIN_MAX_SCALER(spend) OVER () AS spend, upper(plan) AS plan)
        OPTIONS(model_type = 'TRANSFORM_ONLY') AS SELECT spend, plan FROM customers
"""
HOLIDAYS = "[DATE '2024-05-17', DATE '2024-11-15', DATE '2025-02-08']"
SERIES_MODELS = f"""
demand  OPTIONS(model_type = 'ARIMA_PLUS', time_series_id_col = 'sku', {DATED}) AS FROM sales;
one     OPTIONS(model_type = 'ARIMA_PLUS', {DATED}) AS (
        training_data AS (SELECT DATE '2024-01-01' + CAST(d AS INTEGER) AS day, 9 + d * 7919 % 5
            + 6 * sin(2 * pi() * d / 7) + 40 * (day IN {HOLIDAYS})::INTEGER AS units
            FROM range(400) AS b(d)),
        custom_holiday AS (SELECT 'XX' AS region, 'sale' AS holiday_name,
            unnest({HOLIDAYS}) AS primary_date));
xreg    OPTIONS(model_type = 'ARIMA_PLUS_XREG', {DATED}) AS FROM calendar
"""


def trained(models: str) -> retailsql.Session:
    """A session on the tables and such models; about eight seconds for those of rows."""
    con = retailsql.connect()
    con.execute(TABLES)
    for model in models.split(";"):
        con.execute(f"CREATE MODEL {model}").fetchall()
    return con


def described(con: retailsql.Session, call: str) -> list[str]:
    """Name and type of each column that a call returns."""
    found = con.execute(f"DESCRIBE SELECT * FROM {call}").fetchall()
    return [f"{name} {kind}".replace('"', "") for name, kind, *_ in found]


def listed(columns: str) -> list[str]:
    """The same of a documented list: split at commas outside of brackets."""
    return [c.strip() for c in re.split(r",(?![^()]*\))", columns)]


def check(con: retailsql.Session, entry: Documented) -> None:
    """The call runs, returns rows, and has the columns of the page, or those said instead."""
    assert bool(entry.ours) == bool(entry.why)
    assert entry.ours != entry.columns
    assert described(con, entry.call) == listed(entry.ours or entry.columns)
    assert con.execute(f"SELECT * FROM {entry.call}").fetchall()


def named(entry: Documented) -> str:
    """For pytest."""
    return f"{entry.page}-{entry.kind}"


def assert_same(con: retailsql.Session, plain: str, given: str) -> None:
    """A call says the same without settings and with their defaults."""
    full = f"{plain[:-1]}, STRUCT({given}))"
    assert con.execute(f"FROM {plain}").fetchall() == con.execute(f"FROM {full}").fetchall()


def rows(con: retailsql.Session, sql: str) -> list[tuple[object, ...]]:
    """What a query returns."""
    return con.execute(sql).fetchall()
