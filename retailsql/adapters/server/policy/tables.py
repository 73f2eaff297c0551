"""May this person read, or write, the relation a name means?"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.known import Place
from retailsql.adapters.server.policy.meant import meant
from retailsql.adapters.server.policy.names import Path, fold, shown
from retailsql.adapters.server.policy.rights import REGISTRY, denied, knows_schema, may
from retailsql.adapters.server.policy.views import add_view
from retailsql.adapters.server.records import PgError, Privilege


def check_search_path(asked: Asked, what: str) -> None:
    """Refuse a view or macro by a search path with schemas in it that this person may not read.

    DuckDB looks names without a schema in their bodies up on the path of whoever reads them.

    Raises:
        PgError: 42501.
    """
    for database, schema in asked.path:
        own = database == asked.database and schema != "main"
        if own and not may(asked.rights, "read", schema, "", "schema"):
            raise PgError(
                "42501", f"permission denied for schema {schema}",
                hint=f"SET search_path to main, or to schemas you may read, to use {what}",
            )  # fmt: skip


def check_table(asked: Asked, path: Path, privilege: Privilege = "read") -> None:
    """Refuse a name that means no relation, or one this person has no right to.

    Raises:
        PgError: 42P01 there is none; 42501 no right.
    """
    if asked.defining and len(path) == 1:
        raise unqualified(asked, path)
    places = meant(asked, path) or meant(asked.again(), path)
    if not places:
        raise _missing(asked, path)
    for place in places:
        _check_place(asked, path, place, privilege)


def _check_place(asked: Asked, path: Path, place: Place, privilege: Privilege) -> None:
    database, schema, name = place
    if asked.shim.holds(database):
        if asked.defining:
            raise only_here(name, asked.place(path))
        if privilege == "read" and asked.shim.readable(database, schema):
            return
        raise denied("schema" if privilege == "read" else "table", schema)
    hidden = fold(name).startswith("__rs_") or fold(schema) == REGISTRY
    if hidden:
        if asked.spliced and privilege == "read":
            return
        raise _no(asked, path, schema, name)
    if fold(database) != asked.database:
        raise _no(asked, path, schema, name)
    if may(asked.rights, privilege, schema, name, "table"):
        if place in asked.names.views and privilege == "read":
            check_search_path(asked, f"view {name}")
            add_view(asked, place)
        asked.tables.append(place)
        return
    if len(path) == 1 and not knows_schema(asked.rights, schema):
        # PostgreSQL does not look into schemas that a person may not use.
        raise _missing(asked, path)
    raise _no(asked, path, schema, name, privilege)


def unqualified(asked: Asked, path: Path, schema: str | None = None) -> PgError:
    """0A000, for a name in a view that would mean another thing by another search path.

    Args:
        asked: who asks.
        path: the name.
        schema: that it is in; None: that of the relation it means now.
    """
    mine = [
        p.schema for p in meant(asked, path) if may(asked.rights, "read", p.schema, p.name, "table")
    ]
    schema = schema or next(iter(mine), "schema")
    return PgError(
        "0A000", f"a view has to name the schema of {path[-1]}",
        hint=f"write {schema}.{path[-1]}", position=asked.place(path),
    )  # fmt: skip


def only_here(name: str, position: int | None) -> PgError:
    """0A000, for a view that nobody could read but through this server."""
    return PgError(
        "0A000", f"a view cannot use {name}: it is this server's, and no other program has it",
        hint="write it with DuckDB's own functions, or make a table", position=position,
    )  # fmt: skip


def _no(
    asked: Asked, path: Path, schema: str, name: str, privilege: Privilege | None = None
) -> PgError:
    if len(path) > 1 and not knows_schema(asked.rights, schema):
        return denied("schema", schema, privilege, asked.place(path))
    return denied("table", name, privilege, asked.place(path))


def _missing(asked: Asked, path: Path) -> PgError:
    """42P01; in a schema that a person may not use, 42501 whether the table is there or not."""
    schemas: Sequence[str] = path[-2:-1]
    for schema in schemas:
        if fold(schema) in asked.names.schemas and not (
            knows_schema(asked.rights, schema) or fold(schema) in asked.shim.public
        ):
            return denied("schema", schema, position=asked.place(path))
    return PgError(
        "42P01", f'relation "{shown(path)}" does not exist', hint=_near(asked, path),
        position=asked.place(path),
    )  # fmt: skip


def _near(asked: Asked, path: Path) -> str | None:
    """What he may have meant, of that which he may read."""
    if len(path) == 2 and fold(path[0]) == "public":
        return f"DuckDB's main schema is called main: main.{path[1]}"
    mine = {
        place.name
        for places in asked.names.tables.values()
        for place in places
        if fold(place.database) == asked.database
        and not fold(place.name).startswith("__rs_")
        and may(asked.rights, "read", place.schema, place.name, "table")
    }
    close = get_close_matches(path[-1], sorted(mine))
    return f"Did you mean: {', '.join(close)}?" if close else None
