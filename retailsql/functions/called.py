"""Which models a statement calls, by its text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retailsql.functions.macros import ALL_VERBS
from retailsql.functions.scorers import hidden_name
from retailsql.registry.names import split_name
from retailsql.registry.store import StoredVersion

_CALL = re.compile(
    rf'((?:(?:"[^"]+"|\w+)\s*\.\s*)*)"?\b([a-z][a-z0-9_]*)_(?:{"|".join(ALL_VERBS)})"?\s*\(', re.I
)


def called(sql: str, models: Sequence[StoredVersion]) -> list[StoredVersion]:
    """The models whose functions a statement calls, or whose hidden ones were spliced in.

    Args:
        sql: the statement as it was run.
        models: those it may be about.

    Returns:
        Some of ``models``. Two schemas may each hold a model of one name: with ``dev.churn_score``
        only that of ``dev`` is meant, and ``churn_score`` means that of ``main`` first.
    """
    found = [m for m in models if hidden_name(m.name.name, m.content_hash) in sql]
    for call in _CALL.finditer(sql):
        place = split_name("".join(call[1].split()).rstrip(".").lower()) if call[1] else []
        named = [m for m in models if m.name.name == call[2].lower()]
        if place:
            named = [m for m in named if _is_in(m, place)]
        found += sorted(named, key=lambda m: m.name.schema != "main")
    return list({m.name: m for m in found}.values())


def _is_in(model: StoredVersion, place: list[str]) -> bool:
    """Whether a model is in ``schema``, ``database`` (its schema main) or ``database.schema``."""
    database, schema = model.name.database.lower(), model.name.schema.lower()
    return place in ([schema], [database, schema]) or (schema == "main" and place == [database])
