"""What is in the instance: relations, functions, models; read once, and again when told so."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from weakref import WeakKeyDictionary, ref

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server.policy.names import fold
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
        views: those that are queries.
        functions: that are not built in.
        types: that are not built in.
        schemas: of all databases.
        databases: attached.
        bodies: texts of views by schema and name; None: nobody has asked for them yet.
        weights: relations and joins in views and the views below them, by search path.
        passed: statements that were checked against these names, and what came of it.
        epoch: of :func:`epoch`, when they were read.
        read_at: the clock's time then.
    """

    tables: dict[str, list[Place]] = field(default_factory=dict)
    views: set[Place] = field(default_factory=set)
    functions: dict[str, list[Function]] = field(default_factory=dict)
    types: dict[str, list[Place]] = field(default_factory=dict)
    schemas: set[str] = field(default_factory=set)
    databases: set[str] = field(default_factory=set)
    bodies: dict[tuple[str, str], str] | None = None
    weights: dict[Hashable, tuple[int, int]] = field(default_factory=dict)
    passed: dict[Hashable, object] = field(default_factory=dict)
    epoch: int = -1
    read_at: float = 0.0


_lock, _reading = threading.Lock(), threading.Lock()
_known: WeakKeyDictionary[DuckDBPyConnection, Known] = WeakKeyDictionary()
_roots: WeakKeyDictionary[DuckDBPyConnection, ref[DuckDBPyConnection]] = WeakKeyDictionary()
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


def forget(con: DuckDBPyConnection) -> None:
    """Read the names anew on a connection: its last transaction saw those of its beginning.

    Args:
        con: a cursor.
    """
    with _lock:
        _known.pop(con, None)


def shares(con: DuckDBPyConnection, root: DuckDBPyConnection) -> None:
    """Note of which instance a connection is: until anybody writes, the names are the same on all
    of its connections, whenever their transactions began, and are read once for all of them.

    Args:
        con: a cursor.
        root: the connection it is a cursor of.
    """
    with _lock:
        _roots[con] = ref(root)


def known(con: DuckDBPyConnection, *, again: bool = False, own: bool = False) -> Known:
    """The names that a connection sees.

    Args:
        con: a cursor.
        again: read them now, whatever is held.
        own: whoever asks makes and drops things himself, so that no relations of another
            transaction are taken for those of this one: a name without a schema could mean
            another table by now.
    """
    with _lock:
        held, now = _known.get(con), _epoch
        root = None if _written or held is not None else _roots.get(con)
    if root is not None and not again and (common := _common(root())) is not None:
        return common
    fresh = held is not None and held.epoch == now
    if held is not None and fresh and not again and not _is_stale(held):
        return _with_relations(con, held) if own and _written else held
    made = _read(con)
    made.epoch = now
    with _lock:
        _known[con] = made
    return made


def _common(root: DuckDBPyConnection | None) -> Known | None:
    """The names of an instance; None: somebody has written in it meanwhile."""
    with _reading:  # a hundred connections come at once, each would read them
        held = _known.get(root) if root is not None else None
        if held is None and root is not None:
            with root.cursor() as cursor:
                held = _read(cursor)
            with _lock:
                held.epoch = _epoch
                _known[root] = held
        return None if _written else held


def _with_relations(con: DuckDBPyConnection, held: Known) -> Known:
    """The same names, the relations read in the connection's transaction."""
    made = replace(held, tables={}, views=set(), bodies=None, weights={}, passed={})
    _read_relations(con, made)
    return made


def _is_stale(held: Known) -> bool:
    return _written and time.monotonic() - held.read_at >= STALE


_TABLES = (
    "SELECT database_name, schema_name, table_name, false FROM system.main.duckdb_tables() "
    "UNION ALL SELECT database_name, schema_name, view_name, true FROM system.main.duckdb_views()"
)
_FUNCTIONS = (
    "SELECT DISTINCT database_name, schema_name, function_name, "
    "function_type IN ('table', 'table_macro') "
    "FROM system.main.duckdb_functions() WHERE NOT internal"
)
_TYPES = (
    "SELECT DISTINCT database_name, schema_name, type_name FROM system.main.duckdb_types() "
    "WHERE NOT internal"
)
_SCHEMAS = "SELECT DISTINCT database_name, schema_name FROM system.main.duckdb_schemas()"


def _read(con: DuckDBPyConnection) -> Known:
    made = Known(read_at=time.monotonic())
    _read_relations(con, made)
    for database, schema in con.execute(_SCHEMAS).fetchall():
        made.databases.add(fold(database))
        made.schemas.add(fold(schema))
    for row in con.execute(_TYPES).fetchall():
        made.types.setdefault(fold(row[2]), []).append(Place(*row))
    functions = con.execute(_FUNCTIONS).fetchall()
    models = _models(con, made.tables.get("versions", ()))
    for database, schema, name, table in functions:
        owner = models.get((fold(database), fold(schema), fold(name)))
        function = Function(Place(database, schema, name), bool(table), *(owner or ()))
        made.functions.setdefault(fold(name), []).append(function)
    return made


def _read_relations(con: DuckDBPyConnection, made: Known) -> None:
    for *row, view in con.execute(_TABLES).fetchall():
        place = Place(*row)
        made.tables.setdefault(fold(place.name), []).append(place)
        if view:
            made.views.add(place)


def _models(
    con: DuckDBPyConnection, versions: Iterable[Place]
) -> dict[tuple[str, str, str], tuple[tuple[str, str], bool]]:
    """Place of a public function -> its model, and whether its text arguments name relations."""
    found: dict[tuple[str, str, str], tuple[tuple[str, str], bool]] = {}
    for place in versions:
        if fold(place.schema) != REGISTRY:
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
                key = (fold(place.database), fold(schema), fold(f"{model}_{verb}"))
                found[key] = ((schema, model), kind != "forecast_table")
    return found
