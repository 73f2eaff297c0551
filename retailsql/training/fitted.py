"""What every family of models hands back: the one thing ``create_model`` registers.

A family is a function ``fit(data, options, progress) -> Fitted`` in a file named after it, wired
to its model types in ``training/families.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.evaluation.report import Evaluation
from retailsql.signature import Signature
from retailsql.training.contest import Contest

Progress = Callable[[str, float], None]
"""Called as ``progress("epoch 3 of 20", 0.15)``: words and the share done, 0 to 1."""


@dataclass(frozen=True)
class TrainingData:
    """The rows of the training SELECT.

    Args:
        table: the rows, as DuckDB returned them (int64, double, bool, string, date32, timestamp,
            decimal128 ...). Decimals are cast to double before a family sees them.
        sql_types: column name -> DuckDB type, in column order.
        model_type: upper case, as in OPTIONS(model_type=...).
        extra: the rows of the other queries of ``AS (training_data AS (...), name AS (...))``.
    """

    table: pa.Table
    sql_types: Mapping[str, str]
    model_type: str
    extra: Mapping[str, pa.Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Fitted:
    """A trained model, exported.

    Args:
        onnx: the serialized graph, checked by the family to load in ONNX Runtime.
        signature: how to score it.
        evaluation: metrics on held-out rows beside the trivial rules.
        profile: what training saw: per column rows, nulls, and either mean, std, min, max and
            quantiles, or counts per category. JSON values only.
        parity_inputs: rows (up to 1,000, NULLs among them) in the columns the public function
            takes: the features, or ``history``.
        parity_scores: what the source framework (not ONNX) says of them, float64, shape (rows,)
            or (rows, outputs); NaN where the score is NULL.
        tolerance: largest allowed difference of a score to ``parity_scores``.
        histories: for by-id scoring, columns key VARCHAR, last_at TIMESTAMP, items VARCHAR[]
            (recommender) or history DOUBLE[] (forecaster), one row per key, oldest first.
        reports: name -> rows of JSON values, for the ML functions that tell about a model: its
            weights, centroids, iterations. They are stored with the version and no score depends
            on them.
        held_out: the rows of the evaluation: ``label`` VARCHAR, as DuckDB casts it, and ``scores``
            DOUBLE[], out of sample: a regressor's [value], a classifier's probabilities in class
            order.
        forecasts: rows of a forecast table: key, step, ts, value and its components (see
            ``arima_record.rows_of``); None for other kinds.
        warnings: sentences for the result row.
        contest: how another version is judged on the rows held out; None if it cannot be.
    """

    onnx: bytes
    signature: Signature
    evaluation: Evaluation
    profile: Mapping[str, Any]
    parity_inputs: pa.Table
    parity_scores: np.ndarray[Any, np.dtype[np.float64]]
    tolerance: float = 1e-5
    histories: pa.Table | None = None
    reports: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    held_out: pa.Table | None = None
    forecasts: pa.Table | None = None
    warnings: tuple[str, ...] = field(default=())
    contest: Contest | None = None
