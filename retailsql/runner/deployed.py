"""Which version of each model a schema's functions use."""

from __future__ import annotations

from typing import NamedTuple

from duckdb import DuckDBPyConnection

from retailsql.registry import store
from retailsql.registry.names import resolve


class Deployed(NamedTuple):
    """A deployed version.

    Args:
        scores: its number and content, as text: what its scores depend on.
        told: when it was made, and how many newer ones were held back: what else is told of it.
    """

    scores: str
    told: str


def deployed_versions(con: DuckDBPyConnection, schema: str) -> dict[str, Deployed]:
    """Deployed versions by the model's lower-case name.

    Args:
        con: a DuckDB connection.
        schema: the project's; it exists.

    >>> import duckdb
    >>> deployed_versions(duckdb.connect(), "main")
    {}
    """
    place = resolve(con, ("m",) if schema == "main" else (*schema.split("."), "m"))
    if not store.exists(con, place.database):
        return {}
    rows = con.execute(
        f"SELECT lower(m.model_name), m.deployed_version || ' ' || d.content_hash, "
        f"d.created_at || ' ' || (SELECT count(*) FROM {place.registry}.versions n "
        "WHERE n.model_schema = m.model_schema AND n.model_name = m.model_name "
        "AND n.version > m.deployed_version) "
        f"FROM {place.registry}.models m JOIN {place.registry}.versions d "
        "ON d.model_schema = m.model_schema AND d.model_name = m.model_name "
        "AND d.version = m.deployed_version WHERE lower(m.model_schema) = lower(?)",
        [place.schema],
    )
    return {name: Deployed(*both) for name, *both in rows.fetchall()}
