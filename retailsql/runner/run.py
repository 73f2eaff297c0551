"""Runs a project: tables and views are made, training files are handed on, queries answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import duckdb

from retailsql.errors import ProjectError, RetailSQLError
from retailsql.functions.connection import raw
from retailsql.functions.transaction import own_transaction
from retailsql.registry.fetch import first_row
from retailsql.runner import made
from retailsql.runner.graph import select as choose
from retailsql.runner.node import Node, Project
from retailsql.runner.project import find

Status = Literal["start", "ok", "skipped"]
Train = Callable[..., Mapping[str, Any]]
"""``train(con, name, options, query, replace=True)``, as ``retailsql.training.create`` has it."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one file.

    Args:
        name: the model's name.
        kind: table, view or model.
        status: ``start`` (only seen by the callback), ``ok``, or ``skipped`` (no ``train`` given).
        seconds: how long it took.
        rows: rows of a table; None for others.
        detail: what training returned.
    """

    name: str
    kind: str
    status: Status
    seconds: float = 0.0
    rows: int | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


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
    train: Train | None = None,
    on_event: Callable[[NodeResult], None] | None = None,
) -> list[NodeResult]:
    """Run a project's models and training files, each in a transaction of its own.

    A file that fails or is interrupted leaves what it would have replaced as it was. Where the
    caller has a transaction open already, everything happens inside that one. Only what an earlier
    run made is ever replaced or dropped, see :mod:`retailsql.runner.made`.

    Args:
        con: a DuckDB connection or a Session.
        project: from :func:`load_project`.
        select: see :func:`retailsql.runner.graph.select`; None runs all.
        train: trains a model; without it training files are skipped.
        on_event: called at the start and the end of every file.

    Raises:
        ProjectError: names the file and what the engine or the training said; the files before
            it have been run, those after it have not. Or a file would replace a table or view
            that no run made: then nothing has been run.
        KeyboardInterrupt, duckdb.InterruptException: as they came, the file rolled back.
    """
    tell = on_event or (lambda event: None)
    chosen = choose(project.nodes, select)
    made.check_free(con, project.schema, chosen)
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {project.schema}")
    results: list[NodeResult] = []
    for node in chosen:
        if node.kind == "model" and train is None:
            result = NodeResult(node.name, node.kind, "skipped")
        else:
            tell(NodeResult(node.name, node.kind, "start"))
            start = time.perf_counter()
            rows, detail = _in_transaction(con, node, partial(_make, con, project, node, train))
            seconds = time.perf_counter() - start
            result = NodeResult(node.name, node.kind, "ok", seconds, rows, detail)
        tell(result)
        results.append(result)
    return results


def run_query(con: Any, project: Project, name: str) -> Answer:
    """Run one of the project's queries.

    Raises:
        ProjectError: no such query, or the engine refuses it.
    """
    node = find(name, project.queries, "query")
    try:
        result = con.execute(node.sql)
        columns = tuple(c[0] for c in result.description)
        return Answer(node.sql, columns, result.fetchall())
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, RetailSQLError) as error:
        raise _failed(node, error) from error


_Made = tuple[int | None, Mapping[str, Any]]


def _in_transaction(con: Any, node: Node, work: Callable[[], _Made]) -> _Made:
    """Do ``work`` whole or not at all."""
    try:
        with own_transaction(raw(con)):
            return work()
    except (duckdb.InterruptException, ProjectError):
        raise  # stopped from outside, or already said with the file's name
    except (duckdb.Error, RetailSQLError) as error:
        raise _failed(node, error) from error


def _make(con: Any, project: Project, node: Node, train: Train | None) -> _Made:
    """Make one table, view or model."""
    if node.kind == "model":
        assert train is not None
        return None, train(con, node.name, dict(node.options), node.sql, replace=True)
    relation = f"{project.schema}.{node.name}"
    made.check_free(con, project.schema, [node])  # again: another session may have been faster
    before = made.relations(con, project.schema).get(node.name.lower())
    if before is not None and before.kind != node.kind.upper():
        con.execute(f"DROP {before.kind} {relation}")
    con.execute(f"CREATE OR REPLACE {node.kind.upper()} {relation} AS\n{node.sql}")
    made.mark(con, project.schema, node)  # replacing took the mark away
    if node.kind == "view":
        return None, {}
    counted = first_row(raw(con), f"SELECT count(*) FROM {relation}")
    return (counted[0] if counted else None), {}


def _failed(node: Node, error: Exception) -> ProjectError:
    """The error that names the file."""
    if node.kind == "model" and isinstance(error, RetailSQLError):
        return ProjectError(f"{node.file}: the model was not trained", seen=str(error))
    return ProjectError(
        f"{node.file}: the engine refuses it", seen=str(error).rstrip(),
        todo="correct the file; a line it names is counted after Jinja",
    )  # fmt: skip
