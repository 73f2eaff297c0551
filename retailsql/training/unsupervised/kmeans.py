"""model_type = 'KMEANS': rows in clusters about centroids.

    SELECT ─► columns ─► per pair of the split: prefix, Lloyd, distances of the held-out rows
                         all rows: prefix, Lloyd ─► distances to each centroid as ONNX

The deployed model is fitted to all rows, as in BigQuery ML; the evaluation is of models fitted by
the same steps to four fifths of them. With num_trials those steps begin with a choice of the number
of clusters (``kmeans_tuning``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.evaluation.clusters import (
    bootstrap_ari,
    distances,
    unit,
)
from retailsql.evaluation.report import Evaluation
from retailsql.evaluation.splits import Rows
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.options import Option, read_options
from retailsql.training.tabular.prefix import Prefix
from retailsql.training.tabular.prefix_graph import Nodes, upright
from retailsql.training.tuning import split_space
from retailsql.training.tuning_options import CHOSEN_ELSEWHERE, TUNING, algorithm_words
from retailsql.training.unsupervised.data import COMMON_OPTIONS, evaluate_folds, plan_unlabelled
from retailsql.training.unsupervised.kmeans_graph import write_distances
from retailsql.training.unsupervised.kmeans_lloyd import Clustering
from retailsql.training.unsupervised.kmeans_problem import Problem, problem_of
from retailsql.training.unsupervised.kmeans_reports import (
    centroid_rows,
    cluster_means,
    distance_rows,
    iteration_rows,
    size_warnings,
)
from retailsql.training.unsupervised.kmeans_tuning import choose_clusters, tuner_of
from retailsql.training.unsupervised.record import MatrixModel, as_fitted

Floats = NDArray[np.float64]
INITS = ("KMEANS++", "RANDOM", "CUSTOM")

OPTIONS: tuple[Option, ...] = (
    Option("num_clusters", "int", None,
           "How many, 2 to 100; log10 of the number of rows, rounded up, if left out.",
           minimum=2, maximum=100),
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
    *TUNING,
    *COMMON_OPTIONS,
)  # fmt: skip


def options_for(model_type: str) -> tuple[Option, ...]:
    """Every option of KMEANS."""
    return OPTIONS


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
    plain, space = split_space(options, OPTIONS)
    read = read_options(plain, OPTIONS)
    problem = problem_of(data, read)
    n, seed = problem.features.rows, problem.how.seed
    what = tuner_of(problem, space, read, OPTIONS)
    plan = plan_unlabelled(n, seed)
    chosen, found = problem, None

    def judge(train: Rows, held: Rows) -> list[dict[str, Any]]:
        nonlocal chosen, found
        progress("clustering, to be judged on held-out rows", 0.1)
        chosen, found = choose_clusters(problem, train, what, progress)
        return chosen.judge(train, held)

    evaluation = evaluate_folds(plan, n, "mean_squared_distance", judge)
    if plan.refit:  # each row judged: the choice is made once more, by all of them
        chosen, found = choose_clusters(problem, np.arange(n), what, progress)
    if found is not None:
        evaluation = replace(evaluation, split=f"{evaluation.split}; {CHOSEN_ELSEWHERE}")
    fitted = _on_all_rows(chosen, evaluation, progress)
    reports = {} if found is None else found.reports
    return replace(
        fitted,
        reports={**fitted.reports, **reports},
        warnings=(*algorithm_words(plain), *fitted.warnings),
    )


def _on_all_rows(problem: Problem, evaluation: Evaluation, progress: Progress) -> Fitted:
    """The model of all rows, exported."""
    n, seed = problem.features.rows, problem.how.seed
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
