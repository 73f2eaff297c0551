"""Explicit ratings as mean + biases + factors, by alternating least squares.

The model is ``r = mu + b_u + b_i + x_u . y_i`` (Koren, Bell, Volinsky, "Matrix factorization
techniques for recommender systems", IEEE Computer 42 (2009), equation 4), and what is minimised is

    sum over ratings (r - mu - b_u - b_i - x_u . y_i)^2
        + l2_reg (sum b_u^2 + sum b_i^2 + sum |x_u|^2 + sum |y_i|^2)

With the items held fixed each user is a small ridge regression of his own, and the other way round.
No library that is kept up offers this: ``implicit`` has implicit feedback only, and scikit-learn's
NMF takes what is missing for zero.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from retailsql.training.factorization.data import Floats, Ints, Ratings

MAX_CELLS = 2_000_000
"""Bound of one batch of equations: users x (factors + 1)^2, and their ratings x (factors + 1)."""
_LEAST_PENALTY = 1e-9  # without any, a user with fewer ratings than factors has no single solution
_FIRST_SPREAD = 0.1


@dataclass(frozen=True)
class Iteration:
    """One iteration: the objective over the number of ratings, and how long it took."""

    loss: float
    milliseconds: int


@dataclass(frozen=True)
class Factors:
    """A fitted factorization, in the numbers its graph holds: 32-bit.

    Args:
        mean: the global intercept.
        user_bias: (users,).
        item_bias: (items,).
        user: (users, factors).
        item: (items, factors).
        iterations: how the fit went.
    """

    mean: float
    user_bias: NDArray[np.float32]
    item_bias: NDArray[np.float32]
    user: NDArray[np.float32]
    item: NDArray[np.float32]
    iterations: tuple[Iteration, ...] = ()

    def scores(self, user: Ints, item: Ints) -> Floats:
        """The score of each pair of codes; code -1 is somebody, or something, unknown."""
        u, i = user.clip(0), item.clip(0)
        user_bias = np.where(user < 0, 0.0, self.user_bias[u].astype(np.float64))
        item_bias = np.where(item < 0, 0.0, self.item_bias[i].astype(np.float64))
        products = (self.user[u].astype(np.float64) * self.item[i]).sum(axis=1)
        together = np.where((user < 0) | (item < 0), 0.0, products)
        return np.asarray(self.mean + user_bias + item_bias + together)

    def board(self, user: Ints) -> Floats:
        """The scores of all items for some users, shape (users, items)."""
        products = self.user[user].astype(np.float64) @ self.item.astype(np.float64).T
        biases = self.user_bias[user].astype(np.float64)[:, None] + self.item_bias
        return np.asarray(self.mean + biases + products)


class _Side:
    """The ratings by user, or by item: groups with equally many, so that one call solves many.

    Args:
        own: code of each rating's user (or item).
        other: code of its item (or user).
        rows: how many users (or items) there are.
        width: unknowns of each.
    """

    def __init__(self, own: Ints, other: Ints, rows: int, width: int) -> None:
        self.other, self.rows, self.width = other, rows, width
        order = np.argsort(own, kind="stable")
        counts = np.bincount(own, minlength=rows)
        start = np.cumsum(counts) - counts
        self.groups: list[tuple[Ints, Ints]] = []
        for count in np.unique(counts[counts > 0]):
            members = np.flatnonzero(counts == count)
            many = max(1, MAX_CELLS // (width * max(width, int(count))))
            for first in range(0, len(members), many):
                part = members[first : first + many]
                self.groups.append((part, order[start[part][:, None] + np.arange(count)]))

    def solve(self, fixed: Floats, target: Floats, penalty: float) -> Floats:
        """The ridge regression of each row's targets on what is held fixed; 0 without ratings."""
        found = np.zeros((self.rows, self.width))
        ridge = penalty * np.eye(self.width)
        for members, places in self.groups:
            x = fixed[self.other[places]]
            turned = x.transpose(0, 2, 1)
            right = turned @ target[places][:, :, None]
            found[members] = np.linalg.solve(turned @ x + ridge, right)[:, :, 0]
        return found


def fit_explicit(
    ratings: Ratings,
    factors: int,
    l2_reg: float,
    max_iterations: int,
    least_progress: float,
    seed: int,
    after: Callable[[int], None] = lambda iteration: None,
) -> Factors:
    """Fit biases, and factors if there are any.

    Args:
        ratings: at most one for each pair.
        factors: number of latent factors; 0 fits the biases alone.
        l2_reg: weight of the squared biases and factors.
        max_iterations: of both sides in turn.
        least_progress: stop when the loss falls by less than this share of it; 0 never stops.
        seed: draws the first item factors.
        after: called with the number of each iteration done.

    Returns:
        The factors. A user or item without a rating has bias 0 and factors 0.
    """
    penalty, width = max(l2_reg, _LEAST_PENALTY), factors + 1
    by_user = _Side(ratings.user, ratings.item, len(ratings.users), width)
    by_item = _Side(ratings.item, ratings.user, len(ratings.items), width)
    mean = float(ratings.rating.mean())
    rest = ratings.rating - mean
    item = np.random.default_rng(seed).normal(0.0, _FIRST_SPREAD, (len(ratings.items), width))
    total = np.bincount(ratings.item, rest, len(ratings.items))
    item[:, -1] = total / (np.bincount(ratings.item, minlength=len(ratings.items)) + penalty)
    told: list[Iteration] = []
    # One thread: a sum that two threads share comes out different in its last bits.
    with threadpool_limits(1):
        for number in range(1, max_iterations + 1):
            began = time.perf_counter()
            user = by_user.solve(_with_one(item), rest - item[ratings.item, -1], penalty)
            item = by_item.solve(_with_one(user), rest - user[ratings.user, -1], penalty)
            loss = _loss(ratings, rest, user, item, penalty)
            told.append(Iteration(loss, round(1000 * (time.perf_counter() - began))))
            after(number)
            if number > 1 and told[-2].loss - loss < least_progress * told[-2].loss:
                break
    seen = np.bincount(ratings.item, minlength=len(ratings.items)) > 0
    item[~seen] = 0.0
    single = np.float32
    return Factors(
        mean, user[:, -1].astype(single), item[:, -1].astype(single), user[:, :-1].astype(single),
        item[:, :-1].astype(single), tuple(told),
    )  # fmt: skip


def _with_one(side: Floats) -> Floats:
    """The factors, and 1 in the place of the bias: the other side's bias weighs in fully."""
    return np.column_stack([side[:, :-1], np.ones(len(side))])


def _loss(ratings: Ratings, rest: Floats, user: Floats, item: Floats, penalty: float) -> float:
    u, i = user[ratings.user], item[ratings.item]
    error = rest - u[:, -1] - i[:, -1] - (u[:, :-1] * i[:, :-1]).sum(axis=1)
    squares = float((user**2).sum() + (item**2).sum())
    return (float((error**2).sum()) + penalty * squares) / len(ratings)
