"""The forecast scorer, on graphs whose answer is known beforehand."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from retailsql.errors import ScoringError
from retailsql.scoring.forecast import STEP, ForecastScorer
from retailsql.signature import Graph, Signature

WINDOW, HORIZON, LEVELS = 4, 3, [0.05, 0.5, 0.95]


def session_of(graph_bytes: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(graph_bytes, options, providers=["CPUExecutionProvider"])


def last_value_graph(horizon: int = HORIZON) -> bytes:
    """Value = the last element, repeated; quantiles = value - 10, value, value + 10."""
    constants = {
        "last": np.array([WINDOW - 1], dtype=np.int64),
        "zero": np.zeros(horizon, dtype=np.float32),
        "two": np.array([2], dtype=np.int64),
        "moves": np.array([-10, 0, 10], dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["history", "last"], ["newest"], axis=1),
        helper.make_node("Add", ["newest", "zero"], ["value"]),
        helper.make_node("Unsqueeze", ["value", "two"], ["tall"]),
        helper.make_node("Add", ["tall", "moves"], ["quantiles"]),
    ]
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "last",
        [tensor("history", TensorProto.FLOAT, ["n", WINDOW])],
        [
            tensor("value", TensorProto.FLOAT, ["n", horizon]),
            tensor("quantiles", TensorProto.FLOAT, ["n", horizon, len(LEVELS)]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


SIGNATURE = Signature(
    "forecaster",
    (),
    Graph(("history",), ("float",), "value"),
    "units",
    options={"window": WINDOW, "horizon": HORIZON, "levels": LEVELS},
)


@pytest.fixture(scope="module")
def scorer() -> ForecastScorer:
    return ForecastScorer(session_of(last_value_graph()), SIGNATURE)


def lists(rows: list) -> pa.Array:
    return pa.array(rows, pa.list_(pa.float64()))


def ints(rows: list) -> pa.Array:
    return pa.array(rows, pa.int32())


def test_the_answer_worked_out_by_hand(scorer):
    """The last value is repeated; 90 % is ten either way; half of that level is half as far."""
    out = scorer.score(lists([[1, 2, 3, 4, 5]]), ints([2]))
    assert out.type == pa.list_(STEP)
    assert out.to_pylist() == [
        [
            {"step": 1, "value": 5.0, "lower": -5.0, "upper": 15.0},
            {"step": 2, "value": 5.0, "lower": -5.0, "upper": 15.0},
        ]
    ]
    half = scorer.score(lists([[5.0]]), ints([1]), pa.array([0.45]))
    assert half.to_pylist()[0][0] == {
        "step": 1,
        "value": 5.0,
        "lower": pytest.approx(0.0),
        "upper": pytest.approx(10.0),
    }


def test_null_in_every_position_is_null(scorer):
    """NULL, empty and all-NULL histories, a NULL horizon and a NULL level score NULL."""
    history = lists([None, [], [None, None], [1.0], [1.0], [2.0], [float("nan")]])
    horizon = ints([1, 1, 1, None, 1, 1, 1])
    level = pa.array([0.9, 0.9, 0.9, 0.9, None, 0.9, 0.9])
    out = scorer.score(history, horizon, level)
    assert out.is_valid().to_pylist() == [False] * 5 + [True, False]
    assert out.to_pylist()[5][0]["value"] == 2.0


def test_every_length_of_list_and_horizon(scorer):
    """Longer histories are cut, shorter ones padded; each row has its own number of steps."""
    rows = [list(map(float, range(n))) for n in range(1, 10)]
    steps = [1 + n % HORIZON for n in range(9)]
    out = scorer.score(lists(rows), ints(steps)).to_pylist()
    assert [len(o) for o in out] == steps
    assert [o[0]["value"] for o in out] == [row[-1] for row in rows]


def test_sliced_chunked_and_other_list_types(scorer):
    """A slice, a chunked array, large lists and lists of integers say the same."""
    history = lists([[9.0], [1.0, 2.0], None, [3.0]])
    want = scorer.score(history, ints([1, 2, 1, 3])).to_pylist()
    sliced = scorer.score(history.slice(1), ints([1, 2, 1, 3]).slice(1)).to_pylist()
    chunked = pa.chunked_array([history.slice(0, 2), history.slice(2)])
    assert sliced == want[1:]
    assert scorer.score(chunked, pa.chunked_array([ints([1, 2, 1, 3])])).to_pylist() == want
    for kind in (pa.large_list(pa.float64()), pa.list_(pa.int32()), pa.list_(pa.float32())):
        assert scorer.score(history.cast(kind), ints([1, 2, 1, 3])).to_pylist() == want
    assert scorer.score(pa.nulls(2), ints([1, 1])).to_pylist() == [None, None]
    assert len(scorer.score(lists([]), ints([]))) == 0


def test_values_under_a_null_list_are_not_read(scorer):
    """Arrow may keep values behind a NULL list; an infinity there is nobody's."""
    hidden = pa.ListArray.from_arrays(
        pa.array([0, 2, 3], pa.int32()),
        pa.array([float("inf"), 1.0, 7.0]),
        mask=pa.array([True, False]),
    )
    out = scorer.score(hidden, ints([1, 1])).to_pylist()
    assert out[0] is None
    assert out[1][0]["value"] == 7.0


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), 1e31])
def test_infinity_is_refused_by_name(scorer, bad):
    with pytest.raises(ScoringError, match="holds") as error:
        scorer.score(lists([[1.0], [1.0, None, bad]]), ints([1, 1]))
    assert "value 3 of 3" in str(error.value)
    assert f"{bad:g}" in str(error.value)


@pytest.mark.parametrize(("steps", "words"), [(4, r"OPTIONS\(horizon=4\)"), (0, "at least one")])
def test_horizon_out_of_range_names_both(scorer, steps, words):
    with pytest.raises(ScoringError, match=words) as error:
        scorer.score(lists([[1.0]]), ints([steps]))
    assert f"1 to {HORIZON} steps, not {steps}" in str(error.value)


@pytest.mark.parametrize("level", [0.0, 1.0, 0.91, -1.0, float("nan")])
def test_level_out_of_range_is_refused(scorer, level):
    with pytest.raises(ScoringError, match=r"at most 0\.9"):
        scorer.score(lists([[1.0]]), ints([1]), pa.array([level]))


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.none() | st.floats(-1e6, 1e6, width=32), max_size=7) | st.none(),
        min_size=1,
        max_size=12,
    ),
    data=st.data(),
)
def test_the_last_value_is_the_forecast_of_any_history(scorer, rows, data):
    """Against the definition, row by row in Python."""
    steps = data.draw(st.lists(st.integers(1, HORIZON), min_size=len(rows), max_size=len(rows)))
    out = scorer.score(lists(rows), ints(steps)).to_pylist()
    for row, count, got in zip(rows, steps, out, strict=True):
        if not row or all(x is None for x in row[-WINDOW:]):
            assert got is None
        elif row[-1] is not None:
            assert [g["value"] for g in got] == [row[-1]] * count
