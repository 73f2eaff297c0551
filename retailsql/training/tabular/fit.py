"""Classifiers and regressors on rows of features, trained with scikit-learn.

    SELECT ─► roles ─► label, columns ─► split ─► for each pair: prefix + estimator ─► metrics
                                                  deployed one ─► ONNX, profile, parity rows

The deployed model is the one that was evaluated, trained on the training rows only, as in
BigQuery ML. Where every row was held out once (cross-validation) it is refit on all rows. With
num_trials the options are chosen anew for each pair, on a part of its training rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.errors import TrainingError
from retailsql.evaluation.baselines import Rules
from retailsql.evaluation.metrics import mean_metrics
from retailsql.evaluation.report import Evaluation
from retailsql.evaluation.splits import Plan, Rows
from retailsql.signature import Graph, Signature
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.options import read_options
from retailsql.training.tabular.contest import RowContest
from retailsql.training.tabular.data import (
    Roles,
    assign_roles,
    find_start,
    group_codes,
    read_column,
    read_features,
)
from retailsql.training.tabular.export import export
from retailsql.training.tabular.held_rows import held_out_table
from retailsql.training.tabular.label import (
    drop_unlabelled,
    labelled,
    read_classes,
    read_numbers,
)
from retailsql.training.tabular.linear_weights import weight_reports
from retailsql.training.tabular.notes import (
    column_warnings,
    option_warnings,
    row_warnings,
    size_warnings,
)
from retailsql.training.tabular.options import OPTIONS, options_for, spec_of
from retailsql.training.tabular.p_values import p_value_reports, unpenalized
from retailsql.training.tabular.problem import Problem, Trained
from retailsql.training.tabular.profile import feature_info, parity_columns, profile, to_arrow
from retailsql.training.tabular.row_weights import check_instance
from retailsql.training.tabular.rows import plan_rows, tuner_of
from retailsql.training.tabular.training_curve import curve_report
from retailsql.training.tabular.tree_importance import importance_report
from retailsql.training.tabular.tuning import Tuner
from retailsql.training.tuning import Found, split_space

__all__ = ["OPTIONS", "fit", "options_for"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """The deployed model and what is known of it.

    Args:
        problem: with the options it was trained with.
        model: the deployed model.
        evaluation: metrics beside the trivial rules.
        train: rows it was trained on.
        held: rows it was not trained on, or None after a cross-validation.
        folds: held rows of each fold, and what the model that did not see them said.
        found: the search for its options, if there was one.
    """

    problem: Problem
    model: Trained
    evaluation: Evaluation
    train: Rows
    held: Rows | None
    folds: list[tuple[Rows, Floats]] = field(default_factory=list)
    found: Found | None = None


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """Train, evaluate and export one tabular model.

    Args:
        data: the rows of the training SELECT.
        options: OPTIONS of the statement, without model_type.
        progress: told after each fit.

    Raises:
        TrainingError: the data or the options cannot be trained on.
        SignatureError: a column has a type that no model takes.
    """
    known = options_for(data.model_type)
    plain, space = split_space(options, known)
    read = unpenalized(read_options(plain, known), plain)
    roles = assign_roles(data, read)
    places = np.flatnonzero(labelled(data, roles.label))
    data, warnings = drop_unlabelled(data, roles.label)
    problem, words = _problem(data, roles, read)
    plan = plan_rows(data, roles, problem)
    tuner = tuner_of(data, roles, problem, space, known, {n.lower() for n in plain})
    judged = _evaluate(problem, plan, tuner, progress)
    progress("writing the graph", 0.95)
    warnings += words + list(judged.model.warnings) + option_warnings(read, plain)
    warnings += column_warnings(problem.columns, judged.model.prefix, read)
    warnings += size_warnings(problem.spec, judged.evaluation.rows_train)
    warnings += row_warnings(judged.evaluation)
    return replace(_fitted(judged, warnings), contest=_contest(judged, places))


def _contest(judged: Judged, places: Rows) -> RowContest:
    problem = judged.problem
    return RowContest(
        problem.spec.kind, problem.target, problem.primary, problem.metrics, judged.folds,
        judged.train, places,
    )  # fmt: skip


def _problem(
    data: TrainingData, roles: Roles, options: Mapping[str, Any]
) -> tuple[Problem, list[str]]:
    """Read and check label, features and the columns of trivial rules."""
    words: list[str] = []
    spec, log = spec_of(data.model_type), bool(options.get("log_label"))
    if spec.kind == "classifier":
        target, words = read_classes(data, roles.label, options["positive_class"])
    else:
        target = read_numbers(data, roles.label, log)
    scores = {name: read_column(data, name) for name in roles.scores}
    for column in scores.values():
        if column.kind != "number" or len(target.classes) > 2:
            raise TrainingError(
                f"baseline_col {column.name!r} is no number that predicts {roles.label!r}",
                seen=f"{column.sql_type} beside {len(target.classes)} classes",
                wanted="a number, for a regressor or for two classes",
                todo="use baseline_group_cols, which takes any column",
            )
    groups = {}
    if roles.groups:
        name = "mean by " + " x ".join(roles.groups)
        groups[name] = group_codes([read_column(data, g) for g in roles.groups])
    rules = Rules({n: c.values for n, c in scores.items()}, groups, log)
    columns = read_features(data, roles.features)
    start = find_start(columns, options.get("offset_col"), log)
    instance = None
    if roles.instance is not None:
        values = read_column(data, roles.instance).values.astype(np.float64)
        instance = check_instance(values, roles.instance)
    return Problem(spec, columns, target, rules, options, start, instance), words


def _evaluate(problem: Problem, plan: Plan, tuner: Tuner | None, progress: Progress) -> Judged:
    """Fit and judge each pair of the plan; the model to deploy and the mean of the metrics."""
    total, own, rules = len(plan.pairs) + plan.refit, [], []
    folds: list[tuple[Rows, Floats]] = []
    for i, (train, held) in enumerate(plan.pairs):
        words = f"fit {i + 1} of {total}"
        chosen, model, found = _train(problem, train, tuner, _part(progress, words, i, total))
        said = chosen.predict(model, held)
        folds.append((held, said))
        own.append(chosen.metrics(said, held))
        rules.append(problem.baselines(train, held))
    rows = np.arange(len(problem.target.y))
    if plan.refit:
        words = f"fit {total} of {total}, on all rows"
        part = _part(progress, words, total - 1, total)
        chosen, model, found = _train(problem, rows, tuner, part)
    averaged = {name: mean_metrics([fold[name] for fold in rules]) for name in rules[0]}
    lacking = [n for n, m in [("the model", mean_metrics(own)), *averaged.items()]
               if problem.primary not in m]  # fmt: skip
    if lacking:
        raise TrainingError(
            f"Metric {problem.primary} cannot be computed for {', '.join(lacking)}",
            todo="choose another primary_metric, or leave that baseline out",
        )
    trained = rows if plan.refit else plan.pairs[0][0]
    judging = None if plan.refit else plan.pairs[0][1]
    n_eval = len(rows) if judging is None else len(judging)
    evaluation = Evaluation(
        plan.words, problem.primary, mean_metrics(own), averaged, len(trained), n_eval
    )
    return Judged(chosen, model, evaluation, trained, judging, folds, found)


def _part(progress: Progress, words: str, i: int, total: int) -> Progress:
    """The progress of one fit of several."""

    def say(trial: str, share: float) -> None:
        progress(f"{words}, {trial}" if trial else words, 0.9 * (i + share) / total)

    return say


def _train(
    problem: Problem, rows: Rows, tuner: Tuner | None, progress: Progress
) -> tuple[Problem, Trained, Found | None]:
    """Train on these rows, with options chosen on a part of them if they are to be chosen."""
    if tuner is None:
        progress("", 0.0)
        return problem, problem.train(rows), None
    chosen, found = tuner.tune(problem, rows, progress)
    return chosen, chosen.train(rows), found


def _reports(judged: Judged) -> dict[str, Any]:
    """What ML functions tell about the model."""
    problem, model = judged.problem, judged.model
    reports: dict[str, Any] = {
        "feature_info": feature_info(problem.columns),
        "training_info": curve_report(problem, model, judged.train, judged.held),
    }
    if judged.found is not None:
        reports |= judged.found.reports
    if problem.spec.form == "linear":
        reports |= weight_reports(model.prefix, model.estimator, model.scale, problem.target)
        if problem.options["calculate_p_values"]:
            reports |= p_value_reports(problem, model, judged.train)
    if problem.spec.form == "trees":
        reports["feature_importance"] = importance_report(model.prefix, model.estimator)
    return reports


def _fitted(judged: Judged, warnings: list[str]) -> Fitted:
    """Export, and ask scikit-learn for the scores that the graph must repeat."""
    problem, model = judged.problem, judged.model
    target, spec = problem.target, problem.spec
    empty = np.logical_and.reduce([c.null for c in problem.columns])
    held_out, words = held_out_table(target, judged.folds, problem.options["seed"], empty)
    onnx, output = export(
        model.prefix, model.estimator, spec.form, max(1, len(target.classes)), model.scale
    )
    features = model.prefix.features
    dtypes = tuple("double" if f.categories is None else "int64" for f in features)
    sample = parity_columns(problem.columns, problem.options["seed"])
    scores = model.predict(sample)
    if target.positive is not None:
        scores = scores[:, target.positive]
    scores[np.logical_and.reduce([c.null for c in sample])] = np.nan
    return Fitted(
        onnx,
        Signature(
            spec.kind,
            features,
            Graph(tuple(f.name for f in features), dtypes, output),
            label=target.name,
            label_type=target.sql_type,
            classes=target.classes,
            positive_class=None if target.positive is None else target.classes[target.positive],
        ),
        judged.evaluation,
        profile(problem.columns),
        to_arrow(sample),
        scores,
        tolerance=_tolerance(problem),
        reports=_reports(judged),
        held_out=held_out,
        warnings=(*warnings, *words),
    )


def _tolerance(problem: Problem) -> float:
    """Float32 is exact to some 1e-6 of the label's size, a sum of many kernels to some 1e-5."""
    if problem.spec.kind == "classifier":
        return 1e-5
    per_unit = 1e-4 if problem.spec.form == "kernel" else 1e-5
    return per_unit * max(1.0, float(np.abs(problem.target.y).max()))
