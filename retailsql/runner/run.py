"""Runs a project without its tests, and asks its queries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb

from retailsql.errors import RetailSQLError
from retailsql.runner.beside import files_beside
from retailsql.runner.build import build
from retailsql.runner.engine_error import refused
from retailsql.runner.node import Project
from retailsql.runner.project import find
from retailsql.runner.result import NodeResult

Create = Callable[..., Mapping[str, Any]]
"""``train(con, name, options, query, replace=True)``, as ``create_model`` has it."""

__all__ = ["Answer", "NodeResult", "run", "run_query"]


@dataclass(frozen=True)
class Answer:
    """The rows of a query."""

    sql: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def run(
    con: Any,
    project: Project,
    select: str | Iterable[str] | None = None,
    train: Create | None = None,
    on_event: Callable[[NodeResult], None] | None = None,
) -> list[NodeResult]:
    """Build a project without its tests, and fail where a file fails: for scripts and notebooks.

    Args:
        con: a DuckDB connection or a Session.
        project: from :func:`load_project`.
        select: see :func:`retailsql.runner.graph.select`; None runs all.
        train: ``create_model``, or what is called like it; without it training files are skipped.
        on_event: called at the start and the end of every file.

    Returns:
        What became of each file.

    Raises:
        ProjectError: the first that failed; it names the file and what the engine or the training
            said. What does not depend on it has been run. Or a file would replace a table or view
            that no run made: then nothing has been run.
        KeyboardInterrupt, duckdb.InterruptException: as they came, the file rolled back.
    """
    report = build(
        con, project, select, on_event=on_event, tests=False,
        train=None if train is None else partial(_create, train),
    )  # fmt: skip
    for result in report.failed:
        assert result.error is not None
        raise result.error
    return list(report.results)


def _create(
    train: Create, con: Any, name: str, options: dict[str, Any], query: str, full_refresh: bool
) -> Mapping[str, Any]:
    """Train a next version, whatever was trained before."""
    told = {"description", "friendly_name", "labels"}  # notes, which create_model does not take
    given = {k: v for k, v in options.items() if k not in told}
    return train(con, name, given, query, replace=True)


def run_query(con: Any, project: Project, name: str) -> Answer:
    """Run one of the project's queries.

    Raises:
        ProjectError: no such query, or the engine refuses it.
    """
    node = find(name, project.queries, "query")
    try:
        with files_beside(con, project.path):
            result = con.execute(node.sql)
            columns = tuple(c[0] for c in result.description)
            return Answer(node.sql, columns, result.fetchall())
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, RetailSQLError) as error:
        raise refused(node, error, node.sql, node.sql, node.lines) from error
