"""Which connection a statement of a project is run on."""

from __future__ import annotations

import re
from typing import Any

from retailsql.functions.connection import raw

_ML = re.compile(r"\bML\s*\.|\bMODEL\b", re.IGNORECASE)


def connection_for(con: Any, sql: str) -> Any:
    """The Session for what may be an ML statement, for all else the DuckDB connection behind it.

    A Session looks at every call of a model before it runs, which takes longer than most files of
    a project do; functions work on the connection as well.

    >>> import duckdb
    >>> con = duckdb.connect()
    >>> connection_for(con, "SELECT churn_score(c) FROM customers AS c") is con
    True
    """
    return con if _ML.search(sql) else raw(con)
