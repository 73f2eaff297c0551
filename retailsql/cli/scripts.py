"""Commands on SQL scripts: sql, lint."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click

import retailsql
from retailsql.cli.shared import decoded, named, open_session, progress
from retailsql.session import Session


@click.command()
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

    texts = [*command, *(decoded(f.read_bytes(), f"File {f}") for f in files)]
    sources = [*(None for _ in command), *map(str, files)] or [None]
    texts = texts or [decoded(sys.stdin.buffer.read(), "Standard input")]
    if not (read_only or ":" in db.strip(":/") or db.startswith(":") or Path(db).exists()):
        click.echo(f"{db} does not exist: a new database is made", err=True)
    with progress() as say, open_session(db, say, read_only) as con:
        if dialect == "bigquery":
            from retailsql.dialect.bigquery.run import run as run_bigquery

            for text, source in zip(texts, sources, strict=True):
                with named(source):
                    run_bigquery(con, text, each=partial(_show_relation, con, csv))
                for finding in con.findings:
                    tell(finding, source)
            return
        for text, source in zip(texts, sources, strict=True):
            with named(source):
                run_duckdb(con, text, csv, source)


@click.command()
@click.argument(
    "files", nargs=-1, required=True,
    type=click.Path(exists=True, path_type=Path),
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

    Files of a project are rendered, and judged after those they need; its folder stands for all of
    them. Without --db, names that the files do not make themselves are not judged.
    """
    from retailsql.dialect.lint.bigquery import lint_bigquery
    from retailsql.dialect.lint.check import lint as check
    from retailsql.dialect.lint.finding import to_json
    from retailsql.runner.lint_files import lint_project, sort_files
    from retailsql.training.check_options import check_options

    asked = sort_files(files)
    for path in asked.unread:
        click.echo(f"{path} is no SQL by itself: it is judged in the files that use it", err=True)
    texts = [(str(f), decoded(f.read_bytes(), f"File {f}")) for f in asked.plain]
    if db is None:
        of_text = lint_bigquery if dialect == "bigquery" else check
        findings = [f for name, text in texts for f in of_text(None, text, name, check_options)]
        findings += [f for one in asked.projects for f in lint_project(None, *one, check_options)]
    else:
        with retailsql.connect(db, read_only=True) as con:
            con.execute("SET python_enable_replacements = false")
            findings = [found for name, text in texts for found in con.lint(text, name, dialect)]
            for one in asked.projects:
                findings += lint_project(con.connection, *one, check_options)
    if form == "json":
        click.echo(to_json(findings))
    for finding in findings if form != "json" else []:
        click.echo(finding.text if form == "text" else finding.github)
    if any(strict or finding.severity == "error" for finding in findings):
        raise SystemExit(1)


def _show_relation(con: Session, csv: bool, relation: Any) -> None:
    """The rows of one statement, behind what was found in it."""
    from retailsql.demo.show import show_csv, show_rows

    for finding in con.findings:
        click.echo(finding.text, err=True)
    (show_csv if csv else show_rows)(list(relation.columns), relation.fetchall())
