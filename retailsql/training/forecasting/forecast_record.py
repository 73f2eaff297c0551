"""What is kept of a trained forecaster beside its graph: signature, histories, profile, rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.signature import Graph, Signature
from retailsql.training.forecasting.forecast_split import Split
from retailsql.training.forecasting.series_columns import Array
from retailsql.training.forecasting.windows import Panel

LEVELS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5,
    0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.995,
)  # fmt: skip
"""Quantile levels of the graph's output: intervals of up to 99 %."""


def signature_of(panel: Panel, split: Split, opts: Mapping[str, Any]) -> Signature:
    """How to score it.

    Its options: window, horizon (steps), levels (quantile levels of the output ``quantiles``),
    frequency, season (steps; 1 for none), id_cols, timestamp_col (names in the training SELECT),
    padded (the rule for short histories, in words), has_histories (``Fitted.histories`` is there).
    """
    return Signature(
        kind="forecaster",
        features=(),
        graph=Graph(("history",), ("float",), "value"),
        label=panel.columns[1],
        options={
            "window": split.window,
            "horizon": opts["horizon"],
            "levels": list(LEVELS),
            "frequency": panel.frequency,
            "season": split.season,
            "id_cols": list(panel.columns[2:]),
            "timestamp_col": panel.columns[0],
            "padded": f"oldest first; the last {split.window} values are read, a shorter history "
            "is padded on the left with missing; NULL is missing, 0 is no sale",
            "has_histories": True,
        },
    )


def histories_of(panel: Panel, window: int) -> pa.Table:
    """The last ``window`` values of each series, from its first value on."""
    width = panel.values.shape[1]
    length = np.minimum(panel.lengths, window)
    place = np.arange(width)[None, :] >= (width - length)[:, None]
    flat = panel.values[place]
    values = pa.array(flat, mask=np.isnan(flat))
    ends = pa.array(np.concatenate([[0], np.cumsum(length)]).astype(np.int32))
    return pa.table(
        {
            "key": pa.array(panel.keys, pa.string()),
            "last_at": pa.array(panel.last_at, pa.timestamp("us")),
            "history": pa.ListArray.from_arrays(ends, values),
        }
    )


def parity_rows_of(split: Split) -> Array:
    """Up to 1,000 windows, (rows, W), with short, holey and all-zero ones among them."""
    rows: Array = np.concatenate([split.test.history[:500], split.train.history[:490]])
    odd = np.repeat(rows[:1], 4, axis=0)
    odd[0, :-3] = np.nan
    odd[1, ::2] = np.nan
    odd[1, -1] = rows[0, -1] if np.isfinite(rows[0, -1]) else 1.0
    odd[2] = 0.0
    odd[3] = 7.0
    odd[0, -1] = 3.0
    return np.concatenate([rows, odd])


def as_lists(rows: Array) -> pa.Array:
    """Windows (N, W) as list<double>: leading missing values cut off, others NULL."""
    known = np.isfinite(rows)
    inside = np.cumsum(known, axis=1) > 0
    ends = np.concatenate([[0], np.cumsum(inside.sum(axis=1))]).astype(np.int32)
    flat = rows[inside]
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(flat, mask=np.isnan(flat)))


def with_null(lists: pa.Array) -> pa.Array:
    """The lists and, at their end, a NULL, which scores NULL."""
    return pa.concat_arrays([lists, pa.nulls(1, lists.type)])


def profile_of(panel: Panel) -> dict[str, Any]:
    """What training saw of the data column, as JSON values."""
    known = panel.values[np.isfinite(panel.values)]
    points = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    return {
        panel.columns[1]: {
            "rows": panel.rows,
            "nulls": panel.rows - len(known),
            "mean": float(known.mean()),
            "std": float(known.std()),
            "min": float(known.min()),
            "max": float(known.max()),
            "quantiles": {str(p): float(np.quantile(known, p)) for p in points},
            "zeros": float((known == 0).mean()),
            "series": len(panel.keys),
        }
    }


def warnings_of(panel: Panel, split: Split) -> tuple[str, ...]:
    """Sentences for the result row."""
    said = []
    unit = {"DAILY": "days", "WEEKLY": "weeks", "MONTHLY": "months"}[panel.frequency]
    if panel.gaps:
        said.append(
            f"{panel.gaps} {unit} between a series' first value and its last row have no row and "
            "count as missing, not as 0; if no row means no sale, fill them in with 0."
        )
    left = len(panel.keys) - len(np.unique(split.test.series))
    if left:
        said.append(f"{left} of {len(panel.keys)} series are too short or empty to be evaluated.")
    return tuple(said)
