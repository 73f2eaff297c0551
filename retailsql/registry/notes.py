"""What people write about a model: its description, labels, a friendly name.

Nothing depends on a note. They are comments on the model's row, kept beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.errors import StatementError
from retailsql.registry import store
from retailsql.registry.names import ModelName

NOTES = ("description", "labels", "friendly_name")
"""Options of CREATE MODEL and ALTER MODEL that are notes, named as BigQuery ML names them."""

WITHOUT_EFFECT = (
    "expiration_timestamp", "kms_key_name", "model_registry", "vertex_ai_model_id",
    "vertex_ai_model_version_aliases",
)  # fmt: skip
"""Options that BigQuery has for every model and that mean nothing on a file of one's own."""


def split(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that do something, and the notes by their names in lower case.

    ``labels = ['churned']``, a list of plain texts, is BigQuery ML's old name for
    ``input_label_cols`` and no note.

    Raises:
        StatementError: a note of the wrong type.

    >>> split({"Description": "who leaves", "l2_reg": 1})
    ({'l2_reg': 1}, {'description': 'who leaves'})
    >>> split({"labels": ["churned"]})
    ({'input_label_cols': ['churned']}, {})
    """
    options = {_present_name(k, v): v for k, v in options.items()}
    notes = {k.lower(): v for k, v in options.items() if k.lower() in NOTES}
    for name, value in notes.items():
        if value is not None and not isinstance(value, list if name == "labels" else str):
            raise StatementError(
                f"Option {name} has a value of the wrong type", seen=repr(value),
                wanted="[('key', 'value'), ...]" if name == "labels" else "a text",
            )  # fmt: skip
    return {k: v for k, v in options.items() if k.lower() not in NOTES}, notes


def _present_name(name: str, value: Any) -> str:
    texts = [value] if isinstance(value, str) else value
    columns = isinstance(texts, list) and texts and all(isinstance(v, str) for v in texts)
    return "input_label_cols" if name.lower() == "labels" and columns else name


def write(con: DuckDBPyConnection, name: ModelName, notes: Mapping[str, Any]) -> None:
    """Keep notes about a model; NULL removes one."""
    if not notes:
        return
    store.check_writable(con, name.database)
    store.ensure(con, name.database)
    for note, value in notes.items():
        key = [name.schema, name.name, note]
        con.execute(
            f"DELETE FROM {name.registry}.notes "
            "WHERE model_schema = ? AND model_name = ? AND note = ?",
            key,
        )
        if value is not None:
            con.execute(
                f"INSERT INTO {name.registry}.notes VALUES (?, ?, ?, ?::JSON)",
                [*key, json.dumps(value)],
            )
