"""How good the forecaster is, beside every trivial rule and a global ridge on lags.

    python benchmarks/quality_forecast.py [--seeds 3] [weekly_sales | retail_weekly | retail_daily]

All figures are of the last steps of each series, which neither training, early stopping nor the
choice of a setting has seen. Products are chosen by their sales before the first origin. The ridge
(scaled by each window's mean, all series in one fit) is the one-second rival of trap 2.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import Ridge

from retailsql.evaluation import forecasts
from retailsql.training.fitted import TrainingData
from retailsql.training.forecasting import lstm
from retailsql.training.forecasting.forecast_split import split_windows
from retailsql.training.forecasting.windows import read_panel
from retailsql.training.options import read_options

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("RETAILSQL_DATA", ROOT.parent / "shared" / "data"))

WEEKLY_SALES = """
SELECT product AS sku, DATE '2023-01-02' + CAST(7 * week AS INTEGER) AS day, units
FROM   read_parquet('{data}/weekly_sales_uci/*.parquet')
"""

# Cleaning: no duplicates, no line without a customer, no cancellation, no price of zero, and no
# code that is not a product (POST, M, DOT, ...): products have five digits.
LINES = """
WITH lines AS (
  SELECT DISTINCT * FROM read_parquet('{data}/online_retail_2010_2011/*.parquet')
  WHERE CustomerID IS NOT NULL AND InvoiceNo NOT LIKE 'C%' AND Quantity > 0 AND UnitPrice > 0
    AND regexp_matches(StockCode, '^[0-9]{{5}}')
), """

RETAIL_WEEKLY = (
    LINES
    + """
sold AS (
  SELECT StockCode AS sku, CAST((InvoiceDate::DATE - DATE '2010-12-01') // 7 AS INTEGER) AS week,
         sum(Quantity) AS units
  FROM   lines GROUP BY ALL
), top AS (
  SELECT sku FROM sold WHERE week < 40 GROUP BY sku ORDER BY sum(units) DESC, sku LIMIT 300
)
SELECT sku, DATE '2010-12-06' + CAST(7 * week AS INTEGER) AS day, coalesce(units, 0) AS units
FROM   top CROSS JOIN (SELECT unnest(range(52)) AS week) LEFT JOIN sold USING (sku, week)
"""
)

RETAIL_DAILY = (
    LINES
    + """
sold AS (
  SELECT StockCode AS sku, InvoiceDate::DATE AS day, sum(Quantity) AS units
  FROM   lines GROUP BY ALL
), top AS (
  SELECT sku FROM sold WHERE day < DATE '2011-09-15'
  GROUP BY sku ORDER BY sum(units) DESC, sku LIMIT 200
), days AS (
  SELECT unnest(range(DATE '2010-12-01', DATE '2011-12-09', INTERVAL 1 DAY))::DATE AS day
)
SELECT sku, day, coalesce(units, 0) AS units
FROM   top CROSS JOIN days LEFT JOIN sold USING (sku, day)
"""
)

CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "weekly_sales": ("811 products, 52 weeks, last 8", WEEKLY_SALES, {"horizon": 8}),
    "retail_weekly": (
        "Online Retail, 300 SKU by week, 4 ahead, 3 origins (bar: WAPE .572; median of 8: .580)",
        RETAIL_WEEKLY,
        {"horizon": 4, "num_eval_windows": 3},
    ),
    "retail_daily": (
        "Online Retail, 200 SKU by day, 14 ahead, 2 origins, shut on Saturdays",
        RETAIL_DAILY,
        {"horizon": 14, "num_eval_windows": 2},
    ),
}


def load(query: str) -> TrainingData:
    """The rows of a query, as CREATE MODEL would hand them over."""
    with duckdb.connect() as con:
        relation = con.sql(query.format(data=DATA))
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
        return TrainingData(relation.to_arrow_table(), types, "LSTM")


def ridge(data: TrainingData, options: dict[str, Any]) -> dict[str, float]:
    """A global ridge on the scaled window, judged on the same rows."""
    opts = read_options(options, lstm.OPTIONS)
    panel = read_panel(data, opts)
    split = split_windows(panel, opts)

    def lags(history: Any) -> tuple[Any, Any]:
        level = np.maximum(np.nanmean(np.abs(history), axis=1, keepdims=True), 1e-9)
        return np.nan_to_num(history) / level, level

    x, level = lags(split.train.history)
    weight = level[:, 0] / level.mean()
    model = Ridge(10.0).fit(x, np.nan_to_num(split.train.target) / level, sample_weight=weight)
    x, level = lags(split.test.history)
    guess = np.maximum(model.predict(x) * level, 0)
    first = panel.values.shape[1] - opts["horizon"] * opts["num_eval_windows"]
    scale = forecasts.naive_scale(panel.values[:, :first])[split.test.series]
    return forecasts.metrics(split.test.target, guess, scale)


def run(name: str, seeds: int, console: Console) -> None:
    """One case: train with each seed, and print everything judged on the same windows."""
    title, query, extra = CASES[name]
    options = {
        "time_series_timestamp_col": "day",
        "time_series_data_col": "units",
        "time_series_id_col": "sku",
        **extra,
    }
    data = load(query)
    table = Table(title=title)
    for column in ("rule", "MAE", "WAPE", "MASE", "RMSE", "90 % holds", "seconds"):
        table.add_column(column, justify="left" if column == "rule" else "right")

    def row(rule: str, m: Any, seconds: str = "") -> None:
        held = f"{m['interval_coverage']:.3f}" if "interval_coverage" in m else ""
        names = ("mean_absolute_error", "wape", "mase", "root_mean_squared_error")
        table.add_row(rule, *(f"{m[n]:.4g}" for n in names), held, seconds)

    for seed in range(seeds):
        began = time.perf_counter()
        fitted = lstm.fit(data, {**options, "seed": seed}, lambda words, share: None)
        if seed == 0:
            for rule, metrics in fitted.evaluation.baselines.items():
                row(rule, metrics)
            start = time.perf_counter()
            row("ridge on lags", ridge(data, options), f"{time.perf_counter() - start:.1f}")
        row(f"LSTM, seed {seed}", fitted.evaluation.metrics, f"{time.perf_counter() - began:.1f}")
    console.print(table, fitted.evaluation.split, "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--seeds", type=int, default=1)
    args = parser.parse_args()
    if not DATA.exists():
        Console().print(f"{DATA} is missing: set RETAILSQL_DATA")
        return
    for name in args.cases:
        run(name, args.seeds, Console(width=110))


if __name__ == "__main__":
    main()
