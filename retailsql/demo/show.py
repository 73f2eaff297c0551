"""Draws results for people: tables on standard output."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from retailsql.demo.tour import Tour, summary
from retailsql.runner.result import NodeResult

MAX_ROWS = 100
WIDE = 160
"""Columns to draw in where standard output is no terminal: a file or a pipe has no edge."""


def _console() -> Console:
    """Standard output, as wide as the terminal. What a person's data holds is given to it as
    :class:`Text`: in a plain string rich would read ``[red]`` as an instruction.
    """
    out = Console()
    if not out.is_terminal and "COLUMNS" not in os.environ:
        out.width = WIDE
    return out


def show_tour(tour: Tour) -> None:
    """The whole demo: what was set aside, each query with its answer, models beside baselines."""
    out = _console()
    if tour.load_report:
        table = Table("lines of the file", title="What was read, and what was set aside")
        table.add_column("lines", justify="right")
        for what, lines in tour.load_report:
            table.add_row(Text(what), f"{lines:,}")
        out.print(table)
    for task, answer in tour.answers:
        out.rule(Text.assemble((task.question, "bold"), f"  {task.function}"))
        out.print(Syntax(_without_comments(answer.sql), "sql", theme="ansi_light"))
        _draw(out, answer.columns, answer.rows)
    out.rule("[bold]The models beside their baselines, on rows they were not trained on[/]")
    out.print(_models(tour))
    verb = "found as it was in" if tour.reused else "made; it is all in"
    words = f"\nThe shop, its features and its models: {verb} "
    out.print(Text.assemble(words, (str(tour.path), "bold")))
    out.print(Text(f"Go on with:  retailsql sql --db {tour.path} -c 'SHOW MODELS'"))


def _models(tour: Tour) -> Table:
    """Each model on a line of its own, its trivial rules below it, best first."""
    table = Table("model, and trivial rules", "metric")
    table.add_column("value", justify="right")
    table.add_column("held out", overflow="fold")
    for row in summary(tour.evaluations):
        e = tour.evaluations[row["model"]]
        mark = ("beats them", "green")
        if not row["beats"]:
            mark = ("does not beat the best rule", "red")
        name = Text.assemble((row["model"], "bold"), " ", mark)
        value = Text(f"{row['value']:.4g}", "bold")
        table.add_row(name, Text(row["metric"]), value, Text(row["split"]))
        best_first = sorted(
            row["baselines"].items(), key=lambda rule: rule[1], reverse=e.better(1.0, 0.0)
        )
        for rule, score in best_first:
            table.add_row(Text(f"  {rule}"), "", f"{score:.4g}", "")
        table.add_section()
    return table


def _without_comments(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if not line.startswith("--")).strip()


def _draw(out: Console, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows as a table or, where that is wider than the console, one under the other."""
    cells = [[_cell(v) for v in row] for row in rows[:MAX_ROWS]]
    texts = [Text(column) for column in columns]
    if _width(texts, cells) <= out.width:
        out.print(_table(texts, cells, _numbers(len(columns), rows)))
    elif cells:
        _draw_down(out, texts, cells)
    else:
        out.print(Text("no rows; columns ").append(Text(", ").join(texts)))


def _cell(value: Any) -> Text:
    return Text("NULL" if value is None else str(value))


def _width(columns: Sequence[Text], cells: Sequence[Sequence[Text]]) -> int:
    """Characters that a table needs in which nothing is folded: cells, and three a column
    between them.
    """
    lines = [columns, *cells]
    widest = [max(_cell_width(line[i]) for line in lines) for i in range(len(columns))]
    return sum(widest) + 3 * len(columns) + 1


def _cell_width(text: Text) -> int:
    return max((cell_len(line) for line in text.plain.splitlines()), default=0)


def _numbers(n: int, rows: Sequence[Sequence[Any]]) -> list[bool]:
    """Which columns hold numbers, which stand on the right."""
    known = [next((row[i] for row in rows if row[i] is not None), None) for i in range(n)]
    return [isinstance(v, int | float) and not isinstance(v, bool) for v in known]


def _table(
    columns: Sequence[Text], cells: Sequence[Sequence[Text]], numbers: Sequence[bool]
) -> Table:
    table = Table()
    for column, number in zip(columns, numbers, strict=True):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in cells:
        table.add_row(*row)
    return table


def _draw_down(out: Console, columns: Sequence[Text], cells: Sequence[Sequence[Text]]) -> None:
    """Each row under the one before, a line for each of its values, as psql does."""
    for number, row in enumerate(cells, 1):
        out.rule(Text(f"row {number}"), align="left")
        grid = Table.grid("", "", padding=(0, 2))
        grid.columns[0].max_width = out.width // 2  # an expression may be a long name
        grid.columns[0].overflow = "fold"
        grid.columns[1].overflow = "fold"
        for column, cell in zip(columns, row, strict=True):
            grid.add_row(column, cell)
        out.print(grid)


def show_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Rows as a table, or below each other where it would be too wide; of more than a hundred the
    first hundred, and how many there are.
    """
    if not columns:
        return
    out = _console()
    _draw(out, columns, rows)
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
        rows = "" if r.rows is None else f"{r.rows:,}"
        table.add_row(Text(r.name), r.kind, r.status, f"{r.seconds:.1f}", rows, _metric(r))
    _console().print(table)


def _metric(result: NodeResult) -> Text:
    """A trained model's metric beside its baseline's, and its warning; why something failed."""
    d = result.detail
    if "scored" in d:
        return Text(f"{d['scored']:,} scored by version {d['version']} of {d['model']}")
    if d.get("metric") is None:
        return Text(str(result.error or result.reason))
    words = Text(f"{d['metric']} {d['value']:.4g} ({d['baseline']} {d['baseline_value']:.4g})")
    if d.get("warning"):
        words.append(f"\n{d['warning']}", "yellow")
    return words
