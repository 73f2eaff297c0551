"""Recommendation on Online Retail: both protocols of the task beside the trivial rules.

    python benchmarks/quality_recommend.py [--validation] [option=value ...]

Cleaning as in quality.md: 541,909 lines become 391,150. The test window is the last 28 days;
``--validation`` judges the three windows before it instead (for choosing settings).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import duckdb
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from retailsql.evaluation.report import Evaluation
from retailsql.scoring.recommend import RecommendScorer
from retailsql.training.fitted import Fitted, TrainingData
from retailsql.training.items.item_knn import fit

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("RETAILSQL_DATA", ROOT.parent / "shared" / "data"))
FILE = DATA / "online_retail_2010_2011" / "online_retail_2010_2011.parquet"

CLEAN = """
SELECT CustomerID AS customer_id, StockCode AS item_id, InvoiceDate AS ordered_at
FROM (SELECT DISTINCT * FROM read_parquet($file))
WHERE CustomerID IS NOT NULL AND InvoiceNo NOT LIKE 'C%' AND Quantity > 0 AND UnitPrice > 0
  AND regexp_matches(StockCode, '^[0-9]{5}') AND InvoiceDate < $until
"""
COLUMNS = {"user_col": "customer_id", "item_col": "item_id", "timestamp_col": "ordered_at"}
FIGURES = ("recall_at_k", "ndcg_at_k", "coverage", "recall_at_k_all", "ndcg_at_k_all")


def purchases(until: str) -> TrainingData:
    con = duckdb.connect()
    con.execute("SET threads = 1")
    table = con.sql(CLEAN, params={"file": str(FILE), "until": until}).to_arrow_table()
    types = {"customer_id": "INTEGER", "item_id": "VARCHAR", "ordered_at": "TIMESTAMP"}
    return TrainingData(table, types, "RECOMMENDER")


def show(title: str, evaluation: Evaluation) -> None:
    table = Table("", *FIGURES, title=title, caption=evaluation.split)
    for name, row in {**evaluation.baselines, "model": evaluation.metrics}.items():
        table.add_row(name, *(f"{row[f]:.4f}" for f in FIGURES))
    Console(width=130).print(table)


def time_scoring(fitted: Fitted) -> None:
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(fitted.onnx, options)
    scorer = RecommendScorer(session, fitted.signature, lambda: fitted.histories)
    keys = fitted.histories["key"].combine_chunks()
    scorer.score(keys[:1], pa.array([1]), pa.array([True]))
    print(f"graph {len(fitted.onnx) / 1e6:.1f} MB, {len(fitted.signature.options['items'])} items")
    for chunk in (len(keys), 2048, 1):
        sample = keys if chunk > 1 else keys[:200]
        start = time.perf_counter()
        for at in range(0, len(sample), chunk):
            part = sample[at : at + chunk]
            scorer.score(part, pa.array(np.full(len(part), 10)), pa.array([True] * len(part)))
        took = time.perf_counter() - start
        print(f"top 10 of {len(sample):,} customers, {chunk:,} a call: {took:.3f} s")


def main(arguments: list[str]) -> None:
    if not FILE.exists():
        sys.exit(f"skipped: {FILE.name} is not in the data folder (set RETAILSQL_DATA)")
    given = dict(a.split("=", 1) for a in arguments if "=" in a)
    options = {k: v if not v[:1].isdigit() else float(v) if "." in v else int(v)
               for k, v in given.items()}  # fmt: skip
    validation = "--validation" in arguments
    for until in ("2011-09-17", "2011-10-15", "2011-11-12") if validation else ("2011-12-10",):
        start = time.perf_counter()
        data = purchases(until)
        read = time.perf_counter()
        fitted = fit(data, {**COLUMNS, **options}, lambda words, share: None)
        title = f"until {until}: {data.table.num_rows:,} lines, read {read - start:.1f} s, "
        show(f"{title}fit {time.perf_counter() - read:.1f} s {given or ''}", fitted.evaluation)
        if not validation:
            time_scoring(fitted)


if __name__ == "__main__":
    main(sys.argv[1:])
