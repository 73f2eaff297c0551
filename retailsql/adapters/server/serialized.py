"""DuckDB's own tree of a text, made once for those who ask one after the other."""

from __future__ import annotations

import json
import threading
from typing import Any
from weakref import WeakSet

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.registry.names import literal

_SERIALIZE = "SELECT system.main.json_serialize_sql($1::VARCHAR)"
# By its full name: the catalog's and the file's macros come first.
_NAME = "__rs_tree"
# Prepared, as to plan it takes longer than to run it; clients' PREPARE never reaches DuckDB.
_prepared: WeakSet[DuckDBPyConnection] = WeakSet()
_SHORT = 20_000


class _Last(threading.local):
    """The last text of a thread, and its tree."""

    text: str = ""
    tree: Any = None


_last = _Last()


def serialized(con: DuckDBPyConnection, text: str) -> Any:
    """What ``json_serialize_sql`` says of a text; not to be changed by whoever gets it.

    Args:
        con: any connection with nothing open on it.
        text: of statements.

    Raises:
        duckdb.Error: it cannot be parsed.
        RecursionError: it is too deep for Python.

    >>> import duckdb
    >>> serialized(duckdb.connect(), "SELECT 1")["error"]
    False
    """
    if _last.text == text and text:
        return _last.tree
    if con not in _prepared:
        con.execute(f"PREPARE {_NAME} AS {_SERIALIZE}")
        _prepared.add(con)
    # All rows are fetched: a result with one left stays open on the connection.
    rows = con.execute(f"EXECUTE {_NAME}({literal(text)})").fetchall()
    tree = json.loads(rows[0][0])
    _last.text, _last.tree = text, tree
    return tree


def one_query(con: DuckDBPyConnection, text: str) -> Any:
    """The node of the only statement of a text; None: DuckDB cannot read it, or they are several.

    Args:
        con: any connection with nothing open on it.
        text: of a query.

    >>> import duckdb
    >>> [bool(one_query(duckdb.connect(), text)) for text in ("SELECT 1", "SELEC", "")]
    [True, False, False]
    """
    try:
        tree = serialized(con, text)
    except (duckdb.Error, RecursionError):
        return None
    if tree.get("error") or len(tree.get("statements", ())) != 1:
        return None
    return tree["statements"][0]["node"]


def forget() -> None:
    """Let the tree go if it is large: its statement is read, and another may not come for long."""
    if len(_last.text) > _SHORT:
        _last.text, _last.tree = "", None
