"""The recommender's weights as an ONNX graph: histories in, the best k items out.

    codes (N, L) ─┬─ Gather near_index ───────────────────────┐
                  ├─ Gather near_weight ─ x weights (N, L) ─┐ │
                  └─ Gather repeat ─ x counts (N, L) ─┐     │ │
    popularity ─ Expand ─ ScatterElements(add) <──────│─────┴─┘
                  └────── ScatterElements(add) <──────┴── -inf instead, where exclude (N, 1)
                  └────── without column J ─ TopK(k) ─ scores (N, k), items (N, k)

Short histories are padded with code J, whose neighbours are J with weight 0: additions of 0 to a
column that is cut off, so padding cannot change a bit. A row's sums are added in the order of its
codes and touch no other row, so the batch cannot either: there is no matrix product here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from retailsql.signature import Graph
from retailsql.training.items.item_weights import ItemWeights

GRAPH = Graph(
    inputs=("codes", "weights", "counts", "exclude", "k"),
    dtypes=("int64", "double", "double", "bool", "int64"),
    output="scores",
)
"""Names and types of the graph's inputs; its second output, ``items``, holds the item codes."""

OPSET = 18


def knn_graph(weights: ItemWeights) -> bytes:
    """The serialized graph, checked.

    Args:
        weights: J items with M neighbours each.

    Returns:
        An ONNX model with the inputs of :data:`GRAPH` and the outputs ``scores`` double (N, k)
        and ``items`` int64 (N, k), best first, ties by lower code; an excluded item that had to
        be returned for want of others has the score -inf.
    """
    graph = helper.make_graph(
        _nodes(),
        "recommend",
        [
            helper.make_tensor_value_info("codes", TensorProto.INT64, ["N", "L"]),
            helper.make_tensor_value_info("weights", TensorProto.DOUBLE, ["N", "L"]),
            helper.make_tensor_value_info("counts", TensorProto.DOUBLE, ["N", "L"]),
            helper.make_tensor_value_info("exclude", TensorProto.BOOL, ["N", 1]),
            helper.make_tensor_value_info("k", TensorProto.INT64, [1]),
        ],
        [
            helper.make_tensor_value_info("scores", TensorProto.DOUBLE, ["N", "K"]),
            helper.make_tensor_value_info("items", TensorProto.INT64, ["N", "K"]),
        ],
        _constants(weights),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _constants(weights: ItemWeights) -> list[onnx.TensorProto]:
    j = weights.item_count
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "near_index": weights.near_index,
        "near_weight": weights.near_weight,
        "repeat": weights.repeat,
        "popularity": np.append(weights.popularity, 0.0)[None, :],
        "minus_infinity": np.array(-np.inf),
        "last_axis": np.array([-1], dtype=np.int64),
        "one_axis": np.array([1], dtype=np.int64),
        "flat": np.array([0, -1], dtype=np.int64),
        "columns": np.array([j + 1], dtype=np.int64),
        "zero": np.array([0], dtype=np.int64),
        "item_count": np.array([j], dtype=np.int64),
    }
    return [numpy_helper.from_array(array, name) for name, array in arrays.items()]


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Gather", ["near_index", "codes"], ["near_items"]),
        node("Gather", ["near_weight", "codes"], ["near_floats"]),
        node("Cast", ["near_floats"], ["near_values"], to=TensorProto.DOUBLE),
        node("Unsqueeze", ["weights", "last_axis"], ["event_weights"]),
        node("Mul", ["near_values", "event_weights"], ["near_scores"]),
        node("Reshape", ["near_items", "flat"], ["flat_items"]),
        node("Reshape", ["near_scores", "flat"], ["flat_scores"]),
        node("Shape", ["codes"], ["rows"], start=0, end=1),
        node("Concat", ["rows", "columns"], ["board"], axis=0),
        node("Expand", ["popularity", "board"], ["fillers"]),
        node(
            "ScatterElements",
            ["fillers", "flat_items", "flat_scores"],
            ["near_sums"],
            axis=1,
            reduction="add",
        ),
        node("Gather", ["repeat", "codes"], ["repeat_values"]),
        node("Mul", ["repeat_values", "counts"], ["repeat_scores"]),
        node("Where", ["exclude", "minus_infinity", "repeat_scores"], ["own_scores"]),
        node(
            "ScatterElements",
            ["near_sums", "codes", "own_scores"],
            ["all_scores"],
            axis=1,
            reduction="add",
        ),
        node("Slice", ["all_scores", "zero", "item_count", "one_axis"], ["item_scores"]),
        node("TopK", ["item_scores", "k"], ["scores", "items"], axis=1, largest=1, sorted=1),
    ]
