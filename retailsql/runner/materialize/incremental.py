"""A table that keeps its rows and takes new ones: the file says which with is_incremental().

As dbt-duckdb does it: ``append`` inserts, ``delete+insert`` first deletes the rows whose
``unique_key`` comes again. A run with ``full_refresh``, or where no table is, makes it anew.
"""

from __future__ import annotations

from typing import Any

from retailsql.errors import ProjectError
from retailsql.functions.connection import raw
from retailsql.registry.names import quote
from retailsql.runner.check.contract import check_contract
from retailsql.runner.materialize import table
from retailsql.runner.materialize.job import Job, Made
from retailsql.runner.which_connection import connection_for

STRATEGIES = ("append", "delete+insert")
ON_CHANGE = ("ignore", "fail", "append_new_columns")
_NEW = "__rs_new_rows"


def make(job: Job) -> Made:
    """Add to the table that is there, or make it.

    Raises:
        ProjectError: a strategy or a setting that is not known, or columns that do not fit.
    """
    strategy = _setting(job, "incremental_strategy", STRATEGIES, "delete+insert")
    on_change = _setting(job, "on_schema_change", ON_CHANGE, "ignore")
    for key in ("incremental_predicates", "predicates"):
        if seen := job.node.options.get(key):
            raise _refused(job, key, seen, "none", "put the condition into the SQL")
    if job.before is None or job.before.kind != "TABLE" or job.full_refresh:
        return table.make(job)
    node = job.node
    sql, lines = (node.sql, node.lines) if node.again is None else (node.again, node.lines_again)
    check_contract(connection_for(job.con, sql), node, sql)
    job.execute(f"CREATE OR REPLACE TEMP TABLE {_NEW} AS (\n{sql}\n)", sql, lines)
    columns = _columns(job, on_change)
    if strategy == "delete+insert":
        _delete(job)
    listed = ", ".join(quote(c) for c in columns)
    raw(job.con).execute(f"INSERT INTO {job.relation} ({listed}) SELECT {listed} FROM {_NEW}")
    raw(job.con).execute(f"DROP TABLE {_NEW}")
    return Made(job.count(), {}, "TABLE")


def _delete(job: Job) -> None:
    """Delete the rows that come again; without a key nothing does."""
    key: Any = job.node.options.get("unique_key")
    if not key:
        return
    if isinstance(key, str):  # a column, or an expression, as dbt allows
        where = f"({key}) IN (SELECT ({key}) FROM {_NEW})"
        raw(job.con).execute(f"DELETE FROM {job.relation} WHERE {where}")
        return
    same = " AND ".join(f"{_NEW}.{k} = held.{k}" for k in key)
    raw(job.con).execute(f"DELETE FROM {job.relation} AS held USING {_NEW} WHERE {same}")


def _columns(job: Job, on_change: str) -> list[str]:
    """The columns to insert, after what on_schema_change says has been done."""
    con = raw(job.con)
    held = {row[0]: row[1] for row in con.execute(f"DESCRIBE {job.relation}").fetchall()}
    new = {row[0]: row[1] for row in con.execute(f"DESCRIBE {_NEW}").fetchall()}
    if on_change == "ignore":
        delivered = {c.lower() for c in new}
        if missing := [c for c in held if c.lower() not in delivered]:
            raise _changed(job, held, new, f"it delivers no column {missing[0]} any more")
        return list(held)
    if on_change == "fail" and held != new:
        raise _changed(job, held, new, "its columns have changed")
    for name, type_ in new.items():
        if name not in held:
            con.execute(f"ALTER TABLE {job.relation} ADD COLUMN {quote(name)} {type_}")
    return list(new)


def _changed(job: Job, held: dict[str, str], new: dict[str, str], fact: str) -> ProjectError:
    """The error for columns that do not fit."""
    return ProjectError(
        f"{job.node.file}:1: {fact}, and {job.node.name} keeps its rows",
        seen=", ".join(f"{c} {t}" for c, t in new.items() if held.get(c) != t) or "fewer columns",
        wanted=", ".join(f"{c} {t}" for c, t in held.items() if new.get(c) != t) or None,
        todo="make it anew with --full-refresh, or say on_schema_change='append_new_columns'",
    )


def _setting(job: Job, key: str, known: tuple[str, ...], default: str) -> str:
    value = job.node.options.get(key) or default
    if value == "default":
        value = default
    if value not in known:
        raise _refused(job, key, value, ", ".join(known), "choose one of them, or run dbt")
    return str(value)


def _refused(job: Job, key: str, seen: object, wanted: str, todo: str) -> ProjectError:
    return ProjectError(
        f"{job.node.file}:1: the light runner does not know this {key}", seen=seen, wanted=wanted,
        todo=todo,
    )  # fmt: skip
