"""Rights on what is not there: they may be meant for what comes, or be a slip of the pen."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from duckdb import DuckDBPyConnection

from retailsql.adapters.server.policy.known import known
from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.policy.rights import REGISTRY
from retailsql.adapters.server.records import Grant


def not_there(
    con: DuckDBPyConnection, database: str, grants: Iterable[Grant]
) -> list[tuple[str, str | None]]:
    """Those of the grants' tables, models and schemas that do not exist, each with a hint.

    Args:
        con: a cursor of the instance.
        database: the file's.
        grants: of one statement.

    >>> import duckdb
    >>> con = duckdb.connect()
    >>> _ = con.execute("CREATE TABLE sales (a INTEGER)")
    >>> not_there(con, "memory", [Grant("read", "table", "main", "sale")])
    [('table "main.sale"', 'Did you mean: main.sales?')]
    """
    there = _there(con, database)
    told: dict[str, str | None] = {}
    for grant in grants:
        kind = grant.kind
        wanted = grant.schema if kind == "schema" else f"{grant.schema}.{grant.name}"
        if kind == "database" or "*" in (grant.schema, grant.name if kind != "schema" else ""):
            continue
        empty = kind == "schema" and fold(wanted) in known(con).schemas
        if not empty and fold(wanted) not in map(fold, there[kind]):
            close = get_close_matches(fold(wanted), sorted(there[kind]))
            hint = f"Did you mean: {', '.join(close)}?" if close else None
            told[f'{kind} "{wanted}"'] = hint
    return list(told.items())


def _there(con: DuckDBPyConnection, database: str) -> dict[str, set[str]]:
    """What there is of each kind, but for what nobody may read."""
    names = known(con, again=True)
    places = [p for every in names.tables.values() for p in every]
    own = [p for p in places if fold(p.database) == fold(database) and fold(p.schema) != REGISTRY]
    models = {f.model for every in names.functions.values() for f in every if f.model}
    return {
        "table": {f"{place.schema}.{place.name}" for place in own},
        "model": {f"{schema}.{name}" for schema, name in models},
        "schema": {place.schema for place in own},
    }
