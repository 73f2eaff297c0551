"""Commands on a shop: demo, init, models, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import retailsql
from retailsql.cli.shared import progress
from retailsql.registry import store

size_option = click.option(
    "--size", type=click.Choice(["small", "default", "large"]), default="default",
    show_default=True, help="Size of the made-up shop.",
)  # fmt: skip


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    help="An Online Retail file (csv, xlsx, parquet) to use instead of the made-up shop.",
)
@click.option("--path", type=click.Path(path_type=Path), help="The DuckDB file to make or reuse.")
@size_option
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the made-up shop.")
def demo(data: Path | None, path: Path | None, size: str, seed: int) -> None:
    """Build a shop, train five models, print four queries with their answers."""
    from retailsql.demo.show import show_tour
    from retailsql.demo.tour import take_tour

    if path is None:
        path = Path(f"{data.stem}_demo.duckdb" if data else "retailsql_demo.duckdb")
    with progress() as say:
        tour = take_tour(path, data, size, seed, say)
    show_tour(tour)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An Online Retail file (csv, xlsx, parquet) to load instead of the made-up shop.",
)
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="FILE_OR_TABLE",
    help="Your own order lines (and customers, products): what their columns mean is proposed.",
)
@click.option("--db", type=click.Path(path_type=Path), help="The DuckDB file with your tables.")
@size_option
def init(
    folder: Path, data: Path | None, sources: tuple[str, ...], db: Path | None, size: str
) -> None:
    """Write a project of SQL files to FOLDER, for retailsql build and for dbt."""
    from retailsql.cli.draw_started import draw_started
    from retailsql.starter.write_project import init_project

    with progress() as say:
        started = init_project(folder, data, sources, db, size, say=say)
    draw_started(started)


@click.command()
@click.argument("db", type=click.Path(exists=True))
def models(db: str) -> None:
    """List every version of every model in DB (* deployed), metric beside its baseline."""
    with retailsql.connect(db, read_only=True) as con:
        for database in store.databases(con.connection):
            for row in con.execute(store.list_query(con.connection, database)).fetchall():
                click.echo(_model_line(row))


def _model_line(row: tuple[Any, ...]) -> str:
    """One version in one line: what it is, and its metric beside its baseline's."""
    model, version, deployed, model_type, _, metric, value, rule, trivial, *_ = row
    mark = "*" if deployed else " "
    told = f"{metric} {value:.4g} ({rule} {trivial:.4g})" if metric else "imported"
    return f"{mark} {model} {version}  {model_type}  {told}"


@click.command()
def doctor() -> None:
    """Check that what is installed works together; exit 1 if scoring cannot work."""
    from retailsql.doctor import examine

    findings = examine()
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.ok else click.style("miss", fg="red")
        click.echo(f"{mark} {finding.what}" + (f": {finding.todo}" if finding.todo else ""))
    if any(not f.ok and f.needed for f in findings):
        raise SystemExit(1)
