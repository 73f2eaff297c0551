"""From the name in ``MODEL name`` to the version it means."""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from retailsql.functions import publish
from retailsql.registry import store
from retailsql.registry.names import resolve
from retailsql.registry.store import StoredVersion


def deployed(con: DuckDBPyConnection, name: str) -> StoredVersion:
    """The deployed version of a model, its hidden function made sure of.

    Args:
        con: where the model is, and where the function will be called.
        name: as a person wrote it, one to three parts.

    Raises:
        ModelNotFoundError: no such model; names the nearest.
    """
    stored = store.find(con, resolve(con, name))
    publish.ensure_hidden(con, stored.name.name, stored.content_hash, stored.signature)
    return stored
