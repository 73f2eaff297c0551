"""TRANSFORM_ONLY: a model that is its TRANSFORM; there is nothing to fit and no graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from retailsql.evaluation.report import Evaluation
from retailsql.signature import Graph, Signature
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.options import Option, read_options


def options_for(model_type: str) -> tuple[Option, ...]:
    """It has none."""
    return ()


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """The empty model that TRANSFORM's steps are put into.

    Args:
        data: the transformed rows.
        options: OPTIONS of the statement, without model_type.
        progress: not told.
    """
    read_options(options, options_for(data.model_type))
    learned = Evaluation("nothing is learned", "", {}, {}, data.table.num_rows, 0)
    signature = Signature("transformer", (), Graph((), (), ""))
    return Fitted(
        b"", signature, learned, {}, data.table.slice(0, 0), np.empty(0, dtype=np.float64)
    )
