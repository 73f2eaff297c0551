"""Principal components of a matrix, by scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from retailsql.errors import TrainingError

Floats = NDArray[np.float64]
MOST_FOR_FULL = 1_000
"""AUTO: with more columns than this, the randomized solver (BigQuery ML: 1,000 to 1,500)."""


@dataclass(frozen=True)
class Components:
    """Components found in some rows.

    Args:
        axes: orthonormal rows, shape (components, width).
        mean: of the matrix, shape (width,).
        variances: eigenvalues along the axes, shape (components,).
        total: variance of the matrix along all axes.
    """

    axes: Floats
    mean: Floats
    variances: Floats
    total: float

    def scores(self, x: Floats) -> Floats:
        """The projection and the mean squared error of what is left, (rows, components + 1)."""
        centered = x - self.mean
        along = centered @ self.axes.T
        left = centered - along @ self.axes
        return np.column_stack([along, (left**2).mean(axis=1)])


def explained(centered: Floats, axes: Floats) -> float:
    """The share of the squared distances to the mean that lies along orthonormal axes.

    >>> explained(np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]]))
    0.36
    """
    total = float((centered**2).sum())
    return float(((centered @ axes.T) ** 2).sum() / total) if total > 0 else 1.0


def find_components(x: Floats, options: Mapping[str, Any], count: int | None) -> Components:
    """The principal components of a matrix.

    Args:
        x: shape (rows, width).
        options: of the model type.
        count: how many; None for as many as pca_explained_variance_ratio asks for.

    Raises:
        TrainingError: more components than rows or columns, or a matrix without variance.
    """
    most = min(x.shape)
    if count is not None and count > most:
        raise _too_many(count, x.shape)
    total = float(x.var(axis=0, ddof=1).sum())
    if total == 0:
        raise TrainingError(
            "Every row is the same, so there are no principal components",
            seen=f"{x.shape[0]:,} equal rows",
            todo="check the columns of the SELECT",
        )
    wanted = most if count is None else count
    with threadpool_limits(1):
        method = _method(options["pca_solver"], x.shape)
        fitted = PCA(wanted, svd_solver=method, random_state=options["seed"]).fit(x)
    variances = np.maximum(fitted.explained_variance_, 0.0)
    kept = len(variances)
    if count is None:
        share = options["pca_explained_variance_ratio"]
        kept = min(kept, int(np.searchsorted(np.cumsum(variances) / total, share, "right")) + 1)
    return Components(fitted.components_[:kept], fitted.mean_, variances[:kept], total)


def _method(solver: str, shape: tuple[int, ...]) -> str:
    """scikit-learn's name of a solver; the covariance is the fast way for many rows."""
    if solver == "RANDOMIZED" or (solver == "AUTO" and shape[1] > MOST_FOR_FULL):
        return "randomized"
    return "covariance_eigh" if shape[0] > 2 * shape[1] else "full"


def _too_many(count: int, shape: tuple[int, ...]) -> TrainingError:
    return TrainingError(
        "Option num_principal_components is too large",
        seen=f"{count} components of {shape[0]:,} rows and {shape[1]} columns (a category counts "
        "as many columns as it has values)",
        wanted=f"at most {min(shape)}",
        todo="ask for fewer components, or add columns",
    )
