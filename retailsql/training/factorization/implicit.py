"""Implicit feedback as confidence-weighted preferences, by the ``implicit`` package's ALS.

Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets" (ICDM 2008): the
preference is 1 where the rating is above 0 and 0 elsewhere, trusted by ``1 + wals_alpha * rating``.
It is deterministic here: exact solutions instead of conjugate gradients, doubles, a seed, and one
thread in BLAS (each user is solved alone, so the package's own threads could not matter).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from retailsql.errors import MissingExtraError
from retailsql.training.factorization.als import Factors, Iteration
from retailsql.training.factorization.data import Ratings


def fit_implicit(
    ratings: Ratings,
    factors: int,
    l2_reg: float,
    alpha: float,
    max_iterations: int,
    least_progress: float,
    seed: int,
    after: Callable[[int], None] = lambda iteration: None,
) -> Factors:
    """Fit the factors; there are no biases and the mean is 0.

    Args:
        ratings: at most one for each pair. A negative one is a preference of 0, trusted by its
            size; one of 0 says no more than none at all.
        factors: number of latent factors.
        l2_reg: weight of the squared factors.
        alpha: trust in one unit of rating.
        max_iterations: of both sides in turn.
        least_progress: stop when the loss falls by less than this share of it; 0 never stops.
        seed: draws the first factors.
        after: called with the number of each iteration done.
    """
    try:
        from implicit.cpu.als import AlternatingLeastSquares
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("train", error.name or "implicit") from error
    told: list[Iteration] = []
    losses: list[float] = []
    with threadpool_limits(1):
        model = AlternatingLeastSquares(
            factors=factors, regularization=l2_reg, alpha=1.0, dtype=np.float64, use_cg=False,
            iterations=1, calculate_training_loss=True, num_threads=1, random_state=seed,
        )  # fmt: skip
        trust = _trust(ratings, alpha)
        for number in range(1, max_iterations + 1):
            began = time.perf_counter()
            # A second call of fit goes on from the factors of the first.
            model.fit(trust, show_progress=False, callback=lambda *said: losses.append(said[2]))
            taken = round(1000 * (time.perf_counter() - began))
            told.append(Iteration(float(losses[-1]), taken))
            after(number)
            if number > 1 and told[-2].loss - told[-1].loss < least_progress * told[-2].loss:
                break
    single = np.float32
    user, item = model.user_factors.astype(single), model.item_factors.astype(single)
    zero = np.zeros(len(ratings.users), single), np.zeros(len(ratings.items), single)
    return Factors(0.0, *zero, user, item, tuple(told))


def _trust(ratings: Ratings, alpha: float) -> csr_matrix:
    """Confidences, negative where the preference is 0, as the package wants them."""
    some = ratings.rating != 0
    rating = ratings.rating[some]
    values = np.sign(rating) * (1.0 + alpha * np.abs(rating))
    shape = (len(ratings.users), len(ratings.items))
    return csr_matrix((values, (ratings.user[some], ratings.item[some])), shape)
