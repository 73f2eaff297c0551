"""Distances to centroids as ONNX."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from retailsql.evaluation.clusters import unit
from retailsql.training.tabular.prefix_graph import Nodes

Floats = NDArray[np.float64]


def write_distances(g: Nodes, matrix: str, output: str, centroids: Floats, cosine: bool) -> None:
    """:func:`retailsql.evaluation.clusters.distances` as ONNX, in double: a float would lose the
    difference of |x|^2 and 2 x.c near a centroid.
    """
    x = g.add("Cast", matrix, to=TensorProto.DOUBLE)
    squares = g.add("ReduceSumSquare", x, g.constant(np.array([1])), keepdims=1)
    zero = g.constant(np.float64(0.0))
    if cosine:
        length = g.add("Max", g.add("Sqrt", squares), g.constant(np.float64(1e-12)))
        cos = g.add("Div", g.add("MatMul", x, g.constant(unit(centroids).T.copy())), length)
        squares = g.add("Sub", g.constant(np.float64(1.0)), cos)
    else:
        own = (centroids**2).sum(axis=1)
        cross = g.add("Gemm", x, g.constant((-2.0 * centroids.T).copy()), g.constant(own))
        squares = g.add("Add", cross, squares)
    root = g.add("Sqrt", g.add("Max", squares, zero))
    g.add("Cast", root, name=output, to=TensorProto.FLOAT)
