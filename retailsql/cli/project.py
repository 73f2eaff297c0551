"""Commands on a project, a folder of SQL files: build, run, test, ls, lineage, train, query."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from retailsql.cli.several import Several
from retailsql.cli.shared import open_session, progress
from retailsql.errors import DatabaseOpenError

if TYPE_CHECKING:
    from retailsql.runner.node import Project
    from retailsql.session import Session


def of_project(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command on a project has."""
    for option in (
        click.option("--var", "pairs", multiple=True, metavar="NAME=VALUE", help="A variable."),
        click.option("--vars", "yaml_vars", metavar="YAML", help="Variables, as in dbt."),
        click.option("--target", help="Of profiles.yml; if left out, the one it names."),
        click.option(
            "--project", "folder", type=click.Path(path_type=Path),
            help="Folder with dbt_project.yml; if left out the present one, or retailsql's own.",
        ),
        click.option("--db", help="The DuckDB file; if left out, the path in profiles.yml."),
    ):  # fmt: skip
        command = option(command)
    return command


def chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that choose some files of a project."""
    for option in (
        click.option("--exclude", multiple=True, help="The same; these are left out."),
        click.option(
            "-s", "--select", multiple=True,
            help="name, +name (and all it needs), name+ (and all that need it), tag:x, path:x.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


full_refresh = click.option("--full-refresh", is_flag=True, help="Make everything anew.")
verbose = click.option("-v", "--verbose", is_flag=True, help="Show what passed and what is same.")


@click.command(cls=Several)
@of_project
@chosen
@full_refresh
@verbose
def build(select: Any, exclude: Any, full_refresh: bool, verbose: bool, **where: Any) -> None:
    """Make all files of a project in the order of their ref()s, train models, run all tests.

    What is unchanged (the same SQL, input and model version) is not made again. A file or test
    that fails stops only what depends on it; the exit status is then 1.
    """
    _build(where, select, exclude, full_refresh=full_refresh, verbose=verbose, tests=True)


@click.command(cls=Several)
@of_project
@chosen
@full_refresh
@verbose
def run(select: Any, exclude: Any, full_refresh: bool, verbose: bool, **where: Any) -> None:
    """Like build, without the tests."""
    _build(where, select, exclude, full_refresh=full_refresh, verbose=verbose, tests=False)


@click.command()
@click.argument("models", nargs=-1, required=True)
@of_project
@full_refresh
def train(models: tuple[str, ...], full_refresh: bool, **where: Any) -> None:
    """Train MODELS of a project, after the files they need."""
    names = tuple(f"+{m.lstrip('+')}" for m in models)
    _build(where, names, (), full_refresh=full_refresh, verbose=True, tests=False)


@click.command(cls=Several)
@of_project
@chosen
@verbose
def test(select: Any, exclude: Any, verbose: bool, **where: Any) -> None:
    """Run the tests of a project on what is there; make nothing."""
    from retailsql.runner.build import run_tests

    with _opened(where, read_only=False) as (con, project, _):
        _draw(partial(run_tests, con, project, select or None, exclude=exclude or None), verbose)
        _say_if_empty(project, select, exclude, tests=True)


def _build(
    where: dict[str, Any], select: Any, exclude: Any, *, full_refresh: bool, verbose: bool,
    tests: bool,
) -> None:  # fmt: skip
    from retailsql.runner.build import build as build_all
    from retailsql.training.train_once import train_once

    with _opened(where, read_only=False) as (con, project, say):
        work = partial(
            build_all, con, project, select or None, exclude=exclude or None,
            full_refresh=full_refresh, train=partial(train_once, progress=say), tests=tests,
        )  # fmt: skip
        _draw(work, verbose)
        _say_if_empty(project, select, exclude, tests)


def _say_if_empty(project: Project, select: Any, exclude: Any, tests: bool) -> None:
    """A selection that chooses nothing is no mistake, and not to be taken for work done."""
    from retailsql.runner.graph import select as choose
    from retailsql.runner.graph import select_tests, select_unit_tests

    given = (project, select or None, exclude or None)
    of_tests = (select_tests, select_unit_tests)
    if choose(*given) or (tests and any(find(*given) for find in of_tests)):
        return
    words = [" ".join(select)] if select else []
    words += [f"--exclude {' '.join(exclude)}"] if exclude else []
    said = "nothing" if tests else "no file"
    hint = ""
    if not tests and any(find(*given) for find in of_tests):
        hint = ", only tests: `retailsql test` runs them"
    elif any(word.startswith("exposure:") for word in " ".join(select).split()):
        hint = "; +exposure:name selects what it is made of"
    click.echo(f"{said} is selected by {' '.join(words) or 'this'}{hint}", err=True)


def _draw(work: Callable[..., Any], verbose: bool) -> None:
    """Run, print results as they come, and leave with the exit status."""
    from rich.console import Console

    from retailsql.cli.draw_build import BuildLines, about_models, summary

    out = Console(highlight=False)
    report = work(on_event=BuildLines(out, verbose))
    for words in about_models(report.models):
        out.print(words, markup=False, soft_wrap=True)
    out.print(summary(report), soft_wrap=True)
    if report.exit_status:
        raise SystemExit(report.exit_status)


@click.command(cls=Several)
@of_project
@chosen
@click.option(
    "--output", type=click.Choice(["name", "path", "json"]), default="name", show_default=True,
    help="What is printed of each file.",
)  # fmt: skip
def ls(select: Any, exclude: Any, output: str, **where: Any) -> None:
    """List the files of a project in the order in which they are made."""
    from retailsql.runner.graph import select as choose

    project = _project(where)
    for node in choose(project, select or None, exclude or None):
        if output == "json":
            click.echo(json.dumps({
                "name": node.name, "kind": node.kind, "file": node.file, "tags": node.tags,
                "needs": node.needs, "sources": [".".join(s) for s in node.sources],
                "description": node.description,
            }))  # fmt: skip
        else:
            click.echo(node.name if output == "name" else node.file)
    _say_if_empty(project, select, exclude, tests=False)


@click.command()
@click.argument("column", metavar="TABLE.COLUMN")
@of_project
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a tree.")
@click.option("--down", is_flag=True, help="The other way: who uses this column.")
@click.option(
    "--filters",
    is_flag=True,
    help="Also columns that only choose or join rows; down: and who reads those rows.",
)
@click.option(
    "--training",
    is_flag=True,
    help="Also what a model behind it learned from; down: and what it scores.",
)
def lineage(
    column: str, as_json: bool, down: bool, filters: bool, training: bool, **where: Any
) -> None:
    """Show the way of a column, through scores, features and staging, back to the raw columns."""
    from retailsql.runner.lineage import column_lineage, downstream, show, to_json

    with _opened(where, read_only=True) as (con, project, _):
        find = downstream if down else column_lineage
        tree = find(con, project, column, filters=filters, training=training)
    if as_json:
        click.echo(to_json(tree))
    else:
        show(tree)


@click.command()
@click.argument("name")
@of_project
def query(name: str, **where: Any) -> None:
    """Run the query NAME of a project (a file of its folder queries/) and print its rows."""
    from retailsql.demo.show import show_rows
    from retailsql.runner.run import run_query

    with _opened(where, read_only=True) as (con, project, _):
        answer = run_query(con, project, name)
    show_rows(answer.columns, answer.rows)


@contextmanager
def _opened(
    where: dict[str, Any], *, read_only: bool
) -> Iterator[tuple[Session, Project, Callable[[str, float], None]]]:
    """The project, and a session on its database."""
    project = _project(where)
    click.echo(f"project {project.name} in {project.path.resolve()}", err=True)
    path = Path(where["db"]) if where["db"] else project.database
    if path is None or not path.exists():
        raise DatabaseOpenError(
            "There is no database to work in",
            seen=f"{path} does not exist" if path else "neither --db nor a profiles.yml",
            wanted="the DuckDB file that holds the raw tables",
            todo="give it with --db, or as path in profiles.yml beside dbt_project.yml",
        )  # fmt: skip
    with progress() as say, open_session(str(path), say, read_only) as con:
        yield con, project, say


def _project(where: dict[str, Any]) -> Project:
    import yaml

    from retailsql.runner.project import default_project, load_project

    try:
        given = yaml.safe_load(where["yaml_vars"]) if where["yaml_vars"] else {}
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise click.BadParameter(f"--vars is not YAML: {error}") from error
    if not isinstance(given, dict):
        raise click.BadParameter(f"--vars is {given!r}; write --vars '{{cutoff: 2011-12-10}}'")
    folder = where["folder"] or default_project()
    return load_project(folder, {**given, **_pairs(where["pairs"])}, target=where["target"])


def _pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise click.BadParameter(f"{pair!r} has no value; write --var {pair}=VALUE")
    return dict(p.partition("=")[::2] for p in pairs)
