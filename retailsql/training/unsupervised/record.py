"""From a fitted matrix model to what ``create_model`` registers, the same for all models without a
label: the graph is asked for the scores of the training rows, and their quantiles are stored as
the thresholds of ML.DETECT_ANOMALIES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from retailsql.evaluation.report import Evaluation
from retailsql.scoring.onnx_session import open_graph, run
from retailsql.signature import Graph, ModelKind, Signature
from retailsql.training.fitted import Fitted
from retailsql.training.tabular.data import Column
from retailsql.training.tabular.notes import column_warnings
from retailsql.training.tabular.prefix import Prefix
from retailsql.training.tabular.prefix_graph import Nodes
from retailsql.training.tabular.profile import (
    feature_info,
    parity_columns,
    profile,
    to_arrow,
)
from retailsql.training.unsupervised.data import take

Floats = NDArray[np.float64]
CHUNK = 2_048
CONTAMINATIONS = np.unique(
    np.round(np.concatenate([np.arange(0, 101) / 10_000, np.arange(0, 501) / 1_000]), 4)
)
"""Shares of training rows taken for anomalies whose thresholds are stored: 0 to 1 % by .01 %, to
50 % by .1 %; between two of them the threshold is interpolated."""


@dataclass(frozen=True)
class MatrixModel:
    """A model of the feature matrix, trained.

    Args:
        kind: clusterer or reducer.
        prefix: the encoding.
        write: adds the model's operators behind the matrix to the graph: ``write(g, matrix,
            output)``, the output float32 of shape (rows, outputs).
        scores: what training's own framework says: matrix (rows, width) -> (rows, outputs).
        outputs: numbers per row.
        anomaly: those of a row -> the one number that is large where the row is odd, (rows,).
        options: of the signature: what the SQL around the graph has to know.
        reports: rows for the ML functions.
    """

    kind: ModelKind
    prefix: Prefix
    write: Callable[[Nodes, str, str], None]
    scores: Callable[[NDArray[np.float32]], Floats]
    outputs: int
    anomaly: Callable[[Floats], Floats]
    options: Mapping[str, Any]
    reports: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def as_fitted(
    model: MatrixModel,
    columns: Sequence[Column],
    matrix_of: Callable[[Nodes, Prefix], str],
    evaluation: Evaluation,
    warnings: Sequence[str],
    seed: int,
) -> Fitted:
    """Export, and score the training rows with the very graph that will score all others.

    Args:
        model: what to export.
        columns: the training rows.
        matrix_of: writes the matrix (``prefix_graph.upright``).
        evaluation: as judged on held-out rows.
        warnings: for the result row.
        seed: of the sample that certifies parity.
    """
    graph, output = _graph(model, matrix_of)
    sample = parity_columns(columns, seed)
    expected = model.scores(model.prefix.matrix(model.prefix.inputs(sample)))
    expected[np.logical_and.reduce([c.null for c in sample])] = np.nan
    odd = np.concatenate([model.anomaly(s) for s in graph_scores(graph, output, model, columns)])
    return Fitted(
        graph,
        _signature(model, output),
        evaluation,
        profile(columns),
        to_arrow(sample),
        expected,
        tolerance=1e-5 * max(1.0, float(np.nanmax(np.abs(expected)))),
        reports={
            **model.reports,
            "feature_info": feature_info(columns),
            "anomaly_quantiles": quantile_rows(odd),
        },
        warnings=(*warnings, *column_warnings(columns, model.prefix, {})),
    )


def _graph(model: MatrixModel, matrix_of: Callable[[Nodes, Prefix], str]) -> tuple[bytes, str]:
    """The serialized graph and the name of its output."""
    g = Nodes(model.prefix.features)
    output = f"{g.tag}score"
    model.write(g, matrix_of(g, model.prefix), output)
    proto = g.model(output, model.outputs)
    onnx.checker.check_model(proto)
    return proto.SerializeToString(), output


def _signature(model: MatrixModel, output: str) -> Signature:
    features = model.prefix.features
    names = tuple(f.name for f in features)
    dtypes = tuple("double" if f.categories is None else "int64" for f in features)
    return Signature(model.kind, features, Graph(names, dtypes, output), options=model.options)


def graph_scores(
    graph: bytes, output: str, model: MatrixModel, columns: Sequence[Column]
) -> Iterator[Floats]:
    """What the graph says of the rows, some thousands at a time, float64 (rows, outputs)."""
    session = open_graph(graph)
    names = [f.name for f in model.prefix.features]
    for part in np.array_split(np.arange(len(columns[0].values)), _parts(columns)):
        feed = dict(zip(names, model.prefix.inputs(take(columns, part)), strict=True))
        yield np.asarray(run(session, [output], feed)[0], dtype=np.float64)


def _parts(columns: Sequence[Column]) -> int:
    """Chunks of some thousand rows, none of a single row: its last bits would differ."""
    return max(1, len(columns[0].values) // CHUNK)


def quantile_rows(odd: Floats) -> list[dict[str, float]]:
    """The thresholds over which a share of the training rows lies.

    >>> rows = quantile_rows(np.arange(101.0))
    >>> [r["value"] for r in rows if r["contamination"] in (0.0, 0.1, 0.5)]
    [100.0, 90.0, 50.0]
    """
    values = np.quantile(odd, 1.0 - CONTAMINATIONS)
    return [
        {"contamination": float(c), "value": float(v)}
        for c, v in zip(CONTAMINATIONS, values, strict=True)
    ]
