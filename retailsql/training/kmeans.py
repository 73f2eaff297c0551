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
from onnx import TensorProto

from retailsql.errors import TrainingError
from retailsql.evaluation.clusters import (
    bootstrap_ari,
    davies_bouldin_index,
    distances,
    unit,
)
from retailsql.evaluation.metrics import mean_metrics
from retailsql.evaluation.report import Evaluation
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.kmeans_lloyd import Clustering, Lloyd, cluster
from retailsql.training.kmeans_reports import (
    centroid_rows,
    distance_rows,
    iteration_rows,
    size_warnings,
)
from retailsql.training.options import Option, read_options
from retailsql.training.prefix import Prefix, fit_prefix
from retailsql.training.prefix_graph import Nodes, upright
from retailsql.training.tabular_data import Column
from retailsql.training.unsupervised_data import (
    COMMON_OPTIONS,
    Features,
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

    def fit(self, rows: NDArray[np.int64]) -> tuple[Prefix, Clustering]:
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

    def _prefix(self, rows: NDArray[np.int64]) -> Prefix:
        prefix = fit_prefix(self.features.columns, rows, self.standardize)
        return replace(prefix, waves=True)  # a year's phase as a point on a circle has distances

    def matrix(self, prefix: Prefix, rows: NDArray[np.int64]) -> Floats:
        """The rows in the feature matrix."""
        inputs = prefix.inputs(take(self.features.columns, rows))
        return prefix.matrix(inputs).astype(np.float64)

    def judge(self, train: NDArray[np.int64], held: NDArray[np.int64]) -> list[dict[str, Any]]:
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
    read = read_options(options, OPTIONS)
    problem = _problem(data, read)
    n, seed = problem.features.rows, problem.how.seed
    plan = plan_unlabelled(n, seed)
    own, rules = [], []
    for i, (train, held) in enumerate(plan.pairs):
        progress(f"fit {i + 1} of {len(plan.pairs) + 1}", 0.7 * i / (len(plan.pairs) + 1))
        metrics, trivial = problem.judge(train, held)
        own.append(metrics)
        rules.append(trivial)
    progress("fit to all rows", 0.7)
    prefix, found = problem.fit(np.arange(n))
    progress("clustering resampled rows", 0.8)
    metrics, assigned = mean_metrics(own), _assigned(problem, prefix, found)
    metrics["bootstrap_ari"] = _stability(problem, prefix, assigned[0])
    shares = np.bincount(assigned[0], minlength=problem.how.clusters) / n
    metrics["smallest_cluster_share"] = float(shares.min())
    evaluation = Evaluation(
        plan.words if plan.refit else f"{plan.words}; the model refit on all rows",
        "mean_squared_distance",
        metrics,
        {name: mean_metrics([fold[name] for fold in rules]) for name in rules[0]},
        n if plan.refit else len(plan.pairs[0][0]),
        n if plan.refit else len(plan.pairs[0][1]),
    )
    progress("writing the graph", 0.95)
    warnings = [*problem.features.warnings, *size_warnings(shares, metrics["bootstrap_ari"], n)]
    model = _exported(problem, prefix, found, assigned)
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


def _assigned(
    problem: Problem, prefix: Prefix, found: Clustering
) -> tuple[NDArray[np.int64], Floats]:
    """Cluster of each row, and its distance to the centroid."""
    to = distances(_everything(problem, prefix), found.centroids, problem.how.cosine)
    return to.argmin(axis=1), to.min(axis=1)


def _everything(problem: Problem, prefix: Prefix) -> Floats:
    return problem.matrix(prefix, np.arange(problem.features.rows))


def _stability(problem: Problem, prefix: Prefix, labels: NDArray[np.int64]) -> float:
    x = _everything(problem, prefix)
    x = unit(x) if problem.how.cosine else x
    return bootstrap_ari(x, labels, problem.how.clusters, problem.how.seed)


def _exported(
    problem: Problem, prefix: Prefix, found: Clustering, assigned: tuple[NDArray[np.int64], Floats]
) -> MatrixModel:
    centroids, cosine, k = found.centroids, problem.how.cosine, problem.how.clusters
    labels, least = assigned
    squares = np.bincount(labels, least**2, minlength=k)
    sizes = np.bincount(labels, minlength=k)
    radii = np.sqrt(squares / np.maximum(sizes, 1))
    # A cluster of equal rows has no radius, an empty one neither: any distance is infinitely odd.
    per = np.where(radii > 0, radii, np.finfo(np.float32).tiny)
    options = {"distance_type": "COSINE" if cosine else "EUCLIDEAN", "radii": per.tolist()}

    def write(g: Nodes, matrix: str, output: str) -> None:
        write_distances(g, matrix, output, centroids, cosine)

    return MatrixModel(
        "clusterer",
        prefix,
        write,
        lambda x: distances(x.astype(np.float64), centroids, cosine),
        k,
        lambda to: np.asarray((to / per).min(axis=1)),
        options,
        {
            "centroids": centroid_rows(prefix, _middles(problem, prefix, found, labels),
                                       problem.features.columns),
            "centroid_distances": distance_rows(distances(centroids, centroids, cosine)),
            "training_info": iteration_rows(found.iterations, radii, sizes),
        },
    )


def _middles(
    problem: Problem, prefix: Prefix, found: Clustering, labels: NDArray[np.int64]
) -> Floats:
    """The centroids as points to tell: a direction has no units, so the mean of its rows."""
    if not problem.how.cosine:
        return found.centroids
    x = _everything(problem, prefix)
    filled = [x[labels == i] for i in range(problem.how.clusters)]
    return np.array([rows.mean(axis=0) if len(rows) else x.mean(axis=0) for rows in filled])


def write_distances(
    g: Nodes, matrix: str, output: str, centroids: Floats, cosine: bool
) -> None:
    """:func:`retailsql.evaluation.clusters.distances` as ONNX, in double: a float would lose the
    difference of |x|^2 and 2 x.c near a centroid.
    """
    x = g.add("Cast", matrix, to=TensorProto.DOUBLE)
    squares = g.add("ReduceSumSquare", x, g.constant(np.array([1])), keepdims=1)
    zero = g.constant(np.float64(0.0))
    if cosine:
        length = g.add("Max", g.add("Sqrt", squares), g.constant(np.float64(1e-12)))
        cos = g.add("Div", g.add("MatMul", x, g.constant(unit(centroids).T.copy())), length)
        squares = g.add("Sub", g.constant(np.float64(1.0)), cos)
    else:
        own = (centroids**2).sum(axis=1)
        cross = g.add("Gemm", x, g.constant((-2.0 * centroids.T).copy()), g.constant(own))
        squares = g.add("Add", cross, squares)
    root = g.add("Sqrt", g.add("Max", squares, zero))
    g.add("Cast", root, name=output, to=TensorProto.FLOAT)
