"""The histories that were stored with a model, as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion


def stored_histories(stored: StoredVersion) -> str:
    """The rows of a version's histories, as a bracketed SELECT: key, last_at, items, history."""
    return (
        f"(SELECT * FROM {stored.name.registry}.histories "
        f"WHERE content_hash = {literal(stored.content_hash)})"
    )


def stored_keys(columns: list[str], options: Mapping[str, Any]) -> str:
    """The id columns of stored histories, in the types they had at training. Keys are text: one
    id as it is, several as a JSON array.
    """
    one = len(columns) == 1
    return ", ".join(
        f"CAST({'key' if one else f'json_extract_string(key, {i})'} AS {kind}) AS {quote(column)}"
        for i, (column, kind) in enumerate(zip(columns, options.get("key_types", ()), strict=True))
    )
