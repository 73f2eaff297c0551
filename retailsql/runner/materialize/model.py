"""A training file: a model is trained, and a view shows the version that is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.errors import ProjectError, RetailSQLError
from retailsql.functions.connection import raw
from retailsql.registry.names import resolve
from retailsql.runner.check.contract import check_contract
from retailsql.runner.deployed import deployed_versions
from retailsql.runner.engine_error import engine_error, refused
from retailsql.runner.materialize.job import Job, Made
from retailsql.runner.materialize.macro import call_macro
from retailsql.runner.node import Node, Project
from retailsql.runner.which_connection import connection_for

FILE = "model_view.sql"
_NOT_OPTIONS = frozenset({
    "options", "label", "meta", "docs", "enabled", "contract", "group", "access", "persist_docs",
    "full_refresh", "quoting", "description", "packages", "on_configuration_change",
})  # fmt: skip
"""What config() may hold beside the options of CREATE MODEL."""
_KEYS = ("model_type", "label", "options")
_NOTES = ("labels", "description", "friendly_name")


def make(job: Job) -> Made:
    """Train, unless the same was trained before, and show the deployed version."""
    assert job.train is not None
    _check_keys(job.node)
    try:
        detail = job.train(
            job.con, model_name(job.project, job.node), model_options(job.node), job.node.sql,
            full_refresh=job.full_refresh,
        )  # fmt: skip
    except RetailSQLError as error:
        raise _untrained(job, error) from error
    if job.node.name.lower() not in deployed_versions(raw(job.con), job.project.schema):
        return Made(None, detail, "")  # it was trained elsewhere: there is nothing to show
    check_contract(raw(job.con), job.node, version_query(job.project, job.node, raw(job.con)))
    shown = version_query(job.project, job.node, raw(job.con), view=True)
    job.make_room("VIEW")
    raw(job.con).execute(f"CREATE OR REPLACE VIEW {job.relation} AS (\n{shown}\n)")
    return Made(None, detail, "VIEW")


def _check_keys(node: Node) -> None:
    """A misspelt ``label`` must not be taken for an option, of which training would tell others.

    Raises:
        ProjectError: a key of config() that is none, and nearly one.
    """
    for name in node.options:
        near = get_close_matches(name.lower(), _KEYS, n=1, cutoff=0.75)
        if near and name.lower() not in (*_KEYS, *_NOTES):
            raise ProjectError(
                f"{node.file}:1: config() of a training file has no key {name!r}",
                wanted=near[0], todo="correct the name",
            )  # fmt: skip


def _untrained(job: Job, error: RetailSQLError) -> ProjectError:
    """The error with its line. Training asks for a relation, and of what cannot be bound the
    engine then names none: so it is asked once more.
    """
    sql, statement = job.node.sql, job.node.sql
    if isinstance(engine_error(error), duckdb.BinderException | duckdb.CatalogException):
        statement = f"DESCRIBE\n{sql}"
        try:
            connection_for(job.con, sql).execute(statement).fetchall()
        except duckdb.InterruptException:
            raise
        except (duckdb.Error, RetailSQLError) as told:
            error.__cause__ = told
    return refused(job.node, error, statement, sql, job.node.lines)


def version_query(project: Project, node: Node, con: DuckDBPyConnection, view: bool = False) -> str:
    """The SELECT of one row that tells of the deployed version.

    Args:
        project: the project.
        node: the training file.
        con: a DuckDB connection.
        view: it is to be the text of a view, which names no database.
    """
    place = resolve(con, model_name(project, node))
    database = None if view else place.database
    return call_macro(project.path, FILE, "model_view", place.name, place.schema, database)


def model_name(project: Project, node: Node) -> str:
    """The name a model is trained under: its functions are in the project's schema.

    >>> from pathlib import Path
    >>> node = Node("churn", "training/churn.sql", "model", "")
    >>> model_name(Project("p", Path(), "mart", {}, {}, {}), node)
    'mart.churn'
    """
    return node.name if project.schema == "main" else f"{project.schema}.{node.name}"


def model_options(node: Node) -> dict[str, Any]:
    """The options of CREATE MODEL that a training file asks for.

    They stand in ``options={...}``; beside them ``model_type``, and ``label`` for one
    ``input_label_cols``; the file's description is a note. Other keys of config() are options too,
    as older files have them.

    >>> node = Node("m", "training/m.sql", "model", "", {
    ...     "model_type": "LINEAR_REG", "label": "y", "options": {"l2_reg": 0.1}})
    >>> model_options(node)
    {'model_type': 'LINEAR_REG', 'l2_reg': 0.1, 'input_label_cols': ['y']}
    """
    given: Mapping[str, Any] = node.options
    options = {k: v for k, v in given.items() if k not in _NOT_OPTIONS and not k.startswith("+")}
    options.update(given.get("options") or {})
    if label := given.get("label"):
        options["input_label_cols"] = [label] if isinstance(label, str) else list(label)
    if node.description.strip():
        options.setdefault("description", node.description.strip())
    return options
