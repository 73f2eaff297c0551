"""Store typical training rows with a model, for explanations (``scoring.background`` chooses)."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from retailsql.registry.background import REPORT
from retailsql.scoring.background import choose
from retailsql.scoring.onnx_session import open_graph
from retailsql.scoring.rows import RowScorer
from retailsql.training.fitted import Fitted

KINDS = ("classifier", "regressor")


def with_background(fitted: Fitted, table: pa.Table, seed: int = 0) -> Fitted:
    """A trained row model with report ``background``; any other model as it is.

    Args:
        fitted: the model.
        table: the training rows, with a column for each feature.
        seed: of the sample.
    """
    signature = fitted.signature
    missing = {f.name for f in signature.features} - set(table.column_names)
    if signature.kind not in KINDS or missing or REPORT in fitted.reports:
        return fitted
    rows = choose(RowScorer(open_graph(fitted.onnx), signature), signature, table, seed)
    return replace(fitted, reports={**fitted.reports, REPORT: rows}) if rows else fitted
