"""How often three rules of drift cry wolf, and how often they see one.

Run: ``python benchmarks/drift.py [--columns N]`` (about ten minutes, one thread). Every column is a
test of its own: n rows of training, n of today, either from the same distribution (false alarm) or
moved by .3 standard deviations (power). Three rules, on the same rows:

critical value   the test no_drift, through the very SQL of sql/macros/retailsql, at 5 %
PSI > .1         ten cells between the tenths of training, the rule of thumb of credit scoring
default          ML.VALIDATE_DATA_DRIFT as it is called without settings (BigQuery's .3)

``ten columns`` is the false alarm of no_drift over ten columns at once, which is to be 5 % too.
A category is a normal variable cut into six, its shares .4 to .03.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import jinja2
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table
from scipy.stats import norm

import retailsql
from retailsql.training.tabular.data import Column
from retailsql.training.tabular.profile import profile

MACROS = Path(__file__).parents[1] / "sql" / "macros" / "retailsql" / "drift.sql"
SIZES = (100, 300, 1_000, 3_000, 10_000)
KINDS = ("normal", "skewed", "categorical")
CUTS = norm.ppf(np.cumsum([0.4, 0.25, 0.15, 0.1, 0.07]))
AT_ONCE = 40
FEW = 10
OTHERS = 200
"""ML.VALIDATE_DATA_DRIFT is asked about so many columns: its answers hardly vary."""


def draw(rng: np.random.Generator, n: int, kind: str, shift: float) -> list[np.ndarray]:
    """AT_ONCE independent columns."""
    normal = [rng.normal(shift, 1.0, n) for _ in range(AT_ONCE)]
    if kind == "skewed":
        return [np.exp(x) for x in normal]
    if kind == "categorical":
        names = np.array(["a", "b", "c", "d", "e", "f"])
        return [names[np.searchsorted(CUTS, x)] for x in normal]
    return normal


def profile_of(columns: list[np.ndarray]) -> str:
    """What the registry keeps of training rows."""
    read = []
    for i, values in enumerate(columns):
        if values.dtype.kind == "U":
            names, codes = np.unique(values, return_inverse=True)
            read.append(Column(f"c{i}", "VARCHAR", "category", codes, tuple(map(str, names))))
        else:
            read.append(Column(f"c{i}", "DOUBLE", "number", values))
    return json.dumps(profile(read))


def rule_of_thumb(base: np.ndarray, today: np.ndarray) -> bool:
    """PSI > .1 over ten cells, or over the values; an empty cell counts as a ten-thousandth."""
    if base.dtype.kind == "U":
        cells = np.unique(np.concatenate([base, today]))
        a, b = (np.array([(x == c).mean() for c in cells]) for x in (base, today))
    else:
        cuts = np.quantile(base, np.arange(1, 10) / 10)
        a, b = (np.bincount(np.searchsorted(cuts, x), minlength=10) / len(x) for x in (base, today))
    a, b = np.maximum(a, 1e-4), np.maximum(b, 1e-4)
    return bool(((a - b) * np.log(a / b)).sum() > 0.1)


class Judge:
    """The three rules on one connection."""

    def __init__(self) -> None:
        self.con = retailsql.connect()
        self.con.execute("SET threads = 1")
        self.drift: Any = jinja2.Environment().from_string(MACROS.read_text("utf-8")).module.drift

    def critical(self, base: list[np.ndarray], alpha: float) -> np.ndarray:
        """Which columns no_drift finds; all of them share ``alpha``."""
        self.con.execute(
            "CREATE OR REPLACE TEMP TABLE told AS SELECT ?::JSON AS profile, ? AS inputs",
            [profile_of(base), [f"c{i}" for i in range(len(base))]],
        )
        query = self.drift("today", "told", None, alpha)
        found = self.con.sql(f'SELECT "column" AS c, drifts FROM ({query})').fetchall()
        return np.array([dict(found).get(f"c{i}", False) for i in range(len(base))])

    def register(self, base: list[np.ndarray], today: list[np.ndarray]) -> None:
        """Put the rows of both sides on the connection."""
        for name, columns in (("base", base), ("today", today)):
            table = pa.table({f"c{i}": v for i, v in enumerate(columns)})
            self.con.connection.register("given", table)
            self.con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM given")
            self.con.connection.unregister("given")

    def default(self) -> list[bool]:
        """ML.VALIDATE_DATA_DRIFT without settings."""
        asked = "SELECT is_anomaly FROM ML.VALIDATE_DATA_DRIFT(TABLE base, TABLE today)"
        return [row[0] for row in self.con.sql(asked).fetchall()]


def shares(judge: Judge, n: int, kind: str, shift: float, columns: int) -> list[float]:
    """Shares of the columns that each rule finds, and of tens of columns with one found."""
    rng = np.random.default_rng([n, KINDS.index(kind), int(shift * 10)])
    found: list[list[bool]] = [[], [], [], []]
    for _ in range(max(1, columns // AT_ONCE)):
        base, today = draw(rng, n, kind, 0.0), draw(rng, n, kind, shift)
        judge.register(base, today)
        each = 1 - 0.95**AT_ONCE  # so that every column has 5 % of its own
        found[0] += judge.critical(base, each).tolist()
        # Ten share 5 %, each as if the other thirty were not there.
        tens = judge.critical(base, 1 - 0.95 ** (AT_ONCE / FEW)).reshape(-1, FEW)
        found[3] += tens.any(axis=1).tolist()
        found[1] += [rule_of_thumb(a, b) for a, b in zip(base, today, strict=True)]
        if len(found[2]) < OTHERS:
            found[2] += judge.default()
    return [float(np.mean(f)) for f in found]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--columns", type=int, default=2_000, help="tests of each kind and size")
    columns = parser.parse_args().columns
    table = Table(title=f"Share of {columns:,} columns said to drift, in %")
    table.add_column("rows, both sides", justify="right")
    table.add_column("column")
    for name in ("critical value", "ten columns", "PSI > .1", "default"):
        table.add_column(f"false alarm\n{name}", justify="right")
    for name in ("critical value", "PSI > .1", "default"):
        table.add_column(f"power, .3 sd\n{name}", justify="right")
    judge, began = Judge(), time.perf_counter()
    for n in SIZES:
        for kind in KINDS:
            same = shares(judge, n, kind, 0.0, columns)
            moved = shares(judge, n, kind, 0.3, columns // 5)
            told = [same[0], same[3], same[1], same[2], *moved[:3]]
            table.add_row(f"{n:,}", kind, *(f"{100 * x:.1f}" for x in told))
    console = Console(width=140)
    console.print(table)
    console.print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
