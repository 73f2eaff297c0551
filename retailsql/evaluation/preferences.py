"""How well confidences put what a user prefers before the rest: BigQuery ML's four metrics of
implicit matrix factorizations.

Every item is ranked, none is sampled. ``scores`` may come in pieces of users: the metrics are sums
over users, and :func:`preference_metrics` takes a function that gives the scores of some.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

_PIECE = 500


def preference_metrics(
    board: Callable[[Ints], Floats], ratings: Floats, hidden: Bools
) -> dict[str, float]:
    """Mean average precision, mean squared error, NDCG and average rank.

    Args:
        board: rows -> scores of all items, shape (rows, items).
        ratings: (rows, items) later ratings; above 0 where there is one. Each row has at least one
            that is not hidden.
        hidden: (rows, items) True for items that are not ranked, as they were known before.

    Returns:
        ``mean_average_precision`` over users. ``mean_squared_error`` of the score to the
        preference, 1 or 0, over all pairs that are ranked.
        ``normalized_discounted_cumulative_gain`` of the whole list, with the rating for gain
        (Järvelin and Kekäläinen, ACM TOIS 20 (2002)). ``average_rank``: mean percentile rank, 0
        for the first place and 1 for the last, weighted by the rating (Hu, Koren, Volinsky, ICDM
        2008, equation 8).

    >>> def one(rows):
    ...     return np.array([[0.9, 0.5, 0.1]])
    >>> m = preference_metrics(one, np.array([[0.0, 2.0, 0.0]]), np.zeros((1, 3), dtype=bool))
    >>> m["mean_average_precision"], m["average_rank"], round(m["mean_squared_error"], 2)
    (0.5, 0.5, 0.36)
    """
    precision = gain = error = ranked = weighted = weights = 0.0
    rows = len(ratings)
    for first in range(0, rows, _PIECE):
        part = np.arange(first, min(first + _PIECE, rows))
        wanted, known = np.where(hidden[part], 0.0, ratings[part]).clip(0.0), hidden[part]
        scores = board(part)
        error += float((np.where(known, 0.0, scores - (wanted > 0)) ** 2).sum())
        ranked += float((~known).sum())
        order = np.argsort(np.where(known, np.inf, -scores), axis=1, kind="stable")
        worth = np.take_along_axis(wanted, order, axis=1)
        precision += float(_average_precision(worth > 0).sum())
        gain += float(_gain(worth).sum())
        last = (~known).sum(axis=1, keepdims=True) - 1
        weighted += float((worth * np.arange(worth.shape[1]) / last.clip(1)).sum())
        weights += float(worth.sum())
    return {
        "mean_average_precision": precision / rows,
        "mean_squared_error": error / ranked,
        "normalized_discounted_cumulative_gain": gain / rows,
        "average_rank": weighted / weights,
    }


def _average_precision(hits: Bools) -> Floats:
    """Mean, over the hits of each row, of the share of hits down to that place."""
    places = np.arange(1, hits.shape[1] + 1)
    return np.asarray((hits * hits.cumsum(axis=1) / places).sum(axis=1) / hits.sum(axis=1))


def _gain(worth: Floats) -> Floats:
    discount = 1.0 / np.log2(np.arange(2, worth.shape[1] + 2))
    best = -np.sort(-worth, axis=1)
    return np.asarray((worth @ discount) / (best @ discount))
