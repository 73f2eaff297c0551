"""The parity certificate: the same rows scored by the source framework and through SQL."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.errors import RegistryError
from retailsql.functions.calls import Call
from retailsql.scoring.buffers import to_arrow

MAX_SHARE_OVER = 0.01
"""A model is refused if more than this share of the rows differs by more than the tolerance: a
row or two may cross a tree's threshold in float32, more means that the export is wrong."""


def libraries(*names: str) -> dict[str, str]:
    """Installed versions of packages, those that are not installed left out.

    >>> list(libraries("numpy", "no-such-package"))
    ['numpy']
    """
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def certify(
    con: DuckDBPyConnection,
    call: Call,
    rows: pa.Table,
    expected: np.ndarray[Any, np.dtype[np.float64]],
    framework: str,
    tolerance: float,
) -> dict[str, Any]:
    """Score rows through SQL and compare.

    Args:
        con: where the hidden function is.
        call: the model.
        rows: inputs, in the columns the public function takes.
        expected: what the source framework says, (rows,) or (rows, outputs); NaN where NULL.
        framework: its name.
        tolerance: largest allowed absolute difference.

    Returns:
        framework, rows, tolerance, max_abs_diff, mean_abs_diff, rows_over_tolerance.

    Raises:
        RegistryError: NULLs differ, or too many rows differ by more than the tolerance.
    """
    got = _through_sql(con, call, rows, expected)
    nulls = np.isnan(got) != np.isnan(expected)
    difference = np.nan_to_num(np.abs(got - expected)).reshape(len(expected), -1)
    over = int((difference.max(axis=1) > tolerance).sum())
    found = {
        "framework": framework,
        "rows": len(expected),
        "tolerance": tolerance,
        "max_abs_diff": float(difference.max()),
        "mean_abs_diff": float(difference.mean()),
        "rows_over_tolerance": over,
    }
    if nulls.any() or over > MAX_SHARE_OVER * len(expected):
        raise RegistryError(
            f"The exported model does not score as {framework} does; it was not registered",
            seen=f"{over} of {len(expected)} rows differ by more than {tolerance:g}, at most by "
            f"{found['max_abs_diff']:g}; {int(nulls.sum())} NULLs differ",
            todo="please report it with the training statement",
        )
    return found


def _through_sql(
    con: DuckDBPyConnection, call: Call, rows: pa.Table, expected: np.ndarray[Any, Any]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The scores SQL gives, in the shape of ``expected``."""
    at = to_arrow(np.arange(len(rows), dtype=np.int64), pa.int64())
    con.register("__rs_parity", rows.append_column("__rs_at", at))
    width = 1 if expected.ndim == 1 else expected.shape[1]
    try:
        result = con.sql(
            f"SELECT {_expression(call, width)} AS score FROM __rs_parity AS p ORDER BY __rs_at"
        ).to_arrow_table()["score"]
    finally:
        con.unregister("__rs_parity")
    if expected.ndim == 1:
        return np.array([np.nan if v is None else v for v in result.to_pylist()], np.float64)
    got = np.full(expected.shape, np.nan)
    for i, values in enumerate(result.to_pylist()):
        if values is not None:
            got[i, : len(values)] = values
    return got


def _expression(call: Call, width: int) -> str:
    match call.signature.kind:
        case "forecaster":
            return f"list_transform({call.function}(p.history, {width}, 0.9), lambda x: x.value)"
        case "recommender":
            scores = f"{call.function}(p.history, {width}, true)"
            return f"list_transform({scores}, lambda x: x.score)"
        case _:
            # The graph is compared, over the columns it takes; training checks TRANSFORM itself.
            plain = replace(call.signature, raw=(), steps=())
            return replace(call, signature=plain).over_row("p")
