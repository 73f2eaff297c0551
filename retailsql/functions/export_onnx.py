"""Write a model as an .onnx file with its signature beside it: ``EXPORT MODEL``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.errors import StatementError
from retailsql.functions import scorers
from retailsql.functions.connection import raw
from retailsql.registry import store
from retailsql.registry.names import resolve
from retailsql.signature import WITHOUT_GRAPH

SIGNATURE_SUFFIX = ".signature.json"


def export_onnx(con: Any, name: str, uri: str, version: int | None = None) -> dict[str, Any]:
    """Write ``<uri>.onnx`` and ``<uri>.signature.json``; import_onnx reads the pair back.

    Args:
        con: a Session or a DuckDB connection.
        name: the model's name.
        uri: a path that ends in .onnx, or a folder, in which the file is called like the model.
        version: which; the deployed one if left out.

    Returns:
        model, version, uri and signature_uri: the files written.

    Raises:
        ModelNotFoundError: no such model or version.
        StatementError: the model has no graph, or the path cannot be written.
        CorruptModelError: the stored bytes are not those that were registered.
    """
    connection: DuckDBPyConnection = raw(con)
    stored = store.find(connection, resolve(connection, name), version)
    if stored.signature.kind in WITHOUT_GRAPH:
        raise StatementError(
            f"Model {stored.name.text!r} is SQL and stored rows and has no ONNX graph",
            seen=stored.model_type,
            todo="export what it returns: COPY (SELECT * FROM ML."
            + ("FORECAST" if stored.signature.kind == "forecast_table" else "TRANSFORM")
            + "(...)) TO 'file.parquet'",
        )
    artefact, expected = store.load_artefact(connection, stored.name.database, stored.content_hash)
    scorers.check(stored.name.text, stored.content_hash, stored.signature, artefact, expected)
    graph = _path(uri, stored.name.name)
    beside = graph.with_suffix(SIGNATURE_SUFFIX)
    try:
        graph.parent.mkdir(parents=True, exist_ok=True)
        _write(beside, stored.signature.to_json().encode())
        _write(graph, artefact)
    except OSError as error:
        raise StatementError(
            f"The model cannot be written to {uri!r}", seen=error.strerror or str(error),
            todo="give a path that you may write to",
        ) from error  # fmt: skip
    return {
        "model": stored.name.text,
        "version": stored.version,
        "uri": str(graph),
        "signature_uri": str(beside),
    }


def _path(uri: str, model: str) -> Path:
    if "://" in uri and not uri.startswith("file://"):
        raise StatementError(
            "EXPORT MODEL writes to this machine's files only", seen=uri,
            wanted="a path such as 'models/churn.onnx'",
        )  # fmt: skip
    path = Path(uri.removeprefix("file://"))
    return path if path.suffix == ".onnx" else path / f"{model}.onnx"


def _write(path: Path, data: bytes) -> None:
    """Write whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)
