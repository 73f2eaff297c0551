"""Biases and factors as an ONNX graph: codes in, scores and the best items out.

    user (N,) ─┬─ Gather user_bias ──────────────────────────────┐
               └─ Gather user_factors (N, F) ─┬─ Mul ─ ReduceSum ─┴─ Add ─ + mean ─ score (N,)
    item (N,) ─┬─ Gather item_factors (N, F) ─┘                   │
               └─ Gather item_bias ───────────────────────────────┘

    user (N,) ─ Gather user_factors ─ MatMul all items ─ + biases + mean ─ TopK(k)
                                             ─ top_scores (N, k), top_items (N, k)

The last user code and the last item code mean "unknown": bias 0, factors 0, so that what is known
of the other side still scores. TopK sees the known items only, and runs only where k > 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from retailsql.signature import Graph
from retailsql.training.factorization.als import Factors

GRAPH = Graph(inputs=("user", "item"), dtypes=("int64", "int64"), output="score")
"""The row's inputs; the graph has a third, ``k``, and the outputs ``top_scores``, ``top_items``."""

OPSET = 18


def factor_graph(factors: Factors) -> bytes:
    """The serialized graph, checked.

    Args:
        factors: of U users and I items; user code U and item code I are those unknown.
    """
    double, whole = TensorProto.DOUBLE, TensorProto.INT64
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        _nodes(),
        "factors",
        [value("user", whole, ["N"]), value("item", whole, ["N"]), value("k", whole, [1])],
        [
            value("score", double, ["N"]),
            value("top_scores", double, ["M", "K"]),
            value("top_items", whole, ["M", "K"]),
        ],
        [numpy_helper.from_array(array, name) for name, array in _constants(factors).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _constants(factors: Factors) -> dict[str, NDArray[Any]]:
    """Factors are kept as 32-bit floats; the arithmetic is in doubles."""
    return {
        "mean": np.array(factors.mean),
        "user_bias": np.append(factors.user_bias, np.float32(0)),
        "item_bias": np.append(factors.item_bias, np.float32(0)),
        "user_factors": np.vstack([factors.user, np.zeros_like(factors.user[:1])]),
        "item_factors": np.vstack([factors.item, np.zeros_like(factors.item[:1])]),
        "items": np.array([len(factors.item)], dtype=np.int64),
        "zero": np.array([0], dtype=np.int64),
        "no_cells": np.array([0, 0], dtype=np.int64),
        "first_axis": np.array([0], dtype=np.int64),
        "last_axis": np.array([-1], dtype=np.int64),
    }


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    gathered = [
        step
        for side, code in (("user", "user"), ("item", "item"))
        for what in ("bias", "factors")
        for step in (
            node("Gather", [f"{side}_{what}", code], [f"{side}_{what}_single"]),
            node("Cast", [f"{side}_{what}_single"], [f"own_{side}_{what}"], to=TensorProto.DOUBLE),
        )
    ]
    return [
        *gathered,
        node("Mul", ["own_user_factors", "own_item_factors"], ["products"]),
        node("ReduceSum", ["products", "last_axis"], ["product"], keepdims=0),
        node("Add", ["own_user_bias", "own_item_bias"], ["biases"]),
        node("Add", ["biases", "mean"], ["level"]),
        node("Add", ["level", "product"], ["score"]),
        *_top_nodes(),
    ]


def _top_nodes() -> list[onnx.NodeProto]:
    """A branch, since ONNX Runtime runs all of a graph whatever outputs are asked for: pairs are
    scored with k = 0, and no list is made.
    """
    node, value = helper.make_node, helper.make_tensor_value_info
    lists = [
        value("list_scores", TensorProto.DOUBLE, ["M", "K"]),
        value("list_items", TensorProto.INT64, ["M", "K"]),
    ]
    nothing = [
        node("ConstantOfShape", ["no_cells"], ["no_scores"], value=_empty(np.float64)),
        node("ConstantOfShape", ["no_cells"], ["no_items"], value=_empty(np.int64)),
    ]
    none = [
        value("no_scores", TensorProto.DOUBLE, ["M", "K"]),
        value("no_items", TensorProto.INT64, ["M", "K"]),
    ]
    return [
        node("Greater", ["k", "zero"], ["some"]),
        node("Squeeze", ["some", "first_axis"], ["wanted"]),
        node(
            "If",
            ["wanted"],
            ["top_scores", "top_items"],
            then_branch=helper.make_graph(_list_nodes(), "lists", [], lists),
            else_branch=helper.make_graph(nothing, "nothing", [], none),
        ),
    ]


def _empty(dtype: type) -> onnx.TensorProto:
    return numpy_helper.from_array(np.zeros(1, dtype=dtype))


def _list_nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Slice", ["item_factors", "zero", "items", "first_axis"], ["all_single"]),
        node("Cast", ["all_single"], ["all_factors"], to=TensorProto.DOUBLE),
        node("Transpose", ["all_factors"], ["all_turned"], perm=[1, 0]),
        node("MatMul", ["own_user_factors", "all_turned"], ["all_products"]),
        node("Slice", ["item_bias", "zero", "items", "first_axis"], ["all_bias_single"]),
        node("Cast", ["all_bias_single"], ["all_bias"], to=TensorProto.DOUBLE),
        node("Unsqueeze", ["own_user_bias", "last_axis"], ["user_column"]),
        node("Add", ["user_column", "all_bias"], ["all_biases"]),
        node("Add", ["all_biases", "mean"], ["all_levels"]),
        node("Add", ["all_levels", "all_products"], ["all_scores"]),
        node(
            "TopK", ["all_scores", "k"], ["list_scores", "list_items"], axis=1, largest=1, sorted=1
        ),
    ]
