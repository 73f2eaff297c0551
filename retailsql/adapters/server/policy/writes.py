"""Statements that are no queries: refused, but for the writes of people who may write."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb

from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.ddl import check_definition
from retailsql.adapters.server.policy.rights import may_write_at_all
from retailsql.adapters.server.policy.serialize import first_word, several
from retailsql.adapters.server.records import PgError

CheckQuery = Callable[[Asked, str, bool], None]

_ROWS = frozenset(["INSERT", "UPDATE", "DELETE", "TRUNCATE"])
_DEFINITIONS = frozenset(["CREATE", "DROP", "ALTER", "COMMENT"])
_TEMPORARY = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:LOCAL|GLOBAL)\s+)?TEMP(?:ORARY)?\s+TABLE\b", re.IGNORECASE
)
_QUERY_WORDS = frozenset(["SELECT", "FROM", "PIVOT", "WITH", "PIVOT_WIDER", "TABLE", "VALUES"])
_HINTS = {
    "COPY": "COPY (query) TO STDOUT is what the door offers",
    "PIVOT": "name the values: PIVOT t ON column IN (...)",
}


def read_only(word: str) -> PgError:
    """25006, as PostgreSQL says it."""
    return PgError(
        "25006", f"cannot execute {word} in a read-only transaction",
        hint="Nothing is written here but by those who have the right: write.",
    )  # fmt: skip


def check_other(asked: Asked, text: str, check_query: CheckQuery) -> None:
    """Return if a statement that DuckDB cannot tell as a tree is allowed.

    Args:
        asked: who asks.
        text: the statement, without EXPLAIN.
        check_query: checks a query in it.

    Raises:
        PgError: 25006, 42501, 0A000, 42601.
    """
    kind, body = _one(asked, text)
    word = first_word(text)
    if kind in ("MULTI", "SELECT") and word in _QUERY_WORDS:
        raise PgError("0A000", "PIVOT needs the values of its columns", hint=_HINTS["PIVOT"])
    word = kind if kind in _ROWS | {"MERGE", "MERGE_INTO"} else word
    if word.startswith("MERGE"):
        if not may_write_at_all(asked.rights):
            raise read_only("MERGE")
        raise PgError(
            "0A000", "MERGE is not supported",
            hint="INSERT ... ON CONFLICT DO UPDATE, or UPDATE ... FROM and INSERT ... SELECT",
        )  # fmt: skip
    if word not in _ROWS | _DEFINITIONS:
        raise PgError("42501", f"permission denied for {word}", hint=_HINTS.get(word))
    writer = may_write_at_all(asked.rights)
    if _TEMPORARY.match(body):
        other = "; or CREATE TABLE x AS ..., dropped when it is done" if writer else ""
        raise PgError(
            "42501", f'permission denied to create temporary tables in database "{asked.database}"',
            hint=f"Nobody has any here. WITH x AS (SELECT ...) SELECT ... FROM x{other}",
        )  # fmt: skip
    if not writer:
        raise read_only(_command(word, body))
    if word in _ROWS:
        # DuckDB tells trees of queries alone; behind WITH a writing statement is part of one.
        check_query(asked, f"WITH __rs_written AS (\n{body}\n) SELECT 1", True)
    else:
        check_definition(asked, body, check_query)


def _one(asked: Asked, text: str) -> tuple[str, str]:
    """Kind and text of the only statement."""
    try:
        statements = asked.con.extract_statements(text)
    except duckdb.Error as error:
        kind, _, message = str(error).split("\n")[0].rpartition(" Error: ")
        raise PgError("0A000" if "Not implemented" in kind else "42601", message) from error
    if len(statements) != 1:
        words = {first_word(statement.query) for statement in statements}
        # PIVOT without values is two statements to DuckDB: it makes a type for them first.
        if not statements or (words == {first_word(text)} and words <= _QUERY_WORDS):
            return "MULTI", text
        raise several()
    query = statements[0].query.strip().rstrip(";")
    try:
        return str(statements[0].type).rpartition(".")[2], query
    except ValueError:  # a kind that DuckDB's Python package has no name for: UPDATE EXTENSIONS
        return "", query


def _command(word: str, body: str) -> str:
    """``CREATE TABLE`` of a statement that begins so."""
    if word not in _DEFINITIONS:
        return word
    known = ("TABLE", "VIEW", "SCHEMA", "INDEX", "SEQUENCE", "FUNCTION", "MACRO", "TYPE")
    words = body.upper().split()[1:6]
    return next((f"{word} {w}" for w in words if w in known), word)
