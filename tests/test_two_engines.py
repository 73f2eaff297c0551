"""dbt and the light runner make the same tables of the same files, row by row."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

import retailsql

pytest.importorskip("dbt.adapters.duckdb", reason="the extra dbt is not installed")

DATA = Path(os.environ.get("RETAILSQL_DATA", Path(__file__).parents[2] / "shared" / "data"))
ONLINE_RETAIL = DATA / "online_retail_2010_2011"
WHEN = {"scored_at", "trained_at"}
"""Columns that tell the time of the run; all others must be the same."""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project; its whole output is in the assertion."""
    env = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    return done


def contents(path: Path) -> dict[str, tuple[list[tuple[str, str]], list[tuple[object, ...]]]]:
    """Every table and view of schema main: its columns with types, and its rows in order."""
    found = {}
    with retailsql.connect(path, read_only=True) as con:
        names = con.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'main' ORDER BY ALL"
        ).fetchall()
        for (name,) in names:
            columns = con.execute(f"DESCRIBE main.{name}").fetchall()
            kept = [(c[0], c[1]) for c in columns if c[0] not in WHEN]
            listed = ", ".join(f'"{c}"' for c, _ in kept)
            rows = con.execute(f"SELECT {listed} FROM main.{name} ORDER BY ALL").fetchall()
            found[name] = (kept, [tuple(map(repr, row)) for row in rows])
    return found


def comments(path: Path) -> dict[str, str]:
    """What is said of every table and view, without the light runner's own mark of a state."""
    with duckdb.connect(str(path), read_only=True) as con:
        rows = con.execute(
            "SELECT table_name, comment FROM duckdb_tables() WHERE schema_name = 'main' UNION ALL "
            "SELECT view_name, comment FROM duckdb_views() "
            "WHERE schema_name = 'main' AND NOT internal"
        ).fetchall()
    return {name: (comment or "").partition(" (")[0] for name, comment in rows}


def compare(light: Path, dbt: Path) -> None:
    """Assert that two files hold the same."""
    ours, theirs = contents(light), contents(dbt)
    assert set(ours) == set(theirs)
    assert len(ours) > 15
    for name, (columns, rows) in ours.items():
        assert columns == theirs[name][0], name
        assert len(rows) == len(theirs[name][1]), name
        different = [p for p in zip(rows, theirs[name][1], strict=True) if p[0] != p[1]]
        assert not different, (name, len(different), different[:2])


def both(tmp_path: Path, *init: str) -> None:
    """One project, built by each engine from the same raw tables, models trained by each."""
    light, dbt = tmp_path / "light", tmp_path / "dbt"
    run(tmp_path, "retailsql.cli", "init", "light", *init)
    shutil.copytree(light, dbt)
    run(light, "retailsql.cli", "build")
    said = run(dbt, "dbt.cli.main", "build", "--profiles-dir", ".")
    assert "ERROR=0" in said.stdout, said.stdout[-2000:]
    compare(light / "shop.duckdb", dbt / "shop.duckdb")
    assert comments(light / "shop.duckdb") == comments(dbt / "shop.duckdb")
    # the light runner goes on where dbt has ended: nothing is somebody else's, nothing differs
    run(dbt, "retailsql.cli", "build")
    compare(light / "shop.duckdb", dbt / "shop.duckdb")


def test_the_demo_shop_comes_out_the_same(tmp_path):
    both(tmp_path, "--size", "small")


@pytest.mark.slow
def test_online_retail_comes_out_the_same(tmp_path):
    if not ONLINE_RETAIL.is_dir():
        pytest.skip("../shared/data is not here")
    both(tmp_path, "--data", str(next(ONLINE_RETAIL.glob("*.parquet"))))
