"""The rows of an evaluation as the registry keeps them: label and out-of-sample scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retailsql.evaluation.splits import Rows
from retailsql.training.tabular.label import Target
from retailsql.training.tabular.row_weights import label_text

MOST_HELD = 200_000
"""More rows than this are kept as a seeded sample."""
Floats = NDArray[np.float64]


def held_out_table(
    target: Target,
    folds: Sequence[tuple[Rows, Floats]],
    seed: int,
    empty: NDArray[np.bool_] | None = None,
) -> tuple[pa.Table, list[str]]:
    """The held rows once each, and a warning if they are a sample.

    Args:
        target: the label of all rows.
        folds: rows and what the model that did not see them said, (rows,) or (rows, classes); of
            repeated folds each row's first counts.
        seed: seed of the sample.
        empty: True for rows without any feature, which score NULL and are left out.

    >>> t = Target("y", "DOUBLE", np.array([1.5, 2.0]))
    >>> held_out_table(t, [(np.array([1]), np.array([2.5]))], 0)[0].to_pylist()
    [{'label': '2.0', 'scores': [2.5]}]
    """
    width = max(1, len(target.classes))
    scores = np.full((len(target.y), width), np.nan)
    for rows, said in reversed(folds):
        scores[rows] = said.reshape(len(rows), width)
    kept = np.unique(np.concatenate([rows for rows, _ in folds]))
    if empty is not None:
        kept = kept[~empty[kept]]
    words = []
    if len(kept) > MOST_HELD:
        words = [
            f"ML.EVALUATE without rows is of {MOST_HELD:,} of the {len(kept):,} rows evaluated, "
            "drawn at random"
        ]
        kept = np.sort(np.random.default_rng(seed).choice(kept, MOST_HELD, replace=False))
    if target.classes:
        names = np.array([label_text(c) for c in target.classes], dtype=object)
        labels = names[target.y[kept].astype(np.int64)]
    else:
        labels = [repr(float(v)) for v in target.y[kept]]
    offsets = np.arange(0, width * len(kept) + 1, width, dtype=np.int32)
    listed = pa.ListArray.from_arrays(offsets, scores[kept].ravel())
    return pa.table({"label": pa.array(labels, pa.string()), "scores": listed}), words
