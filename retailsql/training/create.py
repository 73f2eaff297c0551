"""CREATE MODEL: rows of a SELECT -> a fitted, exported, certified, registered model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace as dc_replace
from difflib import get_close_matches
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.dialect.lint.check import training_words
from retailsql.errors import TrainingError
from retailsql.evaluation.report import Evaluation
from retailsql.functions import publish
from retailsql.functions.certificate import libraries
from retailsql.functions.connection import raw
from retailsql.registry import store
from retailsql.registry.names import ModelName, resolve
from retailsql.registry.version import ModelVersion
from retailsql.training.background import with_background
from retailsql.training.columns import find_column
from retailsql.training.deployment import DEPLOY, decide, read_deploy
from retailsql.training.families import Family, family_of, load, option_names
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.known_options import without_effect
from retailsql.training.read_rows import read_rows, spliced
from retailsql.training.result import parity, result_row
from retailsql.training.seen_rows import REPORT
from retailsql.training.tabular.raw_profile import raw_rows, with_raw_profile
from retailsql.training.transform.apply import transformed, whole_rows


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
    as_run: Callable[[str], str] | None = None,
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
        as_run: a query -> what is run in its place, the same rows by other means; stored is what
            was written.

    Returns:
        The result row: model, version, model_type, metric, value, baseline, baseline_value,
        rows_train, rows_eval, split, parity_rows, parity_max_abs_diff, deployed, warning.

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
    written = _model_type(given)
    model_type, family = family_of(written)
    target = resolve(connection, name)
    store.check_writable(connection, target.database)
    publish.check_replace(connection, target, replace)
    fit, own, how = load(family), option_names(family, model_type), read_deploy(given)
    meant = {name: value for name, value in given.items() if name != DEPLOY.name}
    used, idle = (meant, []) if own is None else without_effect(model_type, meant, own)
    if str(written).upper() != model_type:
        idle.append(f"model_type {str(written).upper()} is the old name of {model_type}")
    say("reading the training rows", 0.0)
    run = as_run or _as_written
    text = spliced(connection, run(query))
    with transformed(connection, text, parameters, transform, given, model_type) as plan:
        source = (text, parameters) if plan is None else (plan.query, None)
        data = read_rows(connection, *source, model_type)
        before = None if plan is None else raw_rows(connection, plan, model_type)
        whole = data.table if plan is None else whole_rows(connection)
    _check_extra(extra, model_type)
    others = {n: read_rows(connection, run(q), None, n).table for n, q in (extra or {}).items()}
    data = dc_replace(data, extra=others)
    told = training_words(connection, {**given, "model_type": model_type}, query)
    seed = used["seed"] if isinstance(used.get("seed"), int) else 0
    fitted = with_background(_with_key_types(fit(data, used, say), data), data.table, seed)
    fitted = dc_replace(fitted, warnings=(*idle, *fitted.warnings, *told))
    if plan is not None and before is not None:
        fitted = dc_replace(fitted, signature=plan.signed(fitted.signature))
        fitted = with_raw_profile(fitted, before, bool(plan.columns))
    fitted = _with_seen_rows(connection, fitted, whole)
    previous = next(iter(store.versions(connection, target.database, target, deployed=True)), None)
    decision = decide(connection, how, fitted, previous, whole)
    say("checking parity and registering", 0.98)
    stored = {**given, **_stored_parameters(parameters)}
    version, model = _register(
        connection, target, family, model_type, stored, query, fitted, decision.deploy
    )
    say("done", 1.0)
    difference = parity(connection, target, version)
    return result_row(target, version, model, fitted, previous, difference, decision)


def _with_seen_rows(con: DuckDBPyConnection, fitted: Fitted, rows: pa.Table) -> Fitted:
    """With what tells a later version which rows this one was trained on."""
    if fitted.contest is None:
        return fitted
    seen = fitted.contest.seen(con, rows, [f.name for f in fitted.signature.inputs])
    return fitted if seen is None else dc_replace(
        fitted, reports={**fitted.reports, REPORT: [seen]}
    )  # fmt: skip


def _model_type(options: dict[str, Any]) -> object:
    """Takes ``model_type`` out of the options; tells a misspelt one from a missing one."""
    meant = [] if "model_type" in options else get_close_matches("model_type", options, cutoff=0.8)
    if meant:
        raise TrainingError(
            f"OPTIONS has no option {meant[0]!r}", wanted="model_type", todo="correct the name"
        )
    return options.pop("model_type", None)


def _as_written(query: str) -> str:
    """It runs as it is."""
    return query


def _silent(words: str, share: float) -> None:
    """Progress for nobody."""


def _check_extra(extra: Mapping[str, str] | None, model_type: str) -> None:
    """Refuse other queries where nothing reads them."""
    if extra and not model_type.startswith("ARIMA"):
        raise TrainingError(
            f"A {model_type} model takes no queries beside its training_data",
            seen=", ".join(extra), wanted="AS SELECT ...", todo="leave the others out",
        )  # fmt: skip


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
    deploy: bool,
) -> tuple[int, ModelVersion]:
    e = fitted.evaluation
    used = libraries(*family.packages, "onnxruntime", "duckdb", "numpy", "retailsql")
    model = ModelVersion(
        artefact=fitted.onnx, signature=fitted.signature, model_type=model_type, options=options,
        training_sql=query, evaluation=e.to_json() if e.baselines else None,
        profile=fitted.profile, libraries=used, headline=_headline(e),
        histories=fitted.histories, forecasts=fitted.forecasts, reports=fitted.reports,
        held_out=fitted.held_out,
    )  # fmt: skip
    version = publish.register(
        con, target, model, fitted.parity_inputs, fitted.parity_scores, family.framework,
        fitted.tolerance, deploy,
    )  # fmt: skip
    return version, model


def _headline(
    e: Evaluation,
) -> tuple[str | None, float | None, str | None, float | None, bool | None]:
    """The metric that decides, beside the best baseline; nothing where nothing is claimed."""
    if not e.baselines:
        return None, None, None, None, None
    return e.primary, e.metrics[e.primary], *e.best_baseline(), e.beats_baseline
