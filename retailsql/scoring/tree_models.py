"""Models that are one ensemble of trees on the explained scale: found by trial, explained exactly.

Boosted trees are a sum of trees on the log-odds, regression forests on the value. A forest that
classifies adds up probabilities, not log-odds, and is not found here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from retailsql.scoring.buffers import Vector
from retailsql.scoring.onnx_session import open_graph
from retailsql.scoring.onnx_trees import read_trees, with_output
from retailsql.scoring.rows import RowScorer
from retailsql.scoring.shapley import Floats
from retailsql.scoring.tree_shapley import TreeExplainer, read_leaves
from retailsql.signature import Signature

Attribute = Callable[[list[Vector]], Floats]
"""Encoded rows -> attributions, shape (rows, features, outputs)."""


def tree_attributions(
    onnx: bytes, signature: Signature, z: list[Vector], fz: Floats, within: Floats
) -> Attribute | None:
    """What explains the model exactly, or None if it is no sum of trees.

    Args:
        onnx: the model.
        signature: its signature.
        z: the reference rows, encoded.
        fz: the model's values of them on the explained scale.
        within: what each value may be off.
    """
    trees = read_trees(onnx)
    if trees is None:
        return None
    # The same graph, with the matrix that the trees read as its output.
    graph = replace(signature.graph, output=trees.matrix, zipmap=False)
    front = RowScorer(open_graph(with_output(onnx, trees.matrix)), replace(signature, graph=graph))

    def matrix(x: list[Vector]) -> NDArray[np.float32]:
        return np.asarray(front.run(x, len(x[0]))[: len(x[0])], np.float32)

    feature_of = _feature_of(matrix, signature, z)
    leaves = None if feature_of is None else read_leaves(trees, feature_of)
    if leaves is None:
        return None
    explainer = TreeExplainer(trees, leaves, len(z), matrix(z))
    turn = _turn(explainer.values(matrix(z)), fz, within)
    if turn is None:
        return None
    tables = explainer.tables(turn)
    return lambda x: explainer.attributions(matrix(x), tables)


def _turn(sums: Floats, fz: Floats, within: Floats) -> Floats | None:
    """The matrix that turns the trees' outputs into the model's up to a constant, if one does."""
    k, outputs = sums.shape[1], fz.shape[1]
    centered = np.eye(k) - 1.0 / k
    one = np.eye(k)[:, -1:]
    for turn in (centered,) if outputs > 1 else (one, -one, one / 2 - np.eye(k)[:, :1] / 2):
        if turn.shape[1] == outputs:
            off = fz - sums @ turn
            if (np.abs(off - off.mean(axis=0)) <= within).all():
                return turn
    return None


def _feature_of(
    matrix: Callable[[list[Vector]], NDArray[np.float32]], signature: Signature, z: list[Vector]
) -> NDArray[np.int64] | None:
    """The feature that each column of the matrix changes with; None if one changes with two."""
    start = matrix([v[:1] for v in z])[0]
    out = np.full(len(start), -1)
    for i, feature in enumerate(signature.features):
        tried = _tried(z[i], len(feature.categories or ()))
        row = [np.repeat(v[:1], len(tried)) for v in z]
        row[i] = tried
        got = matrix(row)
        changed = ((got != start) & ~(np.isnan(got) & np.isnan(start))).any(axis=0)
        if (out[changed] >= 0).any():
            return None
        out[changed] = i
    known: NDArray[np.int64] = np.maximum(out, 0)
    return known


def _tried(values: Vector, categories: int) -> Vector:
    """Values of a feature that between them change all that depends on it."""
    if categories:
        return np.arange(categories + 2).astype(values.dtype)
    if values.dtype.kind != "f":
        return values
    more = np.array([np.nan, -1e6, -1.0, 0.0, 1.0, 1e6], values.dtype)
    return np.concatenate([values, more])
