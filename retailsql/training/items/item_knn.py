"""Item-to-item recommendations: ``CREATE MODEL ... OPTIONS(model_type='recommender', ...)``.

The score of item j for a history is the sum over its items i of ``recency(i) * near(i, j)``, plus
``count(j) * repeat(j)`` for an item bought before (retail is repetition, and items differ in it),
plus a popularity term that is only large enough to order what nothing else orders.
``item_weights`` learns the arrays, ``knn_graph`` writes them as ONNX, ``held_out`` splits the log.

The defaults were chosen on Online Retail in the 28-day windows that begin 28, 56 and 84 days
before the test window of quality.md, never on the test window.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.errors import TrainingError
from retailsql.evaluation.ranking import buyers, own_frequency, ranking_metrics
from retailsql.evaluation.report import Evaluation
from retailsql.signature import Signature
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.items.contest import CustomerContest
from retailsql.training.items.held_out import HeldOut, cutoff, hold_out
from retailsql.training.items.item_weights import ItemWeights, learn
from retailsql.training.items.knn_graph import GRAPH, knn_graph
from retailsql.training.items.purchases import Floats, Ints, Purchases, read_purchases
from retailsql.training.options import Option, read_options

OPTIONS: tuple[Option, ...] = (
    Option("user_col", "str", None, "column of the customer's id (required)"),
    Option("item_col", "str", None, "column of the item's id (required)"),
    Option("timestamp_col", "str", None, "column of the purchase's time; without it, row order"),
    Option(
        "similarity", "str", "AUTO", "how items are related: EASE up to 6,000 items",
        ("AUTO", "EASE", "COSINE"),
    ),
    Option("num_neighbors", "int", 100, "neighbours kept for each item", minimum=1),
    Option("ridge", "float", 100.0, "EASE: larger trusts rare pairs less", minimum=1e-3),
    Option("shrinkage", "float", 0.0, "COSINE: larger trusts rare pairs less", minimum=0),
    Option("min_item_users", "int", 5, "items with fewer buyers are not recommended", minimum=1),
    Option("eval_days", "int", 28, "length of the held-out window, in days", minimum=1),
    Option("half_life_days", "float", 60.0, "training: age that halves a purchase; 0: none", (), 0),
    Option("recency_floor", "float", 0.2, "training: weight that never decays, 0 to 1", minimum=0),
    Option("history_half_life", "float", 100.0, "scoring: events that halve one", minimum=1),
    Option("history_floor", "float", 0.3, "scoring: weight that never decays, 0 to 1", minimum=0),
    Option("max_history", "int", 500, "scoring: the last purchases that weigh", minimum=1),
    Option("repeat_weight", "float", 0.5, "what an earlier purchase of an item adds", minimum=0),
    Option("repurchase_power", "float", 0.5, "power of an item's own repurchase rate", minimum=0),
    Option("trend_days", "int", 14, "window of the trend of an item, in days", minimum=1),
    Option("trend_power", "float", 0.25, "power of (1 + buyers in that window)", minimum=0),
    Option("popularity_weight", "float", 1e-3, "weight of the popular items", minimum=1e-9),
    Option("seed", "int", 0, "draws rows for the check and, without times, for the evaluation"),
)  # fmt: skip

_PARITY_ROWS, _PARITY_K = 500, 10


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """Fit, evaluate on held-out purchases, refit on all, and export.

    Args:
        data: one row a purchase: a user, an item and, if given, a time.
        options: raw; see :data:`OPTIONS`.
        progress: told the stage and the share done.

    Raises:
        TrainingError: a column is missing or of a wrong type, or too little is left to learn from.
    """
    settings = read_options(options, OPTIONS)
    progress("reading purchases", 0.0)
    purchases = read_purchases(data, settings)
    held = hold_out(purchases, settings)
    progress(f"fitting on {len(held.train.user):,} purchases", 0.1)
    evaluation = _evaluate(held, learn(held.train, settings))
    contest = _contest(held, evaluation, purchases, settings)
    progress("fitting on all purchases", 0.5)
    final = purchases.sold_to(settings["min_item_users"])
    weights = learn(final, settings)
    progress("exporting", 0.9)
    inputs, scores = _parity(final, weights, settings["seed"])
    fitted = Fitted(
        onnx=knn_graph(weights),
        signature=_signature(final, weights, settings),
        evaluation=evaluation,
        profile=_profile(data, purchases),
        parity_inputs=inputs,
        parity_scores=scores,
        histories=_histories(final),
        warnings=purchases.warnings + _rare(purchases, final, settings) + held.warnings,
        contest=contest,
    )
    progress("done", 1.0)
    return fitted


def _rare(before: Purchases, after: Purchases, settings: Mapping[str, Any]) -> tuple[str, ...]:
    dropped = len(before.items) - len(after.items)
    few = settings["min_item_users"]
    words = (
        f"{dropped:,} of {len(before.items):,} items have fewer than {few} buyers "
        "and are never recommended"
    )
    return (words,) if dropped else ()


def _evaluate(held: HeldOut, weights: ItemWeights) -> Evaluation:
    """The model and the trivial rules on the held-out customers, by both protocols."""
    train = held.train
    row, item = held.rows_of(train)
    truth, seen = held.truth, np.zeros_like(held.truth)
    seen[row, item] = True
    rules = {"popular, all time": buyers(train.user, train.item, len(train.items))}
    if held.days is not None:
        late = train.last_days(held.days)
        rules[f"popular, last {held.days} days"] = buyers(late.user, late.item, len(train.items))
    filler, popularity = list(rules.items())[-1]
    boards = {name: np.broadcast_to(rule, truth.shape) for name, rule in rules.items()}
    boards[f"own most frequent items, then {filler}"] = own_frequency(
        row, item, popularity, len(truth)
    )
    own_only = held.days is None  # a random split hides items whole: nothing is bought again
    metrics = ranking_metrics(weights.scores(_lists(row, item, len(truth))), truth, seen)
    baselines = {name: ranking_metrics(board, truth, seen) for name, board in boards.items()}
    for figures in (metrics, *baselines.values()) if own_only else ():
        for name in [n for n in figures if n.endswith("_all")]:
            del figures[name]
    # Where every customer has bought everything before, nothing novel is left to judge by.
    primary = "recall_at_k" if "recall_at_k" in metrics else "recall_at_k_all"
    if primary not in metrics:
        raise TrainingError(
            "No held-out purchase can judge the recommender",
            seen=f"{len(truth)} customers held out: {held.split}",
            todo="give more customers or a longer history, or set timestamp_col",
        )
    return Evaluation(
        split=held.split, primary=primary, metrics=metrics, baselines=baselines,
        rows_train=len(train.user), rows_eval=len(truth),
    )  # fmt: skip


def _contest(
    held: HeldOut, evaluation: Evaluation, purchases: Purchases, settings: Mapping[str, Any]
) -> CustomerContest:
    row, item = held.rows_of(held.train)
    seen = np.zeros_like(held.truth)
    seen[row, item] = True
    start = None if held.days is None else cutoff(purchases, held.days)
    primary = evaluation.primary
    return CustomerContest(
        tuple(held.train.items), _lists(row, item, len(held.truth)), held.truth, seen, start,
        settings["item_col"], primary, evaluation.metrics[primary],
    )  # fmt: skip


def _lists(row: Ints, item: Ints, rows: int) -> list[list[int]]:
    """Item codes of each row, in the order given."""
    order = np.argsort(row, kind="stable")
    ends = np.cumsum(np.bincount(row, minlength=rows))[:-1]
    return [part.tolist() for part in np.split(item[order], ends)]


def _signature(final: Purchases, weights: ItemWeights, settings: Mapping[str, Any]) -> Signature:
    """Options beside items, item_type and histories_as_of: what the scorer weighs events by."""
    as_of = "" if final.at is None else _moment(final.at.max()).isoformat()
    return Signature(
        kind="recommender",
        features=(),
        graph=GRAPH,
        label=settings["item_col"],
        label_type=final.item_type,
        options={
            "items": list(final.items),
            "item_type": final.item_type,
            "histories_as_of": as_of,
            "user_col": settings["user_col"],
            "num_neighbors": weights.near_index.shape[1],
            "max_history": weights.max_history,
            "history_half_life": weights.half_life,
            "history_floor": weights.floor,
        },
    )


def _histories(final: Purchases) -> pa.Table:
    """One row a customer: key, last_at, items oldest first."""
    order = np.argsort(final.user, kind="stable")
    user = final.user[order]
    counts = np.bincount(user, minlength=len(final.users))
    some = counts > 0
    ends = np.cumsum(counts)[some]
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    items = pa.array(final.items, pa.string()).take(pa.array(final.item[order]))
    if final.at is None:
        last = pa.nulls(len(ends), pa.timestamp("us"))
    else:
        last = pa.array([_moment(t) for t in final.at[order][ends - 1]], pa.timestamp("us"))
    keys = [name for name, good in zip(final.users, some, strict=True) if good]
    lists = pa.ListArray.from_arrays(pa.array(offsets), items)
    return pa.table({"key": pa.array(keys, pa.string()), "last_at": last, "items": lists})


def _moment(days: float) -> datetime:
    return datetime(1970, 1, 1) + timedelta(microseconds=round(days * 86_400e6))


def _parity(final: Purchases, weights: ItemWeights, seed: int) -> tuple[pa.Table, Floats]:
    """Histories with what the plain implementation scores their top 10, seen items left out."""
    by_user = [h for h in _lists(final.user, final.item, len(final.users)) if h]
    drawn = np.random.default_rng(seed).permutation(len(by_user))[:_PARITY_ROWS]
    histories = [[], *([code] for code in range(min(50, len(final.items))))]
    histories += [by_user[place] for place in drawn]
    scores = weights.scores(histories)
    for row, history in enumerate(histories):
        scores[row, history] = -np.inf
    best = -np.sort(-scores, axis=1)[:, :_PARITY_K]
    top = np.full((len(histories) + 1, _PARITY_K), np.nan)
    top[:-1, : best.shape[1]] = np.where(np.isfinite(best), best, np.nan)
    texts: list[list[str | None] | None] = [[final.items[c] for c in h] for h in histories]
    texts[-1] = [None, *(texts[-1] or []), "an item nobody has seen"]
    return pa.table({"history": pa.array([*texts, None], pa.list_(pa.string()))}), top


def _profile(data: TrainingData, purchases: Purchases) -> dict[str, Any]:
    """Rows and nulls per column, and the shape of the log; JSON values only."""
    columns = {
        name: {"rows": data.table.num_rows, "nulls": data.table[name].null_count}
        for name in data.table.column_names
    }
    log: dict[str, Any] = {
        "purchases": len(purchases.user),
        "customers": len(purchases.users),
        "items": len(purchases.items),
        "purchases_per_customer": len(purchases.user) / len(purchases.users),
    }
    if purchases.at is not None:
        log["first_at"] = _moment(purchases.at.min()).isoformat()
        log["last_at"] = _moment(purchases.at.max()).isoformat()
    return {**columns, "log": log}
