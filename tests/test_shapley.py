"""Shapley values: those of the definition and of the package shap; sampled, with their error."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pyarrow as pa
import pytest
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestRegressor,
)

from retailsql.scoring import explain
from retailsql.scoring.background import choose
from retailsql.scoring.explain import Explainer
from retailsql.scoring.onnx_session import open_graph
from retailsql.scoring.onnx_trees import read_trees
from retailsql.scoring.rows import RowScorer
from retailsql.signature import Feature, Graph, Signature


def attributions(rows, features):
    """Lists of (position, attribution) as a matrix in feature order."""
    out = np.zeros((len(rows), features))
    for i, row in enumerate(rows):
        for pair in row["top"]:
            out[i, pair["position"] - 1] = pair["attribution"]
    return out


def by_definition(function, x, z):
    """Shapley values of each row of x, averaged over the rows of z: all orders, no trick."""
    d = x.shape[1]
    out = np.zeros(x.shape)
    for row, order in itertools.product(range(len(x)), itertools.permutations(range(d))):
        mixed = z.copy()
        before = function(mixed).mean()
        for i in order:
            mixed[:, i] = x[row, i]
            after = function(mixed).mean()
            out[row, i] += after - before
            before = after
    return out / math.factorial(d)


def exported(estimator, width, signature):
    """An explainer of a scikit-learn model that skl2onnx wrote, by way of its own matrix input."""
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"zipmap": False} if signature == "classifier" else None
        model = convert_sklearn(
            estimator, initial_types=[("X", FloatTensorType([None, width]))], options=options,
            target_opset={"": 17, "ai.onnx.ml": 3},
        )  # fmt: skip
    features = tuple(Feature(f"c{i}", "DOUBLE") for i in range(width))
    graph = Graph(("X",), ("float",), model.graph.output[-1].name, matrix=True)
    classes = {"classes": (0, 1), "positive_class": 1} if signature == "classifier" else {}
    told = Signature(signature, features, graph, "y", **classes)
    onnx = model.SerializeToString()
    return onnx, told, RowScorer(open_graph(onnx), told)


def data(rows, width, seed=0):
    """Numbers that 32-bit floats hold, and a label with interactions of three features."""
    x = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32).astype(float)
    return x, x[:, 0] * 2 + x[:, 1] * x[:, 2] * (x[:, 0] > 0) + np.sin(x[:, -1])


def explainer_of(estimator, kind, width):
    x, y = data(300, width)
    estimator.fit(x, y > 0 if kind == "classifier" else y)
    onnx, signature, scorer = exported(estimator, width, kind)
    table = pa.table({f"c{i}": x[:, i] for i in range(width)})
    background = choose(scorer, signature, table)
    z = np.array([[row[f"c{i}"] for i in range(width)] for row in background[:32]])
    rows = data(12, width, seed=1)[0]
    return onnx, signature, scorer, background, z, rows


def own(explainer, rows, classes=None):
    told = explainer.explain([pa.array(rows[:, i]) for i in range(rows.shape[1])], classes)
    return told.to_pylist()


@pytest.mark.parametrize(
    ("estimator", "kind"),
    [
        (HistGradientBoostingRegressor(max_iter=20, max_depth=4), "regressor"),
        (GradientBoostingRegressor(n_estimators=20), "regressor"),
        (RandomForestRegressor(10, max_depth=6, random_state=0), "regressor"),
        (HistGradientBoostingClassifier(max_iter=20, max_depth=3), "classifier"),
    ],
)
@pytest.mark.parametrize("how", ["tables", "coalitions"])
def test_trees_by_definition(estimator, kind, how):
    """Tables made from the graph, and asking for coalitions: both are the definition's values."""
    onnx, signature, scorer, background, z, rows = explainer_of(estimator, kind, 4)
    explainer = Explainer(scorer, signature, background, onnx if how == "tables" else None)
    assert explainer.exact
    function = estimator.predict if kind == "regressor" else estimator.decision_function
    positive = pa.array([2 if kind == "classifier" else None] * len(rows), pa.int32())
    told = own(explainer, rows, positive)
    assert attributions(told, 4) == pytest.approx(by_definition(function, rows, z), abs=2e-5)
    assert {row["error"] for row in told} == {0.0}


@pytest.mark.parametrize("kind", ["regressor", "classifier"])
def test_trees_equal_shap(kind):
    """The package shap, with the same reference rows, on twelve features."""
    import shap

    model = {
        "regressor": HistGradientBoostingRegressor(max_iter=40, max_depth=3),
        "classifier": HistGradientBoostingClassifier(max_iter=40, max_depth=3),
    }[kind]
    onnx, signature, scorer, background, z, rows = explainer_of(model, kind, 12)
    positive = pa.array([2 if kind == "classifier" else None] * len(rows), pa.int32())
    told = own(Explainer(scorer, signature, background, onnx), rows, positive)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = shap.TreeExplainer(model, data=z, feature_perturbation="interventional")
        expected = peer.shap_values(rows, check_additivity=False)
    assert attributions(told, 12) == pytest.approx(expected, abs=2e-5)
    assert told[0]["baseline"] == pytest.approx(peer.expected_value, abs=1e-5)


def test_sampling_states_its_error():
    """Asked without the graph's trees, a model of twelve features is sampled: the error told is
    about the error made, and more permutations make it smaller."""
    model = GradientBoostingRegressor(n_estimators=30, max_depth=5, random_state=0)
    onnx, signature, scorer, background, _, rows = explainer_of(model, "regressor", 12)
    truth = attributions(own(Explainer(scorer, signature, background, onnx), rows), 12)
    blind, errors = Explainer(scorer, signature, background), []
    for permutations in (20, explain.PERMUTATIONS, 640):
        told = blind.explain(
            [pa.array(rows[:, i]) for i in range(12)], None, permutations
        ).to_pylist()
        off = np.abs(attributions(told, 12) - truth).max(axis=1)
        said = np.array([row["error"] for row in told])
        assert (said > 0).all()
        assert (off <= 5 * said).mean() > 0.9
        errors.append(off.mean())
    assert errors == sorted(errors, reverse=True)
    assert errors[1] < 0.05 * np.abs(truth).max(axis=1).mean()


def test_what_is_no_ensemble_is_not_read(tiny):
    """Graphs without trees, and bytes that are no graph."""
    for bytes_ in (tiny("line"), b"", b"\xff\xff\xff", b"no model", tiny("line")[:50]):
        assert read_trees(bytes_) is None
