"""The ids of stored series and customers, as SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retailsql.registry.names import quote


def stored_keys(columns: Sequence[str], options: Mapping[str, Any]) -> str:
    """The id columns of stored rows, in the types they had at training. Keys are text: one id as
    it is, several as a JSON array.

    >>> print(stored_keys(["sku"], {"key_types": ["BIGINT"]}))
    CAST(key AS BIGINT) AS "sku"
    """
    one = len(columns) == 1
    return ", ".join(
        f"CAST({'key' if one else f'json_extract_string(key, {i})'} AS {kind}) AS {quote(column)}"
        for i, (column, kind) in enumerate(zip(columns, options.get("key_types", ()), strict=True))
    )
