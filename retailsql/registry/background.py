"""The typical rows that explanations measure against, stored as report ``background``.

Unlike other reports, an explanation depends on them: their digest is in the signature, and with it
in the content hash and the name of the hidden function.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.errors import ModelNotFoundError
from retailsql.registry.fetch import first_row
from retailsql.registry.names import quote

REPORT = "background"
DIGEST = "background_sha256"
"""The option of a row model's signature that holds :func:`digest`."""

Rows = Sequence[Mapping[str, Any]]


def digest(rows: Rows) -> str:
    """SHA-256 of the rows, in their order.

    >>> digest([{"a": 1.0}]) == digest([{"a": 1.0}]) != digest([{"a": 2.0}])
    True
    """
    return hashlib.sha256(json.dumps(list(rows), sort_keys=True).encode()).hexdigest()


def load(con: DuckDBPyConnection, database: str, content_hash: str) -> list[dict[str, Any]]:
    """The background of a version.

    Raises:
        ModelNotFoundError: the registry does not hold it (any more).
    """
    registry = f"{quote(database)}.retailsql"
    row = first_row(
        con,
        f"SELECT r.rows FROM {registry}.versions v JOIN {registry}.reports r "
        "USING (model_schema, model_name, version) WHERE v.content_hash = ? AND r.report = ? "
        "ORDER BY ALL LIMIT 1",
        [content_hash, REPORT],
    )
    if row is None:
        raise ModelNotFoundError(
            f"The registry of {database!r} holds no background of the model with hash "
            f"{content_hash}",
            todo="create the model again",
        )
    return list(json.loads(row[0]))
