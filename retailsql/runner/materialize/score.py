"""Scores, kept as a table; only rows that are new or changed are scored again.

The SQL is that of macros/retailsql/score.sql, which dbt's materialization uses too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import duckdb

from retailsql.errors import ProjectError
from retailsql.functions.connection import raw
from retailsql.registry.fetch import first_row
from retailsql.runner import made
from retailsql.runner.check.contract import check_contract, columns_for_create
from retailsql.runner.deployed import deployed_versions
from retailsql.runner.materialize.config_place import config_place
from retailsql.runner.materialize.job import Job, Made
from retailsql.runner.materialize.macro import call_macro
from retailsql.runner.materialize.model import version_query
from retailsql.runner.node import Node

Macro = Callable[..., str]
FILE = "score.sql"


def make(job: Job) -> Made:
    """Make or renew the scores.

    Raises:
        ProjectError: config() lacks something, not exactly one trained model stands behind the
            file, its key is NULL or not unique, or a call does not fit the model.
    """
    model = _model(job)
    key, scores = _wanted(job, "unique_key"), _wanted(job, "scores")
    keep = job.node.options.get("keep") or []
    keep = [keep] if isinstance(keep, str) else list(keep)
    macro: Macro = partial(call_macro, job.project.path, FILE)
    name, query = job.node.name, job.node.sql
    table = (key, keep, dict(scores), _shown(job, model))

    _run(job, macro("rs_score_rows", name, query, scores))
    _check(job, macro("rs_score_check", name, job.node.file, key, model.name, table[3]))
    select = macro("rs_score_select", name, *table)
    _run(job, f"DESCRIBE\n{select}")  # calls that do not fit are told before anything is done
    check_contract(job.con, job.node, select)
    job.make_room("TABLE")
    if _same_columns(job, macro, table):
        _run(job, macro("rs_score_update", name, job.relation, *table))
    else:
        columns = columns_for_create(job.node) if job.node.contract else ""
        _run(job, macro("rs_score_replace", name, job.relation, *table, columns=columns))
    scored, rows, version = _row(job, macro("rs_score_counts", job.relation))
    raw(job.con).execute(macro("rs_score_end", name))
    return Made(rows, {"model": model.name, "version": version, "scored": scored}, "TABLE")


def _model(job: Job) -> Node:
    """The one trained model behind the file."""
    nodes = [job.project.nodes[name] for name in job.node.needs]
    models = [node for node in nodes if node.kind == "model"]
    if len(models) == 1:
        return models[0]
    raise ProjectError(
        f"{job.node.file}:1: one trained model stands behind a score file",
        seen=", ".join(m.name for m in models) or "none",
        todo="name one with fn('churn', 'score') in scores"
        + (", and score the others in files of their own" if models else ""),
    )


def _wanted(job: Job, key: str) -> Any:
    value = job.node.options.get(key)
    if not value or (key == "scores" and not isinstance(value, dict)):
        raise ProjectError(
            f"{job.node.file}:1: config() of a score file needs {key}", seen=value,
            todo="write config(materialized='score', unique_key='customer_id', "
            "scores={'risk': fn('churn', 'score') ~ '(r)'})",
        )  # fmt: skip
    return value


def _shown(job: Job, model: Node) -> str:
    """The view of the model, or its query where no build has made the view."""
    schema = job.project.schema
    if model.name.lower() in made.relations(job.con, schema):
        return made.relation(schema, model.name)
    if model.name.lower() not in deployed_versions(raw(job.con), schema):
        raise ProjectError(
            f"{job.node.refs.get(model.name, f'{job.node.file}:1')}: no version of model "
            f"{model.name} is deployed",
            todo=f"train it: --select +{job.node.name}",
        )
    return f"({version_query(job.project, model, raw(job.con))})"


def _same_columns(job: Job, macro: Macro, table: tuple[Any, ...]) -> bool:
    """Whether a table is there that can be renewed."""
    if job.before is None or job.before.kind != "TABLE" or job.full_refresh:
        return False
    sql = macro("rs_score_same_columns", job.node.name, job.relation, *table)
    return bool(_row(job, sql)[0])


def _run(job: Job, statement: str) -> None:
    """Run a statement: it holds the rows' SELECT, or else the scores that config() asks for."""
    of_rows = job.node.sql in statement
    place = None if of_rows else config_place(job.project, job.node, "scores")
    job.execute(statement, job.node.sql, job.node.lines, place)


def _row(job: Job, sql: str) -> tuple[Any, ...]:
    return first_row(raw(job.con), sql) or ()


def _check(job: Job, sql: str) -> None:
    """Keys and version; what is wrong is said in the words of the macro, which name the file."""
    try:
        raw(job.con).execute(sql).fetchall()
    except duckdb.InvalidInputException as error:
        _, _, words = str(error).partition(f"{job.node.file}: ")
        if not words:
            raise
        fact, _, todo = words.partition(". What to do: ")
        place = config_place(job.project, job.node, "unique_key")
        raise ProjectError(f"{place}: {fact}", todo=todo.rstrip(". ") or None) from error
