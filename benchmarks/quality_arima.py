"""How good ARIMA_PLUS is, beside every plain rule, on the files of quality_forecast and on M3.

    python benchmarks/quality_arima.py [retail_weekly] [weekly_sales] [m3_quarterly] [m3_monthly]

The last steps judge and choose nothing. M3 has a test part of its own, which training never sees;
its figure is the symmetric mean absolute percentage error in percent, mean over all forecasts.
Published (Makridakis and Hibon, "The M3-Competition", 2000): monthly Theta 13.85; the quarterly
figures, Theta 8.96 and Naive2 9.95, are quoted from memory and not checked against the paper.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.quality_forecast import CASES, DATA, load
from retailsql.training.arima import fit as arima_plus
from retailsql.training.fitted import TrainingData

COLUMNS = {
    "time_series_timestamp_col": "day",
    "time_series_data_col": "units",
    "time_series_id_col": "sku",
}
YARDSTICK = {
    "retail_weekly": "bar: WAPE .572; median of 8: .580",
    "weekly_sales": "last 12 of 52 weeks; exponential smoothing elsewhere: MAE 2.20",
}
M3 = {"m3_quarterly": ("QUARTERLY", "QUARTERLY", 3, 8), "m3_monthly": ("MONTHLY", "MONTHLY", 1, 18)}


def known(name: str, console: Console) -> None:
    """One of the cases of quality_forecast."""
    _, query, extra = CASES[name]
    extra = {"horizon": 12} if name == "weekly_sales" else extra
    data = replace(load(query), model_type="ARIMA_PLUS")
    began = time.perf_counter()
    fitted = arima_plus.fit(data, {**COLUMNS, **extra}, lambda words, share: None)
    seconds = time.perf_counter() - began
    table = Table(title=f"{name}: {YARDSTICK[name]}")
    for column in ("rule", "MAE", "WAPE", "MASE", "90 % holds", "seconds"):
        table.add_column(column, justify="left" if column == "rule" else "right")
    metrics = {**fitted.evaluation.baselines, "ARIMA_PLUS": fitted.evaluation.metrics}
    for rule, m in metrics.items():
        own = rule == "ARIMA_PLUS"
        held = f"{m['interval_coverage']:.3f}" if own else ""
        names = ("mean_absolute_error", "wape", "mase")
        figures = [f"{m[n]:.4g}" for n in names]
        table.add_row(rule, *figures, held, f"{seconds:.0f}" if own else "")
    console.print(table, fitted.warnings[0], fitted.evaluation.split, "")


def m3(name: str, console: Console) -> None:
    """One frequency of the M3 competition, judged on its own test part."""
    frequency, category, months, horizon = M3[name]
    query = M3_ROWS.format(data=DATA, category=category, months=months)
    with duckdb.connect() as con:
        rows = con.sql(f"SELECT sku, day, units FROM ({query}) WHERE part = 'train'")
        types = dict(zip(rows.columns, map(str, rows.types), strict=True))
        data = TrainingData(rows.to_arrow_table(), types, "ARIMA_PLUS")
        options: dict[str, Any] = {**COLUMNS, "horizon": horizon, "data_frequency": frequency}
        began = time.perf_counter()
        fitted = arima_plus.fit(data, options, lambda words, share: None)
        seconds = time.perf_counter() - began
        con.register("made", fitted.forecasts)
        judged = con.sql(
            "SELECT m.value, m.standard_error, t.units FROM made m JOIN "
            f"(SELECT sku, units, row_number() OVER (PARTITION BY sku ORDER BY day) AS step "
            f"FROM ({query}) WHERE part = 'test') t ON m.key = t.sku AND m.step = t.step"
        ).fetchnumpy()
    f, se, y = (np.asarray(judged[c], float) for c in ("value", "standard_error", "units"))
    error = 200 * float(np.mean(np.abs(f - y) / (np.abs(f) + np.abs(y))))
    inside = float(np.mean(np.abs(f - y) <= 1.6448536 * se))
    series = len(set(fitted.forecasts["key"].to_pylist()))
    console.print(
        f"{name}: sMAPE {error:.2f} on {len(y)} values of {series} series, 90 % interval holds "
        f"{inside:.3f}, {seconds:.0f} s", fitted.warnings[0], "",
    )  # fmt: skip


M3_ROWS = """
SELECT series AS sku, y AS units, split AS part,
       CAST(DATE '1950-01-01' + INTERVAL 1 MONTH * ({months} * rank) AS DATE) AS day
FROM (SELECT v.*, row_number() OVER (PARTITION BY v.series ORDER BY t) AS rank
      FROM read_parquet('{data}/m3/m3_values.parquet') v
      JOIN read_parquet('{data}/m3/m3_meta.parquet') m USING (series)
      WHERE upper(m.period) = '{category}')
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", default=[*YARDSTICK, *M3])
    args = parser.parse_args()
    console = Console(width=110)
    if not DATA.exists():
        console.print(f"{DATA} is missing: set RETAILSQL_DATA")
        return
    for name in args.cases:
        (m3 if name in M3 else known)(name, console)


if __name__ == "__main__":
    main()
