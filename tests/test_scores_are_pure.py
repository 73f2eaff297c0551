"""Same row, same score to the last bit, however many rows are scored beside it."""

import numpy as np
import pytest

import retailsql

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper


def network(activation):
    """Six numbers, 32 units, three values of one activation, summed."""
    random = np.random.default_rng(0)
    inner, outer = random.normal(size=(6, 32)), random.normal(size=(32, 3))
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node(activation, ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "v"], ["c"]),
        helper.make_node(activation, ["c"], ["d"]),
        helper.make_node("ReduceSum", ["d", "last"], ["y"], keepdims=1),
    ]
    graph = helper.make_graph(
        nodes, "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor("w", TensorProto.FLOAT, inner.shape, inner.ravel()),
         helper.make_tensor("v", TensorProto.FLOAT, outer.shape, outer.ravel()),
         helper.make_tensor("last", TensorProto.INT64, [1], [1])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return model.SerializeToString()


@pytest.mark.parametrize("activation", ["Elu", "Sigmoid", "Tanh"])
def test_the_rest_of_a_block_scores_as_the_whole(con, activation):
    names = list("abcdef")
    retailsql.import_onnx(con, "net", network(activation), inputs=dict.fromkeys(names, "DOUBLE"))
    columns = ", ".join(
        f"((k * {7919 + i}) % 4001) / 1000.0 - 2 AS {n}" for i, n in enumerate(names)
    )
    con.execute(f"CREATE TABLE t AS SELECT k, {columns} FROM range(2048) AS r(k)")
    whole = dict(con.execute("SELECT k, net_predict(t) FROM t").fetchall())
    for start in range(0, 2000, 4):
        some = f"SELECT * FROM t WHERE k BETWEEN {start} AND {start + 1 + start % 37}"
        found = con.execute(f"SELECT k, net_predict(s) FROM ({some}) AS s").fetchall()
        assert found == [(k, whole[k]) for k, _ in found]
