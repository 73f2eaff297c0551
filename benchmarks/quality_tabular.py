"""How good the tabular models are on Telco churn and orange juice, beside their trivial rules.

Run: ``python benchmarks/quality_tabular.py`` (about two minutes). The test is weeks 149 to 160.
``--first-held 113``, ``125`` and ``137`` judge orange juice on the twelve weeks from there, trained
on those before: settings were chosen by week 137, those of boosted prices by the mean of all three.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from retailsql.training.fitted import Fitted, TrainingData
from retailsql.training.tabular.fit import fit

DATA = Path(os.environ.get("RETAILSQL_DATA", Path(__file__).parents[2] / "shared" / "data"))
BRANDS = range(1, 12)
PRICES = ", ".join(f"price{i}" for i in BRANDS)

TELCO = """
SELECT * EXCLUDE (customerID, TotalCharges), try_cast(TotalCharges AS DOUBLE) AS TotalCharges
FROM read_parquet('{data}/telco_churn/telco_churn.parquet')
"""

OWN_PRICES = f"""
WITH own AS (
    SELECT store, brand, week, exp(logmove) AS units, deal, feat,
           [{PRICES}] AS prices,
           prices[brand] AS price,
           (list_sum(prices) - price) / 10 AS market,
           list_min(list_filter(prices, lambda p, i: i <> brand)) AS cheapest
    FROM read_parquet('{{data}}/orange_juice/yx.parquet')
    WHERE week <= {{last_week}}
)"""

UNITS = f"""{OWN_PRICES}
SELECT units, store::VARCHAR AS store, brand::VARCHAR AS brand,
       ln(price) AS log_price, ln(price / market) AS log_relative, ln(price / cheapest) AS log_gap,
       {", ".join(f"ln(prices[{i}]) AS log_price{i}" for i in BRANDS)},
       deal > 0 AS deal, feat,
       AGE60, EDUC, ETHNIC, INCOME, HHLARGE, WORKWOM, HVAL150, SSTRDIST, SSTRVOL, CPDIST5, CPWVOL5,
       week >= {{first_held}} AS held
FROM own JOIN read_parquet('{{data}}/orange_juice/storedemo.parquet') AS demo USING (store)
ORDER BY own.week, own.store, own.brand
"""
"""Demand: units from prices, promotion, store and brand; no lags."""

PRICE = f"""{OWN_PRICES},
lagged AS (
    SELECT *,
           lag(price) OVER weeks AS last_price,
           week - lag(week) OVER weeks AS weeks_ago,
           lag(market) OVER weeks AS last_market,
           lag(deal > 0) OVER weeks AS last_deal,
           lag(feat) OVER weeks AS last_feat,
           lag(deal > 0, 2) OVER weeks AS deal_2,
           lag(feat, 2) OVER weeks AS feat_2,
           lag(price, 2) OVER weeks AS price_2,
           lag(price, 3) OVER weeks AS price_3,
           lag(price, 4) OVER weeks AS price_4,
           max(price) OVER past AS highest,
           min(price) OVER past AS lowest,
           avg(price) OVER past AS average,
           median(price) OVER past AS usual,
           avg(price) OVER chain_before AS chain
    FROM own
    WINDOW weeks AS (PARTITION BY store, brand ORDER BY week),
           past AS (PARTITION BY store, brand ORDER BY week
                    ROWS BETWEEN 12 PRECEDING AND 1 PRECEDING),
           chain_before AS (PARTITION BY brand ORDER BY week
                            RANGE BETWEEN 1 PRECEDING AND 1 PRECEDING)
)
SELECT price, store::VARCHAR AS store, brand::VARCHAR AS brand, weeks_ago,
       last_price, last_price AS last_week_price,
       price_2 / last_price AS was_2, price_3 / last_price AS was_3, price_4 / last_price AS was_4,
       highest / last_price AS up_to, lowest / last_price AS down_to,
       average / last_price AS to_average, usual / last_price AS to_usual,
       chain / last_price AS to_chain, market / last_price AS to_market,
       market / last_market AS market_move, cheapest / last_price AS to_cheapest,
       last_deal, last_feat, deal_2, feat_2,
       week >= {{first_held}} AS held
FROM lagged
WHERE last_price IS NOT NULL
ORDER BY week, store, brand
"""
"""Price: of a brand in a store and week, from the past and from the other brands' prices.

Nothing of the predicted price itself is in: every window ends the week before, and ``market`` and
``cheapest`` leave the brand's own price out. The trivial rule is last week's price."""


@dataclass(frozen=True)
class Task:
    """One training statement and the models tried on it."""

    name: str
    sql: str
    metrics: tuple[str, ...]
    options: Mapping[str, Any]
    models: Mapping[str, Mapping[str, Any]]


CUSTOM = {"data_split_method": "CUSTOM", "data_split_col": "held"}
TASKS = (
    Task(
        "churn (Telco)",
        TELCO,
        ("roc_auc", "brier_score", "expected_calibration_error", "lift_at_10"),
        {"input_label_cols": ["Churn"], "data_split_method": "CROSS_VALIDATION"},
        {
            "LOGISTIC_REG": {},
            "RANDOM_FOREST_CLASSIFIER": {},
            "BOOSTED_TREE_CLASSIFIER": {},
            "DNN_CLASSIFIER": {},
        },
    ),
    Task(
        "units (orange juice)",
        UNITS,
        ("r2_log", "wape"),
        {
            "input_label_cols": ["units"], "log_label": True, "primary_metric": "WAPE",
            "baseline_group_cols": ["store", "brand"], **CUSTOM,
        },
        {
            "LINEAR_REG": {},
            "DECISION_TREE_REGRESSOR": {},
            "RANDOM_FOREST_REGRESSOR": {"num_parallel_tree": 50},
            "BOOSTED_TREE_REGRESSOR": {"loss": "ABSOLUTE_ERROR", "min_tree_child_weight": 50},
        },
    ),
    Task(
        "price (orange juice)",
        PRICE,
        ("mean_absolute_error", "r2_score"),
        {
            "input_label_cols": ["price"], "baseline_col": ["last_week_price"],
            "offset_col": "last_price", "log_label": True,
            "baseline_group_cols": ["store", "brand"], **CUSTOM,
        },
        {
            "LINEAR_REG": {},
            "SVM_REGRESSOR": {"epsilon": 0.0, "gamma": 0.005, "cost": 0.1},
            "DECISION_TREE_REGRESSOR": {"loss": "ABSOLUTE_ERROR", "max_tree_depth": 6},
            "RANDOM_FOREST_REGRESSOR": {"num_parallel_tree": 50},
            "BOOSTED_TREE_REGRESSOR": {
                "loss": "ABSOLUTE_ERROR", "max_tree_depth": 5, "max_iterations": 60,
                "learn_rate": 0.05, "min_tree_child_weight": 500,
            },
        },
    ),
)  # fmt: skip


def train(task: Task, model_type: str, options: Mapping[str, Any], first_held: int = 149) -> Fitted:
    """Fit one model on the rows of one statement; twelve weeks are held out."""
    weeks = {"first_held": first_held, "last_week": first_held + 11}
    rows = duckdb.sql(task.sql.format(data=DATA, **weeks))
    types = dict(zip(rows.columns, map(str, rows.types), strict=True))
    data = TrainingData(rows.to_arrow_table(), types, model_type)
    return fit(data, {**task.options, **options}, lambda _words, _share: None)


def lines(task: Task, first_held: int) -> Iterator[tuple[str, ...]]:
    """Rows of the printed table: one for each rule, then one for each model."""
    for i, (model_type, options) in enumerate(task.models.items()):
        start = time.perf_counter()
        fitted = train(task, model_type, options, first_held)
        seconds, report = time.perf_counter() - start, fitted.evaluation
        if i == 0:
            yield (task.name, report.split, *[""] * 5)
            for rule, values in report.baselines.items():
                yield ("", f"rule: {rule}", *_figures(values, task.metrics), "", "")
        size = f"{len(fitted.onnx) / 1e6:.1f} MB"
        name = f"{model_type} {dict(options) or ''}"
        gain = report.metrics[report.primary] / report.best_baseline()[1] - 1
        colour = "green" if report.beats_baseline else "red"
        name += f"\n[{colour}]{report.primary} {gain:+.1%} to the best rule[/]"
        yield ("", name, *_figures(report.metrics, task.metrics), f"{seconds:.1f} s", size)


def _figures(values: Mapping[str, float], names: tuple[str, ...]) -> tuple[str, str, str]:
    """The first metric, the second, and all others."""
    words = [f"{n} {values[n]:.4g}" if n in values else f"{n} -" for n in names]
    return words[0], words[1], "\n".join(words[2:])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-held", type=int, default=149, help="first week judged")
    parser.add_argument("--task", default="", help="only tasks whose name begins so")
    arguments = parser.parse_args()
    table = Table("task", "model or trivial rule", "metric", "", "", "time", "graph")
    for task in TASKS:
        if task.name.startswith(arguments.task):
            for line in lines(task, arguments.first_held):
                table.add_row(*line)
            table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
