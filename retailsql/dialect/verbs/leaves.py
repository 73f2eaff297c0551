"""The columns of some rows as the data checks see them: numbers and categories, structs taken
apart, arrays by their elements. The rules are those of BigQuery ML's ML.DESCRIBE_DATA.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import duckdb

from retailsql.dialect.verbs.call import MLCall
from retailsql.registry.names import literal, quote

NUMBERS = frozenset(
    [
        "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger",
        "ubigint", "uhugeint", "float", "double", "decimal",
    ]
)  # fmt: skip
CATEGORIES = frozenset(["varchar", "boolean", "blob", "date", "enum", "uuid", "bit"])
ROW = "__rs_row"
"""Alias under which the rows stand."""


@dataclass(frozen=True)
class Leaf:
    """One column, or one field of a struct column.

    Args:
        name: the column's name, ``column.field`` for a field.
        sql: its value over the alias :data:`ROW`: a DOUBLE, a VARCHAR, or for an array a list.
        kind: how it is compared.
        array: True if ``sql`` is a list.
        original: its value as it is, for the smallest and the largest of whole numbers.
        index: for an array of (index, number) pairs, the list of indices.
    """

    name: str
    sql: str
    kind: Literal["number", "category"]
    array: bool = False
    original: str | None = None
    index: str | None = None


def leaves(call: MLCall, which: int = 0) -> list[Leaf]:
    """The columns of one of a call's relations.

    Raises:
        StatementError: a column has a type that no check takes; names it.
    """
    found: list[Leaf] = []
    for name, kind in call.describe(which).items():
        made = list(_leaves(name, f"{ROW}.{quote(name)}", duckdb.sqltype(kind), nested=False))
        if not made:
            raise call.error(
                f"ML.{call.verb} does not take columns of the type of {name!r}", seen=kind,
                wanted="a number, VARCHAR, BOOLEAN, a date or time, BLOB, STRUCT, a list of them",
                todo=f"leave it out: (SELECT * EXCLUDE ({quote(name)}) FROM ...)",
            )  # fmt: skip
        found.extend(made)
    return found


def _leaves(
    name: str, sql: str, kind: duckdb.sqltypes.DuckDBPyType, nested: bool
) -> Iterator[Leaf]:
    """The leaves of a value; none of a type that is not taken."""
    if scalar := _kind(kind):
        whole = scalar == "number" and kind.id not in ("float", "double", "decimal")
        if kind.id == "timestamp with time zone":  # as text it would depend on the session
            sql = f"timezone('UTC', {sql})"
        yield Leaf(name, _cast(sql, scalar), scalar, original=sql if whole else None)
    elif kind.id == "struct" and not nested:
        made = [
            list(
                _leaves(f"{name}.{field}", f"struct_extract({sql}, {literal(field)})", child, True)
            )
            for field, child in _children(kind)
        ]
        if all(made):
            yield from (leaf for leaves in made for leaf in leaves)
    elif kind.id in ("list", "array") and not nested:
        element = _children(kind)[0][1]
        if scalar := _kind(element):
            items = f"list_transform({sql}, lambda x: {_cast('x', scalar)})"
            yield Leaf(name, items, scalar, array=True)
        elif _is_sparse(element):
            index, value = (f"struct_extract(x, {literal(f)})" for f, _ in _children(element))
            yield Leaf(
                name, f"list_transform({sql}, lambda x: {_cast(value, 'number')})", "number",
                array=True, index=f"list_transform({sql}, lambda x: {index})",
            )  # fmt: skip


def _children(kind: duckdb.sqltypes.DuckDBPyType) -> list[tuple[str, Any]]:
    """Fields of a struct; of an array the type of its elements, first."""
    return list(kind.children)


def _kind(kind: duckdb.sqltypes.DuckDBPyType) -> Literal["number", "category"] | None:
    if kind.id in NUMBERS:
        return "number"
    timed = kind.id.startswith(("timestamp", "time"))
    return "category" if kind.id in CATEGORIES or timed else None


def _is_sparse(kind: duckdb.sqltypes.DuckDBPyType) -> bool:
    """An index and a number, the form in which BigQuery ML takes sparse vectors."""
    if kind.id != "struct" or len(_children(kind)) != 2:
        return False
    (_, index), (_, value) = _children(kind)
    return index.id.endswith(("int", "integer")) and value.id in NUMBERS


def _cast(sql: str, kind: str) -> str:
    return f"CAST({sql} AS {'DOUBLE' if kind == 'number' else 'VARCHAR'})"
