"""The shim database: attached to every instance that holds the file, and kept up to date."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb

from retailsql.adapters.server.catalog.build import build
from retailsql.adapters.server.catalog.names import SHIM
from retailsql.adapters.server.catalog.rights import write_rights
from retailsql.adapters.server.catalog.template import More, template
from retailsql.adapters.server.catalog.told import copy, tell
from retailsql.adapters.server.records import Rights


def install(
    root: duckdb.DuckDBPyConnection,
    database: str,
    folder: str | Path | None = None,
    more: More | None = None,
    rights: Iterable[Rights] = (),
) -> None:
    """Attach the shim: PostgreSQL's catalog of one attached database.

    Args:
        root: a connection of the instance, before its configuration is locked.
        database: name under which the file is attached.
        folder: of this instance alone, kept while it lives: a copy of a finished shim is put
            there, which takes a tenth of the time that making one in memory takes.
        more: puts other functions into the shim, whose name it gets; kept in the copied file.
        rights: of every user, as far as they are known now.

    >>> con = duckdb.connect(); install(con, "memory"); con.execute("SET VARIABLE rs_user = 'anna'")
    ... # doctest: +ELLIPSIS
    <...>
    >>> con.sql(f"SELECT relname FROM {SHIM}.pg.pg_class WHERE oid = 1247").fetchall()
    [('pg_type',)]
    """
    if folder is None:
        root.execute(f"ATTACH ':memory:' AS {SHIM}")
        build(root, database)
        if more is not None:
            more(root, SHIM)
    else:
        path = Path(folder) / "catalog.duckdb"
        shutil.copyfile(template(database, more), path)
        root.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {SHIM}")
    write_rights(root, list(rights))
    refresh(root)


def refresh(con: duckdb.DuckDBPyConnection) -> None:
    """Copy what the database holds now into the shim; after every commit that changed it.

    Args:
        con: a cursor of the instance, outside a transaction. Two at once: one of them fails with
            a transaction conflict, so callers take turns.
    """
    con.execute("BEGIN")
    try:
        copy(con)
        tell(con)
    except duckdb.Error:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")
