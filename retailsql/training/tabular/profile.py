"""What training saw of each column, for monitoring; and the rows a parity certificate compares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from retailsql.training.tabular.data import Column

PARITY_ROWS = 1_000
BUCKETS = 10
QUANTILES = tuple(round(0.05 * i, 2) for i in range(21))
MOST_COUNTED = 1_000
UNSEEN = "\N{REPLACEMENT CHARACTER} a category that training has not seen"


def profile(columns: Sequence[Column]) -> dict[str, Any]:
    """Column -> rows, nulls, and either moments and quantiles, or counts per category.

    ``quantiles`` are 21 numbers, every 5 %; ``buckets`` hold the rows between tenths; dates are in
    days since 1970. ``counts`` hold the 1,000 most frequent values of what is no number, as DuckDB
    casts them to text, and ``other`` the rows of all the rest.

    >>> p = profile([Column("a", "DOUBLE", "number", np.array([1.0, 3.0, np.nan]))])["a"]
    >>> p["rows"], p["nulls"], p["mean"]
    (3, 1, 2.0)
    """
    return {c.name: _of_category(c) if c.kind == "category" else _of_number(c) for c in columns}


def _of_number(column: Column) -> dict[str, Any]:
    known = column.values[~column.null].astype(np.float64)
    told = {
        "rows": len(column.values),
        "nulls": int(column.null.sum()),
        "mean": float(known.mean()),
        "std": float(known.std()),
        "min": float(known.min()),
        "max": float(known.max()),
        "quantiles": [float(q) for q in np.quantile(known, QUANTILES)],
    }
    if column.kind == "number":
        return told | {"buckets": buckets(known)}
    if column.kind == "boolean":
        return told | _counts(column)
    return told | _counts(column) | {"buckets": buckets(known)}


def buckets(known: NDArray[np.float64], many: int = BUCKETS) -> dict[str, Any]:
    """Quantiles from the smallest value to the largest, each once, and the rows at the first,
    between each two, and above the last (none): what later rows are compared with.

    >>> buckets(np.array([1.0, 2.0, 2.0, 3.0]), 4)
    {'edges': [1.0, 2.0, 3.0], 'counts': [1, 2, 1, 0]}
    """
    shares = np.arange(many + 1) / many
    edges = np.unique(np.quantile(known, shares, method="inverted_cdf"))
    counts = np.bincount(np.searchsorted(edges, known), minlength=len(edges) + 1)
    return {"edges": [float(e) for e in edges], "counts": [int(c) for c in counts]}


def _counts(column: Column) -> dict[str, Any]:
    """The most frequent values as text, and the rows of all others."""
    texts = _array(column).drop_null().cast(pa.string()).to_pylist()
    if column.kind == "timestamp":  # DuckDB writes no trailing zeros of a second
        texts = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    names, counts = np.unique(np.asarray(texts, dtype=object), return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MOST_COUNTED]
    return {
        "counts": {names[i]: int(counts[i]) for i in most},
        "other": int(counts.sum() - counts[most].sum()),
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


def feature_info(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Rows of ML.FEATURE_INFO: moments of numbers, counts of categories (BOOLEAN is one), NULLs.

    Dates have neither, as BigQuery's reference says of all that is no number. ``stddev`` divides by
    the rows less one; ``dimension`` is of arrays of structs.

    >>> a = Column("a", "DOUBLE", "number", np.array([1.0, 3.0, np.nan]))
    >>> row = feature_info([a])[0]
    >>> row["mean"], row["median"], row["null_count"], row["category_count"]
    (2.0, 2.0, 1, None)
    """
    return [_info(c) for c in columns]


def _info(column: Column) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(
        ("input", "min", "max", "mean", "median", "stddev", "category_count", "null_count",
         "dimension")
    )  # fmt: skip
    row |= {"input": column.name, "null_count": int(column.null.sum())}
    known = column.values[~column.null]
    if column.kind == "number":
        row |= {
            "min": float(known.min()), "max": float(known.max()), "mean": float(known.mean()),
            "median": float(np.median(known)),
            "stddev": float(known.std(ddof=1)) if len(known) > 1 else None,
        }  # fmt: skip
    elif column.kind in ("category", "boolean"):
        row["category_count"] = len(np.unique(known))
    return row


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
