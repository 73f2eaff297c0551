"""What the ML functions tell about a clustering: its centroids, its iterations, its sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.training.tabular.prefix import Prefix
from retailsql.training.unsupervised.columns import matrix_columns, original_units, vector_rows
from retailsql.training.unsupervised.kmeans_lloyd import Iteration

Floats = NDArray[np.float64]
SMALL = 0.01
STABLE = 0.8


def distance_rows(between: Floats) -> list[dict[str, Any]]:
    """The distance of each centroid to each other one.

    >>> distance_rows(np.array([[0.0, 2.0], [2.0, 0.0]]))[0]
    {'a': 1, 'b': 2, 'distance': 2.0}
    """
    k = range(len(between))
    return [
        {"a": i + 1, "b": j + 1, "distance": float(between[i, j])} for i in k for j in k if i != j
    ]


def iteration_rows(
    iterations: Sequence[Iteration], radii: Floats, sizes: NDArray[np.int64]
) -> list[dict[str, Any]]:
    """The columns of ML.TRAINING_INFO; the clusters are told in the last row.

    Args:
        iterations: of the best start.
        radii: root mean squared distance of each cluster's rows, shape (k,).
        sizes: rows of each cluster, shape (k,).
    """
    info = [
        {"centroid_id": i + 1, "cluster_radius": float(radius), "cluster_size": int(size)}
        for i, (radius, size) in enumerate(zip(radii, sizes, strict=True))
    ]
    last = len(iterations) - 1
    return [
        {
            "training_run": 0, "iteration": i, "loss": step.loss, "eval_loss": None,
            "learning_rate": None, "duration_ms": step.milliseconds,
            "cluster_info": info if i == last else [],
        }
        for i, step in enumerate(iterations)
    ]  # fmt: skip


def centroid_rows(prefix: Prefix, centroids: Floats, x: Floats) -> list[dict[str, Any]]:
    """One row per centroid and feature, in original units and in standard deviations.

    Args:
        prefix: the encoding.
        centroids: shape (k, width).
        x: the matrix of all rows, for the moments of the standardized form.
    """
    described = matrix_columns(prefix)
    deviation = x.std(axis=0)
    deviation[deviation == 0] = 1.0
    told = []
    for i, centroid in enumerate(centroids):
        plain = vector_rows(described, original_units(described, centroid))
        scaled = vector_rows(described, (centroid - x.mean(axis=0)) / deviation)
        told += [
            {
                "centroid_id": i + 1, **row,
                "standardized_value": other["numerical_value"],
                "standardized_categories": other["categorical_value"],
            }
            for row, other in zip(plain, scaled, strict=True)
        ]  # fmt: skip
    return told


def cluster_means(x: Floats, labels: NDArray[np.int64], k: int) -> Floats:
    """The mean row of each cluster, that of all rows for an empty one; shape (k, width).

    >>> cluster_means(np.array([[1.0], [3.0]]), np.array([1, 1]), 2).tolist()
    [[2.0], [2.0]]
    """
    parts = [x[labels == i] for i in range(k)]
    return np.array([part.mean(axis=0) if len(part) else x.mean(axis=0) for part in parts])


def size_warnings(shares: Floats, ari: float, rows: int) -> list[str]:
    """A cluster of a few outliers, and clusters that do not come back, are no segments."""
    words = []
    small = np.flatnonzero(shares < SMALL)
    if len(small):
        at = int(shares.argmin())
        words.append(
            f"{len(small)} of {len(shares)} clusters hold less than 1 % of the rows (CENTROID_ID "
            f"{at + 1}: {round(shares[at] * rows):,} of {rows:,}), as outliers do: take logarithms "
            "of amounts and counts in the SELECT, ln(1 + x), or ask for fewer clusters"
        )
    if ari < STABLE:
        words.append(
            f"The clusters depend on which rows were drawn (bootstrap_ari {ari:.2f}, 1 would be "
            "always the same): ask for another num_clusters, or fewer columns"
        )
    return words
