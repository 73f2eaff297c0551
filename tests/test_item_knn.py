"""Fitting the recommender: a checkerboard, honest splits, refusals, and parity with the graph."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import onnxruntime as ort
import pyarrow as pa
import pytest

from retailsql.errors import TrainingError
from retailsql.scoring.recommend import RecommendScorer
from retailsql.signature import Signature
from retailsql.training.fitted import TrainingData
from retailsql.training.items.held_out import cutoff, hold_out
from retailsql.training.items.item_knn import OPTIONS, fit
from retailsql.training.items.item_weights import learn, repurchase
from retailsql.training.items.purchases import read_purchases
from retailsql.training.options import read_options

DATA = Path(os.environ.get("RETAILSQL_DATA", Path(__file__).parents[2] / "shared" / "data"))
ONLINE_RETAIL = DATA / "online_retail_2010_2011" / "online_retail_2010_2011.parquet"
COLUMNS = {"user_col": "customer", "item_col": "item"}
START = datetime(2024, 1, 1, 12)


def data(columns) -> TrainingData:
    table = pa.table(columns)
    return TrainingData(table, {n: str(table[n].type) for n in table.column_names}, "RECOMMENDER")


def checkerboard(users=20, items=20, hidden=True):
    """User u buys the items of u's parity; (u, u) is withheld where it would be on the board."""
    cells = [(u, i) for u in range(users) for i in range(items) if (u + i) % 2 == 0]
    kept = [(u, i) for u, i in cells if not hidden or u != i]
    return {"customer": [u for u, _ in kept], "item": [i for _, i in kept]}


def shop(seed=0, users=60, items=30, days=100, rows=3000):
    """Customers of two tastes who come back: enough for a split by time."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, users, rows)
    item = (rng.integers(0, items // 2, rows) * 2 + user % 2).astype(int)
    at = [START + timedelta(days=int(d)) for d in rng.integers(0, days, rows)]
    names = [f"sku {i}" for i in item]
    return {"customer": user.tolist(), "item": names, "ordered_at": at}


def run(columns, **options):
    return fit(data(columns), {**COLUMNS, **options}, lambda words, share: None)


def scorer_of(fitted) -> RecommendScorer:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(fitted.onnx, options)
    signature = Signature.from_json(fitted.signature.to_json())
    return RecommendScorer(session, signature, lambda: fitted.histories)


def ask(fitted, who, k=10, exclude=True):
    n = len(who)
    who = who if isinstance(who, pa.Array) else pa.array(who)
    return scorer_of(fitted).score(who, pa.array([k] * n), pa.array([exclude] * n)).to_pylist()


@pytest.mark.parametrize("similarity", ["EASE", "COSINE"])
def test_checkerboard_recommends_the_withheld_cell(similarity):
    """The one item of its colour that a user has not bought must come first."""
    fitted = run(checkerboard(), similarity=similarity, num_neighbors=19)
    best = [row[0]["item_id"] for row in ask(fitted, list(range(20)), 1)]
    assert best == list(range(20))


def test_similar_items_are_of_the_same_colour():
    """basket_similar is a history of one item, itself left out."""
    fitted = run(checkerboard(hidden=False))
    for row in ask(fitted, [[0], [1]], 9):
        assert len({entry["item_id"] % 2 for entry in row}) == 1
    assert [e["item_id"] for e in ask(fitted, [[0]], 20)[0]].count(0) == 0


def test_an_unknown_customer_gets_the_most_bought_items_in_order():
    columns = {"customer": [], "item": []}
    for item, buyers in enumerate([5, 9, 7, 8]):
        columns["customer"] += list(range(buyers))
        columns["item"] += [item] * buyers
    assert [e["item_id"] for e in ask(run(columns), [999])[0]] == [1, 3, 2, 0]


def test_a_customer_known_by_id_gets_what_the_history_gets():
    fitted = run(shop(), timestamp_col="ordered_at")
    keys = fitted.histories["key"].combine_chunks()
    by_id = ask(fitted, keys)
    assert by_id == ask(fitted, fitted.histories["items"].combine_chunks())
    assert by_id == ask(fitted, keys.cast(pa.float64()))


def test_exclude_seen():
    fitted = run(shop(), timestamp_col="ordered_at")
    seen = fitted.histories["items"].to_pylist()
    for row, history in zip(ask(fitted, seen, 30), seen, strict=True):
        assert {e["item_id"] for e in row} == set(fitted.signature.options["items"]) - set(history)
    own = ask(fitted, seen, 1, False)
    assert all(row[0]["item_id"] in history for row, history in zip(own, seen, strict=True))


@pytest.mark.parametrize("similarity", ["EASE", "COSINE"])
def test_the_graph_equals_the_plain_implementation(similarity):
    """parity_scores come from dense numpy, the other side from ONNX Runtime."""
    fitted = run(shop(), timestamp_col="ordered_at", similarity=similarity)
    rows = ask(fitted, fitted.parity_inputs["history"].combine_chunks())
    found = np.full(fitted.parity_scores.shape, np.nan)
    for place, row in enumerate(rows):
        for entry in row or []:
            found[place, entry["rank"] - 1] = entry["score"]
    np.testing.assert_allclose(found, fitted.parity_scores, atol=1e-9)
    assert rows[-1] is None
    assert fitted.parity_inputs.num_rows <= 1000


def test_the_same_data_in_another_order_gives_the_same_model():
    columns = shop()
    order = np.random.default_rng(1).permutation(len(columns["item"]))
    mixed = {name: [values[i] for i in order] for name, values in columns.items()}
    first, second = (run(c, timestamp_col="ordered_at") for c in (columns, mixed))
    assert first.onnx == second.onnx
    assert first.signature == second.signature
    assert first.histories == second.histories
    assert first.evaluation == second.evaluation


def test_the_split_is_by_whole_days_and_sees_nothing_later():
    """The last 28 days end with the day of the last purchase."""
    settings = read_options({**COLUMNS, "timestamp_col": "ordered_at"}, OPTIONS)
    log = read_purchases(data(shop()), settings)
    start = cutoff(log, 28)
    assert start == (datetime(2024, 1, 1) - datetime(1970, 1, 1)).days + 100 - 28
    held = hold_out(log, settings)
    assert held.train.at.max() < start
    assert set(held.train.items) <= set(log.items)
    late = log.where(log.at >= start)
    pairs = {(log.users[u], log.items[i]) for u, i in zip(late.user, late.item, strict=True)}
    rows, items = np.nonzero(held.truth)
    found = {(log.users[held.users[r]], held.train.items[i])
             for r, i in zip(rows, items, strict=True)}  # fmt: skip
    assert found == {(u, i) for u, i in pairs if i in held.train.items}


def test_every_evaluation_has_its_trivial_rules():
    evaluation = run(shop(), timestamp_col="ordered_at").evaluation
    assert set(evaluation.baselines) == {
        "popular, all time",
        "popular, last 28 days",
        "own most frequent items, then popular, last 28 days",
    }
    for figures in (evaluation.metrics, *evaluation.baselines.values()):
        assert {"recall_at_k", "ndcg_at_k", "recall_at_k_all", "ndcg_at_k_all"} <= set(figures)
    assert "2024-03-13" in evaluation.split
    assert "refitted on all rows" in evaluation.split


def test_without_times_the_split_is_random_and_says_so():
    columns = shop()
    del columns["ordered_at"]
    evaluation = run(columns).evaluation
    assert "random 20 %" in evaluation.split
    assert not any(name.endswith("_all") for name in evaluation.metrics)
    assert evaluation.metrics["recall_at_k"] > 0


def test_histories_hold_the_last_moment_and_the_order_of_purchases():
    columns = checkerboard()
    columns["ordered_at"] = [START - timedelta(days=i) for i in columns["item"]]
    histories = run(columns, timestamp_col="ordered_at", eval_days=5).histories.to_pylist()
    first = next(h for h in histories if h["key"] == "0")
    assert first["items"] == [str(i) for i in range(18, 0, -2)]
    assert first["last_at"] == START - timedelta(days=2)


def test_a_date_column_is_a_time():
    columns = shop()
    columns["ordered_at"] = [at.date() for at in columns["ordered_at"]]
    assert isinstance(columns["ordered_at"][0], date)
    fitted = run(columns, timestamp_col="ordered_at")
    assert "2024-03-13" in fitted.evaluation.split


def test_rows_without_a_user_or_an_item_are_left_out_with_a_warning():
    columns = shop()
    columns["customer"][:3] = [None] * 3
    columns["item"][5] = None
    warnings = run(columns, timestamp_col="ordered_at").warnings
    assert warnings[:2] == (
        "3 rows without customer (NULL) were left out",
        "1 rows without item (NULL) were left out",
    )


def test_rare_items_are_never_recommended_and_it_is_said():
    columns = shop()
    columns["customer"].append(1)
    columns["item"].append("rare")
    columns["ordered_at"].append(START)
    fitted = run(columns, timestamp_col="ordered_at")
    assert "rare" not in fitted.signature.options["items"]
    assert any("1 of 31 items have fewer than 5 buyers" in w for w in fitted.warnings)


def test_a_log_too_short_for_the_window_falls_back_and_says_so():
    fitted = run(shop(days=10), timestamp_col="ordered_at")
    assert "random" in fitted.evaluation.split
    assert any("eval_days" in warning for warning in fitted.warnings)


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"user_col": None}, r"OPTIONS\(user_col=...\)"),
        ({}, {"item_col": None}, r"OPTIONS\(item_col=...\)"),
        ({}, {"user_col": "custmer"}, "Seen: custmer. Wanted: customer"),
        ({}, {"timestamp_col": "orderd_at"}, "Wanted: ordered_at"),
        ({}, {"timestamp_col": "item"}, "'item' .timestamp_col. holds no times"),
        ({"customer": [1.0, 2.0]}, {}, "'customer' cannot hold ids.*BIGINT"),
        ({"item": [1.5, 2.0]}, {}, "'item' cannot hold ids"),
        ({"item": ["a", "a"]}, {}, "two different items.*only 'a'"),
        ({"item": [None, None]}, {}, "no purchase to train on"),
        ({}, {}, "too little.*at least 5.*min_item_users"),
        ({}, {"neighbours": 3}, "no option 'neighbours'"),
    ],
)
def test_what_cannot_be_trained_on_is_refused_with_what_to_do(change, options, message):
    columns = {"customer": [1, 2], "item": ["a", "b"], "ordered_at": [START, START], **change}
    with pytest.raises(TrainingError, match=message):
        run(columns, **options)


def test_an_empty_set_is_refused():
    empty = {"customer": pa.array([], pa.int64()), "item": pa.array([], pa.string())}
    with pytest.raises(TrainingError, match="no purchase"):
        run(empty)


def test_the_profile_and_the_evaluation_are_json():
    import json

    fitted = run(shop(), timestamp_col="ordered_at")
    assert json.loads(json.dumps(fitted.profile))["log"]["customers"] == 60
    assert type(fitted.evaluation).from_json(fitted.evaluation.to_json()) == fitted.evaluation


def test_ease_by_hand():
    """Two items, X'X + 1 = [[3, 1], [1, 3]]: B_12 = -P_12 / P_22 = 1/3."""
    columns = {"customer": [1, 1, 2, 3], "item": ["a", "b", "a", "b"]}
    settings = read_options({**COLUMNS, "ridge": 1.0, "similarity": "EASE"}, OPTIONS)
    weights = learn(read_purchases(data(columns), settings), settings)
    assert weights.matrix().toarray() == pytest.approx(np.array([[0, 1 / 3], [1 / 3, 0]]))


def test_repurchase_by_hand():
    """Of the returning customers 1 and 2 both had a and b; again: a by both, b by none.

    Average 2 of 4; a: (2 + 10/2) / (2 + 10) over 1/2 = 7/6; b: 5/6. Customer 3 never returns.
    """
    before, after = START, START + timedelta(days=30)
    columns = {
        "customer": [1, 1, 2, 2, 3, 1, 2],
        "item": ["a", "b", "a", "b", "b", "a", "a"],
        "ordered_at": [before] * 5 + [after] * 2,
    }
    settings = read_options({**COLUMNS, "timestamp_col": "ordered_at"}, OPTIONS)
    log = read_purchases(data(columns), settings)
    assert repurchase(log, 28) == pytest.approx([7 / 6, 5 / 6])
    assert repurchase(log, 60) == pytest.approx([1, 1])


@pytest.mark.slow
@pytest.mark.skipif(not ONLINE_RETAIL.exists(), reason=f"{ONLINE_RETAIL.name} is not there")
def test_online_retail_beats_both_trivial_rules():
    """quality.md: 1,300 customers; .102/.083 novel, .358/.354 all items."""
    rows = duckdb.sql(
        f"""SELECT CustomerID AS customer, StockCode AS item, InvoiceDate AS ordered_at
        FROM (SELECT DISTINCT * FROM '{ONLINE_RETAIL}') WHERE CustomerID IS NOT NULL
        AND InvoiceNo NOT LIKE 'C%' AND Quantity > 0 AND UnitPrice > 0
        AND regexp_matches(StockCode, '^[0-9]{{5}}')"""
    ).to_arrow_table()
    assert rows.num_rows == 391_150
    options = {**COLUMNS, "timestamp_col": "ordered_at"}
    evaluation = fit(TrainingData(rows, {}, ""), options, lambda words, share: None).evaluation
    assert evaluation.rows_eval == 1300
    popular = evaluation.baselines["popular, last 28 days"]
    assert popular["recall_at_k"] == pytest.approx(0.102, abs=5e-4)
    assert popular["ndcg_at_k"] == pytest.approx(0.083, abs=5e-4)
    assert evaluation.metrics["recall_at_k"] > 0.148
    assert evaluation.metrics["ndcg_at_k"] > 0.12
    assert evaluation.metrics["recall_at_k_all"] > 0.358
    assert evaluation.metrics["ndcg_at_k_all"] > 0.354
