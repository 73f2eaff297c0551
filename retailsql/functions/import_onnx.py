"""Bring a user's own ONNX file in. Works on the base install: ONNX Runtime reads the graph.

ONNX Runtime is handed bytes, never a path, so that it cannot follow a model to other files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from duckdb import DuckDBPyConnection

from retailsql.errors import ImportModelError, nearest
from retailsql.functions import certificate, onnx_probe, publish
from retailsql.functions.background import background_report
from retailsql.functions.connection import raw
from retailsql.functions.export_onnx import SIGNATURE_SUFFIX
from retailsql.functions.onnx_classes import find_positive, label_type_of, read_classes
from retailsql.registry.names import ModelName, resolve
from retailsql.registry.version import ModelVersion
from retailsql.scoring.onnx_session import MAX_BYTES, open_graph
from retailsql.signature import Feature, Graph, Label, OnNull, Signature

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_DTYPES = {
    "tensor(float)": "float", "tensor(double)": "double", "tensor(int64)": "int64",
    "tensor(int32)": "int32", "tensor(bool)": "bool", "tensor(string)": "string",
}  # fmt: skip
_SQL_TYPES = {
    "float": "DOUBLE", "double": "DOUBLE", "int64": "BIGINT", "int32": "INTEGER",
    "bool": "BOOLEAN", "string": "VARCHAR",
}  # fmt: skip
_FITS = {
    "float": ("number", "boolean", "date", "timestamp"),
    "double": ("number", "boolean", "date", "timestamp"),
    "int64": ("number", "boolean", "date", "category"), "int32": ("number", "boolean", "category"),
    "bool": ("boolean",), "string": ("text",),
}  # fmt: skip
_ON_NULL = ("null", "error", "impute")


def import_onnx(
    con: Any,
    name: str,
    onnx: bytes | str | Path,
    inputs: Mapping[str, str] | None = None,
    outputs: Sequence[str] | None = None,
    *,
    label: str = "label",
    classes: Sequence[Label] | None = None,
    positive_class: Label | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    on_null: OnNull = "null",
    background: str | None = None,
    replace: bool = True,
) -> int:
    """Register a user's own ONNX model and publish its functions.

    Args:
        con: a Session or a DuckDB connection.
        name: the model's name; functions are called ``<name>_<verb>``.
        onnx: path or bytes of the file. All weights must be inside. Where EXPORT MODEL wrote a
            signature beside the file, that is read and nothing else needs to be said.
        inputs: column -> SQL type, under any of DuckDB's names for it, in the order of the matrix
            if the graph takes one. May be left out where the graph has one input per column: then
            its names are the columns' names.
        outputs: the graph outputs to use, ``[score]`` or ``[label, probabilities]``. Left out: a
            regressor's only output, or a classifier's second.
        label: outputs are called ``predicted_<label>``.
        classes: a classifier's classes in the order of its probabilities. Needed where they are
            text, which the graph does not tell; otherwise 0, 1, 2, ...
        positive_class: the class ``_score`` is the probability of; 1, true or 'yes' if left out.
        categories: text column -> its categories in code order, for graphs that take codes.
        on_null: ``null`` (a NULL in any column scores NULL), ``error``, or ``impute`` if the
            graph itself knows what to do with NaN; all its inputs must be float or double then.
        background: a SELECT of typical rows, which explanations measure against; without it the
            model has no ``_explain``.
        replace: whether a new version may be put over a model of that name.

    Returns:
        The version's number.

    Raises:
        ImportModelError: the file is refused, with the reason; nothing is registered.
        SignatureError: a column's SQL type is one that no model takes.
        NameTakenError: the name is in use by something else.
    """
    connection = raw(con)
    target = resolve(connection, name)
    publish.check_replace(connection, target, replace)
    _check_on_null(on_null)
    data = _read(onnx)
    session = open_graph(data)
    told = None if inputs or outputs or isinstance(onnx, bytes) else _signature_beside(onnx)
    if told is not None:
        reports = background_report(connection, background, session, told)
        return _register(connection, target, data, session, told, reports)
    if inputs is not None:
        inputs = {str(c): _sql_type(connection, str(c), t) for c, t in inputs.items()}
    features, graph = _bind(session, inputs, categories or {}, on_null)
    signature = _signature(session, features, graph, outputs, label, classes, positive_class)
    reports = background_report(connection, background, session, signature)
    return _register(connection, target, data, session, signature, reports)


def _signature_beside(onnx: str | Path) -> Signature | None:
    """The signature that EXPORT MODEL wrote beside the file, if there is one: it tells all.

    Raises:
        ImportModelError: the model is of a kind that needs rows of its database besides.
    """
    path = Path(onnx).with_suffix(SIGNATURE_SUFFIX)
    if not path.is_file():
        return None
    try:
        signature = Signature.from_json(path.read_text("utf-8"))
    except (ValueError, KeyError, TypeError) as error:
        raise ImportModelError(
            "The signature beside the ONNX file cannot be read", seen=path.name,
            todo="export the model again, or pass inputs= and leave the signature away",
        ) from error  # fmt: skip
    if not signature.features or signature.kind == "factorizer":
        raise ImportModelError(
            f"A {signature.kind} needs its stored rows besides, and cannot be imported",
            seen=path.name,
            todo="copy the database file, or ATTACH it",
        )
    return signature


def _register(
    connection: DuckDBPyConnection,
    target: ModelName,
    data: bytes,
    session: InferenceSession,
    signature: Signature,
    reports: Mapping[str, Any],
) -> int:
    model = ModelVersion(
        data, signature, "ONNX", profile={"source": "imported"}, reports=reports,
        libraries=certificate.libraries("onnxruntime", "duckdb", "numpy", "retailsql"),
    )  # fmt: skip
    rows, expected = onnx_probe.probe(session, signature)
    return publish.register(
        connection, target, model, rows, expected, framework="onnxruntime", tolerance=0.0
    )


def _check_on_null(on_null: str) -> None:
    if on_null not in _ON_NULL:
        raise ImportModelError(
            "on_null does not say what to do with a NULL",
            seen=repr(on_null), wanted=", ".join(map(repr, _ON_NULL)),
        )  # fmt: skip


def _sql_type(connection: DuckDBPyConnection, column: str, given: object) -> str:
    """DuckDB's own name of a SQL type: INTEGER for INT. DuckDB parses it as a type and nothing
    else.
    """
    try:
        return str(connection.type(str(given)))
    except duckdb.Error as error:
        raise ImportModelError(
            f"Column {column!r} has a SQL type that DuckDB does not know",
            seen=repr(given), wanted="DOUBLE, BIGINT, BOOLEAN, DATE, TIMESTAMP or VARCHAR",
            todo=f"correct inputs={{{column!r}: ...}}",
        ) from error  # fmt: skip


def _read(onnx: bytes | str | Path) -> bytes:
    if not isinstance(onnx, bytes):
        path = Path(onnx)
        if not path.is_file():
            raise ImportModelError(
                "There is no such ONNX file", seen=str(onnx), todo="check the path"
            )
        if path.stat().st_size > MAX_BYTES:
            raise _too_large(path.stat().st_size)
        onnx = path.read_bytes()
    if len(onnx) > MAX_BYTES:
        raise _too_large(len(onnx))
    return onnx


def _too_large(size: int) -> ImportModelError:
    return ImportModelError(
        "The ONNX model is too large to keep in the database",
        seen=f"{size:,} bytes",
        wanted=f"at most {MAX_BYTES:,}",
        todo="quantize it or cut it down",
    )


def _bind(
    session: InferenceSession,
    inputs: Mapping[str, str] | None,
    categories: Mapping[str, Sequence[str]],
    on_null: OnNull,
) -> tuple[tuple[Feature, ...], Graph]:
    """Features, and how they meet the graph."""
    nodes = session.get_inputs()
    for node in nodes:
        _check_input(node)
    dtypes = [_DTYPES[node.type] for node in nodes]
    width = nodes[0].shape[1] if len(nodes) == 1 and len(nodes[0].shape) == 2 else None
    matrix = len(nodes) == 1 and len(nodes[0].shape) == 2 and width != 1
    if inputs is None:
        if matrix:
            raise ImportModelError(
                f"The graph takes one matrix, {nodes[0].name!r}, and does not name its columns",
                seen=f"{width} columns",
                todo="pass inputs={column: SQL type, ...} in the order of the matrix",
            )
        inputs = {n.name: _SQL_TYPES[t] for n, t in zip(nodes, dtypes, strict=True)}
    if matrix:
        if isinstance(width, int) and width != len(inputs):
            raise ImportModelError(
                "The number of columns is not that of the graph's matrix",
                seen=f"{len(inputs)} in inputs", wanted=f"{width}",
            )  # fmt: skip
        order, per_column = list(inputs), dtypes * len(inputs)
        _check_distinct(order)
    else:
        order, per_column = [n.name for n in nodes], dtypes
        if set(order) != set(inputs):
            wrong = sorted(set(inputs) - set(order)) or sorted(set(order) - set(inputs))
            raise ImportModelError(
                f"The columns of inputs are not the inputs of the graph: {wrong[0]!r}",
                seen=", ".join(inputs), wanted=", ".join(order),
                todo=f"the nearest graph input is {nearest(wrong[0], order)}",
            )  # fmt: skip
        _check_distinct(order)
    features = tuple(
        _feature(column, inputs[column], dtype, categories.get(column), on_null)
        for column, dtype in zip(order, per_column, strict=True)
    )
    columns = not matrix and all(len(n.shape) == 2 for n in nodes)
    return features, Graph(
        tuple(n.name for n in nodes), tuple(dtypes), "", matrix=matrix, columns=columns
    )


def _check_distinct(columns: Sequence[str]) -> None:
    """SQL compares names without their case."""
    first: dict[str, str] = {}
    for column in columns:
        other = first.setdefault(column.lower(), column)
        if other is not column:
            raise ImportModelError(
                f"Columns {other!r} and {column!r} differ only in case, which SQL does not see",
                wanted="names that differ", todo="rename one of them",
            )  # fmt: skip


def _check_input(node: Any) -> None:
    if node.type not in _DTYPES:
        raise ImportModelError(
            f"Graph input {node.name!r} has a type that no column has",
            seen=node.type, wanted=", ".join(_DTYPES),
        )  # fmt: skip
    if len(node.shape) not in (1, 2):
        raise ImportModelError(
            f"Graph input {node.name!r} is not a column or a matrix",
            seen=f"shape {node.shape}", wanted="shape (rows,), (rows, 1) or (rows, columns)",
        )  # fmt: skip
    if isinstance(node.shape[0], int):
        raise ImportModelError(
            f"Graph input {node.name!r} takes a fixed number of rows",
            seen=f"shape {node.shape}", wanted="a free batch dimension",
            todo="export it with a dynamic batch axis",
        )  # fmt: skip


def _feature(
    name: str, sql_type: str, dtype: str, categories: Sequence[str] | None, on_null: OnNull
) -> Feature:
    listed = tuple(categories) if categories is not None else None
    feature = Feature(name, sql_type, on_null, categories=listed, on_unseen="null")
    whole = dtype in ("float", "double") or feature.kind != "number"
    if feature.kind not in _FITS[dtype] or not (whole or feature.sql_type in onnx_probe.WHOLE):
        todo = f"declare {name!r} as {_SQL_TYPES[dtype]}"
        if feature.kind == "text":
            todo += ", or pass its categories={" + repr(name) + ": [...]} if the graph takes codes"
        raise ImportModelError(
            f"Column {name!r} does not fit the graph's input", seen=sql_type,
            wanted=f"a SQL type for tensor({dtype}), such as {_SQL_TYPES[dtype]}", todo=todo,
        )  # fmt: skip
    if on_null == "impute" and dtype not in ("float", "double"):
        raise ImportModelError(
            f"on_null='impute' does not fit column {name!r}: its input has no NaN for a NULL",
            seen=f"tensor({dtype})", wanted="tensor(float) or tensor(double)",
            todo="leave on_null out (a NULL scores NULL), or export the graph with float inputs",
        )  # fmt: skip
    return feature


def _signature(
    session: InferenceSession,
    features: tuple[Feature, ...],
    graph: Graph,
    outputs: Sequence[str] | None,
    label: str,
    classes: Sequence[Label] | None,
    positive_class: Label | None,
) -> Signature:
    """Which output is the score, and of what kind the model is."""
    nodes = {n.name: n for n in session.get_outputs()}
    names = list(outputs or nodes)
    if unknown := [n for n in names if n not in nodes]:
        raise ImportModelError(f"The graph has no output {unknown[0]!r}", wanted=", ".join(nodes))
    if len(names) > 2:
        raise ImportModelError(
            "The graph has more outputs than a score needs", seen=", ".join(names),
            todo="pass outputs=[score] or outputs=[label, probabilities]",
        )  # fmt: skip
    score = names[-1]
    zipmap = nodes[score].type.startswith("seq(map(")
    graph = Graph(graph.inputs, graph.dtypes, score, graph.matrix, graph.columns, zipmap)
    raw_output = onnx_probe.answer(session, features, graph, onnx_probe.sample(features, 2, 0))
    width = len(raw_output[0]) if zipmap else int(np.prod(np.shape(raw_output)[1:], dtype=int))
    if len(names) == 1 and width == 1 and classes is None:
        return Signature("regressor", features, graph, label, "DOUBLE")
    keys = list(raw_output[0]) if zipmap else None
    classes = read_classes(classes, keys, max(width, 2), nodes[names[0]].type, len(names) == 2)
    label_type = label_type_of(classes)
    positive = find_positive(classes, positive_class)
    return Signature("classifier", features, graph, label, label_type, tuple(classes), positive)
