"""Typical rows for a model that was not trained here, from a SELECT."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.errors import ImportModelError
from retailsql.functions.parameters import parameter_type
from retailsql.registry.background import REPORT
from retailsql.registry.names import quote
from retailsql.scoring.background import choose
from retailsql.scoring.rows import RowScorer
from retailsql.signature import Signature

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def background_report(
    con: DuckDBPyConnection, query: str | None, session: InferenceSession, signature: Signature
) -> dict[str, Any]:
    """The report that makes a model explainable; none without a query.

    Args:
        con: where to run the query.
        query: a SELECT of rows with a column for each feature.
        session: the model.
        signature: its signature.

    Raises:
        ImportModelError: the query cannot be run, or none of its rows has a score.
    """
    if query is None:
        return {}
    columns = ", ".join(
        f"CAST({quote(f.name)} AS {parameter_type(f, signature)}) AS {quote(f.name)}"
        for f in signature.features
    )
    try:
        table = con.sql(f"SELECT {columns} FROM ({query}) AS __rs_rows").to_arrow_table()
    except duckdb.Error as error:
        raise ImportModelError(
            "The background rows cannot be read", seen=str(error).split("\n\nLINE")[0],
            wanted=f"a SELECT with columns {', '.join(f.name for f in signature.features)}",
            todo="run that SELECT alone until it works",
        ) from error  # fmt: skip
    rows = choose(RowScorer(session, signature), signature, table)
    if not rows:
        raise ImportModelError(
            "No background row has a score", seen=f"{len(table)} rows",
            todo="give rows as the model scores them, without NULLs where it takes none",
        )  # fmt: skip
    return {REPORT: rows}
