"""CREATE MODEL: rows of a SELECT -> a fitted, exported, certified, registered model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace as dc_replace
from difflib import get_close_matches
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.dialect.lint.check import training_words
from retailsql.dialect.lookup import Catalog
from retailsql.dialect.splice import splice
from retailsql.dialect.statements import Query, read_script
from retailsql.dialect.tokens import Walk
from retailsql.errors import TrainingError
from retailsql.evaluation.report import Evaluation
from retailsql.functions import publish
from retailsql.functions.certificate import libraries
from retailsql.functions.connection import raw
from retailsql.functions.diagnose import diagnose
from retailsql.registry import store
from retailsql.registry.fetch import first_row
from retailsql.registry.names import ModelName, resolve
from retailsql.registry.store import StoredVersion
from retailsql.registry.version import ModelVersion
from retailsql.training.background import with_background
from retailsql.training.columns import find_column
from retailsql.training.families import Family, family_of, load, option_names
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.known_options import without_effect
from retailsql.training.transform import transformed

_ROWS = ([duckdb.StatementType.SELECT], [duckdb.StatementType.MULTI])
"""Statements that return rows and change nothing; a PIVOT that finds its columns is MULTI."""


def create_model(
    con: Any,
    name: str,
    options: Mapping[str, Any],
    query: str,
    *,
    parameters: object = None,
    replace: bool = True,
    progress: Progress | None = None,
    transform: str | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Train a model on the rows of a query, register it and publish its functions.

    What ``CREATE MODEL name OPTIONS(...) AS query`` calls. Nothing is written before training has
    ended well; inside a transaction of the caller a ROLLBACK removes the model whole.

    Args:
        con: a Session or a DuckDB connection.
        name: the model's name, one to three parts.
        options: as in OPTIONS(...); ``model_type`` chooses the family.
        query: the training SELECT, run exactly as written; ML functions of other models may stand
            in it.
        parameters: of the query; stored with the options, as ``query_parameters``.
        replace: whether a new version may be put over a model of that name.
        progress: called with words and the share done.
        transform: what stands in TRANSFORM(...).
        extra: other queries of the statement, such as ``custom_holiday``.

    Returns:
        The result row: model, version, model_type, metric, value, baseline, baseline_value,
        rows_train, rows_eval, split, parity_rows, parity_max_abs_diff, warning.

    Raises:
        TrainingError: the data or the options cannot be trained on.
        NameTakenError: the name is in use.
        MissingExtraError: the extra ``train`` is not installed.
        RegistryError: the database is open for reading only.
        StatementError, ModelNotFoundError: an ML function in the query cannot be read, or names no
            model.
    """
    connection, say = raw(con), progress or _silent
    given = _lower_case(options)
    model_type, family = family_of(_model_type(given))
    target = resolve(connection, name)
    store.check_writable(connection, target.database)
    publish.check_replace(connection, target, replace)
    fit, own = load(family), option_names(family, model_type)
    used, idle = (given, []) if own is None else without_effect(model_type, given, own)
    say("reading the training rows", 0.0)
    spliced = _spliced(connection, query)
    with transformed(connection, spliced, parameters, transform, given, model_type) as plan:
        source = (query, parameters) if plan is None else (plan.query, None)
        data = read_rows(connection, *source, model_type)
    others = {n: read_rows(connection, q, None, n).table for n, q in (extra or {}).items()}
    data = dc_replace(data, extra=others)
    told = training_words(connection, {**given, "model_type": model_type}, query)
    seed = used["seed"] if isinstance(used.get("seed"), int) else 0
    fitted = with_background(_with_key_types(fit(data, used, say), data), data.table, seed)
    fitted = dc_replace(fitted, warnings=(*idle, *fitted.warnings, *told))
    if plan is not None:
        fitted = dc_replace(fitted, signature=plan.signed(fitted.signature))
    previous = store.versions(connection, target.database, target, deployed=True)
    say("checking parity and registering", 0.98)
    stored = {**given, **_stored_parameters(parameters)}
    version, model = _register(connection, target, family, model_type, stored, query, fitted)
    say("done", 1.0)
    difference = _parity(connection, target, version)
    return _result(target, version, model, fitted, previous, difference)


def _model_type(options: dict[str, Any]) -> object:
    """Takes ``model_type`` out of the options; tells a misspelt one from a missing one."""
    meant = [] if "model_type" in options else get_close_matches("model_type", options, cutoff=0.8)
    if meant:
        raise TrainingError(
            f"OPTIONS has no option {meant[0]!r}", wanted="model_type", todo="correct the name"
        )
    return options.pop("model_type", None)


def _silent(words: str, share: float) -> None:
    """Progress for nobody."""


def _lower_case(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options by their names in lower case, as they are read and stored."""
    given: dict[str, Any] = {}
    for name, value in options.items():
        if name.lower() in given:
            raise TrainingError(
                f"Option {name.lower()} is given twice", seen=", ".join(options),
                todo="keep one of the two",
            )  # fmt: skip
        given[name.lower()] = value
    return given


def _stored_parameters(parameters: object) -> dict[str, Any]:
    """The query's parameters as an option to store: JSON values, others (dates) as text."""
    if parameters is None:
        return {}
    try:
        text = json.dumps(parameters, default=str, allow_nan=False)
    except (TypeError, ValueError):  # NaN, or keys that are no text
        return {"query_parameters": str(parameters)}
    return {"query_parameters": json.loads(text)}


def read_rows(
    con: DuckDBPyConnection, query: str, parameters: object, model_type: str
) -> TrainingData:
    """The rows of the training SELECT, decimals and huge integers as doubles.

    Raises:
        TrainingError: DuckDB cannot run it (its words are kept), it returns no rows, or it is no
            SELECT.
        StatementError, ModelNotFoundError: an ML function in it cannot be read, or names no model.
    """
    text = _spliced(con, query)
    try:
        kinds = [statement.type for statement in con.extract_statements(text)]
        if kinds not in _ROWS:
            raise _no_select(query)
        relation = con.sql(text, params=parameters)
        _check_names(relation.columns)
        types = {c: str(t) for c, t in zip(relation.columns, relation.types, strict=True)}
        table = relation.to_arrow_table()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        said = diagnose(con.cursor(), text, error) or str(error).split("\n\nLINE")[0]
        raise TrainingError(
            "The training SELECT cannot be run", seen=said,
            todo="run the SELECT alone until it works",
        ) from error  # fmt: skip
    if not len(table):
        raise TrainingError(
            "The training SELECT returns no rows", seen="0 rows",
            todo="check its WHERE clause and its tables",
        )  # fmt: skip
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.float64()))
    return TrainingData(table, types, model_type)


def _spliced(con: DuckDBPyConnection, query: str) -> str:
    """The training SELECT with its own ML calls turned into subqueries."""
    script = read_script(query)
    if script is None:
        return query
    if len(script) != 1 or not isinstance(script[0], Query):
        raise _no_select(query)
    return splice(Walk(script[0].sql, script[0].tokens), Catalog(con))


def _no_select(query: str) -> TrainingError:
    return TrainingError(
        "The training query is no SELECT", seen=query.strip()[:80], wanted="one SELECT",
        todo="give other statements to execute() before",
    )  # fmt: skip


def _check_names(columns: list[str]) -> None:
    """Refuse two columns that DuckDB, which compares names in any case, could not tell apart."""
    first: dict[str, str] = {}
    for name in columns:
        other = first.setdefault(name.lower(), name)
        if other is not name:
            raise TrainingError(
                "Two columns of the training SELECT have the same name",
                seen=f"{other!r} and {name!r}", wanted="names that differ in more than their case",
                todo="give one of them another name with AS",
            )  # fmt: skip


def _with_key_types(fitted: Fitted, data: TrainingData) -> Fitted:
    """The signature with the SQL types of the columns whose values name stored histories, and
    with the columns in the SELECT's own spelling.
    """
    signature, options = fitted.signature, dict(fitted.signature.options)
    columns = [find_column(c, data.sql_types, "id") for c in options.get("id_cols") or ()]
    if signature.kind == "recommender":
        columns = [find_column(options["user_col"], data.sql_types, "user_col")]
        options["user_col"] = columns[0]
        label = find_column(signature.label, data.sql_types, "item_col")
        signature = dc_replace(signature, label=label)
    if not columns:
        return fitted
    options["key_types"] = [data.sql_types[c] for c in columns]
    return dc_replace(fitted, signature=dc_replace(signature, options=options))


def _register(
    con: DuckDBPyConnection,
    target: ModelName,
    family: Family,
    model_type: str,
    options: Mapping[str, Any],
    query: str,
    fitted: Fitted,
) -> tuple[int, ModelVersion]:
    e = fitted.evaluation
    used = libraries(*family.packages, "onnxruntime", "duckdb", "numpy", "retailsql")
    model = ModelVersion(
        artefact=fitted.onnx, signature=fitted.signature, model_type=model_type, options=options,
        training_sql=query, evaluation=e.to_json() if e.baselines else None, profile=fitted.profile, libraries=used,
        headline=_headline(e),
        histories=fitted.histories, forecasts=fitted.forecasts, reports=fitted.reports, held_out=fitted.held_out,
    )  # fmt: skip
    version = publish.register(
        con, target, model, fitted.parity_inputs, fitted.parity_scores, family.framework,
        fitted.tolerance,
    )  # fmt: skip
    return version, model


def _headline(
    e: Evaluation,
) -> tuple[str | None, float | None, str | None, float | None, bool | None]:
    """The metric that decides, beside the best baseline; nothing where nothing is claimed."""
    if not e.baselines:
        return None, None, None, None, None
    return e.primary, e.metrics[e.primary], *e.best_baseline(), e.beats_baseline


def _parity(con: DuckDBPyConnection, target: ModelName, version: int) -> float | None:
    """The largest difference between the framework's scores and SQL's, from the certificate."""
    row = first_row(
        con,
        f"SELECT certificate FROM {target.registry}.versions "
        "WHERE model_schema = ? AND model_name = ? AND version = ?",
        [target.schema, target.name, version],
    )
    return json.loads(row[0]).get("max_abs_diff") if row and row[0] else None


def _result(
    target: ModelName,
    version: int,
    model: ModelVersion,
    fitted: Fitted,
    previous: list[StoredVersion],
    difference: float | None,
) -> dict[str, Any]:
    e = fitted.evaluation
    metric, value, baseline, baseline_value, _ = model.headline
    words = _warnings(target, e, fitted.warnings, previous)
    return {
        "model": target.text,
        "version": version,
        "model_type": model.model_type,
        "metric": metric,
        "value": value,
        "baseline": baseline,
        "baseline_value": baseline_value,
        "rows_train": e.rows_train,
        "rows_eval": e.rows_eval,
        "split": e.split,
        "parity_rows": len(fitted.parity_scores),
        "parity_max_abs_diff": difference,
        "warning": " ".join(f"{w.rstrip('.')}." for w in words) or None,
    }


def _warnings(
    target: ModelName, e: Evaluation, own: tuple[str, ...], previous: list[StoredVersion]
) -> list[str]:
    """What the person should know before using the model, with the figures."""
    words = list(own)
    if not e.baselines:
        return words
    value = e.metrics[e.primary]
    name, trivial = e.best_baseline()
    if not e.beats_baseline:
        words.append(
            f"The model does not beat its baseline: {e.primary} {value:.4g}, "
            f"{name} {trivial:.4g}. Remove it with DROP MODEL {target.text}."
        )
    for old in previous:
        before = Evaluation.from_json(old.evaluation) if old.evaluation else None
        if before is None or before.primary != e.primary or old.metric_value is None:
            continue
        if e.better(old.metric_value, value):
            words.append(
                f"Version {old.version} was better on its own held-out rows: {e.primary} "
                f"{old.metric_value:.4g}, now {value:.4g}. Go back with "
                f"ALTER MODEL {target.text} ROLLBACK."
            )
    return words
