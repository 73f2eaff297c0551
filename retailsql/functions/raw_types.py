"""The types of the columns a TRANSFORM reads, checked while a statement is bound.

A model with a TRANSFORM calls its hidden function with the columns that TRANSFORM makes, so that
the raw ones would be cast, or computed with, whatever they are. Its calls therefore hold
``true OR __rs_<model>_<hash>_raw(column, ...)``: DuckDB chooses a function by its arguments'
types when it binds the call, refuses wrong ones, and then plans the whole of it away.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import duckdb
import pyarrow as pa

from retailsql.signature import Feature, Signature

RAW = "_raw"
"""Behind the name of the hidden function of a model with TRANSFORM: the one that checks types."""
_NUMBERS = frozenset({
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE",
})  # fmt: skip
_OWN = frozenset({"BOOLEAN", "DATE", "VARCHAR", "TIME", "UUID", "INTERVAL", "BLOB"})
_ZONED = frozenset({"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"})
_NESTED = re.compile(r"\]$|^MAP\(", re.IGNORECASE)


def checked_columns(signature: Signature) -> list[tuple[Feature, str]]:
    """The raw columns whose types are checked, each with the SQL type it must fit.

    >>> from retailsql.signature import Graph, Step
    >>> raw = (Feature("n", "INTEGER"), Feature("t", "VARCHAR"), Feature("l", "DECIMAL(9,2)[]"))
    >>> step = (Step("x", (0,)),)
    >>> s = Signature("regressor", (), Graph((), (), ""), raw=raw, steps=step)
    >>> [kind for _, kind in checked_columns(s)]
    ['DOUBLE', 'VARCHAR', 'DOUBLE[]']
    """
    if not signature.steps:
        return []
    found = ((feature, _wanted(feature.sql_type)) for feature in signature.raw)
    return [(feature, kind) for feature, kind in found if kind is not None]


def type_check(function: str, signature: Signature, reference: Callable[[str], str]) -> str | None:
    """The condition that holds for every row, and binds for the right types only.

    Args:
        function: the model's hidden function.
        signature: what it takes.
        reference: raw column -> SQL.

    Returns:
        None if there is nothing to check.
    """
    columns = ", ".join(reference(feature.name) for feature, _ in checked_columns(signature))
    return f"(true OR {function}{RAW}({columns}))" if columns else None


def never(*_: pa.ChunkedArray) -> pa.Array:
    """The body of the function, which no plan keeps.

    Raises:
        AssertionError: always.
    """
    raise AssertionError("a type check was run")


def _wanted(sql_type: str) -> str | None:
    """The type to fit: numbers of all sorts are one, as for columns without TRANSFORM; None for
    types that are left to DuckDB.
    """
    kind = sql_type.upper()
    if kind in _NUMBERS or re.fullmatch(r"DECIMAL\(\d+,\s*\d+\)", kind):
        return "DOUBLE"
    if kind in _OWN:
        return kind
    if kind.startswith("TIMESTAMP"):  # from one to the other, DuckDB shifts by the time zone
        return "TIMESTAMP WITH TIME ZONE" if kind in _ZONED else "TIMESTAMP"
    if kind.startswith("ENUM"):
        return "VARCHAR"
    if not _NESTED.search(sql_type):
        return None
    try:
        return _nested(duckdb.sqltype(sql_type))
    except duckdb.Error:  # a type of the user's own
        return None


def _nested(kind: Any) -> str | None:
    """The same of a list, an array or a map, by its parts."""
    if kind.id == "struct":  # may have more fields than TRANSFORM reads
        return None
    if kind.id not in ("list", "array", "map"):
        return _wanted(str(kind))
    inner = {name: _nested(part) for name, part in kind.children if name != "size"}
    if None in inner.values():
        return None
    if kind.id == "map":
        return f"MAP({inner['key']}, {inner['value']})"
    return f"{inner['child']}[]"
