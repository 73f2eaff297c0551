"""DuckDB's own tree of a text, made once for those who ask one after the other."""

from __future__ import annotations

import json
import threading
from typing import Any

from duckdb import DuckDBPyConnection

_SERIALIZE = "SELECT system.main.json_serialize_sql($1)"
# By its full name: the catalog's and the file's macros come first.
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
        tree = _last.tree
        if len(text) > _SHORT:  # asked for twice, seldom more often, and large
            _last.text, _last.tree = "", None
        return tree
    # All rows are fetched: a result with one left stays open on the connection.
    tree = json.loads(con.execute(_SERIALIZE, [text]).fetchall()[0][0])
    _last.text, _last.tree = text, tree
    return tree
