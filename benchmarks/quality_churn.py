"""Churn on real behaviour: who of Online Retail's active customers buys nothing for 60 days?

    python benchmarks/quality_churn.py             # the test snapshot, 2011-10-11
    python benchmarks/quality_churn.py --validate  # 2011-08-12: where settings are chosen

Runs sql/ as it is, trains on four earlier snapshots whose labels were known by then, and prints
AUC and PR-AUC beside the trivial rule (minus the number of orders; quality.md: .719/.628).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import duckdb

from retailsql.demo.online_retail import load_online_retail
from retailsql.runner.project import load_project
from retailsql.runner.run import run
from retailsql.training.read_rows import read_rows
from retailsql.training.tabular.fit import fit

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("RETAILSQL_DATA", ROOT.parent / "shared" / "data"))
FILE = DATA / "online_retail_2010_2011" / "online_retail_2010_2011.parquet"
TEST, VALIDATION = "2011-12-10", "2011-10-11"

LOG = "log_recency, log_tenure, log_orders, log_orders_90d, log_spend, log_products"
FROM_LOG = f"SELECT {LOG}, -orders AS fewer_orders, is_test, churned FROM churn_training"
COMMON = {
    "input_label_cols": ["churned"], "data_split_method": "CUSTOM", "data_split_col": "is_test",
    "baseline_col": ["fewer_orders"],
}  # fmt: skip


def main() -> None:
    """Load, make features, train, print."""
    if not FILE.exists():
        print(f"skipped: {FILE} is missing (set RETAILSQL_DATA)")
        return
    con = duckdb.connect()
    con.execute("SET threads = 1")
    for reason, lines in load_online_retail(con, FILE).rows():
        print(f"{lines:>9,}  {reason}")
    cutoff = VALIDATION if "--validate" in sys.argv else TEST
    project = load_project(ROOT / "sql", {"cutoff": cutoff})
    run(con, project, select="+churn")
    churn = project.nodes["churn"]
    own = {k: v for k, v in churn.options.items() if k != "model_type"}
    cases: list[tuple[str, str, str, dict[str, Any]]] = [
        ("training/churn.sql as it is", str(churn.options["model_type"]), churn.sql, own),
        ("same columns, default leaf", "RANDOM_FOREST_CLASSIFIER", churn.sql, COMMON),
        ("same columns", "LOGISTIC_REG", churn.sql, COMMON),
        ("log RFM", "LOGISTIC_REG", FROM_LOG, COMMON),
        ("same columns", "BOOSTED_TREE_CLASSIFIER", churn.sql, COMMON),
    ]
    print(f"\ncutoff {cutoff}\n{'columns':29}{'model_type':27}AUC    PR-AUC Brier  seconds")
    for columns, model_type, query, options in cases:
        start = time.perf_counter()
        fitted = fit(read_rows(con, query, None, model_type), options, lambda words, share: None)
        seconds = time.perf_counter() - start
        m = fitted.evaluation.metrics
        print(
            f"{columns:29}{model_type:27}{m['roc_auc']:.4f} {m['pr_auc']:.4f} "
            f"{m['brier_score']:.4f} {seconds:.1f}"
        )
    for name, rule in fitted.evaluation.baselines.items():
        numbers = " ".join(f"{rule[k]:.4f}" for k in ("roc_auc", "pr_auc") if k in rule)
        print(f"{'trivial: ' + name:56}{numbers}")
    print(fitted.evaluation.split)


if __name__ == "__main__":
    main()
