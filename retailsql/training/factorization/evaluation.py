"""What is held out to judge a matrix factorization, and how it stands beside the trivial rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from retailsql.errors import TrainingError
from retailsql.evaluation.metrics import regressor_metrics
from retailsql.evaluation.preferences import preference_metrics
from retailsql.evaluation.ranking import Bools, buyers, ranking_metrics
from retailsql.evaluation.report import Evaluation
from retailsql.evaluation.splits import SplitOptions, plan_split
from retailsql.training.factorization.als import Factors, fit_explicit
from retailsql.training.factorization.data import Floats, Ints, Ratings
from retailsql.training.tuning_options import judging_rows

PENALTIES = (1.0, 2.0, 5.0, 10.0, 15.0)
"""What l2_reg is chosen from where OPTIONS does not say."""
MAX_USERS, MAX_CELLS = 5_000, 10_000_000
"""Bounds of the evaluation of implicit feedback: users, and users x items of one dense board."""
_LEAST_CHOSEN_ON = 20
_FEW = 500


def split_ratings(ratings: Ratings, settings: Mapping[str, Any]) -> tuple[Ratings, Ratings, str]:
    """Cut the ratings in two: to train on, to judge by, and in words.

    Args:
        ratings: with split values if data_split_col is set.
        settings: data_split_method, data_split_eval_fraction, num_trials, seed, ...

    Raises:
        TrainingError: too few ratings, or a column that does not split them.
    """
    method, column = settings["data_split_method"], ratings.split
    share = settings["data_split_eval_fraction"]
    if settings["num_trials"] is not None:
        share = settings["data_split_test_fraction"] or share
        if method == "CUSTOM" and column is not None and column.dtype.kind == "U":
            column = judging_rows(column.tolist(), ratings.names[3])
    if method in ("NO_SPLIT", "AUTO_SPLIT"):
        method = "AUTO_SPLIT" if len(ratings) >= _FEW else "RANDOM"
    how = SplitOptions(method, share, seed=settings["seed"])
    plan = plan_split(len(ratings), how, column=column, column_name=ratings.names[3])
    train, held = plan.pairs[0]
    return ratings.at(train), ratings.at(held), plan.words


def choose_penalty(train: Ratings, factors: int, settings: Mapping[str, Any]) -> float:
    """The l2_reg with the smallest squared error on a tenth of the training ratings, drawn by the
    seed; 1, BigQuery ML's default, where that are too few to tell.
    """
    order = np.random.default_rng(settings["seed"]).permutation(len(train))
    chosen_on = len(train) // 10
    if chosen_on < _LEAST_CHOSEN_ON:
        return 1.0
    judge, rest = train.at(np.sort(order[:chosen_on])), train.at(np.sort(order[chosen_on:]))
    known = known_codes(rest)
    errors = []
    for penalty in PENALTIES:
        fitted = explicit(rest, factors, penalty, settings)
        errors.append(float(((judge.rating - predict(fitted, judge, known)) ** 2).mean()))
    return PENALTIES[int(np.argmin(errors))]


def explicit(train: Ratings, factors: int, penalty: float, settings: Mapping[str, Any]) -> Factors:
    """Biases and factors, by the settings."""
    progress = settings["min_rel_progress"] if settings["early_stop"] else 0.0
    return fit_explicit(
        train, factors, penalty, settings["max_iterations"], progress, settings["seed"]
    )


def known_codes(train: Ratings) -> tuple[Bools, Bools]:
    """Which users and which items have a rating there."""
    user, item = np.zeros(len(train.users), dtype=bool), np.zeros(len(train.items), dtype=bool)
    user[train.user], item[train.item] = True, True
    return user, item


def predict(factors: Factors, ratings: Ratings, known: tuple[Bools, Bools]) -> Floats:
    """The score of each rating's pair; of what is not known there, the other side's bias alone."""
    user = np.where(known[0][ratings.user], ratings.user, -1)
    item = np.where(known[1][ratings.item], ratings.item, -1)
    return factors.scores(user, item)


def judge_explicit(
    train: Ratings, held: Ratings, fitted: Factors, words: str, settings: Mapping[str, Any]
) -> tuple[Evaluation, Floats]:
    """Squared and absolute errors, beside those of the means and of the biases alone.

    Returns:
        The evaluation, and the predictions of the held-out ratings.
    """
    known = known_codes(train)
    predicted = predict(fitted, held, known)
    biases = explicit(train, 0, choose_penalty(train, 0, settings), settings)
    rules = {
        "global mean": np.full(len(held), biases.mean),
        "user mean": _means(train.user, train.rating, len(train.users))[held.user],
        "item mean": _means(train.item, train.rating, len(train.items))[held.item],
        "mean + user bias + item bias": predict(biases, held, known),
    }
    evaluation = Evaluation(
        split=words, primary="mean_squared_error", metrics=_errors(held.rating, predicted),
        baselines={name: _errors(held.rating, said) for name, said in rules.items()},
        rows_train=len(train), rows_eval=len(held),
    )  # fmt: skip
    return evaluation, predicted


def _means(code: Ints, rating: Floats, rows: int) -> Floats:
    """The mean rating of each code; the mean of all where it has none."""
    count = np.bincount(code, minlength=rows)
    total = np.bincount(code, rating, rows)
    return np.asarray(np.where(count > 0, total / count.clip(1), rating.mean()))


def _errors(truth: Floats, predicted: Floats) -> dict[str, float]:
    metrics = regressor_metrics(truth, predicted)
    return {**metrics, "root_mean_squared_error": metrics["mean_squared_error"] ** 0.5}


def judge_implicit(
    train: Ratings, held: Ratings, fitted: Factors, words: str, settings: Mapping[str, Any]
) -> Evaluation:
    """Rankings of all items, beside those by popularity and by the user's own history.

    Primary is the recall among items that are new to the user, as for ITEM_KNN; where the held-out
    ratings are all of items the user knows, that among all items.

    Raises:
        TrainingError: no held-out rating is of a user and an item that training knows.
    """
    users, later, seen = _boards(train, held, settings)
    if not len(users):
        raise TrainingError(
            "No held-out rating can judge the model",
            seen=f"{len(held):,} ratings held out: {words}",
            wanted="ratings above 0, of users and items that have others to train on",
            todo="give more ratings, or split them otherwise",
        )
    popular = np.broadcast_to(buyers(train.user, train.item, len(train.items)), later.shape)
    own = np.where(seen > 0, seen, 0.0) + popular / (popular.max() + 1.0)
    again = bool(((later > 0) & (seen != 0)).any())
    boards = {"": fitted.board(users), "popular": popular}
    if again:  # else pairs were held out whole, and what a user had before cannot come again
        boards["own ratings, then popular"] = own
    told = {name: ranking_metrics(board, later > 0, seen != 0) for name, board in boards.items()}
    primary = "recall_at_k" if "recall_at_k" in told[""] else "recall_at_k_all"
    hidden = (seen != 0) if primary == "recall_at_k" else np.zeros_like(seen, dtype=bool)
    judged = ((later > 0) & ~hidden).any(axis=1)
    for name, board in boards.items():
        shown = board[judged]
        more = preference_metrics(shown.__getitem__, later[judged], hidden[judged])
        told[name] |= more if not name else {k: v for k, v in more.items() if "error" not in k}
    if not again:
        told = {n: {k: v for k, v in m.items() if k[-4:] != "_all"} for n, m in told.items()}
    return Evaluation(
        split=f"{words}; {len(users):,} users judged", primary=primary, metrics=told.pop(""),
        baselines=told, rows_train=len(train), rows_eval=len(users),
    )  # fmt: skip


def _boards(
    train: Ratings, held: Ratings, settings: Mapping[str, Any]
) -> tuple[Ints, Floats, Floats]:
    """The users to judge; their held-out ratings and their earlier ones, (users, items)."""
    known_user, known_item = known_codes(train)
    good = known_user[held.user] & known_item[held.item] & (held.rating > 0)
    later = held.at(np.flatnonzero(good))
    users = np.unique(later.user)
    most = max(1, min(MAX_USERS, MAX_CELLS // len(train.items)))
    if len(users) > most:
        drawn = np.random.default_rng(settings["seed"]).choice(users, most, replace=False)
        users = np.sort(drawn)
    boards = []
    for part in (later, train):
        row = np.searchsorted(users, part.user).clip(0, max(0, len(users) - 1))
        mine = users[row] == part.user if len(users) else np.zeros(len(part), dtype=bool)
        board = np.zeros((len(users), len(train.items)))
        board[row[mine], part.item[mine]] = part.rating[mine]
        boards.append(board)
    return users, boards[0], boards[1]
