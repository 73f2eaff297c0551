"""The scale that scores are explained on: the one BigQuery ML explains on.

A regressor's value; for two classes the log-odds of the positive one, log(p / (1 - p)); for more,
the logits of the classes, which are given up to a constant and taken to sum to zero: log(p) minus
its mean over the classes. Linear and boosted models are sums on this scale.
"""

from __future__ import annotations

import numpy as np

from retailsql.scoring.buffers import Vector
from retailsql.scoring.rows import RowScorer
from retailsql.scoring.shapley import Floats
from retailsql.signature import Signature

LEAST_PROBABILITY = 1e-6
"""What is less counts as this much: a forest can say 0."""


def values_of(scorer: RowScorer, signature: Signature, vectors: list[Vector]) -> Floats:
    """A model's values of encoded rows on the explained scale, see :func:`on_scale`."""
    n = len(vectors[0])
    return on_scale(scorer.run(vectors, n)[:n].reshape(n, -1).astype(np.float64), signature)


def on_scale(raw: Floats, signature: Signature) -> Floats:
    """A graph's output on the explained scale.

    Args:
        raw: shape (rows, outputs): values, or probabilities in class order.
        signature: whose graph.

    Returns:
        Shape (rows, 1), or (rows, classes) for more than two classes.
    """
    if signature.kind != "classifier":
        return raw[:, :1]
    if raw.shape[1] == 1:  # a graph with only P(second class)
        raw = np.concatenate([1.0 - raw, raw], axis=1)
    logs = np.log(np.clip(raw, LEAST_PROBABILITY, None))
    if raw.shape[1] == 2:
        positive = up(signature)
        return logs[:, [positive]] - logs[:, [1 - positive]]
    centered: Floats = logs - logs.mean(axis=1, keepdims=True)
    return centered


def up(signature: Signature) -> int:
    """The position of the class whose log-odds are the value, of two."""
    return (
        1 if signature.positive_class is None else signature.classes.index(signature.positive_class)
    )
