"""What training saw of the columns before TRANSFORM: the rows of later queries come in their form.

ML.VALIDATE_DATA_SKEW compares with them, and ML.FEATURE_INFO tells of them, as BigQuery's reference
says of models with a TRANSFORM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.errors import SignatureError, TrainingError
from retailsql.registry.names import quote
from retailsql.training.fitted import Fitted, TrainingData
from retailsql.training.read_rows import read_rows
from retailsql.training.tabular.data import Column, read_column
from retailsql.training.tabular.profile import feature_info, profile
from retailsql.training.transform.apply import ROWS, Transformed


def raw_rows(con: DuckDBPyConnection, plan: Transformed, model_type: str) -> TrainingData:
    """The raw columns that TRANSFORM reads; to be called while its rows are there."""
    read = {p for step in plan.steps for p in step.parts if isinstance(p, int)}
    names = [f.name for i, f in enumerate(plan.raw) if i in read]
    return read_rows(con, f"SELECT {', '.join(map(quote, names))} FROM {ROWS}", None, model_type)


def with_raw_profile(fitted: Fitted, data: TrainingData, written: bool) -> Fitted:
    """The model with the profile of its raw columns, and with their FEATURE_INFO.

    Args:
        fitted: its signature is that after TRANSFORM.
        data: from :func:`raw_rows`.
        written: a person wrote the TRANSFORM; else it only made nested columns plain, and
            FEATURE_INFO stays that of the plain ones.
    """
    names = [f.name for f in fitted.signature.raw if f.name in data.sql_types]
    columns = {name: _read(data, name) for name in names}
    known = [c for c in columns.values() if c is not None]
    # A column may have the name of the feature made of it: what is compared later is the column.
    told = replace(fitted, profile={**fitted.profile, **profile(known)})
    if not written:
        return told
    return replace(told, reports={**fitted.reports, "feature_info": info_rows(data, names)})


def info_rows(data: TrainingData, names: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of ML.FEATURE_INFO about columns of the training rows, of whatever type they are."""
    read = [_read(data, name) for name in names]
    info = {row["input"]: row for row in feature_info([c for c in read if c is not None])}
    return [info.get(name) or _unknown(data, name) for name in names]


def _read(data: TrainingData, name: str) -> Column | None:
    """None for what has no encoding of its own: TRANSFORM may take any type and any number."""
    try:
        column = read_column(data, name)
    except (SignatureError, TrainingError):
        return None
    return None if column.null.all() else column


def _unknown(data: TrainingData, name: str) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(
        ("input", "min", "max", "mean", "median", "stddev", "category_count", "null_count",
         "dimension")
    )  # fmt: skip
    return row | {"input": name, "null_count": data.table[name].null_count}
