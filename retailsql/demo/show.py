"""Draws results for people: tables on standard output."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from retailsql.demo.tour import Tour, summary
from retailsql.runner.run import NodeResult

MAX_ROWS = 100


def show_tour(tour: Tour) -> None:
    """The whole demo: what was set aside, each query with its answer, models beside baselines."""
    out = Console()
    if tour.load_report:
        table = Table("lines of the file", title="What was read, and what was set aside")
        table.add_column("lines", justify="right")
        for what, lines in tour.load_report:
            table.add_row(what, f"{lines:,}")
        out.print(table)
    for task, answer in tour.answers:
        out.rule(f"[bold]{task.question}[/]  {task.function}")
        out.print(Syntax(_without_comments(answer.sql), "sql", theme="ansi_light"))
        out.print(_table(answer.columns, answer.rows))
    out.rule("[bold]The models beside their baselines, on rows they were not trained on[/]")
    out.print(_models(tour))
    verb = "found as it was in" if tour.reused else "made; it is all in"
    out.print(f"\nThe shop, its features and its models: {verb} [bold]{tour.path}[/]")
    out.print(f"Go on with:  retailsql sql --db {tour.path} -c 'SHOW MODELS'", highlight=False)


def _models(tour: Tour) -> Table:
    """Each model on a line of its own, its trivial rules below it, best first."""
    table = Table("model, and trivial rules", "metric")
    table.add_column("value", justify="right")
    table.add_column("held out", overflow="fold")
    for row in summary(tour.evaluations):
        e = tour.evaluations[row["model"]]
        mark = "[green]beats them[/]" if row["beats"] else "[red]does not beat the best rule[/]"
        name = f"[bold]{row['model']}[/] {mark}"
        table.add_row(name, row["metric"], f"[bold]{row['value']:.4g}[/]", row["split"])
        best_first = sorted(
            row["baselines"].items(), key=lambda rule: rule[1], reverse=e.better(1.0, 0.0)
        )
        for rule, value in best_first:
            table.add_row(f"  {rule}", "", f"{value:.4g}", "")
        table.add_section()
    return table


def _without_comments(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if not line.startswith("--")).strip()


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    table = Table()
    for i, column in enumerate(columns):
        number = bool(rows) and isinstance(rows[0][i], int | float)
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows[:MAX_ROWS]:
        table.add_row(*("NULL" if v is None else str(v) for v in row))
    return table


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows as a table; of more than a hundred the first hundred, and how many there are."""
    out = Console()
    if not columns:
        return
    out.print(_table(columns, rows))
    if len(rows) > MAX_ROWS:
        out.print(f"{MAX_ROWS} of {len(rows):,} rows; use --csv for all")


def show_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows as CSV with a header."""
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    writer.writerows(rows)


def show_run(results: Sequence[NodeResult]) -> None:
    """What became of every file of a project."""
    table = Table("file", "kind", "status")
    table.add_column("seconds", justify="right")
    table.add_column("rows", justify="right")
    table.add_column("metric")
    for r in results:
        metric = ""
        if r.detail:
            metric = (
                f"{r.detail['metric']} {r.detail['value']:.4g} "
                f"({r.detail['baseline']} {r.detail['baseline_value']:.4g})"
            )
            if r.detail.get("warning"):
                metric += f"\n[yellow]{r.detail['warning']}[/]"
        rows = "" if r.rows is None else f"{r.rows:,}"
        table.add_row(r.name, r.kind, r.status, f"{r.seconds:.1f}", rows, metric)
    Console().print(table)
