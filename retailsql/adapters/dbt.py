"""The plugin for dbt-duckdb: models are functions in every dbt model, and training files train.

Four lines of profiles.yml load it::

    type: duckdb
    path: shop.duckdb
    plugins:
      - module: retailsql.adapters.dbt

dbt-duckdb calls `configure_connection` once for every connection to the file, and
`configure_cursor` for every thread's cursor on it. Training is reached through a hidden function,
since a materialization can only send SQL. It works on a cursor of its own, beside dbt's
transaction; what a score needs is thus there when the next node begins its own.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.errors import MissingExtraError, RegistryError, RetailSQLError
from retailsql.functions.diagnose import diagnose, plain
from retailsql.functions.equip import equip
from retailsql.registry.fetch import first_row

try:
    from dbt.adapters.duckdb.plugins import BasePlugin
except ModuleNotFoundError as error:
    raise MissingExtraError.of("dbt", error.name or "dbt") from error

TRAIN = "__rs_train"
"""The hidden function: name, options as JSON, SELECT, full refresh -> result row as JSON."""
WHY = "__rs_why"
"""The hidden function: a SELECT that calls models -> what is wrong with the calls, or ''."""

_OWNERS: dict[object, weakref.ref[DuckDBPyConnection]] = {}
"""Database -> the connection to work on. The functions outlive a connection if another one of
the same process holds the file open, so they ask here and keep none themselves."""
_KEPT: list[Callable[..., str]] = []
"""DuckDB holds no reference of its own to a function once the cursor that made it is closed."""
_ONE_AT_A_TIME = threading.Lock()
"""Training takes all cores and much memory: dbt's threads do it one after the other."""


class Plugin(BasePlugin):  # type: ignore[misc]
    """What dbt-duckdb makes of the entry in profiles.yml."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Put the functions of all models, and the one that trains, on a new connection."""
        equip(conn)
        create_hidden(conn)
        self._attached = not getattr(self.creds, "attach", None)

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Find the models of databases that the profile attaches: dbt-duckdb does that after
        `configure_connection`. Nothing else differs between cursors: hidden functions belong
        to the whole instance, and public ones are macros in the file.
        """
        if not self._attached:
            equip(cursor)
            self._attached = True


def create_hidden(con: DuckDBPyConnection) -> None:
    """Create the hidden functions that materializations call, unless the instance has them.

    Args:
        con: they work on cursors of this connection, and do not keep it open.

    >>> con = duckdb.connect()
    >>> create_hidden(con)
    >>> con.sql("SELECT __rs_train('m', '{}', 'FROM x', false)").fetchall()[0][0][:42]
    '{"error": "OPTIONS needs a model_type. Wan'
    """
    path = first_row(con, "SELECT path FROM duckdb_databases() WHERE NOT internal ORDER BY path")
    key: object = (path[0] if path else None) or object()  # two in memory are never the same
    _OWNERS[key] = weakref.ref(con)

    def train(name: str, options: str, query: str, full_refresh: bool) -> str:
        return _train(key, name, options, query, full_refresh)

    def why(query: str) -> str:
        return _why(key, query)

    _create(con, TRAIN, train, ["VARCHAR", "VARCHAR", "VARCHAR", "BOOLEAN"])
    _create(con, WHY, why, ["VARCHAR"])


def _create(
    con: DuckDBPyConnection, name: str, function: Callable[..., str], types: list[Any]
) -> None:
    _KEPT.append(function)
    try:
        with con.cursor() as creator:
            # side effects: else DuckDB may call it while it plans, or once too often
            creator.create_function(name, function, types, "VARCHAR", side_effects=True)
    except duckdb.CatalogException as error:
        if "already exists" not in str(error):
            raise


def _cursor(key: object) -> DuckDBPyConnection:
    """A cursor of its own, which sees what is committed and not dbt's transaction."""
    con = _OWNERS[key]()
    if con is None:
        raise RegistryError("dbt's connection is closed", todo="run dbt again in a new process")
    return con.cursor()


def _train(key: object, name: str, options: str, query: str, full_refresh: bool) -> str:
    """The result row as JSON, or ``{"error": ...}``: an exception would reach dbt wrapped."""
    from retailsql.training.train_once import train_once

    try:
        with _ONE_AT_A_TIME, _cursor(key) as cursor:
            _check_database(cursor)
            row = train_once(cursor, name, json.loads(options), query, full_refresh=full_refresh)
    except RetailSQLError as error:
        return json.dumps({"error": str(error)})
    except duckdb.Error as error:
        return json.dumps({"error": str(plain(error))})
    return json.dumps(row, default=str)


def _check_database(con: DuckDBPyConnection) -> None:
    """Refuse a database called like the registry's schema: no view could name what is in it.

    Raises:
        RegistryError: it names the file.
    """
    held = first_row(
        con, "SELECT path FROM duckdb_databases() WHERE lower(database_name) = 'retailsql'"
    )
    if held:
        raise RegistryError(
            "A database is called retailsql, like the schema that holds the models",
            seen=held[0] or "a database in memory",
            todo="rename the file, or attach it AS something else",
        )


def _why(key: object, query: str) -> str:
    """What is wrong with the calls of models, in their words; '' if nothing is, or nothing of
    theirs: then DuckDB says it.
    """
    with _cursor(key) as cursor:
        try:
            cursor.execute(f"DESCRIBE {query}").fetchall()
        except duckdb.Error as error:
            return str(diagnose(cursor, query, error) or "")
    return ""
