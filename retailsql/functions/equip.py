"""Find the deployed models of every attached database and put their functions on a connection."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from retailsql.functions import hidden
from retailsql.registry import store
from retailsql.registry.store import StoredVersion


def equip(con: DuckDBPyConnection) -> list[StoredVersion]:
    """Create the hidden function of every deployed model; macros are in the files already.

    No graph is read: bytes are loaded when a function is first called. Safe to repeat, and needed
    again after ATTACH on a plain connection.

    Args:
        con: any open connection; the functions are made by a cursor of it.

    Returns:
        The models found.
    """
    hidden.forget_closed()
    hidden.remake(con)
    found: list[StoredVersion] = []
    with con.cursor() as reader:  # the caller's connection may hold an unread result
        for database in store.databases(reader):
            found += store.versions(reader, database, deployed=True)
    for stored in found:
        scorer = hidden.lazy_scorer(
            con, stored.name.name, stored.name.database, stored.content_hash, stored.signature
        )
        hidden.create(con, scorer)
    return found
