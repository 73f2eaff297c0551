"""How good are lists of recommendations, and how good are the trivial rules.

Full ranking over all items, no sampled candidates (Krichene and Rendle, On Sampled Metrics for
Item Recommendation, KDD 2020). Every function is plain numpy and knows no model.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]


def top_k(scores: Floats, k: int) -> Ints:
    """Codes of the best items of each row, best first, ties by lower code.

    Args:
        scores: (rows, items).
        k: how many; at most the number of items is returned.

    Returns:
        (rows, min(k, items)) int64.

    >>> top_k(np.array([[0.5, 2.0, 0.5]]), 2).tolist()
    [[1, 0]]
    """
    return np.argsort(-scores, axis=1, kind="stable")[:, :k].astype(np.int64)


def recall_at_k(lists: Ints, truth: Bools, k: int) -> Floats:
    """Hits among the first k, over the most there could be: ``hits / min(k, n)``.

    Args:
        lists: recommended codes, best first, (rows, at least k or all items).
        truth: (rows, items), True for the items bought later; at least one in each row.
        k: cut of the list.

    Returns:
        (rows,) values from 0 to 1.

    >>> recall_at_k(np.array([[0, 1]]), np.array([[True, False, True]]), 2).tolist()
    [0.5]
    """
    hits = np.take_along_axis(truth, lists[:, :k], axis=1).sum(axis=1)
    return np.asarray(hits / np.minimum(k, truth.sum(axis=1)), dtype=np.float64)


def ndcg_at_k(lists: Ints, truth: Bools, k: int) -> Floats:
    """Normalised discounted cumulative gain, gain 1 a hit, discount ``1 / log2(rank + 1)``.

    Järvelin and Kekäläinen, ACM TOIS 20 (2002). Arguments as for :func:`recall_at_k`.

    >>> ndcg_at_k(np.array([[1, 0]]), np.array([[True, False]]), 2).round(4).tolist()
    [0.6309]
    """
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    hits = np.take_along_axis(truth, lists[:, :k], axis=1)
    gained = (hits * discount[: hits.shape[1]]).sum(axis=1)
    best = np.cumsum(discount)[np.minimum(k, truth.sum(axis=1)) - 1]
    return np.asarray(gained / best, dtype=np.float64)


def coverage(lists: Ints, items: int) -> float:
    """Share of all items that are recommended to anybody; a popularity rule is near 0.

    >>> coverage(np.array([[0, 1], [1, 0]]), 4)
    0.5
    """
    return float(len(np.unique(lists)) / items)


def buyers(user: Ints, item: Ints, items: int) -> Floats:
    """Number of different buyers of each item: the score of the popularity rules.

    Args:
        user: code of each purchase's user.
        item: code of its item.
        items: how many items there are.

    >>> buyers(np.array([0, 0, 1]), np.array([1, 1, 1]), 2).tolist()
    [0.0, 2.0]
    """
    pairs = np.unique(user * items + item)
    return np.bincount(pairs % items, minlength=items).astype(np.float64)


def own_frequency(row: Ints, item: Ints, popularity: Floats, rows: int) -> Floats:
    """The rule "what this customer bought most often": ties, and then the rest, by popularity.

    Args:
        row: row of each earlier purchase.
        item: code of its item.
        popularity: (items,), as :func:`buyers` gives it.
        rows: how many rows (customers) there are.

    Returns:
        (rows, items) scores.

    >>> own_frequency(np.array([0, 0]), np.array([2, 2]), np.array([1.0, 3.0, 0.0]), 1).tolist()
    [[0.25, 0.75, 2.0]]
    """
    counts = np.zeros((rows, len(popularity)))
    np.add.at(counts, (row, item), 1.0)
    return np.asarray(counts + popularity / (popularity.max() + 1.0), dtype=np.float64)


def ranking_metrics(
    scores: Floats, truth: Bools, seen: Bools, k_recall: int = 20, k_ndcg: int = 10
) -> dict[str, float]:
    """Both protocols of the task: only items that are new to the customer, and all items.

    Args:
        scores: (rows, items).
        truth: (rows, items), what was bought afterwards.
        seen: (rows, items), what had been bought before.
        k_recall: cut of the recall.
        k_ndcg: cut of the NDCG.

    Returns:
        ``recall_at_k``, ``ndcg_at_k``, ``coverage`` over novel items (rows with at least one)
        and the same with the suffix ``_all`` over all. A protocol without rows is left out.

    >>> never = np.zeros((1, 2), dtype=bool)
    >>> ranking_metrics(np.array([[1.0, 0.0]]), ~never, never, 1, 1)["recall_at_k"]
    1.0
    """
    result: dict[str, float] = {}
    for suffix, hidden in (("", seen), ("_all", np.zeros_like(seen))):
        goal = truth & ~hidden
        some = goal.any(axis=1)
        if not some.any():
            continue
        visible = np.where(hidden, -np.inf, scores)[some]
        lists = top_k(visible, max(k_recall, k_ndcg))
        result[f"recall_at_k{suffix}"] = float(recall_at_k(lists, goal[some], k_recall).mean())
        result[f"ndcg_at_k{suffix}"] = float(ndcg_at_k(lists, goal[some], k_ndcg).mean())
        result[f"coverage{suffix}"] = coverage(lists[:, :k_recall], scores.shape[1])
    return result
