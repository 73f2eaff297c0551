"""What training saw of each column, for monitoring; and the rows a parity certificate compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.training.tabular_data import Column

PARITY_ROWS = 1_000
QUANTILES = tuple(round(0.05 * i, 2) for i in range(21))
MOST_COUNTED = 1_000
UNSEEN = "\N{REPLACEMENT CHARACTER} a category that training has not seen"


def profile(columns: Sequence[Column]) -> dict[str, Any]:
    """Column -> rows, nulls, and either moments and quantiles, or counts per category.

    ``quantiles`` are 21 numbers, every 5 %; counts hold the 1,000 most frequent categories and
    ``other``, the rows of all the rest.

    >>> p = profile([Column("a", "DOUBLE", "number", np.array([1.0, 3.0, np.nan]))])["a"]
    >>> p["rows"], p["nulls"], p["mean"]
    (3, 1, 2.0)
    """
    return {c.name: _of_category(c) if c.kind == "category" else _of_number(c) for c in columns}


def _of_number(column: Column) -> dict[str, Any]:
    known = column.values[~column.null].astype(np.float64)
    return {
        "rows": len(column.values),
        "nulls": int(column.null.sum()),
        "mean": float(known.mean()),
        "std": float(known.std()),
        "min": float(known.min()),
        "max": float(known.max()),
        "quantiles": [float(q) for q in np.quantile(known, QUANTILES)],
    }


def _of_category(column: Column) -> dict[str, Any]:
    counts = np.bincount(column.values + 1, minlength=len(column.vocabulary) + 1)
    most = np.argsort(-counts[1:], kind="stable")[:MOST_COUNTED]
    return {
        "rows": len(column.values),
        "nulls": int(counts[0]),
        "counts": {column.vocabulary[i]: int(counts[i + 1]) for i in most},
        "other": int(counts[1:].sum() - counts[1:][most].sum()),
    }


def parity_columns(columns: Sequence[Column], seed: int) -> list[Column]:
    """A seeded sample of up to 1,000 rows, with NULLs and unseen categories among them.

    The first row is all NULL; in the next fifth each value is NULL with probability 0.3; in the
    fifth after that each category is unseen with probability 0.3.
    """
    n = len(columns[0].values)
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.choice(n, size=min(n, PARITY_ROWS), replace=False))
    fifth = max(1, len(rows) // 5)
    out = []
    for column in columns:
        values = column.values[rows].copy()
        missing = np.zeros(len(rows), dtype=np.bool_)
        missing[:fifth] = rng.random(fifth) < 0.3
        missing[0] = True
        vocabulary = column.vocabulary
        if column.kind == "category":
            strange = np.flatnonzero(rng.random(len(rows)) < 0.3)
            values[strange[(strange >= fifth) & (strange < 2 * fifth)]] = len(vocabulary)
            vocabulary = (*vocabulary, UNSEEN)
        values[missing] = -1 if column.kind == "category" else np.nan
        out.append(Column(column.name, column.sql_type, column.kind, values, vocabulary))
    return out


def to_arrow(columns: Sequence[Column]) -> pa.Table:
    """The columns as DuckDB hands them to a function: DOUBLE for every number."""
    return pa.table({c.name: _array(c) for c in columns})


def _array(column: Column) -> pa.Array:
    null = column.null
    match column.kind:
        case "category":
            return pa.array([column.vocabulary[v] if v >= 0 else None for v in column.values])
        case "boolean":
            return pa.array(column.values > 0.5, mask=null)
        case "date":
            days = np.where(null, 0, column.values).astype(np.int32)
            return pa.array(days, pa.int32(), mask=null).cast(pa.date32())
        case "timestamp":
            micros = np.rint(np.where(null, 0, column.values) * 86_400_000_000.0).astype(np.int64)
            return pa.array(micros, pa.timestamp("us"), mask=null)
        case _:
            return pa.array(column.values, mask=null)
