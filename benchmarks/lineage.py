"""Lineage beside sqlglot's own: every column of the shipped project, back to the raw ones.

The peer is `sqlglot.lineage`, given the same SQL of every file and the same columns of the raw
tables. Score files and what reads them are left out, as their SQL is the run's; both are asked for
each column by itself. Printed: for how many columns the two
name the same raw columns, where they differ, and the time of each in the same run; and the time of
one question asked cold, as a command.

    python benchmarks/lineage.py [--show]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage

from retailsql.demo.shop import make_shop
from retailsql.runner.lineage import column_lineage
from retailsql.runner.lineage.upstream import open_files
from retailsql.runner.node import Project
from retailsql.runner.project import load_project, shipped_project

Raw = frozenset[tuple[str, str]]
Column = tuple[str, str]
T = TypeVar("T")


def ours(
    con: duckdb.DuckDBPyConnection, project: Project, columns: list[Column]
) -> dict[Column, Raw]:
    """Column of a file -> raw columns, each question asked by itself."""
    found = {}
    for table, column in columns:
        tree = column_lineage(con, project, f"{table}.{column}")
        found[table, column] = frozenset((t, c) for t, c in tree.raw if t.startswith("raw."))
    return found


def every_column(con: duckdb.DuckDBPyConnection, project: Project) -> list[Column]:
    """The columns of all files but those under scores/ and training/, and the seeds."""
    files = open_files(con, project)
    return [
        (node.name, out.name)
        for node in project.nodes.values()
        if node.file.startswith(("models/staging", "models/features"))
        for out in files.relation(node.name).columns
    ]


def theirs(
    con: duckdb.DuckDBPyConnection, project: Project, columns: list[Column]
) -> dict[Column, Raw | str]:
    """The same by sqlglot; the kind of error where it gives up."""
    schema: dict[str, dict[str, dict[str, str]]] = {}
    sql = "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()"
    for place, table, column, kind in con.execute(f"{sql} WHERE NOT internal").fetchall():
        schema.setdefault(place, {}).setdefault(table, {})[column] = kind
    sources = {f"main.{n.name}": n.sql for n in project.nodes.values() if n.kind != "seed"}
    found: dict[Column, Raw | str] = {}
    for table, column in columns:
        try:
            tree = lineage(
                column, project.nodes[table].sql, schema=schema, sources=sources, dialect="duckdb"
            )
        except (SqlglotError, ValueError, KeyError, AttributeError, RecursionError) as error:
            found[table, column] = type(error).__name__
            continue
        leaves = [n for n in tree.walk() if isinstance(n.expression, exp.Table)]
        found[table, column] = frozenset(
            (f"{n.expression.db}.{n.expression.name}", n.name.rpartition(".")[2].strip('"'))
            for n in leaves
            if n.expression.db == "raw"
        )
    return found


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What some work returns, and its seconds."""
    start = time.perf_counter()
    return work(), time.perf_counter() - start


def cold(repeat: int = 5) -> float:
    """Seconds of one question as a command, the interpreter's start among them."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "shop.duckdb"
        with duckdb.connect(str(path)) as con:
            make_shop("small", 0).load(con)
        command = [sys.executable, "-m", "retailsql.cli", "lineage", "fct_churn_scores.churn_score"]
        command += ["--db", str(path), "--project", str(shipped_project())]
        runs = []
        for _ in range(repeat):
            done, seconds = timed(lambda: subprocess.run(command, capture_output=True))
            done.check_returncode()
            runs.append(seconds)
        return statistics.median(runs)


@click.command()
@click.option("--show", is_flag=True, help="Print every column on which the two differ.")
def main(show: bool) -> None:
    project = load_project(shipped_project())
    with duckdb.connect() as con:
        make_shop("small", 0).load(con)
        columns = every_column(con, project)
        mine, here = timed(lambda: ours(con, project, columns))
        peer, there = timed(lambda: theirs(con, project, columns))
    kinds: Counter[str] = Counter()
    for column, raw in mine.items():
        other = peer[column]
        if isinstance(other, str):
            kind = f"sqlglot gives up: {other}"
        elif other == raw:
            kind = "the same raw columns"
        else:
            kind = "sqlglot misses some" if other < raw else "they differ otherwise"
        kinds[kind] += 1
        if show and other != raw:
            told = other if isinstance(other, str) else sorted(set(raw) ^ set(other))
            click.echo(f"{'.'.join(column):45} {told}")
    for kind, n in kinds.most_common():
        click.echo(f"{n:4} of {len(mine)} columns: {kind}")
    click.echo(
        f"all columns: {here:.2f} s, sqlglot.lineage {there:.2f} s, {there / here:.1f} times"
    )
    click.echo(f"one column, as a command: {cold():.2f} s")


if __name__ == "__main__":
    main()
