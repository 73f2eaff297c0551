"""Matrix factorization: ``CREATE MODEL ... OPTIONS(model_type='MATRIX_FACTORIZATION', ...)``.

    SELECT ─► ratings ─► split ─► explicit: mean + biases + factors (factor_als)
                             └──► implicit: weighted preferences (factor_implicit)
           ─► judged on the held-out part beside the trivial rules (factor_evaluation)
           ─► with data_split_method = 'NO_SPLIT', the default, fitted again on all ─► ONNX
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.evaluation.report import Evaluation
from retailsql.signature import Feature, Signature
from retailsql.training.factor_als import Factors
from retailsql.training.factor_data import Floats, Ratings, read_ratings
from retailsql.training.factor_evaluation import (
    choose_penalty,
    explicit,
    judge_explicit,
    judge_implicit,
    known_codes,
    split_ratings,
)
from retailsql.training.factor_graph import GRAPH, factor_graph
from retailsql.training.factor_implicit import fit_implicit
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.options import Option, read_options

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
        "weight of the squared biases and factors; EXPLICIT: chosen on validation rows, IMPLICIT: 1",
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
    Option("seed", "int", 0, "draws the split and the first factors"),
)  # fmt: skip

_PARITY_ROWS = 1_000
_MOST_FACTORS = 200
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
    settings = read_options(options, OPTIONS)
    progress("reading ratings", 0.0)
    given = read_ratings(data, settings)
    implicit = settings["feedback_type"] == "IMPLICIT"
    # A column that splits may put a pair's earlier rows on one side and its later ones on the
    # other; drawn at random, a pair goes as a whole.
    ratings = given if implicit and given.split is not None else given.merged(implicit)
    train, held, words = (
        part.merged(implicit) if isinstance(part, Ratings) else part
        for part in split_ratings(ratings, settings)
    )
    assert isinstance(train, Ratings) and isinstance(held, Ratings) and isinstance(words, str)
    settings["num_factors"] = settings["num_factors"] or _default_factors(len(train))
    progress(f"fitting on {len(train):,} ratings", 0.1)
    if settings["l2_reg"] is None:
        words = _choose(train, settings, words)
    fitted = _fit(train, settings)
    refit = settings["data_split_method"] == "NO_SPLIT"
    words = f"{words}; the stored model is fitted again on all ratings" if refit else words
    progress("judging", 0.5)
    held_out = None
    if implicit:
        evaluation = judge_implicit(train, held, fitted, words, settings)
    else:
        evaluation, predicted = judge_explicit(train, held, fitted, words, settings)
        held_out = _held_out(held, predicted)
    final = ratings.merged(implicit) if refit else train
    if refit:
        progress("fitting on all ratings", 0.7)
        fitted = _fit(final, settings)
    progress("exporting", 0.9)
    inputs, scores = _parity(final, fitted, settings["seed"])
    result = Fitted(
        onnx=factor_graph(fitted),
        signature=_signature(final, settings),
        evaluation=evaluation,
        profile=_profile(data, given),
        parity_inputs=inputs,
        parity_scores=scores,
        histories=_histories(final),
        reports={"weights": _weights(final, fitted), "training_info": _training_info(fitted)},
        held_out=held_out,
        warnings=(*given.warnings, *_merged_words(given, implicit), *_advice(evaluation)),
    )
    progress("done", 1.0)
    return result


def _default_factors(n: int) -> int:
    """log2 of the number of ratings, as BigQuery ML has it."""
    return min(_MOST_FACTORS, max(2, round(math.log2(n))))


def _choose(train: Ratings, settings: dict[str, Any], words: str) -> str:
    """Set l2_reg, and say in the words of the split how."""
    if settings["feedback_type"] == "IMPLICIT":
        settings["l2_reg"] = 1.0
        return words
    settings["l2_reg"] = choose_penalty(train, settings["num_factors"], settings)
    return f"{words}; l2_reg = {settings['l2_reg']:g} chosen on a tenth of the training ratings"


def _fit(train: Ratings, settings: Mapping[str, Any]) -> Factors:
    factors, penalty = settings["num_factors"], settings["l2_reg"]
    if settings["feedback_type"] == "EXPLICIT":
        return explicit(train, factors, penalty, settings)
    progress = settings["min_rel_progress"] if settings["early_stop"] else 0.0
    return fit_implicit(
        train, factors, penalty, settings["wals_alpha"], settings["max_iterations"], progress,
        settings["seed"],
    )  # fmt: skip


def _merged_words(given: Ratings, implicit: bool) -> tuple[str, ...]:
    again = len(given) - len(given.merged(implicit))
    done = "added up" if implicit else "averaged"
    what = f"{again:,} rows rate an item that the same user rates in another row: they were {done}"
    return (what,) if again and not implicit else ()


def _advice(evaluation: Evaluation) -> tuple[str, ...]:
    """What to try where the factors are worth nothing: the result row has the figures."""
    if evaluation.beats_baseline or evaluation.primary != "mean_squared_error":
        return ()
    return ("The factors are no better than the biases alone: set fewer num_factors",)


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
    names = (ratings.users, ratings.items)
    for side, (name, kind, ids) in enumerate(zip(ratings.names, ratings.types, names, strict=False)):
        code = rng.integers(0, len(ids), _PARITY_ROWS)
        code[rng.random(_PARITY_ROWS) < 0.1] = -1
        empty = rng.random(_PARITY_ROWS) < 0.05
        texts = [None if e else ids[c] if c >= 0 else _STRANGER for c, e in zip(code, empty, strict=True)]
        if _whole(kind):
            stranger = max(map(int, ids)) + 1
            numbers = [None if t is None else stranger if t == _STRANGER else int(t) for t in texts]
            columns[name] = pa.array(numbers, pa.int64())
        else:
            columns[name] = pa.array(texts, pa.string())
        codes.append(np.where(known_codes(ratings)[side][code.clip(0)], code, -1))
        null |= empty
    return pa.table(columns), np.where(null, np.nan, fitted.scores(codes[0], codes[1]))


def _weights(ratings: Ratings, fitted: Factors) -> list[dict[str, Any]]:
    """One row for each user, each item and the global intercept; ``weights`` in factor order."""
    sides = (
        (ratings.names[0], ratings.users, fitted.user, fitted.user_bias),
        (ratings.names[1], ratings.items, fitted.item, fitted.item_bias),
    )
    rows: list[dict[str, Any]] = [
        {"processed_input": name, "feature": who, "weights": _short(weights), "intercept": _one(bias)}
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


def _short(values: Sequence[np.float32]) -> list[float]:
    return [_one(v) for v in values]


def _one(value: np.float32) -> float:
    """The shortest decimal number that is this 32-bit float."""
    return float(str(value))


def _training_info(fitted: Factors) -> list[dict[str, Any]]:
    return [
        {
            "training_run": 0, "iteration": number, "loss": step.loss, "eval_loss": None,
            "duration_ms": step.milliseconds, "learning_rate": None,
        }
        for number, step in enumerate(fitted.iterations)
    ]  # fmt: skip


def _held_out(held: Ratings, predicted: Floats) -> pa.Table:
    labels = pa.array(held.rating).cast(pa.string())
    scores = pa.array([[p] for p in predicted.tolist()], pa.list_(pa.float64()))
    return pa.table({"label": labels, "scores": scores})


def _profile(data: TrainingData, ratings: Ratings) -> dict[str, Any]:
    """Rows and NULLs of each column, and how many users and items there are."""
    columns = {
        name: {"rows": data.table.num_rows, "nulls": data.table[name].null_count}
        for name in data.table.column_names
    }
    counts = {"users": len(ratings.users), "items": len(ratings.items), "ratings": len(ratings)}
    return {**columns, "log": counts}
