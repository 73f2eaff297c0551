"""Matrix factorization: ``CREATE MODEL ... OPTIONS(model_type='MATRIX_FACTORIZATION', ...)``.

SELECT ─► ratings ─► split ─► explicit: mean + biases + factors (factor_als)
                         └──► implicit: weighted preferences (factor_implicit)
       ─► judged on the held-out part beside the trivial rules (factor_evaluation)
       ─► with data_split_method = 'NO_SPLIT', the default, fitted again on all ─► ONNX
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.evaluation.report import Evaluation
from retailsql.signature import Feature, Signature
from retailsql.training.factorization.als import Factors
from retailsql.training.factorization.choice import choose_options, complete, fit_factors
from retailsql.training.factorization.data import Floats, Ratings, read_ratings
from retailsql.training.factorization.evaluation import (
    judge_explicit,
    judge_implicit,
    split_ratings,
)
from retailsql.training.factorization.graph import GRAPH, factor_graph
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.options import Option, read_options
from retailsql.training.tuning import split_space
from retailsql.training.tuning_options import (
    CHOSEN_ELSEWHERE,
    TEST_FRACTION,
    TUNING,
    algorithm_words,
)

OPTIONS: tuple[Option, ...] = (
    Option("user_col", "str", "user", "column of the user's id"),
    Option("item_col", "str", "item", "column of the item's id"),
    Option("rating_col", "str", "rating", "column of the rating"),
    Option(
        "feedback_type", "str", "EXPLICIT",
        "EXPLICIT: ratings given by users; IMPLICIT: counts, amounts, times",
        ("EXPLICIT", "IMPLICIT"),
    ),
    Option("num_factors", "int", None, "latent factors; log2 of the number of ratings", minimum=1),
    Option(
        "l2_reg", "float", None,
        "weight of the squared biases and factors; EXPLICIT: by validation rows, IMPLICIT: 1",
        minimum=0,
    ),
    Option("wals_alpha", "float", 40.0, "IMPLICIT: trust in one unit of rating", minimum=0),
    Option("max_iterations", "int", 20, "passes over users and items", minimum=1),
    Option("early_stop", "bool", True, "stop when an iteration brings little"),
    Option("min_rel_progress", "float", 0.01, "early_stop: least share of loss to gain", minimum=0),
    Option(
        "data_split_method", "str", "NO_SPLIT",
        "how ratings are held out; NO_SPLIT judges on a random part, then fits on all",
        ("NO_SPLIT", "AUTO_SPLIT", "RANDOM", "SEQ", "CUSTOM"),
    ),
    Option("data_split_eval_fraction", "float", 0.2, "share that judges, RANDOM and SEQ"),
    Option("data_split_col", "str", None, "SEQ: the largest values judge; CUSTOM: true judges"),
    TEST_FRACTION,
    *TUNING,
    Option("seed", "int", 0, "draws the split and the first factors"),
)  # fmt: skip

_PARITY_ROWS = 1_000
_STRANGER = "\N{REPLACEMENT CHARACTER} an id that training has not seen"


def options_for(model_type: str) -> tuple[Option, ...]:
    """The options of a model type; all are of one kind here."""
    return OPTIONS


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """Fit, judge on held-out ratings, fit on all if asked for, and export.

    Args:
        data: one row a rating: user, item and rating, and data_split_col if there is one.
        options: raw; see :data:`OPTIONS`.
        progress: told the stage and the share done.

    Raises:
        TrainingError: a column is missing or of a wrong type, or too little is left to learn from.
    """
    plain, space = split_space(options, OPTIONS)
    settings = read_options(plain, OPTIONS)
    progress("reading ratings", 0.0)
    given = read_ratings(data, settings)
    implicit = settings["feedback_type"] == "IMPLICIT"
    # A column that splits may put a pair's earlier rows on one side and its later ones on the
    # other; drawn at random, a pair goes as a whole.
    ratings = given if implicit and given.split is not None else given.merged(implicit)
    train, held, words = split_ratings(ratings, settings)
    found = choose_options(train, space, settings, plain, OPTIONS, progress)
    settings |= found.values if found is not None else {}
    words = words if found is None else f"{words}; {CHOSEN_ELSEWHERE}"
    train, held = train.merged(implicit), held.merged(implicit)
    progress(f"fitting on {len(train):,} ratings", 0.1)
    words = complete(train, settings, words)
    fitted = fit_factors(train, settings)
    progress("judging", 0.5)
    evaluation, held_out = _judge(train, held, fitted, words, settings)
    if settings["data_split_method"] == "NO_SPLIT":
        progress("fitting on all ratings", 0.7)
        train = ratings.merged(implicit)
        fitted = fit_factors(train, settings)
    progress("exporting", 0.9)
    inputs, scores = _parity(train, fitted, settings["seed"])
    notes = (*algorithm_words(plain), *given.warnings, *_merged_words(given, implicit))
    result = Fitted(
        onnx=factor_graph(fitted),
        signature=_signature(train, settings),
        evaluation=evaluation,
        profile=_profile(data, given),
        parity_inputs=inputs,
        parity_scores=scores,
        histories=_histories(train),
        reports=_reports(train, fitted) | (found.reports if found is not None else {}),
        held_out=held_out,
        warnings=(*notes, *_advice(evaluation)),
    )
    progress("done", 1.0)
    return result


def _judge(
    train: Ratings, held: Ratings, fitted: Factors, words: str, settings: Mapping[str, Any]
) -> tuple[Evaluation, pa.Table | None]:
    """The evaluation, and of explicit ratings the rows it was made on."""
    if settings["feedback_type"] == "IMPLICIT":
        return judge_implicit(train, held, fitted, words, settings), None
    evaluation, predicted = judge_explicit(train, held, fitted, words, settings)
    labels = pa.array(held.rating).cast(pa.string())
    scores = pa.array([[p] for p in predicted.tolist()], pa.list_(pa.float64()))
    return evaluation, pa.table({"label": labels, "scores": scores})


def _merged_words(given: Ratings, implicit: bool) -> tuple[str, ...]:
    """Counts are meant to be added up, so only of explicit ratings is it worth a word."""
    again = 0 if implicit else len(given) - len(given.merged(False))
    words = f"{again:,} ratings are of an item that the user rates in another row: averaged"
    return (words,) if again else ()


def _advice(evaluation: Evaluation) -> tuple[str, ...]:
    """What to try where the factors are worth little; the result row has the primary figures."""
    if evaluation.primary == "mean_squared_error":
        words = "The factors are no better than the biases alone: set fewer num_factors"
        return () if evaluation.beats_baseline else (words,)
    own = {n: m.get("recall_at_k_all", 0.0) for n, m in evaluation.baselines.items()}
    rule, best = max(own.items(), key=lambda pair: pair[1])
    mine = evaluation.metrics.get("recall_at_k_all", best)
    words = (
        f"Among all items, those known to the user too, {rule!r} is better: recall_at_k_all "
        f"{best:.4g}, the model {mine:.4g}. Use it for new items, or model_type='ITEM_KNN'"
    )
    return (words,) if mine < best else ()


def _signature(ratings: Ratings, settings: Mapping[str, Any]) -> Signature:
    user, item, rating, _ = ratings.names
    features = tuple(
        Feature(name, kind, on_null="null", categories=ids, on_unseen="other")
        for name, kind, ids in (
            (user, ratings.types[0], ratings.users), (item, ratings.types[1], ratings.items),
        )
    )  # fmt: skip
    return Signature(
        kind="factorizer",
        features=features,
        graph=GRAPH,
        label=rating,
        options={
            "feedback_type": settings["feedback_type"],
            "item_type": "BIGINT" if _whole(ratings.types[1]) else "VARCHAR",
            "num_factors": settings["num_factors"],
            "l2_reg": settings["l2_reg"],
        },
    )


def _whole(sql_type: str) -> bool:
    return sql_type.upper().endswith(("INT", "INTEGER"))


def _histories(ratings: Ratings) -> pa.Table:
    """One row a user: what he has rated, so that lists can leave it out."""
    order = np.argsort(ratings.user, kind="stable")
    counts = np.bincount(ratings.user, minlength=len(ratings.users))
    some = np.flatnonzero(counts)
    offsets = np.concatenate([[0], np.cumsum(counts[some])]).astype(np.int32)
    items = pa.array(ratings.items, pa.string()).take(pa.array(ratings.item[order]))
    return pa.table(
        {
            "key": pa.array([ratings.users[code] for code in some], pa.string()),
            "last_at": pa.nulls(len(some), pa.timestamp("us")),
            "items": pa.ListArray.from_arrays(pa.array(offsets), items),
        }
    )


def _parity(ratings: Ratings, fitted: Factors, seed: int) -> tuple[pa.Table, Floats]:
    """Pairs drawn at random, with strangers and NULLs among them."""
    rng = np.random.default_rng(seed)
    columns, codes = {}, []
    null = np.zeros(_PARITY_ROWS, dtype=bool)
    for name, kind, ids in zip(
        ratings.names, ratings.types, (ratings.users, ratings.items), strict=False
    ):
        code = rng.integers(0, len(ids), _PARITY_ROWS)
        code[rng.random(_PARITY_ROWS) < 0.1] = -1
        empty = rng.random(_PARITY_ROWS) < 0.05
        stranger = str(max(map(int, ids)) + 1) if _whole(kind) else _STRANGER
        texts = pa.array([ids[c] if c >= 0 else stranger for c in code], pa.string())
        texts = pc.if_else(pa.array(empty), pa.scalar(None, pa.string()), texts)
        columns[name] = texts.cast(pa.int64()) if _whole(kind) else texts
        codes.append(code)
        null |= empty
    return pa.table(columns), np.where(null, np.nan, fitted.scores(codes[0], codes[1]))


def _weights(ratings: Ratings, fitted: Factors) -> list[dict[str, Any]]:
    """One row for each user, each item and the global intercept; ``weights`` in factor order."""
    sides = (
        (ratings.names[0], ratings.users, fitted.user, fitted.user_bias),
        (ratings.names[1], ratings.items, fitted.item, fitted.item_bias),
    )
    rows: list[dict[str, Any]] = [
        {
            "processed_input": name,
            "feature": who,
            "weights": [_short(w) for w in weights],
            "intercept": _short(bias),
        }
        for name, ids, factors, biases in sides
        for who, weights, bias in zip(ids, factors, biases, strict=True)
    ]
    rows.append(
        {
            "processed_input": None, "feature": "global__intercept__", "weights": None,
            "intercept": fitted.mean,
        }
    )  # fmt: skip
    return rows


def _short(value: np.float32) -> float:
    """The shortest decimal number that is this 32-bit float."""
    return float(str(value))


def _reports(train: Ratings, fitted: Factors) -> dict[str, Any]:
    return {"weights": _weights(train, fitted), "training_info": _training_info(fitted)}


def _training_info(fitted: Factors) -> list[dict[str, Any]]:
    return [
        {
            "training_run": 0, "iteration": number, "loss": step.loss, "eval_loss": None,
            "duration_ms": step.milliseconds, "learning_rate": None,
        }
        for number, step in enumerate(fitted.iterations)
    ]  # fmt: skip


def _profile(data: TrainingData, ratings: Ratings) -> dict[str, Any]:
    """Rows and NULLs of each column, and how many users and items there are."""
    columns = {
        name: {"rows": data.table.num_rows, "nulls": data.table[name].null_count}
        for name in data.table.column_names
    }
    counts = {"users": len(ratings.users), "items": len(ratings.items), "ratings": len(ratings)}
    return {**columns, "log": counts}
