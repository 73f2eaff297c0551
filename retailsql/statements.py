"""Carry out statements about models; each function returns the SQL of the statement's result.

The result is SQL and not rows, so that a session hands it to DuckDB like any other query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.dialect.statements import (
    AlterModel,
    CreateModel,
    DropModel,
    ExportModel,
    ShowModels,
)
from retailsql.errors import ImportModelError, ModelNotFoundError
from retailsql.functions import publish
from retailsql.functions.export_onnx import export_onnx
from retailsql.registry import notes, store
from retailsql.registry.fetch import first_row
from retailsql.registry.names import literal, quote, resolve

ModelStatement = CreateModel | DropModel | AlterModel | ExportModel | ShowModels

_OWN_MODELS = """
SELECT 1 FROM (SELECT database_name AS d, schema_name AS s, table_name AS t FROM duckdb_tables()
               UNION ALL SELECT database_name, schema_name, view_name FROM duckdb_views())
WHERE lower(t) = 'models' AND s <> 'retailsql'
  AND (d = 'temp' OR (d = current_database() AND s = current_schema())) LIMIT 1
"""
_IMPORT_OPTIONS = ("label", "classes", "positive_class", "on_null", "background")


def carry_out(
    con: DuckDBPyConnection,
    statement: ModelStatement,
    parameters: object,
    progress: Any,
    as_run: Callable[[str], str] | None = None,
) -> str:
    """Do what a statement about models says; the SQL of its result row.

    Args:
        con: the session's connection.
        statement: as read.
        parameters: of the training query.
        progress: called with words and the share done while a model trains.
        as_run: see :func:`retailsql.training.create.create_model`.

    Raises:
        RetailSQLError: it cannot be done; nothing has changed then.
    """
    match statement:
        case CreateModel():
            return _create(con, statement, parameters, progress, as_run)
        case DropModel():
            return _drop(con, statement)
        case AlterModel():
            return _alter(con, statement)
        case ExportModel():
            return _row(export_onnx(con, statement.name, statement.uri, statement.version))
        case ShowModels():
            return _show(con)


def _create(
    con: DuckDBPyConnection,
    statement: CreateModel,
    parameters: object,
    progress: Any,
    as_run: Callable[[str], str] | None,
) -> str:
    name = resolve(con, statement.name)
    if statement.if_not_exists and store.versions(con, name.database, name):
        return _row({"model": name.text, "warning": "The model exists; nothing was done."})
    options, told = notes.split(statement.options)
    if str(options.get("model_type", "")).upper() == "ONNX":
        result = _import(con, statement, options)
    else:
        from retailsql.training.create import create_model

        result = create_model(
            con, statement.name, options, statement.query, parameters=parameters,
            replace=statement.replace, progress=progress, transform=statement.transform,
            extra=statement.extra, as_run=as_run,
        )  # fmt: skip
    notes.write(con, name, told)
    return _row(result)


def _import(
    con: DuckDBPyConnection, statement: CreateModel, options: dict[str, Any]
) -> dict[str, Any]:
    """``CREATE MODEL m INPUT(...) OUTPUT(...) OPTIONS(model_type='ONNX', model_path='...')``."""
    from retailsql.functions.import_onnx import import_onnx

    given = {k.lower(): v for k, v in options.items()}
    given.pop("model_type")
    path = given.pop("model_path", None)
    if not isinstance(path, str) or not path:
        raise ImportModelError(
            "OPTIONS of an ONNX model needs model_path", seen=repr(path),
            todo="write OPTIONS(model_type = 'ONNX', model_path = 'folder/model.onnx')",
        )  # fmt: skip
    if statement.transform is not None:
        raise ImportModelError(
            "An imported ONNX model takes no TRANSFORM",
            todo="compute its inputs in the SELECT that is scored",
        )
    if unknown := [o for o in given if o not in _IMPORT_OPTIONS]:
        raise ImportModelError(
            f"OPTIONS has no option {unknown[0]!r} for an ONNX model",
            wanted=", ".join(("model_path", *_IMPORT_OPTIONS)),
        )
    outputs = None if statement.outputs is None else list(statement.outputs)
    version = import_onnx(
        con, statement.name, path, statement.inputs, outputs, replace=statement.replace, **given
    )
    name = resolve(con, statement.name)
    return {"model": name.text, "version": version, "model_type": "ONNX", "warning": None}


def _drop(con: DuckDBPyConnection, statement: DropModel) -> str:
    name = resolve(con, statement.name)
    try:
        publish.drop(con, name, statement.version)
    except ModelNotFoundError:
        if not statement.if_exists:
            raise
        return _row({"model": name.text, "dropped": False})
    return _row({"model": name.text, "dropped": True})


def _alter(con: DuckDBPyConnection, statement: AlterModel) -> str:
    name = resolve(con, statement.name)
    warning = None
    try:
        if statement.options is None:
            stored = publish.roll_back(con, name)
        else:
            given, warning = _with_effect(statement.options)
            options, told = notes.split(given)
            if "deployed_version" in options:
                stored = publish.deploy(con, name, options["deployed_version"])
            else:
                stored = store.find(con, name)
            notes.write(con, name, told)
    except ModelNotFoundError:
        if not statement.if_exists:
            raise
        return _row({"model": name.text, "deployed_version": None})
    row = {"model": name.text, "deployed_version": stored.version}
    return _row(row if warning is None else {**row, "warning": warning})


def _with_effect(options: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The options that mean something here, and a warning about the others."""
    idle = [o for o in options if o in notes.WITHOUT_EFFECT]
    warning = f"No effect here: {', '.join(idle)}." if idle else None
    return {k: v for k, v in options.items() if k not in idle}, warning


def _show(con: DuckDBPyConnection) -> str:
    """The list of models; a table of the user's own called models comes before it."""
    if first_row(con, _OWN_MODELS):
        return "SHOW models"
    found = store.databases(con)
    if not found:
        return _row({"model": None}) + " WHERE false"
    return " UNION ALL ".join(
        f"SELECT {literal(d)} AS database, * FROM ({store.list_query(con, d)})" for d in found
    )


def _row(values: dict[str, Any]) -> str:
    """A one-row SELECT."""
    return "SELECT " + ", ".join(f"{literal(v)} AS {quote(k)}" for k, v in values.items())
