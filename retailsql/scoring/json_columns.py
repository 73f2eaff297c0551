"""Rows of JSON values, as the registry keeps them, as the Arrow columns that a scorer takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.scoring.buffers import strings, to_arrow
from retailsql.signature import Feature, Signature


def columns_of(signature: Signature, rows: Sequence[Mapping[str, Any]]) -> list[pa.Array]:
    """Rows of JSON values as the columns that a scorer takes.

    >>> from retailsql.signature import Graph
    >>> s = Signature("regressor", (Feature("a", "DATE"),), Graph(("a",), ("double",), "y"))
    >>> columns_of(s, [{"a": "1970-01-02"}, {"a": None}])[0].to_pylist()
    [datetime.date(1970, 1, 2), None]
    """
    graph = signature.graph
    dtypes = graph.dtypes * len(signature.features) if graph.matrix else graph.dtypes
    return [
        _column(feature, dtype, [row[feature.name] for row in rows])
        for feature, dtype in zip(signature.features, dtypes, strict=True)
    ]


def _column(feature: Feature, dtype: str, values: list[Any]) -> pa.Array:
    null = np.array([v is None for v in values], dtype=np.bool_)
    mask = null if null.any() else None
    match feature.kind:
        case "category" | "text":
            return strings(values)
        case "boolean":
            return to_arrow(np.array([bool(v) for v in values], np.uint8), pa.uint8(), mask).cast(
                pa.bool_()
            )
        case "date":
            days = [0 if v is None else (date.fromisoformat(v) - _DAY).days for v in values]
            return to_arrow(np.array(days, np.int32), pa.date32(), mask)
        case "timestamp":
            ticks = [0 if v is None else _micros(v) for v in values]
            return to_arrow(np.array(ticks, np.int64), pa.timestamp("us"), mask)
        case _ if dtype in ("int64", "int32"):
            return to_arrow(np.array([int(v or 0) for v in values], np.int64), pa.int64(), mask)
        case _:
            return to_arrow(np.array([float(v or 0) for v in values]), pa.float64(), mask)


_DAY = date(1970, 1, 1)
_MOMENT = datetime(1970, 1, 1)


def _micros(text: str) -> int:
    delta = datetime.fromisoformat(text).replace(tzinfo=None) - _MOMENT
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
