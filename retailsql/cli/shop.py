"""Commands on a shop: demo, models, doctor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

import retailsql
from retailsql.cli.shared import progress
from retailsql.registry import store


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, path_type=Path),
    help="An Online Retail file (csv, xlsx, parquet) to use instead of the made-up shop.",
)
@click.option("--path", type=click.Path(path_type=Path), help="The DuckDB file to make or reuse.")
@click.option(
    "--size",
    type=click.Choice(["small", "default", "large"]),
    default="default",
    show_default=True,
    help="Size of the made-up shop.",
)
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
