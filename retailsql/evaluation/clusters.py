"""How good a clustering is, on rows it was not fitted to, and how far it can be trusted."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import adjusted_rand_score, pairwise_distances_argmin
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]

BOOTSTRAPS = 20
MOST_RESAMPLED = 5_000
"""Rows that are clustered again and again to see whether the clusters come back."""


def distances(x: Floats, centroids: Floats, cosine: bool = False) -> Floats:
    """Distance of each row to each centroid.

    Args:
        x: shape (rows, width).
        centroids: shape (k, width).
        cosine: False for the Euclidean distance; True for sqrt(1 - cos), as BigQuery ML defines
            it, where a row of zeros is at distance 1 of everything.

    >>> distances(np.array([[3.0, 4.0]]), np.zeros((1, 2))).tolist()
    [[5.0]]
    """
    if cosine:
        cos = unit(x) @ unit(centroids).T
        return np.asarray(np.sqrt(np.maximum(1.0 - cos, 0.0)))
    squares = (x**2).sum(axis=1)[:, None] - 2.0 * x @ centroids.T + (centroids**2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)))


def unit(x: Floats) -> Floats:
    """The rows at length 1; rows of zeros stay."""
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12))


def davies_bouldin_index(to_centroids: Floats, between: Floats) -> float | None:
    """The Davies-Bouldin index about the model's own centroids; less is better.

    For clusters i, j with mean distances s to their centroid, and d between the centroids, the mean
    over i of the largest (s_i + s_j) / d_ij (Davies and Bouldin, 1979). scikit-learn's takes the
    means of the rows given instead of the centroids: on the training rows of a converged model the
    two are equal. Clusters without a row are left out.

    Args:
        to_centroids: distance of each row to each centroid, shape (rows, k).
        between: distances of the centroids, shape (k, k).

    Returns:
        The index; None with rows in fewer than two clusters, or two centroids in one place.

    >>> to = np.array([[1.0, 9.0], [9.0, 1.0]])
    >>> davies_bouldin_index(to, np.array([[0.0, 10.0], [10.0, 0.0]]))
    0.2
    """
    nearest, least = to_centroids.argmin(axis=1), to_centroids.min(axis=1)
    present = np.unique(nearest)
    if len(present) < 2:
        return None
    spread = np.array([least[nearest == i].mean() for i in present])
    apart = between[np.ix_(present, present)] + np.diag(np.full(len(present), np.inf))
    if (apart == 0).any():
        return None
    return float(((spread[:, None] + spread) / apart).max(axis=1).mean())


def bootstrap_ari(x: Floats, labels: NDArray[np.int64], k: int, seed: int) -> float:
    """Do the clusters come back when the rows are drawn anew? 1: always the same; 0: as by chance.

    The mean adjusted Rand index (Hubert and Arabie, 1985) between the model's labels and those of
    k-means fitted to each of :data:`BOOTSTRAPS` samples with replacement, on the same rows.

    Args:
        x: shape (rows, width); at most :data:`MOST_RESAMPLED` of them are used.
        labels: the model's cluster of each row.
        k: number of clusters.
        seed: of the samples.
    """
    rng = np.random.default_rng(seed)
    if len(x) > MOST_RESAMPLED:
        some = np.sort(rng.choice(len(x), MOST_RESAMPLED, replace=False))
        x, labels = x[some], labels[some]
    found = []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of samples with few different rows
        for round_ in range(BOOTSTRAPS):
            sample = x[rng.integers(0, len(x), len(x))]
            if len(np.unique(sample, axis=0)) < k:
                continue
            again = KMeans(k, n_init=5, random_state=seed + round_).fit(sample)
            other = pairwise_distances_argmin(x, again.cluster_centers_)
            found.append(adjusted_rand_score(labels, other))
    return float(np.mean(found)) if found else 0.0
