"""Makes the tiny ONNX models of this folder; run it again only to change them.

Their answers can be worked out by hand: ``line`` is 2a - b + 0.5c + 0.25, ``odds`` is the sigmoid
of that without c, ``mixed`` is size + 10 * (plan is 'plus') + 100 * vip + 1000 * visits.
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto as T
from onnx import external_data_helper, helper, numpy_helper, save

HERE = Path(__file__).parent


def model(nodes, inputs, outputs, constants=(), domains=()):
    initializers = [numpy_helper.from_array(np.asarray(v), k) for k, v in dict(constants).items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    opsets = [helper.make_opsetid("", 18), *(helper.make_opsetid(d, v) for d, v in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def value(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, list(shape))


def line(batch="N", weights=(2.0, -1.0, 0.5), bias=0.25):
    w = np.array(weights, "f4").reshape(-1, 1)
    nodes = [
        helper.make_node("MatMul", ["X", "W"], ["m"]),
        helper.make_node("Add", ["m", "b"], ["y"]),
    ]
    return model(
        nodes,
        [value("X", T.FLOAT, batch, len(weights))],
        [value("y", T.FLOAT, batch, 1)],
        {"W": w, "b": np.array([bias], "f4")},
    )


def line_columns():
    """2a - b over two double vectors."""
    nodes = [
        helper.make_node("Mul", ["a", "two"], ["t"]),
        helper.make_node("Sub", ["t", "b"], ["y"]),
    ]
    return model(
        nodes,
        [value("a", T.DOUBLE, "N"), value("b", T.DOUBLE, "N")],
        [value("y", T.DOUBLE, "N")],
        {"two": np.array(2.0)},
    )


def odds(zipmap=False):
    """Two classes; P(1) = sigmoid(2a - b)."""
    nodes = [
        helper.make_node("MatMul", ["X", "W"], ["m"]),
        helper.make_node("Sigmoid", ["m"], ["p"]),
        helper.make_node("Sub", ["one", "p"], ["q"]),
        helper.make_node("Concat", ["q", "p"], ["probs"], axis=1),
        helper.make_node("ArgMax", ["probs"], ["label"], axis=1, keepdims=0),
    ]
    constants = {"W": np.array([[2.0], [-1.0]], "f4"), "one": np.array([1.0], "f4")}
    outputs = [value("label", T.INT64, "N"), value("probs", T.FLOAT, "N", 2)]
    if not zipmap:
        return model(nodes, [value("X", T.FLOAT, "N", 2)], outputs, constants)
    nodes.append(
        helper.make_node("ZipMap", ["probs"], ["maps"], domain="ai.onnx.ml",
                         classlabels_strings=["No", "Yes"])
    )  # fmt: skip
    maps = helper.make_value_info(
        "maps",
        helper.make_sequence_type_proto(
            helper.make_map_type_proto(T.STRING, helper.make_tensor_type_proto(T.FLOAT, []))
        ),
    )
    return model(
        nodes, [value("X", T.FLOAT, "N", 2)], [outputs[0], maps], constants, [("ai.onnx.ml", 3)]
    )


def three():
    """Three classes; probabilities softmax of (a, b, 0)."""
    nodes = [
        helper.make_node("MatMul", ["X", "W"], ["m"]),
        helper.make_node("Softmax", ["m"], ["probs"], axis=1),
        helper.make_node("ArgMax", ["probs"], ["label"], axis=1, keepdims=0),
    ]
    return model(
        nodes,
        [value("X", T.FLOAT, "N", 2)],
        [value("label", T.INT64, "N"), value("probs", T.FLOAT, "N", 3)],
        {"W": np.array([[1, 0, 0], [0, 1, 0]], "f4")},
    )


def mixed():
    """Float, string, bool and int64 columns of shape (rows, 1)."""
    nodes = [
        helper.make_node("LabelEncoder", ["plan"], ["p"], domain="ai.onnx.ml",
                         keys_strings=["basic", "plus"], values_floats=[0.0, 10.0],
                         default_float=-1.0),
        helper.make_node("Cast", ["vip"], ["vf"], to=T.FLOAT),
        helper.make_node("Mul", ["vf", "hundred"], ["v"]),
        helper.make_node("Cast", ["visits"], ["nf"], to=T.FLOAT),
        helper.make_node("Mul", ["nf", "thousand"], ["n"]),
        helper.make_node("Sum", ["size", "p", "v", "n"], ["y"]),
    ]  # fmt: skip
    inputs = [
        value("size", T.FLOAT, "N", 1), value("plan", T.STRING, "N", 1),
        value("vip", T.BOOL, "N", 1), value("visits", T.INT64, "N", 1),
    ]  # fmt: skip
    constants = {"hundred": np.array(100, "f4"), "thousand": np.array(1000, "f4")}
    return model(nodes, inputs, [value("y", T.FLOAT, "N", 1)], constants, [("ai.onnx.ml", 3)])


def codes():
    """A text column as codes: y = 10 * code + size."""
    nodes = [
        helper.make_node("Cast", ["plan"], ["p"], to=T.DOUBLE),
        helper.make_node("Mul", ["p", "ten"], ["t"]),
        helper.make_node("Add", ["t", "size"], ["y"]),
    ]
    return model(
        nodes,
        [value("plan", T.INT64, "N"), value("size", T.DOUBLE, "N")],
        [value("y", T.DOUBLE, "N")],
        {"ten": np.array(10.0)},
    )


def whole():
    """y = 2n over an int32 vector."""
    nodes = [
        helper.make_node("Cast", ["n"], ["f"], to=T.DOUBLE),
        helper.make_node("Mul", ["f", "two"], ["y"]),
    ]
    return model(
        nodes, [value("n", T.INT32, "N")], [value("y", T.DOUBLE, "N")], {"two": np.array(2.0)}
    )


def hours():
    """Days as hours: y = 24 * at, over a double vector."""
    nodes = [helper.make_node("Mul", ["at", "day"], ["y"])]
    return model(
        nodes, [value("at", T.DOUBLE, "N")], [value("y", T.DOUBLE, "N")], {"day": np.array(24.0)}
    )


def share():
    """Mixes rows: each value's share of the batch."""
    nodes = [
        helper.make_node("ReduceSum", ["x", "axis"], ["sum"], keepdims=1),
        helper.make_node("Div", ["x", "sum"], ["y"]),
    ]
    return model(
        nodes,
        [value("x", T.FLOAT, "N")],
        [value("y", T.FLOAT, "N")],
        {"axis": np.array([0], "i8")},
    )


def logits(last=None):
    """Two scores per row that are no probabilities: (b - 2a, a + 3b), or their sigmoids."""
    nodes = [helper.make_node("MatMul", ["X", "W"], ["z" if last else "y"])]
    nodes += [helper.make_node(last, ["z"], ["y"])] if last else []
    return model(
        nodes,
        [value("X", T.FLOAT, "N", 2)],
        [value("y", T.FLOAT, "N", 2)],
        {"W": np.array([[-2, 1], [1, 3]], "f4")},
    )


def custom_domain():
    nodes = [helper.make_node("Secret", ["X"], ["y"], domain="com.example")]
    return model(
        nodes,
        [value("X", T.FLOAT, "N", 2)],
        [value("y", T.FLOAT, "N", 1)],
        (),
        [("com.example", 1)],
    )


def one_answer():
    """Returns a single number for all rows."""
    nodes = [helper.make_node("ReduceMean", ["X"], ["y"], keepdims=1)]
    return model(nodes, [value("X", T.FLOAT, "N", 2)], [value("y", T.FLOAT, 1, 1)])


def main():
    for name, made in {
        "line": line(), "line_bias_9": line(bias=9.0), "line_columns": line_columns(),
        "odds": odds(), "odds_zipmap": odds(zipmap=True), "three": three(), "mixed": mixed(),
        "codes": codes(), "fixed_batch": line(batch=1), "custom_domain": custom_domain(),
        "one_answer": one_answer(), "whole": whole(), "hours": hours(), "share": share(),
        "logits": logits(), "two_sigmoids": logits("Sigmoid"),
    }.items():  # fmt: skip
        save(made, HERE / f"{name}.onnx")
    external = line(weights=tuple(float(i) for i in range(400)))
    external_data_helper.convert_model_to_external_data(external, location="external.bin")
    save(external, HERE / "external_data.onnx")
    (HERE / "external.bin").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
