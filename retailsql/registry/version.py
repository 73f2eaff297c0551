"""One version of a model, as it is written to and read from the registry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyarrow as pa

from retailsql.scoring.onnx_session import sha256
from retailsql.signature import Signature


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

    @cached_property
    def content_hash(self) -> str:
        """Twelve hexadecimal digits over artefact, signature and histories: what a score can
        depend on, and nothing else. Equal models have equal hashes and share one function.
        """
        digest = hashlib.sha256(self.artefact)
        digest.update(self.signature.to_json().encode())
        if self.histories is not None:
            digest.update(json.dumps(self.histories.to_pydict(), default=str).encode())
        return digest.hexdigest()[:12]

    @property
    def artefact_sha256(self) -> str:
        """SHA-256 of the artefact, checked whenever it is loaded."""
        return sha256(self.artefact)
