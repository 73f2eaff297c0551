"""What a statement returns and takes, found without running it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import duckdb
from duckdb import DuckDBPyConnection
from duckdb.sqltypes import DuckDBPyType

_PLACE = "PREPARE __rs_place AS "
_ROWS = frozenset({"SELECT", "EXPLAIN", "CALL", "RELATION"})


class Bound(NamedTuple):
    """A bound statement.

    Args:
        names: of its columns.
        types: of its columns.
        parameters: number -> type; None where nothing tells.
        result: ``query_result``, ``changed_rows`` or ``nothing``.
        kind: ``select``, ``insert``, ``create``, ...
        writes: it changes a database.
        complete: all types are known.
    """

    names: Sequence[str]
    types: Sequence[DuckDBPyType]
    parameters: dict[str, DuckDBPyType | None]
    result: str
    kind: str
    writes: bool
    complete: bool


def bind(con: DuckDBPyConnection, text: str, *, placed: bool = True) -> Bound:
    """Bind one statement.

    Args:
        con: in a transaction.
        text: of the statement.
        placed: an error tells where in the text it was found, which takes as long again.

    Raises:
        duckdb.Error: it cannot be bound.
    """
    # Private, but the only call that binds without running. A later DuckDB may not have it.
    binder: Any = getattr(con, "_bind", None)
    if binder is None:
        return _bind_lazily(con, text)
    try:
        names, types, found, result, _, kind, writes = binder(
            text, with_type=True, with_writes=True
        )
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        raise (_with_place(con, text, error) if placed else error) from error
    known = {str(name): None if _unknown(kind_) else kind_ for name, kind_ in found}
    complete = all(known.values()) and not any(map(_unknown, types))
    return Bound(names, types, known, result, kind, writes, complete)


def _with_place(con: DuckDBPyConnection, text: str, error: duckdb.Error) -> duckdb.Error:
    """The error with ``LINE 1: ... ^``, which the binder alone leaves out and PREPARE tells."""
    if "\nLINE " in str(error):
        return error
    try:
        con.execute(_PLACE + text)
    except (duckdb.BinderException, duckdb.CatalogException) as again:
        return type(again)(_without_prefix(str(again)))
    except duckdb.Error:
        return error
    con.execute("DEALLOCATE __rs_place")
    return error


def _without_prefix(message: str) -> str:
    """The message as if the statement alone had been read."""
    before, mark, after = message.partition("\nLINE 1: " + _PLACE)
    line, _, caret = after.partition("\n")
    if not mark or not caret.startswith(" " * len(_PLACE)):
        return message
    return f"{before}\nLINE 1: {line}\n{caret[len(_PLACE) :]}"


def _unknown(kind: DuckDBPyType) -> bool:
    return str(kind) == "UNKNOWN"


def _bind_lazily(con: DuckDBPyConnection, text: str) -> Bound:
    """With public calls alone: only a SELECT can be described before it runs."""
    statement = con.extract_statements(text)[0]
    numbers = sorted(statement.named_parameters, key=str)
    kind = statement.type.name
    rows = duckdb.ExpectedResultType.QUERY_RESULT in statement.expected_result_type
    names: Sequence[str] = []
    types: Sequence[DuckDBPyType] = []
    if rows and kind in _ROWS:
        relation = con.sql(text, params=dict.fromkeys(numbers))
        names, types = relation.columns, relation.types
    result = "query_result" if rows else "changed_rows"
    writes = kind not in _ROWS
    return Bound(names, types, dict.fromkeys(numbers), result, kind.lower(), writes, True)
