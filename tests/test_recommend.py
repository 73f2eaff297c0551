"""The recommender's scorer: known answers, NULLs in every position, and the same bits always."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsql.errors import ScoringError
from retailsql.scoring.recommend import RecommendScorer, as_text
from retailsql.signature import Signature
from retailsql.training.items.item_weights import ItemWeights
from retailsql.training.items.knn_graph import GRAPH, knn_graph

ITEMS = ["1", "2", "3"]


def session(weights: ItemWeights) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(knn_graph(weights), options)


def signature(items, weights, item_type) -> Signature:
    options = {
        "items": items,
        "item_type": item_type,
        "num_neighbors": weights.near_index.shape[1],
        "max_history": weights.max_history,
        "history_half_life": weights.half_life,
        "history_floor": weights.floor,
    }
    return Signature("recommender", (), GRAPH, "item", item_type, options=options)


def hand_weights() -> ItemWeights:
    """Three items: 1 leads to 2 (.5), 2 leads to 3 (.25); 3 is the most popular, then 1."""
    return ItemWeights(
        near_index=np.array([[1], [2], [3], [3]], dtype=np.int32),
        near_weight=np.array([[0.5], [0.25], [0], [0]], dtype=np.float32),
        repeat=np.array([2.0, 2.0, 2.0, 0.0]),
        popularity=np.array([0.02, 0.01, 0.03]),
        half_life=1.0,
        floor=0.0,
        max_history=3,
    )


def hand_scorer(item_type="BIGINT", histories=None) -> RecommendScorer:
    weights = hand_weights()
    stored = histories or {"7": ["1"], "8": ["1", "2"]}
    return RecommendScorer(session(weights), signature(ITEMS, weights, item_type), lambda: stored)


def ask(scorer, who, k=3, exclude=True):
    who = who if isinstance(who, pa.Array) else pa.array(who)
    n = len(who)
    k = k if isinstance(k, list) else [k] * n
    exclude = exclude if isinstance(exclude, list) else [exclude] * n
    return scorer.score(who, pa.array(k, pa.int64()), pa.array(exclude, pa.bool_()))


def pairs(result):
    return [
        None if row is None else [(e["item_id"], round(e["score"], 9), e["rank"]) for e in row]
        for row in result.to_pylist()
    ]


def test_three_items_by_hand():
    """History [1, 2]: item 2 is the last (weight 1), item 1 one event older (weight 1/2).

    3: .03 + 1 x .25 = .28. All items: 2: .01 + .5 x .5 + 2 = 2.26; 1: .02 + 2 = 2.02.
    """
    assert pairs(ask(hand_scorer(), [[1, 2]])) == [[(3, 0.28, 1)]]
    everything = [[(2, 2.26, 1), (1, 2.02, 2), (3, 0.28, 3)]]
    assert pairs(ask(hand_scorer(), [[1, 2]], exclude=False)) == everything


def test_an_item_bought_twice_counts_twice_and_only_the_last_events_are_used():
    """[2, 1, 1, 1] with max_history 3 is [1, 1, 1]: 1: .02 + 3 x 2; 2: .01 + .5, not seen."""
    assert pairs(ask(hand_scorer(), [[2, 1, 1, 1]], 2, False)) == [[(1, 6.02, 1), (2, 0.51, 2)]]


def test_what_is_too_old_to_weigh_is_still_seen():
    """[2, 1, 1, 1] with max_history 3: item 2 weighs nothing and is not recommended either."""
    assert pairs(ask(hand_scorer(), [[2, 1, 1, 1]])) == [[(3, 0.03, 1)]]


def test_who_is_unknown_gets_the_popular_items_in_order():
    popular = [(3, 0.03, 1), (1, 0.02, 2), (2, 0.01, 3)]
    assert pairs(ask(hand_scorer(), [999])) == [popular]
    histories = pa.array([[], [55], [None]], pa.list_(pa.int64()))
    assert pairs(ask(hand_scorer(), histories)) == [popular] * 3


def test_nulls_in_every_position():
    """NULL list, id, k or exclude_seen gives NULL; a NULL element is skipped."""
    scorer = hand_scorer()
    histories = pa.array([None, [1], [1], [None, 1]], pa.list_(pa.int64()))
    result = pairs(ask(scorer, histories, [3, None, 3, 1], [True, True, None, True]))
    assert result == [None, None, None, [(2, 0.51, 1)]]
    assert pairs(ask(scorer, pa.array([None, 7], pa.int64()), 1)) == [None, [(2, 0.51, 1)]]
    assert pairs(ask(scorer, pa.nulls(2))) == [None, None]


def test_nothing_left_is_an_empty_list():
    assert pairs(ask(hand_scorer(), [[1, 2, 3]])) == [[]]


def test_no_rows():
    assert ask(hand_scorer(), pa.array([], pa.list_(pa.int64()))).to_pylist() == []


def test_k_beyond_the_catalogue_gives_all():
    assert len(pairs(ask(hand_scorer(), [[]], 10**12))[0]) == 3


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(k):
    with pytest.raises(ScoringError, match=f"how many.*Seen: {k}.*whole number, 1 or more"):
        ask(hand_scorer(), [7], k)


@pytest.mark.parametrize("k", [pa.array([2.5]), pa.array(["many"])])
def test_k_that_is_no_whole_number_is_refused(k):
    with pytest.raises(ScoringError, match="whole number"):
        hand_scorer().score(pa.array([7]), k, pa.array([True]))


def test_k_is_read_row_by_row():
    assert [len(row) for row in pairs(ask(hand_scorer(), [[], [], []], [1, 3, 2]))] == [1, 3, 2]


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([7]), pa.array([7], pa.int8()), pa.array([7.0]), pa.array([7.0], pa.float32()),
        pa.array([7]).cast(pa.decimal128(38, 2)), pa.array(["7"]), pa.array(["7"], pa.large_utf8()),
    ],
)  # fmt: skip
def test_an_id_is_the_same_in_every_type(ids):
    assert pairs(ask(hand_scorer(), ids, 1)) == [[(2, 0.51, 1)]]


@pytest.mark.parametrize("kind", [pa.int32(), pa.float64(), pa.string(), pa.large_string()])
def test_a_history_is_the_same_in_every_type(kind):
    history = pa.array([[1, 2]]).cast(pa.list_(kind))
    assert pairs(ask(hand_scorer(), history)) == [[(3, 0.28, 1)]]
    assert pairs(ask(hand_scorer(), history.cast(pa.large_list(kind)))) == [[(3, 0.28, 1)]]


def test_a_type_that_is_no_id_is_refused():
    with pytest.raises(ScoringError, match="type"):
        ask(hand_scorer(), pa.array([{"a": 1}]))


def test_item_type_follows_training():
    assert hand_scorer("VARCHAR").type.value_type.field("item_id").type == pa.string()
    assert hand_scorer().type.value_type.field("item_id").type == pa.int64()
    assert pairs(ask(hand_scorer("VARCHAR"), [["1"]], 1)) == [[("2", 0.51, 1)]]


def test_histories_are_loaded_once_and_only_for_ids():
    """A call with histories in hand never reads the stored ones."""
    calls = []

    def load():
        calls.append(1)
        return pa.table({"key": ["7"], "items": pa.array([["1"]])})

    weights = hand_weights()
    scorer = RecommendScorer(session(weights), signature(ITEMS, weights, "BIGINT"), load)
    ask(scorer, [[1]])
    assert calls == []
    assert pairs(ask(scorer, [7], 1)) == pairs(ask(scorer, [7], 1)) == [[(2, 0.51, 1)]]
    assert calls == [1]


def test_slices_and_chunks_are_read_right():
    whole = pa.array([[3], [1], None, [1, 2]], pa.list_(pa.int64()))
    expected = pairs(ask(hand_scorer(), whole))[1:]
    assert pairs(ask(hand_scorer(), whole[1:])) == expected
    chunked = pa.chunked_array([whole[1:2], whole[2:]])
    chunks = hand_scorer().score(chunked, pa.array([3] * 3), pa.array([True] * 3))
    assert pairs(chunks) == expected


def test_whole_numbers_print_without_a_point():
    values = pa.array([12.0, -3.0, 0.5, None, float("nan"), float("inf"), 1e300])
    assert as_text(values).to_pylist()[:4] == ["12", "-3", "0.5", None]


def random_weights(items=40, neighbours=7, seed=3) -> ItemWeights:
    rng = np.random.default_rng(seed)
    index = np.sort([rng.permutation(items)[:neighbours] for _ in range(items)])
    pad = np.full((1, neighbours), items)
    weight = rng.normal(size=(items, neighbours))
    return ItemWeights(
        near_index=np.vstack([index, pad]).astype(np.int32),
        near_weight=np.vstack([weight, 0.0 * pad]).astype(np.float32),
        repeat=np.append(rng.random(items), 0.0),
        popularity=rng.random(items) * 1e-3,
        half_life=5.0,
        floor=0.2,
        max_history=12,
    )


WEIGHTS = random_weights()
NAMES = [f"{i:02}" for i in range(40)]
SCORER = RecommendScorer(session(WEIGHTS), signature(NAMES, WEIGHTS, "VARCHAR"), dict)
HISTORY = st.none() | st.lists(st.none() | st.sampled_from([*NAMES, "?"]), max_size=30)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(HISTORY, st.none() | st.integers(1, 50), st.booleans()), min_size=1),
    st.randoms(use_true_random=False),
)
def test_the_same_bits_whatever_the_batch_and_the_order(rows, random):
    """A row scored alone, in a shuffled batch and in the whole batch gives equal doubles."""
    kind = pa.list_(pa.string())

    def run(some):
        who = pa.array([r[0] for r in some], kind)
        return ask(SCORER, who, [r[1] for r in some], [r[2] for r in some]).to_pylist()

    together = run(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = run([rows[i] for i in order])
    assert [shuffled[order.index(i)] for i in range(len(rows))] == together
    assert [run([row])[0] for row in rows] == together


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 39), max_size=30), min_size=1, max_size=8))
def test_the_graph_equals_the_plain_implementation(histories):
    """Dense numpy and the sparse graph agree on every score, seen items included."""
    who = pa.array([[NAMES[c] for c in h] for h in histories], pa.list_(pa.string()))
    expected = WEIGHTS.scores(histories)
    for row, wanted in zip(ask(SCORER, who, 40, False).to_pylist(), expected, strict=True):
        found = {entry["item_id"]: entry["score"] for entry in row}
        assert [found[name] for name in NAMES] == pytest.approx(wanted, abs=1e-12)
        assert [e["rank"] for e in row] == list(range(1, 41))


def test_two_threads_give_the_same_bits():
    """A sum is never split: the graph has no matrix product."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    two = ort.InferenceSession(knn_graph(WEIGHTS), options)
    scorer = RecommendScorer(two, signature(NAMES, WEIGHTS, "VARCHAR"), dict)
    rng = np.random.default_rng(0)
    rows = [[NAMES[c] for c in rng.integers(0, 40, n)] for n in rng.integers(0, 30, 400)]
    assert ask(scorer, rows, 40).to_pylist() == ask(SCORER, rows, 40).to_pylist()


def test_many_long_histories_are_split_without_a_trace(monkeypatch):
    """The bounds of a sub-batch are no part of the answer."""
    rng = np.random.default_rng(0)
    rows = [[NAMES[c] for c in rng.integers(0, 40, n)] for n in rng.integers(0, 30, 600)]
    before = ask(SCORER, rows, 5).to_pylist()
    monkeypatch.setattr("retailsql.scoring.recommend.MAX_CELLS", 100)
    monkeypatch.setattr("retailsql.scoring.recommend.MAX_ROWS", 7)
    assert ask(SCORER, rows, 5).to_pylist() == before
