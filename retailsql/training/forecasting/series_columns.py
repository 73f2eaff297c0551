"""The columns of a time series in the training rows: timestamp, value, ids. Both forecasters read
them so, whatever grid they put them on.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from retailsql.errors import TrainingError
from retailsql.training.columns import find_column
from retailsql.training.fitted import TrainingData

Array = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


def column_of(data: TrainingData, name: str | None, option: str) -> str:
    """The column an option names, in the table's own spelling."""
    names = data.table.column_names
    if name is None:
        raise TrainingError(
            f"OPTIONS lacks {option}", wanted=f"one of {', '.join(names)}",
            todo=f"add {option}='...' to OPTIONS",
        )  # fmt: skip
    return find_column(name, names, option)


def id_columns(option: Any) -> list[str]:
    """time_series_id_col as a list: None is no column, a text is one."""
    if option is None:
        return []
    return [option] if isinstance(option, str) else [str(name) for name in option]


def stamps_of(column: pa.ChunkedArray, name: str, sql_type: str) -> Any:
    """The timestamps as datetime64[us]."""
    if not (pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)):
        raise TrainingError(
            f"Column {name!r} (time_series_timestamp_col) holds no dates",
            seen=sql_type or column.type, wanted="DATE or TIMESTAMP",
            todo=f"cast it in the SELECT: CAST({name} AS DATE) AS {name}",
        )  # fmt: skip
    if column.null_count:
        raise TrainingError(
            f"Column {name!r} (time_series_timestamp_col) has NULLs",
            seen=f"{column.null_count} of {len(column)} rows", wanted="a timestamp on every row",
            todo=f"add WHERE {name} IS NOT NULL to the SELECT",
        )  # fmt: skip
    return pc.cast(column, pa.timestamp("us")).to_numpy()


def values_of(column: pa.ChunkedArray, name: str, sql_type: str) -> Array:
    """The data column as float64, NULL as NaN."""
    kind = column.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not number:
        raise TrainingError(
            f"Column {name!r} (time_series_data_col) is not a number", seen=sql_type or kind,
            wanted="DOUBLE, BIGINT or another number",
            todo=f"cast it in the SELECT: CAST({name} AS DOUBLE) AS {name}",
        )  # fmt: skip
    values = np.asarray(pc.cast(column, pa.float64()).to_numpy(), dtype=np.float64)
    if not np.isfinite(values).any():
        raise TrainingError(
            f"Column {name!r} (time_series_data_col) is NULL on every row",
            seen=f"{len(values)} rows", wanted="numbers", todo="check the SELECT's joins",
        )  # fmt: skip
    huge = np.abs(values) > 1e30
    if huge.any():
        raise TrainingError(
            f"Column {name!r} (time_series_data_col) holds a value no forecaster can learn",
            seen=f"{values[huge][0]} in {int(huge.sum())} rows", wanted="numbers up to 1e30",
            todo=f"add WHERE isfinite({name}) to the SELECT, or turn them into NULL",
        )  # fmt: skip
    return values


def series_of(table: pa.Table, columns: list[str]) -> tuple[Ints, list[str]]:
    """Each row's series code, and the series' keys in sorted order."""
    if not columns:
        return np.zeros(table.num_rows, dtype=np.int64), [""]
    texts = []
    for name in columns:
        if table[name].null_count:
            raise TrainingError(
                f"Column {name!r} (time_series_id_col) has NULLs",
                seen=f"{table[name].null_count} of {table.num_rows} rows",
                wanted="an id on every row", todo=f"add WHERE {name} IS NOT NULL to the SELECT",
            )  # fmt: skip
        texts.append(pc.cast(table[name], pa.string()).to_pylist())
    keys = texts[0] if len(texts) == 1 else [_json(row) for row in zip(*texts, strict=True)]
    known, codes = np.unique(np.array(keys, dtype=object), return_inverse=True)
    return codes.astype(np.int64), [str(key) for key in known]


def _json(row: tuple[str, ...]) -> str:
    """Several ids as DuckDB's to_json([a, b]) writes them."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
