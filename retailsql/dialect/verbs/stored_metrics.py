"""Metrics of the evaluation that training saved, as a SELECT of one row."""

from __future__ import annotations

import json
from collections.abc import Iterable

from retailsql.registry.names import quote
from retailsql.registry.store import StoredVersion


def stored_metrics(stored: StoredVersion, names: Iterable[str]) -> str:
    """The named metrics as DOUBLE columns, NULL where training could not compute one.

    Args:
        stored: whose evaluation.
        names: of metrics, as the evaluation calls them.
    """
    metrics = json.loads(stored.evaluation)["metrics"] if stored.evaluation else {}
    columns = (
        f"CAST({'NULL' if metrics.get(n) is None else repr(metrics[n])} AS DOUBLE) AS {quote(n)}"
        for n in names
    )
    return f"SELECT {', '.join(columns)}"
