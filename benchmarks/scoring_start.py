"""What starting costs: the import, attaching a file of fifty models, the first call."""

from __future__ import annotations

import statistics
from pathlib import Path

from rich.table import Table
from scoring_measure import child, verdict
from scoring_models import FEATURES, Trained

import retailsql

COUNT = 50
STARTS = 5
HEAVY = ("tensorflow", "sklearn", "pandas", "onnx", "sqlglot", "onnxruntime")

IMPORT = """
import sys, time, duckdb
start = time.perf_counter()
import retailsql
print(time.perf_counter() - start, *(m for m in {heavy!r} if m in sys.modules))
"""

ATTACH = """
import sys, time, duckdb, retailsql
con = duckdb.connect(sys.argv[1])
start = time.perf_counter()
retailsql.attach(con)
attached = time.perf_counter()
con.execute("SELECT m0_score(t) FROM (SELECT {row}) AS t").fetchall()
called = time.perf_counter()
con.execute("SELECT m1_score(t) FROM (SELECT {row}) AS t").fetchall()
print(attached - start, called - attached, time.perf_counter() - called)
con.close()
"""


def make_file(path: Path, model: Trained) -> None:
    """A file of fifty models that differ, all with ten features."""
    columns = dict.fromkeys(FEATURES, "DOUBLE")
    with retailsql.connect(path) as con:
        for i in range(COUNT):
            retailsql.import_onnx(
                con, f"m{i}", model.fitted.onnx, columns, label=f"y{i}", on_null="impute"
            )


def table(path: Path, model: Trained) -> Table:
    """Medians over fresh processes."""
    make_file(path, model)
    row = ", ".join(f"0.5 AS {name}" for name in FEATURES)
    imports, starts = [], []
    for _ in range(STARTS):
        imports.append(child("-c", IMPORT.format(heavy=HEAVY)).split())
        starts.append([float(v) for v in child("-c", ATTACH.format(row=row), str(path)).split()])
    imported = statistics.median(float(words[0]) for words in imports)
    attached, first, second = (statistics.median(each) for each in zip(*starts, strict=True))
    heavy = ", ".join(imports[0][1:]) or "none"
    out = Table("what", "found", "target", "", title="(e) Starting, in fresh processes")
    out.add_row(
        "import retailsql, after duckdb",
        f"{imported * 1e3:.0f} ms",
        "< 300",
        verdict(imported < 0.3),
    )
    out.add_row(f"of {', '.join(HEAVY)} it imports", heavy, "none", verdict(heavy == "none"))
    out.add_row(
        f"attach, {COUNT} models", f"{attached * 1e3:.0f} ms", "< 100", verdict(attached < 0.1)
    )
    out.add_row(
        "first call (imports ONNX Runtime, opens the graph)", f"{first * 1e3:.0f} ms", "", ""
    )
    out.add_row("first call of the next model", f"{second * 1e3:.1f} ms", "", "")
    return out
