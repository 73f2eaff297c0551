"""CREATE MODEL: rows of a SELECT -> a fitted, exported, certified, registered model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as dc_replace
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.errors import TrainingError
from retailsql.evaluation.report import Evaluation
from retailsql.functions import publish
from retailsql.functions.certificate import libraries
from retailsql.functions.connection import raw
from retailsql.registry import store
from retailsql.registry.names import ModelName, resolve
from retailsql.registry.store import StoredVersion
from retailsql.registry.version import ModelVersion
from retailsql.training.families import Family, family_of, load
from retailsql.training.fitted import Fitted, Progress, TrainingData


def create_model(
    con: Any,
    name: str,
    options: Mapping[str, Any],
    query: str,
    *,
    parameters: object = None,
    replace: bool = True,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a model on the rows of a query, register it and publish its functions.

    What ``CREATE MODEL name OPTIONS(...) AS query`` calls. Nothing is written before training has
    ended well; inside a transaction of the caller a ROLLBACK removes the model whole.

    Args:
        con: a Session or a DuckDB connection.
        name: the model's name, one to three parts.
        options: as in OPTIONS(...); ``model_type`` chooses the family.
        query: the training SELECT, run exactly as written.
        parameters: of the query.
        replace: whether a new version may be put over a model of that name.
        progress: called with words and the share done.

    Returns:
        The result row: model, version, model_type, metric, value, baseline, baseline_value,
        rows_train, rows_eval, split, parity_rows, parity_max_abs_diff, warning.

    Raises:
        TrainingError: the data or the options cannot be trained on.
        NameTakenError: the name is in use.
        MissingExtraError: the extra ``train`` is not installed.
    """
    connection, say = raw(con), progress or _silent
    given = {k.lower(): v for k, v in options.items()}
    model_type, family = family_of(given.pop("model_type", None))
    target = resolve(connection, name)
    publish.check_replace(connection, target, replace)
    fit = load(family)
    say("reading the training rows", 0.0)
    data = read_rows(connection, query, parameters, model_type)
    fitted = _with_key_types(fit(data, given, say), data)
    previous = store.versions(connection, target.database, target, deployed=True)
    say("checking parity and registering", 0.98)
    version, model = _register(connection, target, family, model_type, given, query, fitted)
    say("done", 1.0)
    return _result(target, version, model, fitted, previous)


def _silent(words: str, share: float) -> None:
    """Progress for nobody."""


def read_rows(
    con: DuckDBPyConnection, query: str, parameters: object, model_type: str
) -> TrainingData:
    """The rows of the training SELECT, decimals and huge integers as doubles.

    Raises:
        TrainingError: DuckDB cannot run it (its words are kept), or it returns no rows.
    """
    try:
        relation = con.sql(query, params=parameters)
        types = {c: str(t) for c, t in zip(relation.columns, relation.types, strict=True)}
        table = relation.to_arrow_table()
    except duckdb.Error as error:
        raise TrainingError(
            "The training SELECT cannot be run", seen=str(error).split("\n\nLINE")[0],
            todo="run the SELECT alone until it works",
        ) from error  # fmt: skip
    if len(types) != table.num_columns:
        raise TrainingError(
            "Two columns of the training SELECT have the same name",
            seen=", ".join(table.column_names), todo="give one of them another name with AS",
        )  # fmt: skip
    if not len(table):
        raise TrainingError(
            "The training SELECT returns no rows", seen="0 rows",
            todo="check its WHERE clause and its tables",
        )  # fmt: skip
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type):
            table = table.set_column(i, field.name, table.column(i).cast(pa.float64()))
    return TrainingData(table, types, model_type)


def _with_key_types(fitted: Fitted, data: TrainingData) -> Fitted:
    """The signature with the SQL types of the columns whose values name stored histories."""
    options = fitted.signature.options
    columns = options.get("id_cols") or [options[c] for c in ("user_col",) if c in options]
    types = [data.sql_types[c] for c in columns]
    signature = dc_replace(fitted.signature, options={**options, "key_types": types})
    return dc_replace(fitted, signature=signature) if columns else fitted


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
    baseline, value = e.best_baseline()
    used = libraries(*family.packages, "onnxruntime", "duckdb", "numpy", "retailsql")
    model = ModelVersion(
        artefact=fitted.onnx, signature=fitted.signature, model_type=model_type, options=options,
        training_sql=query, evaluation=e.to_json(), profile=fitted.profile, libraries=used,
        headline=(e.primary, e.metrics[e.primary], baseline, value, e.beats_baseline),
        histories=fitted.histories,
    )  # fmt: skip
    version = publish.register(
        con, target, model, fitted.parity_inputs, fitted.parity_scores, family.framework,
        fitted.tolerance,
    )  # fmt: skip
    return version, model


def _result(
    target: ModelName,
    version: int,
    model: ModelVersion,
    fitted: Fitted,
    previous: list[StoredVersion],
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
        "warning": " ".join(f"{w.rstrip('.')}." for w in words) or None,
    }


def _warnings(
    target: ModelName, e: Evaluation, own: tuple[str, ...], previous: list[StoredVersion]
) -> list[str]:
    """What the person should know before using the model, with the figures."""
    words = list(own)
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
