"""A table, made anew every time."""

from __future__ import annotations

from retailsql.registry.names import quote
from retailsql.runner.check.contract import check_contract, columns_for_create
from retailsql.runner.materialize.job import Job, Made
from retailsql.runner.which_connection import connection_for


def make(job: Job) -> Made:
    """Make the table; nobody sees it half filled, as all of it is one transaction."""
    job.make_room("TABLE")
    create(job)
    return Made(job.count(), {}, "TABLE")


def create(job: Job) -> None:
    """Make the table of the node's SQL, with the columns of its contract if it has one."""
    node = job.node
    check_contract(connection_for(job.con, node.sql), node)
    # In brackets, as dbt has it: two statements in one file are refused by both.
    if not node.contract:
        job.execute(
            f"CREATE OR REPLACE TABLE {job.relation} AS (\n{node.sql}\n)", node.sql, node.lines
        )
        return
    names = ", ".join(quote(c.name) for c in node.columns)
    job.con.execute(f"CREATE OR REPLACE TABLE {job.relation} {columns_for_create(node)}")
    job.execute(
        f"INSERT INTO {job.relation} ({names}) SELECT {names} FROM (\n{node.sql}\n)",
        node.sql, node.lines,
    )  # fmt: skip
