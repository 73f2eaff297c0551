"""ML.FEATURE_IMPORTANCE: splits, their gain and their cover, by feature, from scikit-learn's trees.

As XGBoost counts them: ``importance_weight`` is the number of splits, the other two are means over
these. The gain is what a split takes off the loss (squared error or rows times Gini impurity; in
boosting scikit-learn's own gain), the cover the rows it sees. A category's many columns count as
one feature.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.training.tabular.prefix import Prefix

Vectors = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]


def importance_report(prefix: Prefix, estimator: Any) -> list[dict[str, Any]]:
    """One row for each feature, in their order; zeros for one that no split uses."""
    owner = matrix_owners(prefix)
    n = len(prefix.features)
    count, gain, cover = np.zeros(n), np.zeros(n), np.zeros(n)
    for columns, gains, rows in _splits(estimator):
        features = owner[columns]
        count += np.bincount(features, minlength=n)
        gain += np.bincount(features, gains, n)
        cover += np.bincount(features, rows, n)
    used = np.maximum(count, 1)
    return [
        {
            "feature": feature.name,
            "importance_weight": float(count[i]),
            "importance_gain": float(gain[i] / used[i]),
            "importance_cover": float(cover[i] / used[i]),
        }
        for i, feature in enumerate(prefix.features)
    ]


def matrix_owners(prefix: Prefix) -> NDArray[np.int64]:
    """The feature each column of the matrix belongs to, shape (width,)."""
    owners = list(prefix.numeric)
    for i in prefix.dated:
        owners += [i] * (9 if prefix.waves else 8)
    for lookup in prefix.lookups:
        owners += [lookup.position] * lookup.width
    return np.array(owners, dtype=np.int64)


def _splits(estimator: Any) -> Iterator[Vectors]:
    """Of each tree: column, gain and rows of each split."""
    if hasattr(estimator, "_predictors"):  # HistGradientBoosting; skl2onnx reads them there too
        for trees in estimator._predictors:
            for tree in trees:
                nodes = tree.nodes[tree.nodes["is_leaf"] == 0]
                yield (
                    nodes["feature_idx"].astype(np.int64),
                    nodes["gain"].astype(np.float64),
                    nodes["count"].astype(np.float64),
                )
        return
    for one in getattr(estimator, "estimators_", [estimator]):
        yield _of_tree(one.tree_)


def _of_tree(tree: Any) -> Vectors:
    inner = tree.children_left >= 0
    rows = tree.weighted_n_node_samples
    lost = rows * tree.impurity
    left, right = tree.children_left[inner], tree.children_right[inner]
    gains = lost[inner] - lost[left] - lost[right]
    return tree.feature[inner].astype(np.int64), gains, rows[inner]
