"""The encoding prefix: numpy and ONNX make the same float32 numbers, to the last bit."""

import numpy as np
import onnxruntime
import pytest

from retailsql.training.tabular.data import Column
from retailsql.training.tabular.prefix import MOST_ONE_HOT, fit_prefix
from retailsql.training.tabular.prefix_graph import Nodes, sideways, upright

N = 400


def run(model, prefix, inputs):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    feed = {f.name: x for f, x in zip(prefix.features, inputs, strict=True)}
    return session.run(None, feed)[0]


def shop(seed=0, categories=5):
    """One column of each kind, NULLs in each, names no identifier could have."""
    rng = np.random.default_rng(seed)
    nulls = lambda values: np.where(rng.random(N) < 0.1, np.nan, values)  # noqa: E731
    codes = np.where(rng.random(N) < 0.1, -1, rng.integers(0, categories, N))
    words = tuple(f"v{i:04}" for i in range(categories))
    return [
        Column("unit price", "DOUBLE", "number", nulls(rng.normal(5, 2, N))),
        Column('he said "ok"', "BOOLEAN", "boolean", nulls(rng.random(N) > 0.5)),
        Column("tööt", "DATE", "date", nulls(rng.integers(-500, 20_000, N).astype(float))),
        Column("rs.a", "TIMESTAMP", "timestamp", nulls(rng.random(N) * 20_000)),
        Column("X", "VARCHAR", "category", codes, words),
        Column("score", "VARCHAR", "category", (codes + 1) % 2, ("n", "y")),
    ]


@pytest.mark.parametrize("categories", [1, 5, 60, 150])
def test_trees_get_the_same_bits(categories):
    columns = shop(categories=categories)
    prefix = fit_prefix(columns, np.arange(N // 2), False, np.random.default_rng(1).random(N))
    inputs = prefix.inputs(columns)
    g = Nodes(prefix.features)
    got = run(g.model(upright(g, prefix), prefix.width), prefix, inputs)
    assert np.array_equal(got, prefix.matrix(inputs))


def test_standardized_numbers_agree_and_waves_to_one_bit():
    columns = shop()
    prefix = fit_prefix(columns, np.arange(N), True)
    inputs = prefix.inputs(columns)
    g = Nodes(prefix.features)
    got = run(g.model(upright(g, prefix), prefix.width), prefix, inputs)
    assert np.abs(got - prefix.matrix(inputs)).max() < 2e-7
    assert np.array_equal(got[:, :4], prefix.matrix(inputs)[:, :4])


def test_folding_is_the_same_as_one_hot_times_coefficients():
    columns = shop()
    prefix = fit_prefix(columns, np.arange(N), True)
    inputs = prefix.inputs(columns)
    weights = np.random.default_rng(2).normal(size=prefix.width)
    folded, row = prefix.folded(weights)
    g = Nodes(folded.features)
    lying = run(g.model(sideways(g, folded), 1), folded, inputs)
    assert np.allclose(row @ lying, prefix.matrix(inputs) @ weights, atol=1e-5)


def test_unseen_and_null_are_told_apart():
    """NULL, seen in training, has a column of its own; an unseen category has none."""
    seen = Column("c", "VARCHAR", "category", np.array([0, 1, -1, 0]), ("a", "b", "z"))
    prefix = fit_prefix([seen], np.arange(4), True)
    assert prefix.features[0].categories == ("a", "b")
    new = Column("c", "VARCHAR", "category", np.array([0, 1, -1, 2]), ("a", "b", "z"))
    assert prefix.inputs([new])[0].tolist() == [0, 1, 2, 3]
    assert prefix.matrix(prefix.inputs([new])).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 0],
    ]


def test_null_becomes_the_training_mean():
    column = Column("x", "DOUBLE", "number", np.array([1.0, 3.0, np.nan, 100.0]))
    prefix = fit_prefix([column], np.arange(3), False)
    assert prefix.features[0].fill == 2.0
    assert prefix.matrix([column.values])[:, 0].tolist() == [1, 3, 2, 100]


def test_many_categories_are_capped_or_ordered():
    """Linear models keep the 100 most frequent; trees keep all, as one column."""
    codes = np.concatenate([np.arange(300), np.arange(50)])
    column = Column("sku", "VARCHAR", "category", codes, tuple(f"{i:03}" for i in range(300)))
    rows = np.arange(len(codes))
    flat = fit_prefix([column], rows, True)
    assert len(flat.features[0].categories) == flat.width == MOST_ONE_HOT
    ordered = fit_prefix([column], rows, False, codes.astype(float))
    assert len(ordered.features[0].categories) == 300
    assert ordered.width == 1
