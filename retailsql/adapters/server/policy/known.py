"""What is in the instance: relations, functions, models; read once, and again when told so."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server.policy.rights import REGISTRY
from retailsql.functions.macros import VERBS
from retailsql.registry.names import quote


class Place(NamedTuple):
    """Where a thing is, as it is written there."""

    database: str
    schema: str
    name: str


class Function(NamedTuple):
    """A function that is not built in.

    Args:
        place: where.
        table: it stands after FROM.
        model: schema and name of the model it belongs to.
        texts: its text arguments name relations.
    """

    place: Place
    table: bool
    model: tuple[str, str] | None = None
    texts: bool = True


@dataclass
class Known:
    """The names of an instance, in lower case, and what bears them.

    Args:
        tables: relations.
        functions: that are not built in.
        schemas: of all databases.
        databases: attached.
        passed: statements that were checked against these names, and what came of it.
        epoch: of :func:`epoch`, when they were read.
        read_at: the clock's time then.
    """

    tables: dict[str, list[Place]] = field(default_factory=dict)
    functions: dict[str, list[Function]] = field(default_factory=dict)
    schemas: set[str] = field(default_factory=set)
    databases: set[str] = field(default_factory=set)
    passed: dict[Hashable, object] = field(default_factory=dict)
    epoch: int = -1
    read_at: float = 0.0


_lock = threading.Lock()
_known: WeakKeyDictionary[DuckDBPyConnection, Known] = WeakKeyDictionary()
_epoch = 0
_written = False
STALE = 1.0
"""Seconds after which names are read again, once anybody has written anything."""


def changed() -> None:
    """Forget all names: a statement that made, altered or dropped something has run.

    >>> changed()
    """
    global _epoch, _written
    with _lock:
        _epoch += 1
        _written = True


def epoch() -> int:
    """How often :func:`changed` was called.

    >>> before = epoch()
    >>> changed()
    >>> epoch() == before + 1
    True
    """
    return _epoch


def known(con: DuckDBPyConnection, *, again: bool = False) -> Known:
    """The names that a connection sees.

    Args:
        con: a cursor.
        again: read them now, whatever is held.
    """
    with _lock:
        held, now = _known.get(con), _epoch
    fresh = held is not None and held.epoch == now
    if held is not None and fresh and not again and not _is_stale(held):
        return held
    made = _read(con)
    made.epoch = now
    with _lock:
        _known[con] = made
    return made


def _is_stale(held: Known) -> bool:
    return _written and time.monotonic() - held.read_at >= STALE


_TABLES = (
    "SELECT database_name, schema_name, table_name FROM system.main.duckdb_tables() UNION ALL "
    "SELECT database_name, schema_name, view_name FROM system.main.duckdb_views()"
)
_FUNCTIONS = (
    "SELECT DISTINCT database_name, schema_name, function_name, "
    "function_type IN ('table', 'table_macro') "
    "FROM system.main.duckdb_functions() WHERE NOT internal"
)
_SCHEMAS = "SELECT DISTINCT database_name, schema_name FROM system.main.duckdb_schemas()"


def _read(con: DuckDBPyConnection) -> Known:
    made = Known(read_at=time.monotonic())
    for row in con.execute(_TABLES).fetchall():
        made.tables.setdefault(row[2].lower(), []).append(Place(*row))
    for database, schema in con.execute(_SCHEMAS).fetchall():
        made.databases.add(database.lower())
        made.schemas.add(schema.lower())
    functions = con.execute(_FUNCTIONS).fetchall()
    models = _models(con, made.tables.get("versions", ()))
    for database, schema, name, table in functions:
        owner = models.get((database.lower(), schema.lower(), name.lower()))
        function = Function(Place(database, schema, name), bool(table), *(owner or ()))
        made.functions.setdefault(name.lower(), []).append(function)
    return made


def _models(
    con: DuckDBPyConnection, versions: Iterable[Place]
) -> dict[tuple[str, str, str], tuple[tuple[str, str], bool]]:
    """Place of a public function -> its model, and whether its text arguments name relations."""
    found: dict[tuple[str, str, str], tuple[tuple[str, str], bool]] = {}
    for place in versions:
        if place.schema.lower() != REGISTRY:
            continue
        sql = f"SELECT DISTINCT model_schema, model_name, kind FROM {quote(place.database)}."
        try:
            rows = con.execute(f"{sql}{REGISTRY}.versions").fetchall()
        except duckdb.CatalogException:  # a table of the user's own by that name
            continue
        except duckdb.BinderException:
            continue
        for schema, model, kind in rows:
            for verb in VERBS.get(kind, ()):
                key = (place.database.lower(), schema.lower(), f"{model}_{verb}".lower())
                found[key] = ((schema, model), kind != "forecast_table")
    return found
