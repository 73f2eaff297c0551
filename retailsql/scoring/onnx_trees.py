"""Read the tree ensemble out of ONNX bytes, without the package onnx, which scoring does not need.

An ONNX file is one protocol-buffer message. Of its fields only those of the one tree node are read
(numbers as in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). What is not exactly one
ensemble of plain comparisons is not read at all: its scores are then explained by asking.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODEL_GRAPH, GRAPH_NODE, GRAPH_OUTPUT = 7, 1, 12
NODE_INPUT, NODE_TYPE, NODE_ATTRIBUTE = 1, 4, 5
NAME, FLOAT, INT, STRING, FLOATS, INTS, STRINGS = 1, 2, 3, 4, 7, 8, 9
ENSEMBLES = {b"TreeEnsembleClassifier": "class", b"TreeEnsembleRegressor": "target"}
COMPARISONS = (b"BRANCH_LEQ", b"BRANCH_LT", b"BRANCH_GTE", b"BRANCH_GT", b"BRANCH_EQ", b"LEAF")


@dataclass(frozen=True)
class Trees:
    """One ensemble; its nodes are numbered through.

    Args:
        matrix: name of the tensor it reads, shape (rows, columns).
        column: which column a node compares, shape (nodes,).
        threshold: with what.
        mode: how; position in :data:`COMPARISONS`.
        missing: True if NaN goes the way of yes.
        yes, no: the next node.
        roots: first nodes of the trees.
        weights: node, output, weight of each leaf's say.
        outputs: number of outputs.
    """

    matrix: str
    column: NDArray[np.int64]
    threshold: NDArray[np.float32]
    mode: NDArray[np.int64]
    missing: NDArray[np.bool_]
    yes: NDArray[np.int64]
    no: NDArray[np.int64]
    roots: NDArray[np.int64]
    weights: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
    outputs: int


def read_trees(onnx: bytes) -> Trees | None:
    """The ensemble of a graph; None if there is none, or several, or one of another form."""
    try:
        found = [
            (ENSEMBLES[kind], node)
            for field, graph in _fields(onnx)
            if field == MODEL_GRAPH
            for number, node in _fields(graph)
            if number == GRAPH_NODE
            for kind in [_first(node, NODE_TYPE)]
            if kind in ENSEMBLES
        ]
        return _trees(*found[0]) if len(found) == 1 else None
    except (KeyError, IndexError, ValueError, TypeError):
        return None  # some other form, or bytes that are no such message


def with_output(onnx: bytes, tensor: str) -> bytes:
    """The graph with one more output: protocol buffers merge what is appended to a message."""
    name = tensor.encode()
    value = _message(NAME, name)
    return onnx + _message(MODEL_GRAPH, _message(GRAPH_OUTPUT, value))


def _message(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _trees(prefix: str, node: bytes) -> Trees | None:
    a = dict(_attribute(value) for field, value in _fields(node) if field == NODE_ATTRIBUTE)
    if a.get("aggregate_function", b"SUM") != b"SUM":
        return None
    tree, number = np.array(a["nodes_treeids"]), np.array(a["nodes_nodeids"])
    places = {pair: i for i, pair in enumerate(zip(tree.tolist(), number.tolist(), strict=True))}
    modes = np.array([COMPARISONS.index(mode) for mode in a["nodes_modes"]])
    leaf = modes == COMPARISONS.index(b"LEAF")
    n = len(tree)

    def step(name: str) -> NDArray[np.int64]:
        to = zip(tree.tolist(), a[name], leaf.tolist(), strict=True)
        return np.array([0 if end else places[t, i] for t, i, end in to])

    weights = (
        np.array([
            places[p]
            for p in zip(a[f"{prefix}_treeids"], a[f"{prefix}_nodeids"], strict=True)
        ]),
        np.array(a[f"{prefix}_ids"]),
        np.array(a[f"{prefix}_weights"], np.float64),
    )  # fmt: skip
    yes, no = step("nodes_truenodeids"), step("nodes_falsenodeids")
    inner = ~leaf
    roots = np.setdiff1d(np.arange(n), np.concatenate([yes[inner], no[inner]]))
    outputs = int(a.get("n_targets", 0)) or int(weights[1].max()) + 1
    return Trees(
        _first(node, NODE_INPUT).decode(), np.array(a["nodes_featureids"]),
        np.array(a["nodes_values"], np.float32), modes,
        np.array(a.get("nodes_missing_value_tracks_true") or [0] * n, np.bool_),
        yes, no, roots, weights, outputs,
    )  # fmt: skip


def _attribute(data: bytes) -> tuple[str, Any]:
    """Name and value of a node's attribute."""
    name = ""
    out: dict[int, Any] = {}
    for field, value in _fields(data):
        if field == NAME:
            name = value.decode()
        elif field in (FLOATS, INTS, STRINGS):
            out.setdefault(field, []).extend(_several(field, value))
        elif field in (FLOAT, INT, STRING):
            out[field] = value
    return name, next(iter(out.values()), None)


def _several(field: int, value: Any) -> list[Any]:
    """Repeated numbers come one by one or packed."""
    if field == STRINGS or isinstance(value, int | float):
        return [value]
    if field == FLOATS:
        return list(np.frombuffer(value, "<f4").tolist())
    out, at = [], 0
    while at < len(value):
        number, at = _read_varint(value, at)
        out.append(number)
    return out


def _first(message: bytes, field: int) -> bytes:
    return next((bytes(v) for f, v in _fields(message) if f == field), b"")


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: int, float (32 bits), or bytes."""
    view, at = memoryview(message), 0
    while at < len(view):
        key, at = _read_varint(view, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _read_varint(view, at)
            yield field, value
        elif kind == 2:
            size, at = _read_varint(view, at)
            yield field, bytes(view[at : at + size])
            at += size
        elif kind == 5:
            yield field, float(np.frombuffer(view[at : at + 4], "<f4")[0])
            at += 4
        elif kind == 1:
            at += 8
        else:
            raise ValueError(kind)


def _read_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return (value - (1 << 64) if value >> 63 else value), at
