"""The light runner against dbt: the same project, the same file, from one trained version.

Training and scoring are left out (`--exclude training scores`): what is timed is reading the
project, making every staging and feature model and running their tests, as a command, with
the interpreter's start. Both rebuild everything (`--full-refresh`); the light runner is also timed
with nothing to do. Printed: medians, and the ratio in the same run.

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
        times: dict[str, list[float]] = {"dbt": [], "light": [], "light, nothing to do": []}
        for _ in range(repeat):  # taken in turn, so that a busy machine is busy for both
            times["dbt"].append(seconds(folder, *dbt))
            times["light"].append(seconds(folder, *light))
            times["light, nothing to do"].append(seconds(folder, *idle))
        peer = statistics.median(times["dbt"])
        for name, taken in times.items():
            middle = statistics.median(taken)
            print(f"{name:24} {middle:6.2f} s   dbt takes {peer / middle:4.1f} times as long")


if __name__ == "__main__":
    main()
