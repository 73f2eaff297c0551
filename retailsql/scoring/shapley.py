"""Shapley values of a row against reference rows, by asking the model and nothing else.

The game of row x against reference row z: a coalition of features takes its values from x, the
others keep those of z. A feature's attribution is its Shapley value, averaged over the reference
rows (interventional Shapley values, as ``shap`` defines them for independent features; Lundberg
and Lee, 2017; Janzing et al., 2020).

- :func:`enumerated` asks for all coalitions: exact.
- :func:`sampled` adds the features one by one in a random order, and in the reverse order. The mean
  of such a pair is exact for every model in which at most two features interact at a time, boosted
  trees of depth two on the log-odds among them (Castro et al., 2009; Mitchell et al., 2022).

Coalitions that differ in features with the same value in x and z are asked for once only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

from retailsql.scoring.buffers import Mask, Vector

Floats = NDArray[np.float64]
Model = Callable[[list[Vector]], Floats]
"""Encoded columns, one vector per feature -> values on the explained scale, (rows, outputs)."""

SEED = 0
"""Of the orders in which features are added. Fixed: a row has one explanation."""


@dataclass(frozen=True)
class Plan:
    """The orders of :func:`sampled`.

    Args:
        reference: which reference row each order begins at, shape (orders,).
        order: features in the order in which they are added, shape (orders, features); every
            second is the reverse of the one before.
        per_reference: number of pairs of each reference row used, shape (used,).
    """

    reference: NDArray[np.int64]
    order: NDArray[np.int64]
    per_reference: NDArray[np.int64]

    @property
    def rank(self) -> NDArray[np.int64]:
        """When each feature is added, shape (orders, features)."""
        return np.argsort(self.order, axis=1)


def plan(features: int, references: int, permutations: int) -> Plan:
    """Deal pairs of orders to the reference rows.

    A fifth of the pairs is for reference rows that had one already: the two then tell how much
    chance there is in the order.

    Args:
        features: number of features.
        references: number of reference rows.
        permutations: number of orders; rounded down to pairs, at least four.

    >>> plan(3, 4, 10).per_reference.tolist()
    [2, 1, 1, 1]
    """
    pairs = max(permutations // 2, 2)
    used = min(references, max(1, pairs - max(1, pairs // 5)))
    reference = np.arange(pairs) % used
    orders = [np.random.default_rng([SEED, j]).permutation(features) for j in range(pairs)]
    both = np.array([o for order in orders for o in (order, order[::-1])], dtype=np.int64)
    return Plan(np.repeat(reference, 2), both, np.bincount(reference))


def differing(x: Sequence[Vector], z: Sequence[Vector]) -> Mask:
    """True where a row's feature differs from a reference row's, shape (rows, references,
    features). NaN equals NaN.
    """
    out = np.empty((len(x[0]), len(z[0]), len(x)), dtype=np.bool_)
    for i, (own, other) in enumerate(zip(x, z, strict=True)):
        out[:, :, i] = own[:, None] != other
        if own.dtype.kind == "f":
            out[:, :, i] &= ~(np.isnan(own)[:, None] & np.isnan(other))
    return out


def sampled(
    model: Model, x: list[Vector], fx: Floats, z: list[Vector], fz: Floats, how: Plan
) -> Floats:
    """Shapley values by adding features in random orders.

    Args:
        model: asked for the coalitions.
        x: the rows, encoded.
        fx: the model's values of them, shape (rows, outputs).
        z: the reference rows, encoded.
        fz: the model's values of those.
        how: the orders.

    Returns:
        One estimate per pair of orders, shape (rows, pairs, features, outputs). Each adds up to
        ``fx - fz`` of its reference row.
    """
    order, start = how.order, how.reference
    at = differing(x, z)[:, start[:, None], order]  # rows, orders, steps
    count = np.cumsum(at, axis=2, dtype=np.int32)
    row, which, step = np.nonzero(at)
    done, total = count[at], count[row, which, -1]
    last = done == total
    ask = ~last
    held = how.rank[which[ask]] <= step[ask, None]  # coalitions, features
    mixed = [np.where(held[:, i], x[i][row[ask]], z[i][start[which[ask]]]) for i in range(len(x))]
    after = np.empty((len(row), fx.shape[1]))
    after[last] = fx[row[last]]
    if ask.any():
        after[ask] = model(mixed)
    before = np.roll(after, 1, axis=0)
    first = done == 1
    before[first] = fz[start[which[first]]]
    phi = np.zeros((*at.shape, fx.shape[1]))
    phi[row, which, order[which, step]] = after - before
    return (phi[:, 0::2] + phi[:, 1::2]) / 2


def enumerated(model: Model, x: list[Vector], fx: Floats, z: list[Vector], fz: Floats) -> Floats:
    """Shapley values by all coalitions; arguments and shape as of :func:`sampled`, one estimate
    per reference row, and exact.
    """
    n, m, d = len(fx), len(fz), len(x)
    coalitions = np.arange(1 << d)
    differs = differing(x, z) @ (1 << np.arange(d))  # rows, references
    inside = (coalitions & ~differs[:, :, None]) == 0
    inside[:, :, 0] = False
    np.put_along_axis(inside, differs[:, :, None], False, axis=2)
    row, ref, mask = np.nonzero(inside)
    value = np.empty((n, m, 1 << d, fx.shape[1]))
    value[:, :, 0] = fz
    if len(row):
        value[row, ref, mask] = model(
            [np.where(mask >> i & 1, x[i][row], z[i][ref]) for i in range(d)]
        )
    value[np.arange(n)[:, None], np.arange(m), differs] = np.where(
        differs[:, :, None] > 0, fx[:, None], fz
    )
    value = np.take_along_axis(value, (coalitions & differs[:, :, None])[..., None], axis=2)
    out: Floats = np.einsum("nmck,ci->nmik", value, _weights(d))
    return out


def _weights(features: int) -> Floats:
    """Coalition, feature -> how much the coalition's value counts for the feature, with the sign.

    >>> _weights(2).tolist()
    [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]]
    """
    out = np.zeros((1 << features, features))
    for mask in range(1 << features):
        size = mask.bit_count()
        for i in range(features):
            others = size - (mask >> i & 1)
            weight = 1 / (features * comb(features - 1, others))
            out[mask, i] = weight if mask >> i & 1 else -weight
    return out


def combine(pairs: Floats, how: Plan, references: int) -> tuple[Floats, Floats]:
    """The mean over the reference rows, and its standard error.

    Args:
        pairs: from :func:`sampled`.
        how: its orders.
        references: number of reference rows there are.

    Returns:
        Attributions and squared standard errors, each of shape (rows, features, outputs). The error
        is that of the chance in the orders, seen where a reference row has several pairs, and of
        reference rows left out.
    """
    used = how.per_reference
    m, of_pair = len(used), how.reference[0::2]
    shape = (pairs.shape[0], m, *pairs.shape[2:])
    means, squares = np.zeros(shape), np.zeros(shape)
    for j, reference in enumerate(of_pair):
        means[:, reference] += pairs[:, j]
    means /= used[:, None, None]
    for j, reference in enumerate(of_pair):
        squares[:, reference] += (pairs[:, j] - means[:, reference]) ** 2
    within = squares.sum(axis=1) / max(1, int((used - 1).sum()))
    error = within * float((1 / used).sum()) / m**2
    if m < references:
        between = means.var(axis=1, ddof=1) if m > 1 else within
        error = error + between / m * (1 - m / references)
    return means.mean(axis=1), error
