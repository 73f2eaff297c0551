"""The light runner against dbt: the same project, the same file, from one trained version.

Training and scoring are left out (seeds, staging and features are chosen): what is timed is
reading the project, making every model and running their data tests and unit tests. Both rebuild
everything (`--full-refresh`), once as a command, with the interpreter's start and the imports, and
once more in a process that is running, as a notebook or a server has it. The light runner is also
timed with nothing to do. Printed: medians, and the ratio in the same run.

    python benchmarks/two_engines.py [--size default] [--repeat 5] [--data FILE]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

ENV = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
WITHOUT = ("--select", "path:models/staging", "path:models/features", "path:seeds")
DBT = (sys.executable, "-m", "dbt.cli.main")
LIGHT = (sys.executable, "-m", "retailsql.cli")


IN_DBT = """
import sys, time
from dbt.cli.main import dbtRunner
runner = dbtRunner()
for again in (0, 1):
    start = time.perf_counter()
    assert runner.invoke(sys.argv[1:]).success
print("took", time.perf_counter() - start)
"""
IN_LIGHT = """
import sys, time, retailsql
from retailsql.runner.build import build
from retailsql.runner.project import load_project
chosen = [term for term in sys.argv if term.startswith("path:")]
for again in (0, 1):
    start = time.perf_counter()
    project = load_project(".")
    with retailsql.connect("shop.duckdb") as con:
        assert build(con, project, chosen, full_refresh=True).exit_status == 0
print("took", time.perf_counter() - start)
"""
"""Both run twice; the second time is printed."""


def inside(folder: Path, script: str, *arguments: str) -> float:
    """What a script says that its second run took."""
    command = (sys.executable, "-c", script, *arguments)
    done = subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    return float(done.stdout.rsplit("took", 1)[1])


def seconds(folder: Path, *command: str) -> float:
    """Wall time of a command that must succeed."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True)
    took = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    return took


@click.command()
@click.option("--size", default="default")
@click.option("--data", type=click.Path(exists=True), help="An Online Retail file instead.")
@click.option("--repeat", default=5)
def main(size: str, data: str | None, repeat: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "shop"
        what = ("--data", str(Path(data).resolve())) if data else ("--size", size)
        seconds(Path(scratch), *LIGHT, "init", "shop", *what)
        print(f"first build, training included: {seconds(folder, *LIGHT, 'build'):.1f} s")
        dbt = (*DBT, "build", "--profiles-dir", ".", "--full-refresh", *WITHOUT)
        light = (*LIGHT, "build", "--full-refresh", *WITHOUT)
        idle = (*LIGHT, "build", *WITHOUT)
        seconds(folder, *dbt)  # dbt's parse cache is warm from here on
        rows: dict[str, list[float]] = {}
        for _ in range(repeat):  # taken in turn, so that a busy machine is busy for both
            for name, took in (
                ("command: dbt", seconds(folder, *dbt)),
                ("command: light", seconds(folder, *light)),
                ("command: light, nothing to do", seconds(folder, *idle)),
                ("in a process: dbt", inside(folder, IN_DBT, *dbt[3:])),
                ("in a process: light", inside(folder, IN_LIGHT, *light[3:])),
            ):
                rows.setdefault(name, []).append(took)
        for name, taken in rows.items():
            middle = statistics.median(taken)
            peer = statistics.median(rows[f"{name.partition(':')[0]}: dbt"])
            print(f"{name:32} {middle:6.2f} s   dbt takes {peer / middle:4.1f} times as long")


if __name__ == "__main__":
    main()
