"""The shim as a file, made once per process: a new generation copies it in a few milliseconds."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import duckdb

from retailsql.adapters.server.catalog.build import build
from retailsql.adapters.server.catalog.names import SHIM

_lock = threading.Lock()
More = Callable[[duckdb.DuckDBPyConnection, str], None]
_made: dict[tuple[str, More | None], Path] = {}


def template(database: str, more: More | None = None) -> Path:
    """The file of an empty shim for a database of this name, in a folder only this user can read.

    Args:
        database: that is shown.
        more: puts other functions into the shim, whose name it gets.

    >>> template("shop") == template("shop")
    True
    """
    with _lock:
        found = _made.get((database, more))
        if found is None or not found.exists():
            found = _made[database, more] = _make(database, more)
        return found


def _make(database: str, more: More | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="retailsql-catalog-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "catalog.duckdb"
    with duckdb.connect(":memory:") as con:
        con.execute("SET threads = 1")
        con.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {SHIM}")
        build(con, database)
        if more is not None:
            more(con, SHIM)
        con.execute(f"CHECKPOINT {SHIM}")
        con.execute(f"DETACH {SHIM}")
    return path
