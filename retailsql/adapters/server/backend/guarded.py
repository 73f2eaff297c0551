"""The rows a model is trained on are read under the guards of any query here.

What is stored is what was written: other programs train on it again, without this server.
"""

from __future__ import annotations

from duckdb import DuckDBPyConnection

from retailsql.adapters.server import postgres
from retailsql.adapters.server.records import apply
from retailsql.dialect.tokens import tokenize
from retailsql.registry.names import quote
from retailsql.training.read_rows import spliced


def guarded(con: DuckDBPyConnection, query: str) -> str:
    """A training SELECT with its functions guarded, its columns called as before.

    Args:
        con: the connection it will run on, guards in reach.
        query: one SELECT, bound before.
    """
    tokens = tokenize(query) or []
    edits = postgres.guards_alone(query, tokens)
    if not edits:
        return query
    run = apply(query.rstrip().rstrip(";"), edits)
    named = con.sql(spliced(con, query)).columns
    if con.sql(spliced(con, run)).columns == named:
        return run
    return f"SELECT * FROM (\n{run}\n) AS q({', '.join(map(quote, named))})"
