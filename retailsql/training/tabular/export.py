"""A fitted tabular model as one ONNX graph: encoding prefix, estimator, back to the label's scale.

Linear and kernel models are written as the two or three matrix operators they are, with their
scaling folded into the coefficients: a third of the time of prefix + converted estimator. Trees
and networks go through skl2onnx.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, compose
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.pipeline import Pipeline

from retailsql.training.tabular.prefix import Prefix
from retailsql.training.tabular.prefix_graph import IR_VERSION, OPSETS, Nodes, sideways, upright

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """How a regressor's raw output becomes the label: ``raw * factor + offset + start``, then exp.

    Args:
        factor: standard deviation of what the estimator was fitted to, or 1.
        offset: its mean, or 0.
        log: True if the estimator was fitted to log(label).
        start: position of the feature the prediction starts from (OPTIONS(offset_col)), or None.
        fill: the value of that feature where it is NULL.
    """

    factor: float = 1.0
    offset: float = 0.0
    log: bool = False
    start: int | None = None
    fill: float = 0.0

    def starts(self, inputs: Sequence[NDArray[Any]]) -> Floats | float:
        """What is added to each row's prediction, before exp; inputs as the graph's."""
        if self.start is None:
            return 0.0
        values = np.asarray(inputs[self.start], dtype=np.float64)
        values = np.where(np.isnan(values), self.fill, values)
        return np.log(values) if self.log else values


def export(
    prefix: Prefix, estimator: Any, form: str, outputs: int, scale: Scale
) -> tuple[bytes, str]:
    """Write the graph.

    Args:
        prefix: the fitted encoding.
        estimator: the fitted scikit-learn estimator.
        form: trees, linear, kernel or network.
        outputs: number of classes, or 1 for a regressor.
        scale: how a regressor's output becomes the label.

    Returns:
        The serialized graph and the name of its output, float32 of shape (rows, outputs).
    """
    g = Nodes(prefix.features)
    output = f"{g.tag}score"
    match form:
        case "linear":
            _linear(g, prefix, estimator, outputs, scale, output)
            model = g.model(output, outputs)
        case "kernel":
            _finish(g, _kernel(g, upright(g, prefix), estimator), scale, output)
            model = g.model(output, outputs)
        case _:
            model = _converted(g, prefix, estimator, outputs, scale, output)
    onnx.checker.check_model(model)
    return model.SerializeToString(), output


def _finish(g: Nodes, raw: str, scale: Scale, output: str) -> None:
    """The last operators of a regressor."""
    if scale.factor != 1.0:
        raw = g.add("Mul", raw, g.constant(np.float32(scale.factor)))
    if scale.offset != 0.0:
        raw = g.add("Add", raw, g.constant(np.float32(scale.offset)))
    if scale.start is not None:
        raw = g.add("Add", raw, _start(g, scale))
    g.add("Exp" if scale.log else "Identity", raw, name=output)


def _start(g: Nodes, scale: Scale) -> str:
    """:meth:`Scale.starts` as a column, shape (rows, 1)."""
    x = g.features[scale.start or 0].name
    x = g.add("Where", g.add("IsNaN", x), g.constant(np.float64(scale.fill)), x)
    x = g.add("Cast", g.add("Log", x) if scale.log else x, to=TensorProto.FLOAT)
    return g.add("Unsqueeze", x, g.constant(np.array([1])))


def _linear(
    g: Nodes, prefix: Prefix, estimator: Any, outputs: int, scale: Scale, output: str
) -> None:
    """Coefficients times matrix; two classes are sigmoid of (-z, z), more are softmax."""
    weights = np.atleast_2d(estimator.coef_).astype(np.float64)
    bias = np.atleast_1d(estimator.intercept_).astype(np.float64)
    if outputs > 2:
        x = upright(g, prefix)
        w, b = weights.T.astype(np.float32), bias.astype(np.float32)
        z = g.add("Gemm", x, g.constant(w), g.constant(b))
        g.add("Softmax", z, name=output, axis=1)
        return
    folded, row = prefix.folded(weights[0] * scale.factor)
    start = bias[0] * scale.factor + scale.offset
    signs = np.array([[-1.0], [1.0]]) if outputs == 2 else np.array([[1.0]])
    w, b = (signs * row).astype(np.float32), (signs * start).astype(np.float32)
    z = g.add("Gemm", g.constant(w), sideways(g, folded), g.constant(b))
    if outputs == 2:
        z = g.add("Sigmoid", z)
    if outputs == 2 or not (scale.log or scale.start is not None):
        g.add("Transpose", z, name=output, perm=[1, 0])
        return
    rest = Scale(1.0, 0.0, scale.log, scale.start, scale.fill)
    _finish(g, g.add("Transpose", z, perm=[1, 0]), rest, output)


def _kernel(g: Nodes, x: str, estimator: Any) -> str:
    """Sum of weight_j * exp(-gamma * |x - center_j|^2) + bias, by |x|^2 - 2 x.c + |c|^2."""
    centers, weights, bias, gamma = kernel_expansion(estimator)
    squares = g.add("ReduceSumSquare", x, g.constant(np.array([1])), keepdims=1)
    own = g.add("Mul", squares, g.constant(np.float32(-gamma)))
    towards = (2 * gamma * centers.T).astype(np.float32)
    theirs = (-gamma * (centers**2).sum(axis=1)).astype(np.float32)
    cross = g.add("Gemm", x, g.constant(towards), g.constant(theirs))
    near = g.add("Exp", g.add("Add", cross, own))
    w, b = weights[:, None].astype(np.float32), np.array([bias], np.float32)
    return g.add("Gemm", near, g.constant(w), g.constant(b))


def kernel_expansion(estimator: Any) -> tuple[Floats, Floats, float, float]:
    """Centers, weights, bias and gamma of an RBF machine.

    An SVR's centers are its support vectors. Nystroem features with a linear machine are a sum
    over the landmarks too, as the features are the landmarks' kernels times one fixed matrix.
    """
    if isinstance(estimator, Pipeline):
        nystroem, linear = estimator[0], estimator[-1]
        weights = nystroem.normalization_.T @ linear.coef_
        return nystroem.components_, weights, float(linear.intercept_[0]), float(nystroem.gamma)
    weights = estimator.dual_coef_[0]
    return estimator.support_vectors_, weights, float(estimator.intercept_[0]), estimator.gamma


def _converted(
    g: Nodes, prefix: Prefix, estimator: Any, outputs: int, scale: Scale, output: str
) -> ModelProto:
    """The prefix, then the estimator as skl2onnx writes it, then the label's scale."""
    front = g.model(upright(g, prefix), prefix.width)
    back = _skl2onnx(estimator, prefix.width, outputs)
    kept = back.graph.output[-1].name
    back = compose.add_prefix(back, f"{g.tag}m.")
    back.ir_version = IR_VERSION
    del back.opset_import[:]
    back.opset_import.extend(front.opset_import)
    joined = compose.merge_models(
        front,
        back,
        io_map=[(front.graph.output[0].name, f"{g.tag}m.X")],
        outputs=[f"{g.tag}m.{kept}"],
    )
    tail = Nodes(prefix.features)
    tail.nodes, tail.constants = list(joined.graph.node), list(joined.graph.initializer)
    _finish(tail, f"{g.tag}m.{kept}", scale if outputs == 1 else Scale(), output)
    return tail.model(output, outputs)


def _skl2onnx(estimator: Any, width: int, outputs: int) -> ModelProto:
    """The estimator alone, from a float32 matrix."""
    with warnings.catch_warnings():
        # skl2onnx 1.20 writes a boolean where protobuf wants an int (see pyproject: protobuf<7).
        warnings.filterwarnings("ignore", "Field onnx.AttributeProto.ints", DeprecationWarning)
        return convert_sklearn(
            estimator,
            initial_types=[("X", FloatTensorType([None, width]))],
            options={"zipmap": False} if outputs > 1 else None,
            target_opset=OPSETS,
        )
