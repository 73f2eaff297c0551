"""Matrix factorization: Online Retail as implicit feedback, and made ratings of known rank.

    python benchmarks/quality_factorization.py [--validation] [option=value ...]

Online Retail is cleaned as in quality.md and split by time; a rating is the number of days on
which a customer bought an item. ``--validation`` judges the three windows before the test window.
The made ratings are mean + biases + 5 factors + noise of .7, the smallest error there is.
"""

from __future__ import annotations

import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import duckdb
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from benchmarks.quality_recommend import CLEAN, FILE
from retailsql.evaluation.report import Evaluation
from retailsql.training.factorization.fit import fit
from retailsql.training.fitted import TrainingData

LOG = """
WITH clean AS ({clean}),
kept AS (SELECT item_id FROM clean WHERE ordered_at < $cut
         GROUP BY 1 HAVING count(DISTINCT customer_id) >= 5)
SELECT customer_id AS "user", item_id AS item, count(DISTINCT ordered_at::DATE) AS rating,
       ordered_at >= $cut AS later
FROM clean SEMI JOIN kept USING (item_id) GROUP BY ALL
"""
IMPLICIT = {
    "feedback_type": "IMPLICIT",
    "data_split_method": "CUSTOM",
    "data_split_col": "later",
}
FIGURES = (
    "recall_at_k", "ndcg_at_k", "coverage", "recall_at_k_all", "ndcg_at_k_all",
    "mean_average_precision", "average_rank",
)  # fmt: skip
ERRORS = ("root_mean_squared_error", "mean_absolute_error", "r2_score")


def basket_log(cut: str, until: str) -> TrainingData:
    con = duckdb.connect()
    con.execute("SET threads = 1")
    values = {"file": str(FILE), "until": until, "cut": cut}
    table = con.sql(LOG.format(clean=CLEAN), params=values).to_arrow_table()
    types = {"user": "INTEGER", "item": "VARCHAR", "rating": "BIGINT", "later": "BOOLEAN"}
    return TrainingData(table, types, "MATRIX_FACTORIZATION")


def made_ratings(users: int = 2_000, items: int = 1_500, rows: int = 100_000) -> TrainingData:
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 0.5, (users, 5)), rng.normal(0, 0.5, (items, 5))
    user_bias, item_bias = rng.normal(0, 0.4, users), rng.normal(0, 0.4, items)
    pair = rng.choice(users * items, rows, replace=False)
    user, item = pair // items, pair % items
    rating = 3.5 + user_bias[user] + item_bias[item] + (x[user] * y[item]).sum(axis=1)
    table = pa.table({"user": user, "item": item, "rating": rating + rng.normal(0, 0.7, rows)})
    types = {"user": "BIGINT", "item": "BIGINT", "rating": "DOUBLE"}
    return TrainingData(table, types, "MATRIX_FACTORIZATION")


def show(title: str, evaluation: Evaluation, figures: tuple[str, ...]) -> None:
    table = Table("", *figures, title=title, caption=evaluation.split)
    for name, row in {**evaluation.baselines, "model": evaluation.metrics}.items():
        table.add_row(name, *(f"{row[f]:.4f}" if f in row else "" for f in figures))
    Console(width=150).print(table)


def main(arguments: list[str]) -> None:
    given = dict(a.split("=", 1) for a in arguments if "=" in a)
    options = {k: float(v) if "." in v else int(v) for k, v in given.items()}
    windows = [("2011-11-12", "2011-12-10")]
    if "--validation" in arguments:
        windows = [("2011-08-20", "2011-09-17"), ("2011-09-17", "2011-10-15")]
        windows.append(("2011-10-15", "2011-11-12"))
    for cut, until in windows if FILE.exists() else ():
        data = basket_log(cut, until)
        start = time.perf_counter()
        fitted = fit(data, {**IMPLICIT, **options}, lambda words, share: None)
        title = f"Online Retail from {cut}: fit {time.perf_counter() - start:.1f} s {given or ''}"
        show(title, fitted.evaluation, FIGURES)
    if "--validation" not in arguments:
        data = made_ratings()
        start = time.perf_counter()
        fitted = fit(data, options, lambda words, share: None)
        title = f"made ratings, {data.table.num_rows:,}: fit {time.perf_counter() - start:.1f} s"
        show(title, fitted.evaluation, ERRORS)


if __name__ == "__main__":
    sys.path.insert(0, "")
    main(sys.argv[1:])
