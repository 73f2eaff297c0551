"""Choose the typical rows that explanations measure against.

The first ones stand for the mean: of a seeded sample, in the order of their scores, the middle row
of each of as many equal parts, so that their mean is nearer to that of all rows than a random
sample's. The rest, a random sample, are only averaged over by ML.GLOBAL_EXPLAIN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retailsql.scoring.explain import REFERENCES
from retailsql.scoring.json_columns import columns_of
from retailsql.scoring.margins import values_of
from retailsql.scoring.rows import RowScorer
from retailsql.signature import Signature

MOST_ROWS = 100
CANDIDATES = 2_000

Row = Mapping[str, Any]


def choose(scorer: RowScorer, signature: Signature, table: pa.Table, seed: int = 0) -> list[Row]:
    """Up to 100 typical rows as JSON has them, the reference rows first.

    Args:
        scorer: the model.
        signature: its signature.
        table: rows to choose from, with a column for each feature.
        seed: of the sample.

    Returns:
        The rows, none if every one scores NULL.
    """
    rng = np.random.default_rng(seed)
    some = np.sort(rng.choice(len(table), min(len(table), CANDIDATES), replace=False))
    rows = json_rows(table.select([f.name for f in signature.features]).take(some))
    if not rows:
        return []
    vectors, null = scorer.encode(columns_of(signature, rows))
    known = np.arange(len(rows)) if null is None else np.flatnonzero(~null)
    if not len(known):
        return []
    values = values_of(scorer, signature, [v[known] for v in vectors])
    first = known[spread(middles(values[:, -1], REFERENCES))]
    more = rng.permutation(np.setdiff1d(known, first))[: MOST_ROWS - len(first)]
    return [rows[i] for i in (*first, *more)]


def middles(values: NDArray[np.float64], parts: int) -> NDArray[np.int64]:
    """Positions of the middle value of each of equal parts, in the order of the values.

    >>> middles(np.array([3.0, 1.0, 2.0, 5.0, 4.0, 0.0]), 2).tolist()
    [1, 4]
    """
    order = np.argsort(values, kind="stable")
    parts = min(parts, len(order))
    return order[((np.arange(parts) + 0.5) * len(order) / parts).astype(np.int64)]


def spread(ordered: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same numbers with far ones side by side: any first few stand for all (the order of
    van der Corput, by the bits of the place read backwards).

    >>> spread(np.arange(8)).tolist()
    [0, 4, 2, 6, 1, 5, 3, 7]
    """
    width = max(1, (len(ordered) - 1).bit_length())
    backwards = [int(f"{i:0{width}b}"[::-1], 2) for i in range(len(ordered))]
    return ordered[np.argsort(backwards, kind="stable")]


def json_rows(table: pa.Table) -> list[Row]:
    """Rows as JSON values: dates and times as ISO texts in UTC, NaN as null.

    >>> json_rows(pa.table({"d": [date(2024, 1, 31)], "x": [float("nan")]}))
    [{'d': '2024-01-31', 'x': None}]
    """
    columns = [[_json(v) for v in _plain(table[name])] for name in table.column_names]
    names = table.column_names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(column: pa.ChunkedArray) -> Sequence[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
        column = column.cast(pa.timestamp("us"))
    values: Sequence[Any] = column.to_pylist()
    return values


def _json(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bool | int | str) or value is None:
        return value
    number = float(value)
    return None if np.isnan(number) else number
