"""What every task's model must do, whatever its kind. ``test_contract`` runs it on all of them.

A task adds one :class:`Case`: how its function is called per row, and what its ML statement is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """How one task is asked.

    Args:
        task: the task's name.
        rows: a relation with a column ``id`` that names each row, features beside it.
        call: the SQL of the task's function for one row ``r`` of it.
        nothing: the same call with nothing known: must be NULL.
        result: SQL type of the result.
        statement: an ML statement; its rows must equal ``check``.
        check: the same through the function.
    """

    task: str
    rows: str
    call: str
    nothing: str
    result: str
    statement: str
    check: str


CASES = (
    Case(
        task="churn",
        rows="(SELECT customer_id AS id, * FROM customer_features)",
        call="churn_score(r)",
        nothing="SELECT churn_score(f) FROM (SELECT 1 AS one) o "
        "LEFT JOIN customer_features f ON false",
        result="DOUBLE",
        statement="SELECT customer_id, predicted_churned_probs FROM "
        "ML.PREDICT(MODEL churn, TABLE customer_features) ORDER BY 1",
        check="SELECT customer_id, predicted_churned_probs FROM "
        "churn_predict('customer_features') ORDER BY 1",
    ),
    Case(
        task="price",
        rows="(SELECT concat(product_id, store_id, week) AS id, * FROM price_features)",
        call="price_predict(r)",
        nothing="SELECT price_predict(f) FROM (SELECT 1 AS one) o "
        "LEFT JOIN price_features f ON false",
        result="DOUBLE",
        statement="SELECT product_id, store_id, week, predicted_price FROM "
        "ML.PREDICT(MODEL price, TABLE price_features) ORDER BY ALL",
        check="SELECT product_id, store_id, week, price_predict(f) FROM price_features f "
        "ORDER BY ALL",
    ),
    Case(
        task="forecast",
        rows="(SELECT product_id AS id, list(units ORDER BY day) AS history FROM fct_sales_daily "
        "GROUP BY ALL)",
        call="demand_forecast(r.history, 3)",
        nothing="SELECT demand_forecast(NULL, 3)",
        result="STRUCT(step INTEGER, \"value\" DOUBLE, lower DOUBLE, upper DOUBLE)[]",
        statement="SELECT product_id, forecast_value FROM ML.FORECAST(MODEL demand, "
        "STRUCT(3 AS horizon, 0.9 AS confidence_level), TABLE fct_sales_daily) "
        "ORDER BY product_id, forecast_timestamp",
        check="SELECT product_id, f.value FROM (SELECT product_id, "
        "unnest(demand_forecast(list(units ORDER BY day), 3)) AS f FROM fct_sales_daily "
        "GROUP BY product_id) ORDER BY product_id, f.step",
    ),
    Case(
        task="recommendation",
        rows="(SELECT customer_id AS id, * FROM customer_features)",
        call="basket_recommend(r.customer_id, 5)",
        nothing="SELECT basket_recommend(NULL, 5)",
        result="STRUCT(item_id VARCHAR, score DOUBLE, rank INTEGER)[]",
        statement="SELECT customer_id, product_id, rank FROM ML.RECOMMEND(MODEL basket, "
        "TABLE customer_features, STRUCT(5 AS top_k)) ORDER BY ALL",
        check="SELECT customer_id, o.item_id, o.rank FROM (SELECT customer_id, "
        "unnest(basket_recommend(customer_id, 5)) AS o FROM customer_features) ORDER BY ALL",
    ),
)  # fmt: skip
