"""What the columns of the feature matrix are, for people: names, categories, original units.

The matrix (see ``prefix``) standardizes numbers and spreads categories and dates over several
columns; a centroid or a principal component is a vector in it. Here it is told per feature again,
as BigQuery ML's ML.CENTROIDS and ML.PRINCIPAL_COMPONENTS do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.training.tabular.prefix import Prefix

Floats = NDArray[np.float64]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class MatrixColumn:
    """One column of the matrix.

    Args:
        feature: the feature it belongs to; ``day.weekday``, ``day.year_sine`` and
            ``day.year_cosine`` are made of the date ``day``.
        category: which category it stands for, None in a column for NULL or for a number.
        of_category: True for columns of a category.
        center: what was subtracted from the number.
        scale: what it was then multiplied with.
    """

    feature: str
    category: str | None = None
    of_category: bool = False
    center: float = 0.0
    scale: float = 1.0


def matrix_columns(prefix: Prefix) -> list[MatrixColumn]:
    """The columns of the matrix, in order."""
    columns = [
        MatrixColumn(prefix.features[i].name, center=float(c), scale=float(s))
        for i, c, s in zip(prefix.numeric, prefix.center[:, 0], prefix.scale[:, 0], strict=True)
    ]
    for i in prefix.dated:
        name = prefix.features[i].name
        columns += [MatrixColumn(f"{name}.weekday", day, True) for day in WEEKDAYS]
        columns += [MatrixColumn(f"{name}.year_sine"), MatrixColumn(f"{name}.year_cosine")]
    for lookup in prefix.lookups:
        feature = prefix.features[lookup.position]
        kept: list[str | None] = list(feature.categories or ())
        kept += [None] * (lookup.width - len(kept))
        columns += [MatrixColumn(feature.name, category, True) for category in kept]
    return columns


def vector_rows(columns: list[MatrixColumn], vector: Floats) -> list[dict[str, Any]]:
    """A vector as one row per feature: a number, or one value for each category.

    Args:
        columns: of the matrix.
        vector: shape (width,).

    Returns:
        Rows with ``feature``, ``numerical_value`` (None for a category) and ``categorical_value``,
        a list of ``category`` (None stands for NULL) and ``value``.

    >>> plan = [MatrixColumn("plan", "a", True), MatrixColumn("plan", "b", True)]
    >>> vector_rows(plan, np.array([0.25, 0.75]))[0]["categorical_value"][1]
    {'category': 'b', 'value': 0.75}
    """
    rows: dict[str, dict[str, Any]] = {}
    for column, value in zip(columns, vector, strict=True):
        row = rows.setdefault(
            column.feature,
            {"feature": column.feature, "numerical_value": None, "categorical_value": []},
        )
        if column.of_category:
            row["categorical_value"].append({"category": column.category, "value": float(value)})
        else:
            row["numerical_value"] = float(value)
    return list(rows.values())


def original_units(columns: list[MatrixColumn], vector: Floats) -> Floats:
    """A point of the matrix with its numbers as they stood in the SELECT (dates as days since
    1970-01-01), its categories as shares.
    """
    centers = np.array([c.center for c in columns])
    scales = np.array([c.scale for c in columns])
    return np.asarray(vector / scales + centers)
