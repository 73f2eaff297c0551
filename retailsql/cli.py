"""The command line: thin over the same functions as Python and SQL.

retailsql demo      a shop, four models, four answers
retailsql sql       run SQL, ML statements among it
retailsql lint      check SQL files without running them
retailsql run       run a folder of SQL files, models and training included
retailsql train     train some of its models
retailsql models    list the models of a database
retailsql doctor    check the installation
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal, NoReturn

import click

import retailsql
from retailsql.errors import MissingExtraError, RetailSQLError, StatementError
from retailsql.registry import store
from retailsql.session import Session


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(retailsql.__version__, prog_name="retailsql")
def cli() -> None:
    """BigQuery ML's verbs on the DuckDB file you already have."""


@cli.command()
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
    with _progress() as say:
        tour = take_tour(path, data, size, seed, say)
    show_tour(tour)


@cli.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--db", default=":memory:", help="The DuckDB file.")
@click.option("-c", "--command", multiple=True, help="SQL given here instead of in a file.")
@click.option("--read-only", is_flag=True, help="Open the file without the right to write.")
@click.option("--csv", is_flag=True, help="Print results as CSV instead of a table.")
@click.option(
    "--dialect", type=click.Choice(["duckdb", "bigquery"]), default="duckdb", show_default=True,
    help="Of the SQL around the ML parts; bigquery is translated.",
)  # fmt: skip
def sql(
    files: tuple[Path, ...],
    db: str,
    command: tuple[str, ...],
    read_only: bool,
    csv: bool,
    dialect: str,
) -> None:
    """Run SQL from FILES, from -c, or from standard input; print every statement's result."""
    from retailsql.demo.show_script import run_duckdb, tell

    texts = [*command, *(_decoded(f.read_bytes(), f"File {f}") for f in files)]
    sources = [*(None for _ in command), *map(str, files)] or [None]
    texts = texts or [_decoded(sys.stdin.buffer.read(), "Standard input")]
    if not (read_only or ":" in db.strip(":/") or db.startswith(":") or Path(db).exists()):
        click.echo(f"{db} does not exist: a new database is made", err=True)
    with _progress() as say, _open(db, say, read_only) as con:
        if dialect == "bigquery":
            from retailsql.dialect.bigquery.run import run as run_bigquery

            for text, source in zip(texts, sources, strict=True):
                with _named(source):
                    run_bigquery(con, text, each=partial(_show_relation, con, csv))
                for finding in con.findings:
                    tell(finding, source)
            return
        for text, source in zip(texts, sources, strict=True):
            with _named(source):
                run_duckdb(con, text, csv, source)


@cli.command()
@click.argument(
    "files", nargs=-1, required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)  # fmt: skip
@click.option("--db", type=click.Path(exists=True), help="The DuckDB file; it is only read.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github"]), default="text",
    show_default=True, help="github writes annotations for a workflow.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too.")
@click.option(
    "--dialect", type=click.Choice(["duckdb", "bigquery"]), default="duckdb", show_default=True,
    help="Of the SQL around the ML parts; bigquery is translated first.",
)  # fmt: skip
def lint(
    files: tuple[Path, ...],
    db: str | None,
    form: str,
    strict: bool,
    dialect: Literal["duckdb", "bigquery"],
) -> None:
    """Check SQL FILES without running them; exit 1 if there is an error.

    Without --db, names that the files do not make themselves are not judged.
    """
    from retailsql.dialect.lint.bigquery import lint_bigquery
    from retailsql.dialect.lint.check import lint as check
    from retailsql.dialect.lint.finding import to_json
    from retailsql.training.check_options import check_options

    texts = [(str(f), _decoded(f.read_bytes(), f"File {f}")) for f in files]
    if db is None:
        of_text = lint_bigquery if dialect == "bigquery" else check
        findings = [f for name, text in texts for f in of_text(None, text, name, check_options)]
    else:
        with retailsql.connect(db, read_only=True) as con:
            con.execute("SET python_enable_replacements = false")
            findings = [found for name, text in texts for found in con.lint(text, name, dialect)]
    if form == "json":
        click.echo(to_json(findings))
    for finding in findings if form != "json" else []:
        click.echo(finding.text if form == "text" else finding.github)
    if any(strict or finding.severity == "error" for finding in findings):
        raise SystemExit(1)


@contextmanager
def _named(source: str | None) -> Iterator[None]:
    """Errors raised inside say which file they are about."""
    import duckdb

    try:
        yield
    except (RetailSQLError, duckdb.Error) as error:
        if source is not None:
            error.add_note(f"In file {source}")
        raise


def _show_relation(con: Session, csv: bool, relation: Any) -> None:
    """The rows of one statement, behind what was found in it."""
    from retailsql.demo.show import show_csv, show_rows

    for finding in con.findings:
        click.echo(finding.text, err=True)
    (show_csv if csv else show_rows)(list(relation.columns), relation.fetchall())


def _open(db: str, say: Callable[[str, float], None], read_only: bool = False) -> Session:
    """A session that reads tables only: a name that is none must not be looked for among the
    variables of this program.
    """
    con = retailsql.connect(db, read_only=read_only, progress=say)
    con.execute("SET python_enable_replacements = false")
    return con


def _decoded(data: bytes, source: str) -> str:
    """SQL from bytes, without the mark that some editors put before it.

    Raises:
        StatementError: it is not UTF-8; names the first line that is not.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StatementError(
            f"{source} is not UTF-8 text", seen=f"byte 0x{data[error.start]:02x} on line {line}",
            todo="save it as UTF-8",
        ) from error  # fmt: skip


@cli.command()
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


@cli.command()
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
    with _progress() as say, _open(db, say) as con:
        fit = partial(create_model, progress=say)
        results = run_nodes(con, project, select or None, train=fit)
    show_run(results)


def _pairs(variables: tuple[str, ...]) -> dict[str, str]:
    for variable in variables:
        if "=" not in variable:
            raise click.BadParameter(f"{variable!r} has no value; write --var {variable}=VALUE")
    return dict(v.partition("=")[::2] for v in variables)


@cli.command()
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
    with _progress() as say, _open(db, say, read_only=True) as con:
        answer = run_query(con, loaded, name)
    show_rows(answer.columns, answer.rows)


@cli.command()
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


@cli.command()
def doctor() -> None:
    """Check that what is installed works together; exit 1 if scoring cannot work."""
    from retailsql.doctor import examine

    findings = examine()
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.ok else click.style("miss", fg="red")
        click.echo(f"{mark} {finding.what}" + (f": {finding.todo}" if finding.todo else ""))
    if any(not f.ok and f.needed for f in findings):
        raise SystemExit(1)


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A progress bar on standard error; results on standard output stay clean."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: list[Any] = [
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
    ]  # fmt: skip
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)
        yield lambda words, share: bar.update(
            task, description=words, completed=share, visible=True
        )


def main() -> None:
    """The entry point: errors of ours are printed in words, without a traceback."""
    import duckdb

    try:
        cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from error
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; nothing half-made was kept", err=True)
        raise SystemExit(130) from None
    except (RetailSQLError, duckdb.Error) as error:
        _fail(str(error), error)
    except BrokenPipeError:
        # The reader, `head` for instance, has seen enough. What is still buffered has nowhere to
        # go, and the interpreter must not try.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        _fail(f"{error.filename or 'a file'}: {error.strerror or error}", error)
    except UnicodeDecodeError as error:
        words = f"byte 0x{error.object[error.start]:02x} at position {error.start}"
        said = RetailSQLError("A file is not UTF-8 text", seen=words, todo="save it as UTF-8")
        _fail(str(said), error)
    except ModuleNotFoundError as error:
        if (error.name or "retailsql").startswith("retailsql"):
            raise
        _fail(str(MissingExtraError.of("train", str(error.name))), error)


def _fail(words: str, error: BaseException) -> NoReturn:
    click.echo(f"{click.style('error', fg='red')}: {words}", err=True)
    for note in getattr(error, "__notes__", []):
        click.echo(note if len(note) <= 300 else f"{note[:297]}...", err=True)
    raise SystemExit(1) from error


if __name__ == "__main__":
    main()
