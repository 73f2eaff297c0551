"""The columns of the database's own tables, as a query's names mean them."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress

from duckdb import DuckDBPyConnection

from retailsql.adapters.server.catalog.names import SHIM
from retailsql.adapters.server.catalog.scopes import Column, Columns

_SQL = f"""
    SELECT reloid, list(lower(column_name) ORDER BY attnum) FROM {SHIM}.private.told_columns
    WHERE lower(table_name) = $1 AND CASE WHEN $2 IN ('', lower($3))
        THEN list_contains({SHIM}.private.path(), schema_name) ELSE lower(schema_name) = $2 END
    GROUP BY reloid, schema_name ORDER BY list_position({SHIM}.private.path(), schema_name) LIMIT 1
"""


def look_up(
    con: DuckDBPyConnection,
    database: str,
    names: object,
    kept: dict[Hashable, Columns | None],
    schema: str,
    name: str,
) -> Columns | None:
    """The columns of a table or view; None: there is none.

    Args:
        con: a cursor of the instance, with the session's search path.
        database: whose catalog it is.
        names: what the answer depends on: the search path, how often names have changed.
        kept: earlier answers.
        schema: in small letters; '' for the search path.
        name: in small letters.
    """
    key = (names, schema, name)
    with suppress(KeyError):
        return kept[key]
    rows = con.execute(_SQL, [name, schema, database]).fetchall()
    found: Columns | None = [
        Column(column, "", oid, number)
        for oid, columns in rows
        for number, column in enumerate(columns, 1)
    ] or None
    kept[key] = found
    return found
