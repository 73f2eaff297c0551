"""The encoding prefix as ONNX nodes: standard operators only, one input vector per feature.

The matrix is built lying on its side, one row per matrix column, because joining vectors end to
end copies whole blocks; it is turned once at the end, or not at all (linear models).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from retailsql.signature import Feature
from retailsql.training.tabular.prefix import DAYS_PER_YEAR, Lookup, Prefix

OPSETS = {"": 18, "ai.onnx.ml": 3}
IR_VERSION = 10


class Nodes:
    """ONNX nodes in the making; every inner name begins with a tag no feature name begins with.

    Args:
        features: the graph's inputs.

    >>> Nodes([Feature("rs.a", "DOUBLE")]).tag
    'rs_.'
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.tag = "rs."
        while any(f.name.startswith(self.tag) for f in features):
            self.tag = self.tag[:-1] + "_."
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.features = features

    def add(self, op: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Append a node with one output; its name is returned."""
        output = name or f"{self.tag}{op}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(self, values: Any) -> str:
        """Store an array; its name is returned."""
        name = f"{self.tag}c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def model(self, output: str, width: int) -> ModelProto:
        """The graph from the features to ``output``, float32 of shape (rows, width)."""
        graph = helper.make_graph(
            self.nodes,
            "retailsql",
            [_input(f) for f in self.features],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["rows", width])],
            self.constants,
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)


def _input(feature: Feature) -> ValueInfoProto:
    kind = TensorProto.INT64 if feature.categories is not None else TensorProto.DOUBLE
    return helper.make_tensor_value_info(feature.name, kind, ["rows"])


def sideways(g: Nodes, prefix: Prefix) -> str:
    """The matrix lying on its side, shape (width, rows); every category must be one column wide."""
    return _stack(g, [*_upper(g, prefix), *_narrow(g, prefix.lookups)])


def upright(g: Nodes, prefix: Prefix) -> str:
    """The matrix, shape (rows, width)."""
    narrow = [k for k in prefix.lookups if k.width == 1]
    wide = [k for k in prefix.lookups if k.width > 1]
    top = [*_upper(g, prefix), *_narrow(g, narrow)]
    blocks = [g.add("Transpose", _stack(g, top), perm=[1, 0])] if top else []
    names = [f.name for f in prefix.features]
    blocks += [g.add("Gather", g.constant(k.table), names[k.position]) for k in wide]
    return blocks[0] if len(blocks) == 1 else g.add("Concat", *blocks, axis=1)


def _stack(g: Nodes, blocks: list[str]) -> str:
    return blocks[0] if len(blocks) == 1 else g.add("Concat", *blocks, axis=0)


def _rows(g: Nodes, names: Iterable[str]) -> str:
    """Vectors of one type as the rows of one matrix."""
    names = list(names)
    if len(names) == 1:
        return g.add("Unsqueeze", names[0], g.constant(np.array([0])))
    joined = g.add("Concat", *names, axis=0)
    return g.add("Reshape", joined, g.constant(np.array([len(names), -1])))


def _upper(g: Nodes, prefix: Prefix) -> list[str]:
    """Numbers and calendar columns."""
    if not prefix.numeric:
        return []
    names = [f.name for f in prefix.features]
    x = _rows(g, [names[i] for i in prefix.numeric])
    if prefix.center.any():
        x = g.add("Sub", x, g.constant(prefix.center))
    if (prefix.scale != 1.0).any():
        x = g.add("Mul", x, g.constant(prefix.scale))
    x = g.add("Cast", x, to=TensorProto.FLOAT)
    x = g.add("Where", g.add("IsNaN", x), g.constant(prefix.fill), x)
    return [x, *(block for i in prefix.dated for block in _calendar(g, names[i], prefix.waves))]


def _calendar(g: Nodes, days: str, waves: bool) -> list[str]:
    """:func:`retailsql.training.tabular.prefix.calendar`, operation by operation."""
    days = g.add("Unsqueeze", days, g.constant(np.array([0])))
    shifted = g.add("Add", g.add("Floor", days), g.constant(np.array(3.0)))
    seven = g.constant(np.array(7.0))
    weeks = g.add("Floor", g.add("Div", shifted, seven))
    weekday = g.add("Sub", shifted, g.add("Mul", weeks, seven))
    same = g.add("Equal", weekday, g.constant(np.arange(7.0)[:, None]))
    years = g.add("Div", days, g.constant(np.array(DAYS_PER_YEAR)))
    part = g.add("Sub", years, g.add("Floor", years))
    phase = g.add("Cast", part, to=TensorProto.FLOAT)
    if waves:
        turn = g.add("Mul", phase, g.constant(np.float32(2 * np.pi)))
        phase = g.add("Concat", g.add("Sin", turn), g.add("Cos", turn), axis=0)
    filled = g.add("Where", g.add("IsNaN", phase), g.constant(np.float32(0)), phase)
    return [g.add("Cast", same, to=TensorProto.FLOAT), filled]


def _narrow(g: Nodes, lookups: Sequence[Lookup]) -> list[str]:
    """All categories of one column in one Gather: tables end to end, codes shifted."""
    if not lookups:
        return []
    codes = _rows(g, [g.features[k.position].name for k in lookups])
    if len(lookups) > 1:
        sizes = [len(k.table) for k in lookups[:-1]]
        codes = g.add("Add", codes, g.constant(np.cumsum([0, *sizes])[:, None]))
    table: NDArray[np.float32] = np.concatenate([k.table[:, 0] for k in lookups])
    return [g.add("Gather", g.constant(table), codes)]
