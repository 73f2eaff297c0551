"""model_type = 'KMEANS': rows in clusters about centroids.

    SELECT ─► columns ─► per pair of the split: prefix, Lloyd, distances of the held-out rows
                         all rows: prefix, Lloyd ─► distances to each centroid as ONNX

The deployed model is fitted to all rows, as in BigQuery ML; the evaluation is of models fitted by
the same steps to four fifths of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.errors import TrainingError
from retailsql.evaluation.clusters import (
    bootstrap_ari,
    davies_bouldin_index,
    distances,
    unit,
)
from retailsql.evaluation.splits import Rows
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.kmeans_graph import write_distances
from retailsql.training.kmeans_lloyd import Clustering, Lloyd, cluster
from retailsql.training.kmeans_reports import (
    centroid_rows,
    cluster_means,
    distance_rows,
    iteration_rows,
    size_warnings,
)
from retailsql.training.options import Option, read_options
from retailsql.training.prefix import Prefix, fit_prefix
from retailsql.training.prefix_graph import Nodes, upright
from retailsql.training.unsupervised_data import (
    COMMON_OPTIONS,
    Features,
    evaluate_folds,
    plan_unlabelled,
    read_unlabelled,
    take,
)
from retailsql.training.unsupervised_record import MatrixModel, as_fitted

Floats = NDArray[np.float64]
MOST_CLUSTERS = 100
INITS = ("KMEANS++", "RANDOM", "CUSTOM")

OPTIONS: tuple[Option, ...] = (
    Option("num_clusters", "int", None,
           "How many, 2 to 100; log10 of the number of rows, rounded up, if left out.", minimum=2),
    Option("kmeans_init_method", "str", "KMEANS++",
           "The start: the best of ten by KMEANS++ or RANDOM, or the rows of kmeans_init_col.",
           choices=INITS),
    Option("kmeans_init_col", "str", None, "CUSTOM: a BOOLEAN column, true for the first rows."),
    Option("distance_type", "str", "EUCLIDEAN", "EUCLIDEAN, or COSINE: sqrt(1 - cos).",
           choices=("EUCLIDEAN", "COSINE")),
    Option("standardize_features", "bool", True, "Numbers to mean 0 and deviation 1."),
    Option("max_iterations", "int", 100, "Most passes over the rows.", minimum=1),
    Option("early_stop", "bool", True, "Stop when the loss falls by less than min_rel_progress."),
    Option("min_rel_progress", "float", 1e-4, "Share by which a pass must lower it.", minimum=0.0),
    *COMMON_OPTIONS,
)  # fmt: skip


def options_for(model_type: str) -> tuple[Option, ...]:
    """Every option of KMEANS."""
    return OPTIONS


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
        x, cosine = self.matrix(prefix, held), self.how.cosine
        to = distances(x, found.centroids, cosine)
        own = {"mean_squared_distance": float((to.min(axis=1) ** 2).mean())}
        index = davies_bouldin_index(to, distances(found.centroids, found.centroids, cosine))
        if index is not None:
            own["davies_bouldin_index"] = index
        past = self.matrix(prefix, train)
        rng = np.random.default_rng(self.how.seed)
        some = past[rng.choice(len(past), self.how.clusters, replace=False)]
        one = (unit(past) if cosine else past).mean(axis=0, keepdims=True)
        rules = {"one cluster": one, "random rows as centroids": some}
        trivial = {
            name: {"mean_squared_distance": _squared(x, centroids, cosine)}
            for name, centroids in rules.items()
        }
        return [own, trivial]


def _squared(x: Floats, centroids: Floats, cosine: bool) -> float:
    return float((distances(x, centroids, cosine).min(axis=1) ** 2).mean())


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """Cluster, evaluate and export.

    Args:
        data: the rows of the training SELECT; every column is a feature.
        options: OPTIONS of the statement, without model_type.
        progress: told after each fit.

    Raises:
        TrainingError: the data or the options cannot be clustered.
        SignatureError: a column has a type that no model takes.
    """
    problem = _problem(data, read_options(options, OPTIONS))
    n, seed = problem.features.rows, problem.how.seed
    plan = plan_unlabelled(n, seed)

    def judge(train: Rows, held: Rows) -> list[dict[str, Any]]:
        progress("clustering, to be judged on held-out rows", 0.1)
        return problem.judge(train, held)

    evaluation = evaluate_folds(plan, n, "mean_squared_distance", judge)
    progress("clustering all rows", 0.5)
    prefix, found = problem.fit(np.arange(n))
    progress("clustering resampled rows", 0.7)
    x = problem.matrix(prefix, np.arange(n))
    to = distances(x, found.centroids, problem.how.cosine)
    labels, least = to.argmin(axis=1), to.min(axis=1)
    shares = np.bincount(labels, minlength=problem.how.clusters) / n
    ari = bootstrap_ari(unit(x) if problem.how.cosine else x, labels, problem.how.clusters, seed)
    more = {"bootstrap_ari": ari, "smallest_cluster_share": float(shares.min())}
    evaluation = replace(evaluation, metrics={**evaluation.metrics, **more})
    progress("writing the graph", 0.95)
    warnings = [*problem.features.warnings, *size_warnings(shares, ari, n)]
    model = _exported(problem, prefix, found, x, labels, least)
    return as_fitted(model, problem.features.columns, upright, evaluation, warnings, seed)


def _problem(data: TrainingData, options: Mapping[str, Any]) -> Problem:
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
    if k > MOST_CLUSTERS or 2 * k > features.rows:
        raise TrainingError(
            "Option num_clusters is too large",
            seen=f"{k} for {features.rows:,} rows",
            wanted=f"at most {min(MOST_CLUSTERS, features.rows // 2)}",
            todo="ask for fewer clusters, or train on more rows",
        )
    least = options["min_rel_progress"] if options["early_stop"] else None
    cosine = options["distance_type"] == "COSINE"
    how = Lloyd(k, method, cosine, options["max_iterations"], least, options["seed"])
    return Problem(features, how, options["standardize_features"])


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


def _exported(
    problem: Problem, prefix: Prefix, found: Clustering, x: Floats, labels: Rows, least: Floats
) -> MatrixModel:
    """The model; ``x`` is the matrix of all rows, ``labels`` and ``least`` their clusters and the
    distances to them.
    """
    centroids, cosine, k = found.centroids, problem.how.cosine, problem.how.clusters
    sizes = np.bincount(labels, minlength=k)
    radii = np.sqrt(np.bincount(labels, least**2, minlength=k) / np.maximum(sizes, 1))
    # A cluster of equal rows has no radius, an empty one neither: any distance is infinitely odd.
    per = np.where(radii > 0, radii, np.finfo(np.float32).tiny)

    def write(g: Nodes, matrix: str, output: str) -> None:
        write_distances(g, matrix, output, centroids, cosine)

    told = cluster_means(x, labels, k) if cosine else centroids  # directions have no units
    return MatrixModel(
        "clusterer",
        prefix,
        write,
        lambda m: distances(m.astype(np.float64), centroids, cosine),
        k,
        lambda d: np.asarray((d / per).min(axis=1)),
        {"distance_type": "COSINE" if cosine else "EUCLIDEAN", "radii": per.tolist()},
        {
            "centroids": centroid_rows(prefix, told, x),
            "centroid_distances": distance_rows(distances(centroids, centroids, cosine)),
            "training_info": iteration_rows(found.iterations, radii, sizes),
        },
    )
