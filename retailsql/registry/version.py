"""One version of a model, as it is written to and read from the registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from retailsql.scoring.onnx_session import sha256
from retailsql.signature import WITHOUT_GRAPH, Signature


def content_hash_of(artefact: bytes, signature: Signature) -> str:
    """Twelve hexadecimal digits over artefact and signature: what a score can depend on, and
    nothing else (stored histories are in the signature, by their digest).
    """
    return hashlib.sha256(artefact + signature.to_json().encode()).hexdigest()[:12]


def histories_digest(histories: pa.Table) -> str:
    """SHA-256 over what scores read of stored histories, whatever the order of the rows."""
    kept = [c for c in ("key", "items", "history") if c in histories.column_names]
    rows = histories.select(kept).to_pylist()
    digest = hashlib.sha256()
    for row in sorted(rows, key=lambda row: str(row["key"])):
        digest.update(json.dumps({k: v for k, v in row.items() if v is not None}).encode())
    return digest.hexdigest()


def forecasts_digest(forecasts: pa.Table) -> str:
    """SHA-256 over stored forecasts: every column of every row, in the order of series and step."""
    columns = sorted(forecasts.column_names)
    ordered = forecasts.select(columns).sort_by([("key", "ascending"), ("step", "ascending")])
    digest = hashlib.sha256("\x00".join(columns).encode())
    for name in columns:
        column = ordered[name].combine_chunks()
        digest.update(pc.is_null(column).to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_list(column.type):
            lengths = pc.fill_null(pc.list_value_length(column), -1)
            digest.update(lengths.to_numpy(zero_copy_only=False).tobytes())
            column = pc.list_flatten(column)
        if pa.types.is_string(column.type):
            digest.update("\x00".join(map(str, column.to_pylist())).encode())
        else:
            digest.update(column.to_numpy(zero_copy_only=False).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class ModelVersion:
    """A model that can be registered.

    Args:
        artefact: the ONNX bytes.
        signature: what it takes and returns.
        model_type: as in OPTIONS(model_type=...).
        options: the statement's options.
        training_sql: the SELECT it was trained on; None if imported.
        evaluation: split, metrics, baselines (see ``evaluation.report``), or None.
        headline: primary metric, its value, best baseline's name and value, whether it beats it.
        profile: what training saw, per column.
        certificate: rows scored by the source framework and through SQL, with differences.
        libraries: name -> version of what trained it.
        histories: rows for the forms that take an id, or None.
        forecasts: rows of a forecast table, or None.
        reports: name -> rows of JSON values, what ML functions tell about the model.
        held_out: the rows of the evaluation: label VARCHAR, scores DOUBLE[].
    """

    artefact: bytes
    signature: Signature
    model_type: str
    options: Mapping[str, Any] = field(default_factory=dict)
    training_sql: str | None = None
    evaluation: str | None = None
    headline: tuple[str | None, float | None, str | None, float | None, bool | None] = (
        None, None, None, None, None,
    )  # fmt: skip
    profile: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    histories: pa.Table | None = None
    forecasts: pa.Table | None = None
    reports: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    held_out: pa.Table | None = None

    @cached_property
    def content_hash(self) -> str:
        """Names the hidden function; equal models have equal hashes and share one."""
        return content_hash_of(self.artefact, self.signature)

    @property
    def artefact_kind(self) -> str:
        """``onnx``, or ``rows`` for a model that is SQL and stored rows."""
        return "rows" if self.signature.kind in WITHOUT_GRAPH else "onnx"

    @property
    def artefact_sha256(self) -> str:
        """SHA-256 of the artefact, checked whenever it is loaded."""
        return sha256(self.artefact)
