"""Which relations may a name mean?"""

from __future__ import annotations

from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.known import Place
from retailsql.adapters.server.policy.names import Path, fold

ENGINE = frozenset(["system", "temp"])
"""Databases of DuckDB's own."""


def meant(asked: Asked, path: Path) -> list[Place]:
    """The relations that a name may mean, the likeliest first; several only if DuckDB itself
    would have to choose, and then each must be allowed.
    """
    name, *before = (fold(part) for part in reversed(path))
    places = asked.names.tables.get(name, ())
    if not before:
        for database, schema in asked.path:
            here = [p for p in places if _at(p, database, schema)]
            if here:
                return here
        return [p for p in places if fold(p.database) in ENGINE]
    if len(before) == 2:
        return [p for p in places if _at(p, before[1], before[0])]
    first = before[0]
    found = [p for p in places if fold(p.schema) == first or fold(p.database) == first]
    mine = [p for p in found if fold(p.database) not in ENGINE]
    return mine or found


def _at(place: Place, database: str, schema: str) -> bool:
    return fold(place.database) == database and fold(place.schema) == schema
