"""Read one row without leaving the connection in the middle of a result."""

from __future__ import annotations

from typing import Any

from duckdb import DuckDBPyConnection


def first_row(
    con: DuckDBPyConnection, sql: str, parameters: object = None
) -> tuple[Any, ...] | None:
    """The first row of a query, or None.

    ``fetchone`` would leave the result unread, which blocks the connection for what comes next.
    """
    rows = con.execute(sql, parameters).fetchall()
    return rows[0] if rows else None
