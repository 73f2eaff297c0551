"""What is in the instance: relations, functions, models; as each transaction sees it."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from weakref import WeakKeyDictionary

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server.kept import Kept
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
    """

    tables: dict[str, list[Place]] = field(default_factory=dict)
    views: set[Place] = field(default_factory=set)
    functions: dict[str, list[Function]] = field(default_factory=dict)
    types: dict[str, list[Place]] = field(default_factory=dict)
    schemas: set[str] = field(default_factory=set)
    databases: set[str] = field(default_factory=set)
    bodies: dict[tuple[str, str], str] | None = None
    weights: dict[Hashable, tuple[int, int]] = field(default_factory=dict)
    passed: Kept[Hashable, object] = field(default_factory=lambda: Kept(512))


class Names:
    """The names of an instance, each time read once for all transactions that see the same.

    >>> import duckdb
    >>> names, con = Names(), duckdb.connect()
    >>> names.at(7, con) is names.at(7, con), names.at(7, con) is names.at(8, con)
    (True, False)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[int, Known] = {}

    def at(self, number: int, con: DuckDBPyConnection) -> Known:
        """Those that a transaction sees.

        Args:
            number: of the last write it sees that changed any of them.
            con: in that transaction, which has changed no names itself.
        """
        with self._lock:  # a hundred connections come at once, each would read them
            found = self._kept.get(number)
            if found is None:
                found = _read(con)
                self._keep(number, found)
            return found

    def again(self, number: int, con: DuckDBPyConnection) -> Known:
        """The same, read now: what is not in the file, as hidden functions, has no number."""
        found = _read(con)
        with self._lock:
            self._keep(number, found)
        return found

    def _keep(self, number: int, found: Known) -> None:
        self._kept[number] = found
        while len(self._kept) > _SNAPSHOTS:
            del self._kept[min(self._kept)]


_SNAPSHOTS = 4


@dataclass
class _View:
    """What the transaction on a connection sees: as all of one number do, or by itself."""

    names: Names | None = None
    number: int = 0
    alters: bool = False
    held: Known | None = None

    def read(self, con: DuckDBPyConnection, again: bool) -> Known:
        if self.names is None or self.alters:
            return _read(con)
        return (self.names.again if again else self.names.at)(self.number, con)


_lock = threading.Lock()
_views: WeakKeyDictionary[DuckDBPyConnection, _View] = WeakKeyDictionary()


def begins(con: DuckDBPyConnection, names: Names | None = None, number: int = 0) -> None:
    """Note that a transaction begins: what was read on the connection before is of before.

    Args:
        con: a cursor.
        names: of its instance; None: nobody knows which writes the transaction sees.
        number: of the last write it sees that changed any of them.
    """
    with _lock:
        _views[con] = _View(names, number)


def alters(con: DuckDBPyConnection) -> None:
    """Note that the transaction makes, alters or drops something: to the end of it, names are read
    for each check. A name without a schema could mean another table by now.

    Args:
        con: a cursor.
    """
    _view(con).alters = True


def known(con: DuckDBPyConnection, *, again: bool = False, check: bool = False) -> Known:
    """The names that a connection sees.

    Args:
        con: a cursor.
        again: read them now, whatever is held.
        check: of a statement, for which they must be those of this moment.
    """
    view = _view(con)
    again = again or (check and view.alters)
    if view.held is None or again:
        view.held = view.read(con, again)
    return view.held


def _view(con: DuckDBPyConnection) -> _View:
    with _lock:
        return _views.setdefault(con, _View())


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
    made = Known()
    for database, schema, name, view in con.execute(_TABLES).fetchall():
        place = Place(database, schema, name)
        made.tables.setdefault(fold(name), []).append(place)
        if view:
            made.views.add(place)
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
