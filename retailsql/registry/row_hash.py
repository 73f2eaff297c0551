"""A hash of a row that differs when the row does."""

from __future__ import annotations

import re
from collections.abc import Iterable

from retailsql.registry.names import quote

_AS_TEXT = re.compile(r"\[\]|MAP\(|INTERVAL")
"""Types of which DuckDB gives one hash to values that are not the same: [] and NULL, in a first
column also [5] and [0, 5]; 30 days and a month, which are equal but add up to other dates."""


def row_hash(columns: Iterable[tuple[str, str]]) -> str:
    """The SQL of the hash of a row.

    Args:
        columns: names and types, as DESCRIBE tells them. Names and types are no part of the hash:
            1.25 and 12.5 as DECIMAL(4,2) and DECIMAL(4,1) have the same.

    >>> row_hash([("id", "INTEGER"), ("sizes", "INTEGER[]")])
    'hash("id", CAST("sizes" AS VARCHAR))'
    """
    parts = [
        f"CAST({quote(name)} AS VARCHAR)" if _AS_TEXT.search(type_) else quote(name)
        for name, type_ in columns
    ]
    return f"hash({', '.join(parts)})"
