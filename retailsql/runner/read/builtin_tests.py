"""SQL of dbt's four data tests: each finds the rows that are wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


def unique(model: str, column_name: str) -> str:
    """Values that are there more than once; NULL is no value.

    >>> unique("orders", "id").splitlines()[2]
    'WHERE id IS NOT NULL'
    """
    return (
        f"SELECT {column_name} AS unique_field, count(*) AS n_records\nFROM {model}\n"
        f"WHERE {column_name} IS NOT NULL\nGROUP BY {column_name}\nHAVING count(*) > 1"
    )


def not_null(model: str, column_name: str) -> str:
    """Rows without a value."""
    return f"SELECT {column_name}\nFROM {model}\nWHERE {column_name} IS NULL"


def accepted_values(model: str, column_name: str, values: Sequence[Any], quote: bool = True) -> str:
    """Values that are none of those accepted; NULL passes.

    Args:
        model: the relation.
        column_name: the column.
        values: what it may hold.
        quote: write quotes around the values, and nothing else, as dbt: it's is "it''s"; without,
            as they stand.
    """
    listed = ", ".join(f"'{v}'" if quote else str(v) for v in values)
    return (
        f"SELECT {column_name} AS value_field, count(*) AS n_records\nFROM {model}\n"
        f"WHERE {column_name} NOT IN ({listed})\nGROUP BY {column_name}"
    )


def relationships(model: str, column_name: str, to: str, field: str) -> str:
    """Values that the other table has not; NULL passes."""
    return (
        f"WITH child AS (SELECT {column_name} AS from_field FROM {model}),\n"
        f"parent AS (SELECT {field} AS to_field FROM {to})\n"
        "SELECT from_field\nFROM child ANTI JOIN parent ON child.from_field = parent.to_field\n"
        "WHERE from_field IS NOT NULL"
    )


BUILTIN: dict[str, Callable[..., str]] = {
    "unique": unique,
    "not_null": not_null,
    "accepted_values": accepted_values,
    "relationships": relationships,
}
"""The tests that every project has."""
