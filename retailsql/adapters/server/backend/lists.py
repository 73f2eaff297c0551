"""SHOW TABLES, SCHEMAS and DATABASES: what the catalog shows to whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from retailsql.adapters.server.backend.query import Query
from retailsql.adapters.server.backend.script import ended, name_at, split
from retailsql.registry.names import literal

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context
    from retailsql.adapters.server.backend.result import Plan
    from retailsql.dialect.tokens import Walk

_OWN: Final = "NOT IN ('pg_catalog', 'information_schema')"
_LISTS: Final = {
    "TABLES": "SELECT table_schema AS schema, table_name AS name FROM information_schema.tables "
    f"WHERE table_schema {_OWN}",
    "SCHEMAS": f"SELECT schema_name AS name FROM information_schema.schemata "
    f"WHERE schema_name {_OWN}",
    "DATABASES": "SELECT datname AS name FROM pg_database WHERE true",
}
LISTS: Final = frozenset(_LISTS)
"""What may stand behind SHOW."""


def lists(ctx: Context, walk: Walk) -> Plan:
    """The plan of ``SHOW TABLES [FROM schema]`` and its like.

    Args:
        ctx: of the session.
        walk: stands on the word that says what is listed.

    Raises:
        PgError: 42601, anything else follows.
    """
    word = walk.peek()
    walk.at += 1
    text = _LISTS[word]
    if word == "TABLES" and (walk.take("FROM") or walk.take("IN")):
        text += f" AND table_schema = {literal(name_at(walk))}"
    ended(walk)
    return Query(ctx, split(f"{text} ORDER BY ALL")[0])
