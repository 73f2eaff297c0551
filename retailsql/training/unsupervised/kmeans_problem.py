"""What is clustered and how: the rows read, k-means fitted to some of them, judged on others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.errors import TrainingError
from retailsql.evaluation.clusters import davies_bouldin_index, distances, unit
from retailsql.evaluation.splits import Rows
from retailsql.training.fitted import TrainingData
from retailsql.training.tabular.prefix import Prefix, fit_prefix
from retailsql.training.unsupervised.data import Features, read_unlabelled, take
from retailsql.training.unsupervised.kmeans_lloyd import Clustering, Lloyd, cluster

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """What is clustered, and how."""

    features: Features
    how: Lloyd
    standardize: bool

    def fit(self, rows: Rows) -> tuple[Prefix, Clustering]:
        """Encoding and centroids of some rows; the largest cluster comes first."""
        prefix = self._prefix(rows)
        x = self.matrix(prefix, rows)
        if self.features.marked is not None:
            start = self.matrix(prefix, np.flatnonzero(self.features.marked))
            return prefix, cluster(x, self.how, start)
        found = cluster(x, self.how)
        sizes = np.bincount(
            distances(x, found.centroids, self.how.cosine).argmin(axis=1),
            minlength=self.how.clusters,
        )
        order = np.argsort(-sizes, kind="stable")
        return prefix, replace(found, centroids=found.centroids[order])

    def _prefix(self, rows: Rows) -> Prefix:
        prefix = fit_prefix(self.features.columns, rows, self.standardize)
        return replace(prefix, waves=True)  # a year's phase as a point on a circle has distances

    def matrix(self, prefix: Prefix, rows: Rows) -> Floats:
        """The rows in the feature matrix."""
        inputs = prefix.inputs(take(self.features.columns, rows))
        return prefix.matrix(inputs).astype(np.float64)

    def judge(self, train: Rows, held: Rows) -> list[dict[str, Any]]:
        """Metrics of a model of the training rows, and of the trivial ones, on the held rows."""
        prefix, found = self.fit(train)
        own = self.metrics(prefix, found, held)
        x, past, cosine = self.matrix(prefix, held), self.matrix(prefix, train), self.how.cosine
        rng = np.random.default_rng(self.how.seed)
        some = past[rng.choice(len(past), self.how.clusters, replace=False)]
        one = (unit(past) if cosine else past).mean(axis=0, keepdims=True)
        rules = {"one cluster": one, "random rows as centroids": some}
        trivial = {
            name: {"mean_squared_distance": _squared(x, centroids, cosine)}
            for name, centroids in rules.items()
        }
        return [own, trivial]

    def metrics(self, prefix: Prefix, found: Clustering, held: Rows) -> dict[str, float]:
        """Metrics of a model on rows; the index is left out where there is none."""
        x, cosine = self.matrix(prefix, held), self.how.cosine
        to = distances(x, found.centroids, cosine)
        own = {"mean_squared_distance": float((to.min(axis=1) ** 2).mean())}
        index = davies_bouldin_index(to, distances(found.centroids, found.centroids, cosine))
        return own if index is None else {**own, "davies_bouldin_index": index}


def _squared(x: Floats, centroids: Floats, cosine: bool) -> float:
    return float((distances(x, centroids, cosine).min(axis=1) ** 2).mean())


def problem_of(data: TrainingData, options: Mapping[str, Any]) -> Problem:
    """Read the rows and the options.

    Raises:
        TrainingError: the data or the options cannot be clustered.
        SignatureError: a column has a type that no model takes.
    """
    method, column = options["kmeans_init_method"], options["kmeans_init_col"]
    if (method == "CUSTOM") != (column is not None):
        raise TrainingError(
            f"kmeans_init_method={method!r} and kmeans_init_col={column!r} do not fit together",
            wanted="kmeans_init_col with CUSTOM, and only with it",
            todo="name the column, or change the method",
        )
    features = read_unlabelled(data, options, column)
    k = options["num_clusters"] or max(2, math.ceil(math.log10(max(2, features.rows))))
    if features.marked is not None:
        k = _marked(features, options["num_clusters"], column)
    refuse_many(k, features.rows)
    least = options["min_rel_progress"] if options["early_stop"] else None
    cosine = options["distance_type"] == "COSINE"
    how = Lloyd(k, method, cosine, options["max_iterations"], least, options["seed"])
    return Problem(features, how, options["standardize_features"])


def refuse_many(clusters: int, rows: int) -> None:
    """Refuse more clusters than rows can fill.

    Raises:
        TrainingError: there are not two rows for each.
    """
    if 2 * clusters > rows:
        raise TrainingError(
            "Option num_clusters is too large",
            seen=f"{clusters} for {rows:,} rows",
            wanted=f"at most {rows // 2}",
            todo="ask for fewer clusters, or train on more rows",
        )


def _marked(features: Features, wanted: int | None, column: str) -> int:
    assert features.marked is not None
    found = int(features.marked.sum())
    if found < 2 or wanted not in (None, found):
        raise TrainingError(
            f"Column {column!r} does not mark one row for each cluster",
            seen=f"{found} rows are true",
            wanted=f"{wanted or 'at least 2'}",
            todo="set num_clusters to the number of marked rows, or mark other rows",
        )
    return found
