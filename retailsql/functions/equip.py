"""Find the models of every attached database and put their functions on a connection."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from retailsql.functions import hidden, scorers
from retailsql.functions.farm_fingerprint import create_fingerprint
from retailsql.registry import store
from retailsql.registry.store import StoredVersion


def equip(con: DuckDBPyConnection, also: str | None = None) -> list[StoredVersion]:
    """Create the hidden function of every deployed model; macros are in the files already.

    No graph is read: bytes are loaded when a function is first called. Safe to repeat, and needed
    again after ATTACH on a plain connection. A version that this retailsql cannot read (of a
    newer format) is passed over: it must not bar the way to the rest of the database.

    Args:
        con: any open connection; the functions are made by a cursor of it.
        also: the name of one more hidden function to look for, among all versions.

    Returns:
        The models found that have a hidden function.
    """
    scorers.note_connection(con)
    hidden.remake(con)
    create_fingerprint(con)
    hidden.ensure_explain(con)
    found: list[StoredVersion] = []
    with con.cursor() as reader:  # the caller's connection may hold an unread result
        for database in store.databases(reader):
            for stored in store.versions(reader, database, deployed=also is None, strict=False):
                name = scorers.hidden_name(stored.name.name, stored.content_hash)
                wanted = stored.deployed or name == also
                if wanted and hidden.has_hidden(stored.signature):
                    found.append(stored)
    for stored in found:
        hidden.create(
            con, scorers.lazy_scorer(stored.name.name, stored.content_hash, stored.signature)
        )
    return found
