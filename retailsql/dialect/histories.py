"""The histories that were stored with a model, as SQL."""

from __future__ import annotations

from retailsql.functions.keys import stored_keys
from retailsql.registry.names import literal
from retailsql.registry.store import StoredVersion

__all__ = ["stored_histories", "stored_keys"]


def stored_histories(stored: StoredVersion) -> str:
    """The rows of a version's histories, as a bracketed SELECT: key, last_at, items, history."""
    return (
        f"(SELECT * FROM {stored.name.registry}.histories "
        f"WHERE content_hash = {literal(stored.content_hash)})"
    )
