"""Classifiers and regressors on rows of features, trained with scikit-learn.

    SELECT ─► roles ─► label, columns ─► split ─► for each pair: prefix + estimator ─► metrics
                                                  deployed one ─► ONNX, profile, parity rows

The deployed model is the one that was evaluated, trained on the training rows only, as in
BigQuery ML. Where every row was held out once (cross-validation) it is refit on all rows.
"""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from retailsql.errors import TrainingError
from retailsql.evaluation.baselines import Rules, classifier_baselines, regressor_baselines
from retailsql.evaluation.metrics import classifier_metrics, mean_metrics, regressor_metrics
from retailsql.evaluation.report import Evaluation
from retailsql.evaluation.splits import Plan, Rows, SplitOptions, plan_split
from retailsql.signature import Graph, Signature
from retailsql.training.estimators import Estimator
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.options import read_options
from retailsql.training.prefix import Prefix, fit_prefix
from retailsql.training.tabular_data import (
    Column,
    Roles,
    assign_roles,
    find_start,
    group_codes,
    read_column,
    read_features,
)
from retailsql.training.tabular_export import Scale, export
from retailsql.training.tabular_label import Target, drop_unlabelled, read_classes, read_numbers
from retailsql.training.tabular_notes import column_warnings, row_warnings, size_warnings
from retailsql.training.tabular_options import OPTIONS, options_for, spec_of
from retailsql.training.tabular_profile import parity_columns, profile, to_arrow

__all__ = ["OPTIONS", "fit", "options_for"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """A prefix and an estimator, fitted to some rows."""

    prefix: Prefix
    estimator: Any
    scale: Scale
    warnings: tuple[str, ...]

    def predict(self, columns: Sequence[Column]) -> Floats:
        """Probabilities (rows, classes) or values (rows,) by scikit-learn, without ONNX."""
        inputs = self.prefix.inputs(columns)
        x = self.prefix.matrix(inputs)
        if hasattr(self.estimator, "predict_proba"):
            return np.asarray(self.estimator.predict_proba(x), dtype=np.float64)
        raw = np.asarray(self.estimator.predict(x), dtype=np.float64)
        raw = raw * self.scale.factor + self.scale.offset + self.scale.starts(inputs)
        return np.exp(raw) if self.scale.log else raw


@dataclass(frozen=True)
class Problem:
    """What is to be learned from what; ``start`` is the position of offset_col."""

    spec: Estimator
    columns: list[Column]
    target: Target
    rules: Rules
    options: Mapping[str, Any]
    start: int | None = None

    def train(self, rows: Rows) -> Trained:
        """Fit encoding and estimator to these rows."""
        spec, most = self.spec, self.spec.most_rows
        if most is not None and len(rows) > most:
            rng = np.random.default_rng(self.options["seed"])
            rows = np.sort(rng.choice(rows, most, replace=False))
        prefix = fit_prefix(self.columns, rows, spec.standardize, self._order())
        inputs = prefix.inputs(_take(self.columns, rows))
        x = prefix.matrix(inputs)
        y, scale = self._scaled(rows, prefix, inputs)
        estimator = spec.build(self.options, len(rows))
        with python_warnings.catch_warnings(record=True) as caught:
            python_warnings.simplefilter("always", ConvergenceWarning)
            estimator.fit(x, y)
        late = any(issubclass(w.category, ConvergenceWarning) for w in caught)
        words = ("Training stopped at max_iterations before it converged: raise it",)
        return Trained(prefix, estimator, scale, words if late else ())

    def _scaled(
        self, rows: Rows, prefix: Prefix, inputs: Sequence[NDArray[Any]]
    ) -> tuple[NDArray[Any], Scale]:
        """What the estimator is fitted to, and the way back from it to the label."""
        y: NDArray[Any] = self.target.y[rows]
        if self.spec.kind == "classifier":
            return y, Scale()
        scale = Scale(log=self.rules.log, start=self.start)
        if self.start is not None:
            scale = replace(scale, fill=prefix.features[self.start].fill or 0.0)
        y = (np.log(y) if scale.log else y) - scale.starts(inputs)
        if self.spec.standardize:
            scale = replace(scale, factor=float(y.std()) or 1.0, offset=float(y.mean()))
        return (y - scale.offset) / scale.factor, scale

    def _order(self) -> Floats | None:
        """The number by which trees order the categories of a column with many."""
        if self.spec.standardize or len(self.target.classes) > 2:
            return None
        return self.target.y.astype(np.float64)

    def judge(self, model: Trained, train: Rows, held: Rows) -> list[dict[str, Any]]:
        """Metrics of the model, and of the trivial rules, on the held rows."""
        y, log = self.target.y, self.rules.log
        predicted = model.predict(_take(self.columns, held))
        if self.spec.kind == "classifier":
            codes, up = y.astype(np.int64), self.target.positive
            own = classifier_metrics(codes[held], predicted, up)
            return [own, classifier_baselines(codes, train, held, up, self.rules)]
        values = y.astype(np.float64)
        own = regressor_metrics(values[held], predicted, log)
        return [own, regressor_baselines(values, train, held, self.rules)]

    @property
    def primary(self) -> str:
        """The metric that decides."""
        chosen = self.options["primary_metric"]
        if chosen is not None:
            return str(chosen).lower()
        if self.spec.kind == "regressor":
            return "mean_absolute_error"
        return "roc_auc" if len(self.target.classes) == 2 else "log_loss"


def _take(columns: Sequence[Column], rows: NDArray[np.int64]) -> list[Column]:
    return [Column(c.name, c.sql_type, c.kind, c.values[rows], c.vocabulary) for c in columns]


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
    read = read_options(options, options_for(data.model_type))
    roles = assign_roles(data, read)
    data, warnings = drop_unlabelled(data, roles.label)
    problem, words = _problem(data, roles, read)
    plan = _plan(data, roles, problem)
    model, evaluation = _evaluate(problem, plan, progress)
    progress("writing the graph", 0.95)
    warnings += words + list(model.warnings)
    warnings += column_warnings(problem.columns, model.prefix, read)
    warnings += size_warnings(problem.spec, evaluation.rows_train)
    warnings += row_warnings(evaluation)
    return _fitted(problem, model, evaluation, tuple(warnings))


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
    return Problem(spec, columns, target, rules, options, start), words


def _plan(data: TrainingData, roles: Roles, problem: Problem) -> Plan:
    """Which rows train and which judge."""
    o = problem.options
    how = SplitOptions(
        o["data_split_method"], o["data_split_eval_fraction"], o["num_folds"], o["num_repeats"],
        o["seed"],
    )  # fmt: skip
    y = problem.target.y
    codes = y.astype(np.int64) if problem.spec.kind == "classifier" else None
    values = None if roles.split is None else _split_values(data, roles.split)
    return plan_split(len(y), how, codes, values, roles.split or "")


def _split_values(data: TrainingData, name: str) -> NDArray[Any]:
    """data_split_col; dates stay dates, so that the words of the split can be read."""
    array = data.table[name]
    if array.null_count:
        raise TrainingError(
            f"Column {name!r} splits the rows and may not be NULL",
            seen=f"{array.null_count:,} NULLs",
            todo=f"filter the rows: WHERE {name} IS NOT NULL",
        )
    values: NDArray[Any] = array.to_numpy()
    return values.astype(str) if values.dtype == object else values


def _evaluate(problem: Problem, plan: Plan, progress: Progress) -> tuple[Trained, Evaluation]:
    """Fit and judge each pair of the plan; the model to deploy and the mean of the metrics."""
    total, own, rules = len(plan.pairs) + plan.refit, [], []
    for i, (train, held) in enumerate(plan.pairs):
        progress(f"fit {i + 1} of {total}", 0.9 * i / total)
        model = problem.train(train)
        metrics, baselines = problem.judge(model, train, held)
        own.append(metrics)
        rules.append(baselines)
    rows = np.arange(len(problem.target.y))
    if plan.refit:
        progress(f"fit {total} of {total}, on all rows", 0.9 * (total - 1) / total)
        model = problem.train(rows)
    averaged = {name: mean_metrics([fold[name] for fold in rules]) for name in rules[0]}
    lacking = [n for n, m in [("the model", mean_metrics(own)), *averaged.items()]
               if problem.primary not in m]  # fmt: skip
    if lacking:
        raise TrainingError(
            f"Metric {problem.primary} cannot be computed for {', '.join(lacking)}",
            todo="choose another primary_metric, or leave that baseline out",
        )
    n_train = len(rows) if plan.refit else len(plan.pairs[0][0])
    n_eval = len(rows) if plan.refit else len(plan.pairs[0][1])
    return model, Evaluation(
        plan.words, problem.primary, mean_metrics(own), averaged, n_train, n_eval
    )


def _fitted(
    problem: Problem, model: Trained, evaluation: Evaluation, warnings: tuple[str, ...]
) -> Fitted:
    """Export, and ask scikit-learn for the scores that the graph must repeat."""
    target, spec = problem.target, problem.spec
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
        evaluation,
        profile(problem.columns),
        to_arrow(sample),
        scores,
        tolerance=_tolerance(problem),
        warnings=warnings,
    )


def _tolerance(problem: Problem) -> float:
    """Float32 is exact to some 1e-6 of the label's size, a sum of many kernels to some 1e-5."""
    if problem.spec.kind == "classifier":
        return 1e-5
    per_unit = 1e-4 if problem.spec.form == "kernel" else 1e-5
    return per_unit * max(1.0, float(np.abs(problem.target.y).max()))
