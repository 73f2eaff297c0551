"""Lloyd's algorithm, one scikit-learn iteration at a time, so that each can be stopped at and told.

On one thread: with several, the order in which they add up their rows differs from run to run, and
so do the last bits of the centroids.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans, kmeans_plusplus
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import pairwise_distances_argmin_min
from threadpoolctl import threadpool_limits

from retailsql.errors import TrainingError
from retailsql.evaluation.clusters import unit

Floats = NDArray[np.float64]

STARTS = 10
MOST_FOR_STARTS = 20_000
"""The starts are compared on at most so many rows; the best goes on with all."""


@dataclass(frozen=True)
class Lloyd:
    """How to iterate.

    Args:
        clusters: how many.
        init: RANDOM or KMEANS++; rows given to :func:`cluster` go before it.
        cosine: cluster directions, not points.
        most: most iterations.
        least_progress: stop when an iteration lowers the loss by less than this share; None: only
            when nothing moves.
        seed: of the starts.
    """

    clusters: int
    init: str = "KMEANS++"
    cosine: bool = False
    most: int = 100
    least_progress: float | None = 1e-4
    seed: int = 0


@dataclass(frozen=True)
class Iteration:
    """One pass: mean squared distance after it, and its time in milliseconds."""

    loss: float
    milliseconds: int


@dataclass(frozen=True)
class Clustering:
    """Centroids, shape (clusters, width), and how they were reached."""

    centroids: Floats
    iterations: tuple[Iteration, ...] = field(default=())

    @property
    def loss(self) -> float:
        """Mean squared distance of the training rows to their centroid."""
        return self.iterations[-1].loss


def cluster(x: Floats, how: Lloyd, start: Floats | None = None) -> Clustering:
    """Cluster rows, from given centroids or from the best of :data:`STARTS` starts.

    Args:
        x: shape (rows, width).
        how: the method.
        start: centroids to start from, shape (clusters, width), or None.

    Raises:
        TrainingError: there are fewer different rows than clusters.
    """
    x = unit(x) if how.cosine else x
    _refuse_few(x, how.clusters)
    with threadpool_limits(1):
        if start is not None:
            return _run(x, unit(start) if how.cosine else start, how)
        rng = np.random.default_rng(how.seed)
        some = x
        if len(x) > MOST_FOR_STARTS:
            some = x[np.sort(rng.choice(len(x), MOST_FOR_STARTS, replace=False))]
        tried = [_run(some, _start(some, how, rng), how) for _ in range(STARTS)]
        best = min(tried, key=lambda c: c.loss)
        return best if some is x else _run(x, best.centroids, how)


def _refuse_few(x: Floats, clusters: int) -> None:
    if len(x) > 10 * clusters and len(np.unique(x[: 10 * clusters], axis=0)) >= clusters:
        return
    different = len(np.unique(x, axis=0))
    if different < clusters:
        raise TrainingError(
            "There are fewer different rows than clusters",
            seen=f"{different:,} different rows, num_clusters={clusters}",
            todo=f"set num_clusters to {max(2, different - 1)} or less, or train on more rows",
        )


def _start(x: Floats, how: Lloyd, rng: np.random.Generator) -> Floats:
    if how.init == "RANDOM":
        return x[np.sort(rng.choice(len(x), how.clusters, replace=False))]
    centers, _ = kmeans_plusplus(x, how.clusters, random_state=int(rng.integers(2**31)))
    return np.asarray(centers)


def _run(x: Floats, centroids: Floats, how: Lloyd) -> Clustering:
    """Iterate until the loss hardly falls, or ``most`` times."""
    done: list[Iteration] = []
    for _ in range(how.most):
        begin = time.perf_counter()
        with warnings.catch_warnings():
            # Two starts in one place part in the next iteration; the warning is of the last one.
            warnings.simplefilter("ignore", ConvergenceWarning)
            step = KMeans(how.clusters, init=centroids, n_init=1, max_iter=1, tol=0.0).fit(x)
        moved, loss = step.cluster_centers_, float(step.inertia_) / len(x)
        if how.cosine:  # of unit vectors, |x - c|^2 is 2 (1 - cos)
            moved = unit(moved)
            loss = float((pairwise_distances_argmin_min(x, moved)[1] ** 2).mean()) / 2
        done.append(Iteration(loss, round(1000 * (time.perf_counter() - begin))))
        still, centroids = np.array_equal(moved, centroids), np.asarray(moved, dtype=np.float64)
        if still or _slow(done, how.least_progress):
            break
    return Clustering(centroids, tuple(done))


def _slow(done: list[Iteration], least: float | None) -> bool:
    if least is None or len(done) < 2:
        return False
    before, now = done[-2].loss, done[-1].loss
    return before - now < least * before
