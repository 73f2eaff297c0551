"""From whatever a person holds to the DuckDB connection behind it."""

from __future__ import annotations

from typing import Any

from duckdb import DuckDBPyConnection


def raw(con: Any) -> DuckDBPyConnection:
    """The DuckDB connection of a Session, or the connection itself.

    Raises:
        TypeError: it is neither.
    """
    inner = getattr(con, "connection", con)
    if not isinstance(inner, DuckDBPyConnection):
        raise TypeError(
            f"Expected a DuckDB connection or a retailsql Session, seen {type(con).__name__}; "
            "use retailsql.connect(path) or duckdb.connect(path)"
        )
    return inner
