"""What a recommender learned, as plain arrays: which items lead to which, and how strongly.

Two ways to weigh item i -> item j from the matrix X (users x items, recent purchases near 1):

* EASE: ``B = I - P diag(P)^-1`` with ``P = (X'X + ridge I)^-1``, the closed form of a linear
  autoencoder that may not use an item to explain itself. Steck, Embarrassingly Shallow
  Autoencoders for Sparse Data, WWW 2019, https://arxiv.org/abs/1905.03375.
* COSINE: ``X_i . X_j / (|X_i| |X_j| + shrinkage)``, for catalogues too large to invert.

Either is cut to the strongest neighbours of each item and multiplied by the trend of item j.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg, sparse

from retailsql.training.items.purchases import Bools, Floats, Ints, Purchases

EASE_LIMIT = 6_000
"""Most items for which AUTO inverts the item-item matrix: 300 MB and about 10 s on one thread."""

MAX_HISTORY = 100_000
"""Most purchases of one history that weigh; the scorer keeps a table of that length."""


@dataclass(frozen=True)
class ItemWeights:
    """The learned arrays, with J items and M neighbours each. Row J stands for "no item".

    Args:
        near_index: (J + 1, M) int32, codes of the neighbours; J where there are fewer.
        near_weight: (J + 1, M) float32, how strongly they follow; 0 where there are fewer.
        repeat: (J + 1,) float64, what one earlier purchase of the item itself adds.
        popularity: (J,) float64, what an item gets without any history; orders ties and fillers.
        half_life: events after which a purchase counts half, from the end of the history.
        floor: the share of a purchase's weight that never decays.
        max_history: how many of the last purchases are used.
    """

    near_index: np.ndarray[Any, np.dtype[np.int32]]
    near_weight: np.ndarray[Any, np.dtype[np.float32]]
    repeat: Floats
    popularity: Floats
    half_life: float
    floor: float
    max_history: int

    @property
    def item_count(self) -> int:
        """J, the number of items."""
        return len(self.popularity)

    def matrix(self) -> sparse.csr_array:
        """The neighbour weights as a sparse (J, J) matrix, row i leads to column j."""
        j, m = self.item_count, self.near_index.shape[1]
        rows = np.repeat(np.arange(j), m)
        columns, values = self.near_index[:j].ravel(), self.near_weight[:j].ravel()
        real = columns < j
        shape = (j, j)
        kept = values[real].astype(np.float64)
        return sparse.csr_array((kept, (rows[real], columns[real])), shape=shape)

    def scores(self, histories: Sequence[Sequence[int]]) -> Floats:
        """Scores of all items, the plain way: one loop a row, one matrix product.

        Args:
            histories: item codes of each row, oldest first.

        Returns:
            float64 (rows, J), seen items not masked.
        """
        rows = len(histories)
        profile, counts = np.zeros((2, rows, self.item_count))
        for row, history in enumerate(histories):
            for back, code in enumerate(reversed(history[-self.max_history :])):
                weight = self.floor + (1 - self.floor) * 0.5 ** (back / self.half_life)
                profile[row, code] = max(profile[row, code], weight)
                counts[row, code] += 1
        near = sparse.csr_array(profile) @ self.matrix()
        repeat = self.repeat[:-1]
        return np.asarray(near.toarray() + counts * repeat + self.popularity, dtype=np.float64)


def learn(purchases: Purchases, settings: Mapping[str, Any]) -> ItemWeights:
    """Learn the weights of all items from all purchases given.

    Args:
        purchases: only of items that are to be recommended.
        settings: the options of ``item_knn.OPTIONS``.
    """
    matrix = recent(purchases, settings["half_life_days"], settings["recency_floor"])
    kind = settings["similarity"]
    if kind == "AUTO":
        kind = "EASE" if len(purchases.items) <= EASE_LIMIT else "COSINE"
    trend = 1.0 + purchases.last_days(settings["trend_days"]).buyers()
    trend = trend.astype(np.float64) ** settings["trend_power"]
    trend /= trend.mean()
    rate = repurchase(purchases, settings["eval_days"]) ** settings["repurchase_power"]
    m = min(settings["num_neighbors"], len(purchases.items) - 1)
    if kind == "EASE":
        index, weight = _strongest(_ease(matrix, settings["ridge"]), m)
    else:
        index, weight = _cosine(matrix, settings["shrinkage"], m)
    weight = np.where(index < len(trend), weight * np.append(trend, 0.0)[index], 0.0)
    lately, ever = purchases.last_days(settings["eval_days"]).buyers(), purchases.buyers()
    order = lately / max(lately.max(), 1) + 1e-3 * ever / ever.max()
    return ItemWeights(
        near_index=_with_padding(index, len(trend)).astype(np.int32),
        near_weight=_with_padding(weight, 0.0).astype(np.float32),
        repeat=np.append(settings["repeat_weight"] * trend * rate, 0.0),
        popularity=order * settings["popularity_weight"],
        half_life=settings["history_half_life"],
        floor=settings["history_floor"],
        max_history=min(settings["max_history"], MAX_HISTORY),
    )


def repurchase(purchases: Purchases, days: int, shrinkage: float = 10.0) -> Floats:
    """How readily each item is bought again, relative to the average item: shape (J,).

    The share of an item's earlier buyers who, if they bought anything in the last ``days``,
    bought it again; drawn to the average by ``shrinkage`` buyers. 1 where that cannot be known.
    """
    j = len(purchases.items)
    if purchases.at is None:
        return np.ones(j)
    late = purchases.at >= np.floor(purchases.at.max()) + 1 - days
    key = purchases.user * j + purchases.item
    after = np.unique(key[late])
    before = np.unique(key[~late & np.isin(purchases.user, purchases.user[late])])
    owners = np.bincount(before % j, minlength=j)
    again = np.bincount(np.intersect1d(before, after) % j, minlength=j)
    if not again.any():
        return np.ones(j)
    mean = again.sum() / owners.sum()
    return np.asarray((again + shrinkage * mean) / (owners + shrinkage) / mean, dtype=np.float64)


def recent(purchases: Purchases, half_life: float, floor: float) -> sparse.csr_array:
    """X, users x items: 1 for a purchase of the last day, decaying to ``floor``; 0 for none."""
    shape = (len(purchases.users), len(purchases.items))
    key = purchases.user * shape[1] + purchases.item
    # Rows are oldest first, so the first of the reversed keys is the last purchase of the pair.
    pairs, first = np.unique(key[::-1], return_index=True)
    values = np.ones(len(pairs))
    if purchases.at is not None and half_life > 0:
        last = purchases.at[::-1][first]
        end = np.floor(purchases.at.max()) + 1
        values = floor + (1 - floor) * np.exp2((last - end) / half_life)
    return sparse.csr_array((values, (pairs // shape[1], pairs % shape[1])), shape=shape)


def _ease(x: sparse.csr_array, ridge: float) -> Floats:
    gram = (x.T @ x).toarray()
    gram[np.diag_indices_from(gram)] += ridge
    inverse = linalg.inv(gram, overwrite_a=True, check_finite=False)
    weights = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights)


def _cosine(x: sparse.csr_array, shrinkage: float, m: int) -> tuple[Ints, Floats]:
    """In blocks of rows, so that a large catalogue never needs a dense (J, J) matrix."""
    # Who buys everything says little about which things belong together (inverse user frequency).
    x = sparse.diags_array(1.0 / np.log2(2.0 + np.diff(x.indptr))) @ x
    norm = np.sqrt(np.asarray(x.multiply(x).sum(axis=0)).ravel())
    blocks, transposed = [], x.T.tocsr()
    for start in range(0, x.shape[1], 512):
        rows = slice(start, start + 512)
        dots = (transposed[rows] @ x).toarray()
        dots /= norm[rows, None] * norm[None, :] + shrinkage
        dots[np.arange(len(dots)), np.arange(start, start + len(dots))] = 0.0
        blocks.append(_strongest(dots, m))
    index = np.concatenate([b[0] for b in blocks])
    weight = np.concatenate([b[1] for b in blocks])
    return index, weight / max(weight.sum(axis=1).mean(), 1e-12)


def _strongest(weights: Floats, m: int) -> tuple[Ints, Floats]:
    """The m weights of each row that are largest in size, in code order; zeros become padding."""
    order = np.argsort(-np.abs(weights), axis=1, kind="stable")[:, :m]
    index = np.sort(order, axis=1)
    values = np.take_along_axis(weights, index, axis=1)
    nothing: Bools = values == 0.0
    return np.where(nothing, weights.shape[1], index).astype(np.int64), values


def _with_padding(array: np.ndarray[Any, Any], value: float) -> np.ndarray[Any, Any]:
    return np.vstack([array, np.full((1, array.shape[1]), value)])
