"""A view. DuckDB binds it when it is read, so that the tables under it may be replaced."""

from __future__ import annotations

from retailsql.runner.check.contract import check_contract
from retailsql.runner.materialize.job import Job, Made
from retailsql.runner.which_connection import connection_for


def make(job: Job) -> Made:
    """Make the view."""
    node = job.node
    check_contract(connection_for(job.con, node.sql), node)
    job.make_room("VIEW")
    job.execute(f"CREATE OR REPLACE VIEW {job.relation} AS (\n{node.sql}\n)", node.sql, node.lines)
    return Made(None, {}, "VIEW")
