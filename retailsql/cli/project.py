"""Commands on a project, a folder of SQL files: run, train, query."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from retailsql.cli.shared import open_session, progress


@click.command()
@click.option("--db", required=True, type=click.Path(exists=True), help="The DuckDB file.")
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    help="Folder with dbt_project.yml; if left out the present one, or the one of retailsql.",
)
@click.option(
    "--select",
    multiple=True,
    help="name, +name (with all it needs), name+ (with all that needs it).",
)
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable.")
def run(db: str, project: Path | None, select: tuple[str, ...], variables: tuple[str, ...]) -> None:
    """Run a folder of SQL files in the order of their ref()s, training included."""
    _run_project(db, project, select, variables)


@click.command()
@click.argument("models", nargs=-1, required=True)
@click.option("--db", required=True, type=click.Path(exists=True), help="The DuckDB file.")
@click.option("--project", type=click.Path(path_type=Path), help="Folder with dbt_project.yml.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable.")
def train(
    models: tuple[str, ...], db: str, project: Path | None, variables: tuple[str, ...]
) -> None:
    """Train MODELS of a project, after the files they need."""
    _run_project(db, project, tuple(f"+{m.lstrip('+')}" for m in models), variables)


def _run_project(
    db: str, folder: Path | None, select: tuple[str, ...], variables: tuple[str, ...]
) -> None:
    from retailsql.demo.show import show_run
    from retailsql.runner.project import default_project, load_project
    from retailsql.runner.run import run as run_nodes
    from retailsql.training.create import create_model

    project = load_project(folder or default_project(), _pairs(variables))
    click.echo(f"project {project.name} in {project.path.resolve()}", err=True)
    with progress() as say, open_session(db, say) as con:
        fit = partial(create_model, progress=say)
        results = run_nodes(con, project, select or None, train=fit)
    show_run(results)


def _pairs(variables: tuple[str, ...]) -> dict[str, str]:
    for variable in variables:
        if "=" not in variable:
            raise click.BadParameter(f"{variable!r} has no value; write --var {variable}=VALUE")
    return dict(v.partition("=")[::2] for v in variables)


@click.command()
@click.argument("name")
@click.option("--db", required=True, type=click.Path(exists=True), help="The DuckDB file.")
@click.option("--project", type=click.Path(path_type=Path), help="Folder with dbt_project.yml.")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="A variable.")
def query(name: str, db: str, project: Path | None, variables: tuple[str, ...]) -> None:
    """Run the query NAME of a project (a file of its folder queries/) and print its rows."""
    from retailsql.demo.show import show_rows
    from retailsql.runner.project import default_project, load_project
    from retailsql.runner.run import run_query

    loaded = load_project(project or default_project(), _pairs(variables))
    with progress() as say, open_session(db, say, read_only=True) as con:
        answer = run_query(con, loaded, name)
    show_rows(answer.columns, answer.rows)
