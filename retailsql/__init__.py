"""BigQuery ML's verbs on the DuckDB file you already have, scored by ONNX Runtime in the query.

The way of the data:

    raw tables ──▶ staging ──▶ features ──▶ CREATE MODEL ──▶ registry ──▶ functions ──▶ queries
    (sql/models)   (sql/models)   (training/)    (registry/)   (functions/)

>>> import retailsql
>>> con = retailsql.connect()
>>> con.sql("SELECT 1").fetchall()
[(1,)]
>>> con.close()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retailsql.errors import RetailSQLError
from retailsql.functions.import_onnx import import_onnx
from retailsql.session import Session, attach, connect

__all__ = ["RetailSQLError", "Session", "attach", "connect", "create_model", "import_onnx"]
__version__ = "0.1.0"


def create_model(
    con: Any, name: str, options: Mapping[str, Any], query: str, **settings: Any
) -> dict[str, Any]:
    """Train a model on a query's rows; see :func:`retailsql.training.create.create_model`."""
    from retailsql.training.create import create_model as create

    return create(con, name, options, query, **settings)
