"""Each query of sql/queries has its expected answer stored here, on fixed models.

The shop is made up from a seed and the models are graphs whose answers can be worked out by hand,
so that an answer changes only when the SQL does. After a change that is meant, run
``RETAILSQL_WRITE_ANSWERS=1 pytest tests/queries`` and read the difference.
"""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto as T
from onnx import helper, numpy_helper

import retailsql
from retailsql.demo.shop import ShopSize, make_shop
from retailsql.functions import publish
from retailsql.registry.names import resolve
from retailsql.registry.version import ModelVersion
from retailsql.runner.project import default_project, load_project
from retailsql.runner.run import run, run_query
from retailsql.signature import Graph, Signature
from retailsql.training.items.item_weights import ItemWeights
from retailsql.training.items.knn_graph import GRAPH, knn_graph
from tests.test_forecast import last_value_graph

HERE = Path(__file__).parent
PROJECT = load_project(default_project())


def onnx(nodes, inputs, output, constants):
    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, [output], tensors)
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9).SerializeToString()


def vector(name):
    return helper.make_tensor_value_info(name, T.DOUBLE, ["N"])


def churn():
    """Sigmoid of (recency - 60) / 30."""
    nodes = [
        helper.make_node("Sub", ["recency_days", "sixty"], ["late"]),
        helper.make_node("Div", ["late", "thirty"], ["x"]),
        helper.make_node("Sigmoid", ["x"], ["p"]),
    ]
    constants = {"sixty": np.array(60.0), "thirty": np.array(30.0)}
    return onnx(nodes, [vector("recency_days")], vector("p"), constants)


def price():
    """The mean of last week's and the regular price."""
    nodes = [
        helper.make_node("Add", ["last_price", "regular_price"], ["s"]),
        helper.make_node("Mul", ["s", "half"], ["y"]),
    ]
    inputs = [vector("last_price"), vector("regular_price")]
    return onnx(nodes, inputs, vector("y"), {"half": np.array(0.5)})


def register(con, name, graph, signature):
    """Register a graph of a kind that import_onnx does not make; no sample rows."""
    model = ModelVersion(graph, signature, "ONNX")
    target = resolve(con.connection, name)
    publish.ensure_hidden(con.connection, target.name, model.content_hash, signature, model)
    call = publish.Call(target.name, model.content_hash, signature)
    publish._write(con.connection, target, model, call, deployed=True)


@pytest.fixture(scope="module")
def shop():
    with retailsql.connect() as con:
        made = make_shop(ShopSize(120, 24, 2, 500), seed=3)
        made.load(con)
        run(con, PROJECT)
        retailsql.import_onnx(con, "churn", churn(), classes=["no", "yes"], label="churned")
        retailsql.import_onnx(con, "price", price(), label="price")
        steps = {"window": 4, "horizon": 28, "levels": [0.05, 0.5, 0.95]}
        line = Signature(
            "forecaster", (), Graph(("history",), ("float",), "value"), "units", options=steps
        )
        register(con, "demand", last_value_graph(28), line)
        items = [
            r[0] for r in con.execute("SELECT product_id FROM raw.products ORDER BY 1").fetchall()
        ]
        register(con, "basket", *basket(items))
        yield con


def basket(items):
    """Each product leads to the next one in the list; the first is the most popular."""
    n = len(items)
    weights = ItemWeights(
        near_index=np.array([*((i + 1) % n for i in range(n)), n], dtype=np.int32).reshape(-1, 1),
        near_weight=np.array([1.0] * n + [0.0], dtype=np.float32).reshape(-1, 1),
        repeat=np.zeros(n + 1),
        popularity=np.linspace(0.02, 0.01, n),
        half_life=5.0,
        floor=0.0,
        max_history=50,
    )
    options = {
        "items": items, "item_type": "VARCHAR", "num_neighbors": 1, "max_history": 50,
        "history_half_life": 5.0, "history_floor": 0.0, "user_col": "customer_id",
    }  # fmt: skip
    return knn_graph(weights), Signature(
        "recommender", (), GRAPH, "product_id", "VARCHAR", options=options
    )


def as_csv(answer):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(answer.rows)
    return out.getvalue()


@pytest.mark.parametrize("name", sorted(PROJECT.queries))
def test_query_gives_the_expected_answer(shop, name):
    got = as_csv(run_query(shop, PROJECT, name))
    file = HERE / f"{name}.csv"
    if os.environ.get("RETAILSQL_WRITE_ANSWERS"):
        file.write_text(got, "utf-8")
    assert got == file.read_text("utf-8")
    assert len(got.splitlines()) > 5


def test_every_answer_belongs_to_a_query():
    assert {f.stem for f in HERE.glob("*.csv")} == set(PROJECT.queries)
