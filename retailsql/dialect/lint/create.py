"""CREATE MODEL: the training query bound, its rules applied, the model made known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from retailsql.dialect.lint.beside import computed_from_label
from retailsql.dialect.lint.expand import parse
from retailsql.dialect.lint.features import refused
from retailsql.dialect.lint.options import OptionChecker, check_options
from retailsql.dialect.lint.scratch import Columns
from retailsql.dialect.lint.sentences import duckdb_sentence
from retailsql.dialect.lint.statement import Statement
from retailsql.dialect.lint.training import Training, check_training
from retailsql.dialect.lint.transform import check_transform
from retailsql.dialect.splice import splice
from retailsql.dialect.statements import CreateModel
from retailsql.dialect.tokens import Walk, tokenize
from retailsql.errors import RetailSQLError

_REGRESSORS = ("REG", "REGRESSOR")
_NOT_FEATURES = ("data_split_col", "baseline_col", "exclude_cols")


def kind_of(model_type: str) -> str | None:
    """The kind of a model type that learns a label from rows; None of others.

    >>> kind_of("LOGISTIC_REG"), kind_of("dnn_regressor"), kind_of("KMEANS")
    ('classifier', 'regressor', None)
    """
    name = model_type.upper()
    if name == "LOGISTIC_REG" or name.endswith("CLASSIFIER"):
        return "classifier"
    return "regressor" if name.endswith(_REGRESSORS) else None


def check_create(
    statement: Statement, create: CreateModel, checker: OptionChecker | None = None
) -> None:
    """All rules of a CREATE MODEL.

    Args:
        statement: the whole of it.
        create: as read.
        checker: what training says of options.
    """
    query, clause = create.query, create.transform
    if not query:
        if checker is not None:
            check_options(statement, checker, create.options, None)
        statement.models.declare(create.name, None, {})
        return
    offset = statement.piece.text.rfind(query)
    training = check_query(statement, create.options, query, max(offset, 0), clause)
    if clause is not None:
        check_transform(statement, clause, training.columns)
    if checker is not None:
        check_options(statement, checker, create.options, training.columns)
    _declare(training, create)


def check_query(
    statement: Statement,
    given: Mapping[str, Any],
    query: str,
    offset: int,
    transform: str | None = None,
) -> Training:
    """All rules of a training query.

    Args:
        statement: what it stands in.
        given: the options.
        query: its text.
        offset: where it begins in the statement.
        transform: what stands in TRANSFORM(...): columns that it does not name are no features.
    """
    options = {k.lower(): v for k, v in given.items()}
    kind = kind_of(str(options.get("model_type", "")))
    columns = _columns(statement, query, offset)
    labels = [str(x) for x in as_list(options.get("input_label_cols", ["label"]))]
    others = {str(x).lower() for o in _NOT_FEATURES for x in as_list(options.get(o))}
    if transform is not None and "*" not in transform:
        named = {t.text.lower() for t in tokenize(transform) or []}
        others |= {c.lower() for c in columns or {} if c.lower() not in named}
    tree = parse(query)
    training = Training(statement, options, offset, tree, columns, kind, labels, others)
    check_training(training)
    _lineage(training)
    return training


def _lineage(training: Training) -> None:
    from retailsql.dialect.lint.cutoff import check_cutoff
    from retailsql.dialect.lint.leakage import check_leakage, tell_leak
    from retailsql.dialect.lint.lineage import origins_of

    if training.kind is None or training.tree is None:
        return
    if training.columns is None:
        for name, item in computed_from_label(training):
            tell_leak(training, name, item)
        return
    origins = origins_of(training.tree, training.statement.scratch)
    if origins is not None:
        check_leakage(training, origins)
        check_cutoff(training, origins)


def _columns(statement: Statement, query: str, offset: int) -> Columns | None:
    """The columns of the training query; a finding where DuckDB refuses it."""
    walk = Walk(query, tokenize(query) or [])
    try:
        text = splice(walk, statement.models)
    except RetailSQLError as error:
        refused(statement, error)
        return None
    try:
        return statement.scratch.describe(text)
    except duckdb.Error as error:
        if statement.complete and statement.scratch.known:
            at = statement.scratch.position_of_error(text)[0] if text == query else 0
            said = duckdb_sentence(
                statement.scratch, error, "Run the training SELECT alone until it works."
            )
            statement.add_at("RS002", offset + (at or 0), *said)
        return None


def _declare(training: Training, create: CreateModel) -> None:
    """Make the model known to the statements behind it."""
    models, columns = training.statement.models, training.columns
    names = {c.lower() for c in columns or {}}
    transform = getattr(create, "transform", None)
    if columns is None or transform or len(training.labels) != 1:
        models.declare(create.name, None, {})
    elif training.kind in ("classifier", "regressor") and training.labels[0].lower() in names:
        told: dict[str, Any] = {
            "columns": columns, "label": training.labels[0], "others": training.others,
        }  # fmt: skip
        models.declare(create.name, training.kind, told)  # type: ignore[arg-type]
    else:
        models.declare(create.name, None, {})


def as_list(value: Any) -> list[Any]:
    """One value, several, or none.

    >>> as_list("a"), as_list(["a"]), as_list(None)
    (['a'], ['a'], [])
    """
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
