"""Train a model unless it was trained on just that before: what `build` calls for a training file.

Looked at are columns, types, rows (whatever their order) and options, not the words of the SELECT:
a comment more is no reason to train. What the newest version was trained on is kept as a note of
the model, so dbt, the light runner and a script that all call this know of each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.errors import RetailSQLError, TrainingError
from retailsql.evaluation.report import Evaluation
from retailsql.functions import publish
from retailsql.functions.connection import raw
from retailsql.functions.transaction import in_transaction
from retailsql.registry import notes, store
from retailsql.registry.fetch import first_row
from retailsql.registry.names import ModelName, quote, resolve
from retailsql.registry.row_hash import row_hash
from retailsql.training.create import create_model
from retailsql.training.fitted import Progress
from retailsql.training.read_rows import cannot_run, check_names, spliced
from retailsql.training.result import remove_it

NOTE = "trained_on"
"""The note that holds the newest version's number and the digest of what it was trained on."""
_NOT_LEARNED_FROM = ("deploy",)
"""Options that say what to do with the model, not how to train it."""


def train_once(
    con: Any,
    name: str,
    options: Mapping[str, Any],
    query: str,
    *,
    full_refresh: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a model, unless its newest version was trained on the same rows and options.

    A model whose functions are gone (its schema was dropped and made again) gets them back.

    Args:
        con: a Session or a DuckDB connection.
        name: the model's name, one to three parts; the schema must exist.
        options: as in OPTIONS(...), beside them ``label``, short for ``input_label_cols``, and
            the notes ``description``, ``labels``, ``friendly_name``. ``deploy`` is ``if_better``
            unless it is given: nobody is watching.
        query: the training SELECT.
        full_refresh: train in any case.
        progress: called with words and the share done.

    Returns:
        The result row of CREATE MODEL, of the newest version, and ``status``: ``trained`` or
        ``unchanged``.

    Raises:
        RetailSQLError: as :func:`retailsql.training.create.create_model`.
    """
    connection = raw(con)
    target = resolve(connection, name)
    given, told = notes.split(_label_as_column(options))
    given = {"deploy": "if_better", **{k.lower(): v for k, v in given.items()}}
    digest = _digest(connection, given, query)
    held = None if full_refresh or digest is None else _newest(connection, target)
    if held is not None and held.get(NOTE) == digest:
        _give_back_functions(connection, target)
        row = {**_result_row(target, held), "status": "unchanged"}
    else:
        text = ".".join(map(quote, (target.database, target.schema, target.name)))
        made = create_model(connection, text, given, query, progress=progress)
        # A file would make again what is dropped; its owner is told to mend the file, by its tests.
        warning = (made["warning"] or "").replace(remove_it(target), "") or None
        row = {**made, "warning": warning, "status": "trained"}
        told = {**told, NOTE: {"version": made["version"], "digest": digest}}
    notes.write(connection, target, told)
    return row


def _label_as_column(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with ``label`` under the name CREATE MODEL has for it.

    >>> _label_as_column({"Label": "churned", "seed": 1})
    {'seed': 1, 'input_label_cols': ['churned']}
    """
    label = next((v for k, v in options.items() if k.lower() == "label"), None)
    rest = {k: v for k, v in options.items() if k.lower() != "label"}
    if label is None:
        return rest
    if any(k.lower() == "input_label_cols" for k in rest):
        raise TrainingError(
            "The label is given twice", seen="label and input_label_cols",
            todo="leave one of the two out",
        )  # fmt: skip
    return {**rest, "input_label_cols": [label] if isinstance(label, str) else label}


def _digest(con: DuckDBPyConnection, options: Mapping[str, Any], query: str) -> str | None:
    """The same as :func:`trained_on`; None where training can say better what is wrong."""
    try:
        return trained_on(con, options, query)
    except RetailSQLError:
        if in_transaction(con):  # the error has aborted it: training could say nothing but that
            raise
        return None


def trained_on(con: DuckDBPyConnection, options: Mapping[str, Any], query: str) -> str | None:
    """The digest of all a model learns from: columns, types, rows in any order, options.

    Args:
        con: where the query is run; the rows are read once and not kept.
        options: by their names in lower case, without notes.
        query: the training SELECT.

    Returns:
        Hexadecimal digits; None if the query is none that has rows (training will say so).

    Raises:
        RetailSQLError: the query cannot be run.
    """
    learned = {k: v for k, v in options.items() if k not in _NOT_LEARNED_FROM}
    learned["model_type"] = str(learned.get("model_type")).upper()
    select = spliced(con, query)
    try:
        relation = con.sql(select)
        if relation is None:
            return None
        check_names(relation.columns)
        columns = list(zip(relation.columns, map(str, relation.types), strict=True))
        # A sum and not an XOR, in which equal rows would cancel out.
        sums = relation.aggregate(f"count(*), sum({row_hash(columns)})").fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        raise cannot_run(con, select, error) from error
    rows, total = sums[0]
    text = json.dumps([columns, rows, str(total), learned], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


_NEWEST = """
SELECT version, model_type, primary_metric AS metric, metric_value AS value,
       baseline_name AS baseline, baseline_value, evaluation, certificate,
       coalesce(version = deployed_version, false) AS deployed
FROM {registry}.versions JOIN {registry}.models USING (model_schema, model_name)
WHERE model_schema = ? AND model_name = ? ORDER BY version DESC LIMIT 1
"""


def _newest(con: DuckDBPyConnection, target: ModelName) -> dict[str, Any] | None:
    """The newest version, with the digest of what it was trained on if that is known."""
    if not store.exists(con, target.database):
        return None
    key = [target.schema, target.name]
    result = con.execute(_NEWEST.format(registry=target.registry), key)
    names = [column[0] for column in result.description]
    rows = result.fetchall()
    if not rows or not store.has_table(con, target.database, "notes"):
        return None
    held = dict(zip(names, rows[0], strict=True))
    note = first_row(
        con,
        f"SELECT value FROM {target.registry}.notes "
        "WHERE model_schema = ? AND model_name = ? AND note = ?",
        [*key, NOTE],
    )
    known = json.loads(note[0]) if note else {}
    # A version that somebody made by hand since then is not what the note is about.
    digest = known.get("digest") if known.get("version") == held["version"] else None
    return {**held, NOTE: digest}


def _result_row(target: ModelName, held: Mapping[str, Any]) -> dict[str, Any]:
    """The result row of CREATE MODEL, of a version that is there already."""
    e = Evaluation.from_json(held["evaluation"]) if held["evaluation"] else None
    certificate = json.loads(held["certificate"] or "{}")
    head = ("version", "model_type", "metric", "value", "baseline", "baseline_value")
    return {
        "model": target.text,
        **{name: held[name] for name in head},
        "rows_train": e and e.rows_train,
        "rows_eval": e and e.rows_eval,
        "split": e and e.split,
        "parity_rows": certificate.get("rows"),
        "parity_max_abs_diff": certificate.get("max_abs_diff"),
        "deployed": held["deployed"],
        "warning": None,
    }


def _give_back_functions(con: DuckDBPyConnection, target: ModelName) -> None:
    """Make the public functions again if somebody has dropped them, say with their schema."""
    deployed = store.versions(con, target.database, target, deployed=True)
    if deployed and not any(f.ours for f in publish.public_functions(con, target)):
        publish.deploy(con, target, deployed[0].version)
