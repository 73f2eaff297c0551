"""model_type = 'PCA': the few directions along which the rows differ most.

The components are those of all rows, as in BigQuery ML; the evaluation is of components found the
same way in four fifths of the rows, beside a random projection and the widest columns of equal
number, on the rows held out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from retailsql.errors import TrainingError
from retailsql.evaluation.splits import Rows
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.options import Option, read_options
from retailsql.training.tabular.prefix import Prefix, fit_prefix
from retailsql.training.tabular.prefix_graph import Nodes, upright
from retailsql.training.unsupervised.columns import matrix_columns, vector_rows
from retailsql.training.unsupervised.data import (
    COMMON_OPTIONS,
    Features,
    evaluate_folds,
    plan_unlabelled,
    read_unlabelled,
    take,
)
from retailsql.training.unsupervised.pca_components import Components, explained, find_components
from retailsql.training.unsupervised.record import MatrixModel, as_fitted

Floats = NDArray[np.float64]
METRIC = "total_explained_variance_ratio"

OPTIONS: tuple[Option, ...] = (
    Option("num_principal_components", "int", None, "How many components.", minimum=1),
    Option("pca_explained_variance_ratio", "float", None,
           "Or: as many as explain more than this share of the variance, between 0 and 1."),
    Option("scale_features", "bool", True, "Numbers to deviation 1; they are centered anyway."),
    Option("pca_solver", "str", "AUTO", "Eigenvectors of the covariance, or randomized.",
           choices=("AUTO", "FULL", "RANDOMIZED")),
    *COMMON_OPTIONS,
)  # fmt: skip


def options_for(model_type: str) -> tuple[Option, ...]:
    """Every option of PCA."""
    return OPTIONS


@dataclass(frozen=True)
class Problem:
    """What is projected, and how."""

    features: Features
    options: Mapping[str, Any]

    def fit(self, rows: Rows, count: int | None) -> tuple[Prefix, Components]:
        """Encoding and components of some rows; ``count`` None: by the share to explain."""
        prefix = fit_prefix(self.features.columns, rows, standardize=True)
        if not self.options["scale_features"]:
            plain = np.array([i not in prefix.dated for i in prefix.numeric])[:, None]
            prefix = replace(prefix, scale=np.where(plain, 1.0, prefix.scale))
        return prefix, find_components(self.matrix(prefix, rows), self.options, count)

    def matrix(self, prefix: Prefix, rows: Rows) -> Floats:
        """The rows in the feature matrix."""
        inputs = prefix.inputs(take(self.features.columns, rows))
        return prefix.matrix(inputs).astype(np.float64)

    def judge(self, train: Rows, held: Rows, count: int) -> list[dict[str, Any]]:
        """The held-out share explained by the training rows' components, and by trivial ones."""
        prefix, found = self.fit(train, count)
        x = self.matrix(prefix, held) - found.mean
        past = self.matrix(prefix, train)
        count, width = found.axes.shape
        rng = np.random.default_rng(self.options["seed"])
        drawn = np.linalg.qr(rng.normal(size=(width, count)))[0].T
        widest = np.eye(width)[np.argsort(-past.var(axis=0), kind="stable")[:count]]
        rules = {"random projection": drawn, "the widest columns": widest}
        trivial = {name: {METRIC: explained(x, axes)} for name, axes in rules.items()}
        return [{METRIC: explained(x, found.axes)}, trivial]


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """Find the components, judge them on held-out rows and export them.

    Args:
        data: the rows of the training SELECT; every column is a feature.
        options: OPTIONS of the statement, without model_type.
        progress: told after each fit.

    Raises:
        TrainingError: the data or the options cannot be used.
        SignatureError: a column has a type that no model takes.
    """
    read = read_options(options, OPTIONS)
    _check(read)
    problem = Problem(read_unlabelled(data, read), read)
    n = problem.features.rows
    progress("fit to all rows", 0.0)
    prefix, found = problem.fit(np.arange(n), read["num_principal_components"])
    progress("judging on held-out rows", 0.5)
    evaluation = evaluate_folds(
        plan_unlabelled(n, read["seed"]), n, METRIC,
        lambda train, held: problem.judge(train, held, min(len(found.axes), len(train))),
    )  # fmt: skip
    progress("writing the graph", 0.95)
    warnings = list(problem.features.warnings)
    if len(found.axes) == found.axes.shape[1]:
        warnings.append("With as many components as columns nothing is reduced: ask for fewer")
    return as_fitted(
        _exported(prefix, found), problem.features.columns, upright, evaluation, warnings,
        read["seed"],
    )  # fmt: skip


def _check(options: Mapping[str, Any]) -> None:
    count, share = options["num_principal_components"], options["pca_explained_variance_ratio"]
    if (count is None) == (share is None) or (share is not None and not 0 < share < 1):
        raise TrainingError(
            "PCA has to be told how many components to keep",
            seen=f"num_principal_components={count}, pca_explained_variance_ratio={share}",
            wanted="one of the two, the ratio between 0 and 1",
            todo="write OPTIONS(num_principal_components = 2), or "
            "OPTIONS(pca_explained_variance_ratio = 0.9)",
        )


def _exported(prefix: Prefix, found: Components) -> MatrixModel:
    count, width = found.axes.shape

    def write(g: Nodes, matrix: str, output: str) -> None:
        x = g.add("Cast", matrix, to=TensorProto.DOUBLE)
        centered = g.add("Sub", x, g.constant(found.mean))
        along = g.add("MatMul", centered, g.constant(found.axes.T.copy()))
        left = g.add("Sub", centered, g.add("MatMul", along, g.constant(found.axes.copy())))
        error = g.add("ReduceSumSquare", left, g.constant(np.array([1])), keepdims=1)
        mean = g.add("Mul", error, g.constant(np.float64(1.0 / width)))
        g.add("Cast", g.add("Concat", along, mean, axis=1), name=output, to=TensorProto.FLOAT)

    return MatrixModel(
        "reducer",
        prefix,
        write,
        lambda x: found.scores(x.astype(np.float64)),
        count + 1,
        lambda scores: scores[:, -1],
        {
            "prefix": "principal_component_", "outputs": count, "width": width,
            "losses": ["mean_squared_error"],
        },
        _reports(prefix, found),
    )  # fmt: skip


def _reports(prefix: Prefix, found: Components) -> dict[str, list[dict[str, Any]]]:
    """Loadings in the feature matrix, and variances; numbered from 0 as BigQuery ML does."""
    described = matrix_columns(prefix)
    ratios = found.variances / found.total
    return {
        "principal_components": [
            {"principal_component_id": i, **row}
            for i, axis in enumerate(found.axes)
            for row in vector_rows(described, axis)
        ],
        "principal_component_info": [
            {
                "principal_component_id": i,
                "eigenvalue": float(variance),
                "explained_variance_ratio": float(ratio),
                "cumulative_explained_variance_ratio": float(cumulative),
            }
            for i, (variance, ratio, cumulative) in enumerate(
                zip(found.variances, ratios, np.cumsum(ratios), strict=True)
            )
        ],
    }
