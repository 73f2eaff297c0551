"""Real data, from SQL to a score in a query: each model beats its stated trivial rule on rows held
out by time (Telco, which has no time, by cross-validation)."""

from __future__ import annotations

import json

import pytest

import retailsql
from benchmarks import quality_forecast, quality_tabular
from retailsql.demo.tour import take_tour
from tests.conftest import shared


def evaluation(con, model):
    sql = "SELECT evaluation FROM retailsql.versions WHERE model_name = ? ORDER BY version DESC"
    return json.loads(con.execute(sql, [model]).fetchall()[0][0])


@pytest.mark.parametrize(
    "model_type", ["RANDOM_FOREST_CLASSIFIER", "LOGISTIC_REG", "BOOSTED_TREE_CLASSIFIER"]
)
def test_telco_churn(con, model_type):
    """Blank TotalCharges are NULLs, Yes/No columns are categories or booleans: all are handled."""
    data = shared("telco_churn", "telco_churn.parquet").parent.parent
    con.execute("CREATE TABLE telco AS " + quality_tabular.TELCO.format(data=data))
    con.execute(
        f"CREATE MODEL churn OPTIONS(model_type='{model_type}', input_label_cols=['Churn'], "
        "data_split_method='CROSS_VALIDATION', num_repeats=1) AS SELECT * FROM telco"
    )
    told = evaluation(con, "churn")
    assert told["metrics"]["roc_auc"] > 0.84 > told["baselines"]["base rate"]["roc_auc"]
    assert told["metrics"]["brier_score"] < 0.14 < told["baselines"]["base rate"]["brier_score"]
    rows = con.execute(
        "SELECT Churn, avg(churn_score(t)) FROM telco t GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert rows[0][1] < 0.3 < 0.4 < rows[1][1]


def test_the_whole_way_on_online_retail(tmp_path):
    """The demo on the file as published: 391,150 lines for customers, models beside rules."""
    file = shared("online_retail_2010_2011", "online_retail_2010_2011.parquet")
    tour = take_tour(tmp_path / "or.duckdb", data=file)
    report = dict(tour.load_report)
    assert report["lines in the file"] == 541909
    assert report["for customer features"] == 391150
    e = tour.evaluations
    assert e["churn"].metrics["roc_auc"] > e["churn"].baselines["fewer_orders"]["roc_auc"] > 0.71
    own = e["basket"].baselines["own most frequent items, then popular, last 28 days"]
    novel = e["basket"].baselines["popular, last 28 days"]
    assert e["basket"].metrics["recall_at_k"] > novel["recall_at_k"] > 0.1
    assert e["basket"].metrics["recall_at_k_all"] > own["recall_at_k_all"] > 0.35
    demand, metric = e["demand"], "mean_absolute_error"
    assert demand.metrics[metric] < demand.baselines["seasonal naive 7"][metric]
    assert [len(answer.rows) for _, answer in tour.answers] == [10, 10, 10, 10]
    assert take_tour(tmp_path / "or.duckdb", data=file).reused


def test_weekly_sales_forecast(con):
    """811 products, one year: beside naive and the median of eight."""
    data = shared("weekly_sales_uci", "weekly_sales_uci.parquet").parent.parent
    con.execute("CREATE TABLE sales AS " + quality_forecast.WEEKLY_SALES.format(data=data))
    con.execute(
        "CREATE MODEL demand OPTIONS(model_type='LSTM', time_series_timestamp_col='day', "
        "time_series_data_col='units', time_series_id_col='sku', horizon=8) AS FROM sales"
    )
    told = evaluation(con, "demand")
    assert told["metrics"]["mean_absolute_error"] < min(
        told["baselines"][rule]["mean_absolute_error"] for rule in ("naive", "median of 8")
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "model", "metric"),
    [(1, "BOOSTED_TREE_REGRESSOR", "wape"), (2, "SVM_REGRESSOR", "mean_absolute_error")],
    ids=["units", "price"],
)
def test_orange_juice(con, task, model, metric):
    """Weeks 149 to 160 held out: units beside the store x brand mean, price beside last week's."""
    data = shared("orange_juice", "yx.parquet").parent.parent
    chosen = quality_tabular.TASKS[task]
    query = chosen.sql.format(data=data, first_held=149, last_week=160)
    options = {"model_type": model, **chosen.options, **chosen.models[model]}
    retailsql.create_model(con, "m", options, query)
    told = evaluation(con, "m")
    assert all(told["metrics"][metric] < rule[metric] for rule in told["baselines"].values())
    rows = con.execute(f"SELECT count(m_predict(r)), count(*) FROM ({query}) r").fetchall()
    assert rows[0][0] == rows[0][1] > 90_000
