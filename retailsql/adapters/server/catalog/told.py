"""The tables of the shim that hold what is told, with who sees it: filled from views."""

from __future__ import annotations

import duckdb

from retailsql.adapters.server.catalog.names import SHIM

COPIES = (
    "tables",
    "columns",
    "sequences",
    "constraints",
    "indexes",
    "schemas",
    "foreign_keys",
    "functions",
)
"""What is copied of the live views; a later one reads the copies of those before it."""


def copy(con: duckdb.DuckDBPyConnection) -> None:
    """Copy what DuckDB tells of the database; inside a transaction of the caller."""
    for name in COPIES:
        _fill(con, f"copy_{name}", f"live_{name}")


def tell(con: duckdb.DuckDBPyConnection) -> None:
    """Make of the copies and the rights what users see; inside a transaction of the caller."""
    rows = con.execute(f"SELECT name FROM {SHIM}.private.told ORDER BY position").fetchall()
    for (name,) in rows:
        _fill(con, f"told_{name}", f"tell_{name}")


def _fill(con: duckdb.DuckDBPyConnection, table: str, view: str) -> None:
    con.execute(f"TRUNCATE {SHIM}.private.{table}")
    con.execute(f"INSERT INTO {SHIM}.private.{table} FROM {SHIM}.private.{view}")
