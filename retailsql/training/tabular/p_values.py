r"""calculate_p_values: standard errors and p-values of linear models, for ML.ADVANCED_WEIGHTS.

The covariance of the coefficients is that of least squares, s^2 (X'X)^-1 with s^2 the squared
residuals over the rows beyond the coefficients, and of maximum likelihood, (X'WX)^-1 with
W = p (1 - p). Every reported weight is a sum of coefficients, a'c, so its variance is a' Cov a. The
p-value is BigQuery ML's: 2 (1 - Phi(\|weight\| / standard error)).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special, stats

from retailsql.errors import TrainingError
from retailsql.evaluation.splits import Rows
from retailsql.training.tabular.linear_weights import weight_rows
from retailsql.training.tabular.prefix import Prefix
from retailsql.training.tabular.problem import Problem, Trained

Floats = NDArray[np.float64]
MOST_COEFFICIENTS = 1_000
"""As in BigQuery ML: the total cardinality of the features must be less."""
DEPENDENT = 1e-6
"""Below this share of the largest, a pivot of the design is a sum of other columns: it comes from
32-bit numbers."""
SEPARATED = 1e-3
"""Rows times variance below which all probabilities are 0 or 1."""
_TODO = (
    "train with OPTIONS(calculate_p_values = true, category_encoding_method = 'DUMMY_ENCODING') "
    "and without l1_reg, l2_reg, num_trials and weights"
)


def unpenalized(options: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options with l2_reg 0 if p-values are asked for, and without p-values if the classes are
    weighted; the same ones otherwise.

    Args:
        options: all options, read.
        given: those of the statement that have one value.

    Raises:
        TrainingError: an option under which a standard error means nothing.
    """
    if not options.get("calculate_p_values"):
        return dict(options)
    names = {name.lower() for name in given}
    against = {
        "category_encoding_method": options["category_encoding_method"] != "DUMMY_ENCODING",
        "l1_reg": options["l1_reg"] > 0,
        "l2_reg": "l2_reg" in names and options["l2_reg"] > 0,
        "num_trials": options["num_trials"] is not None,
    }
    if wrong := [name for name, bad in against.items() if bad]:
        raise TrainingError(
            f"Option calculate_p_values does not go with this {wrong[0]}",
            seen=options[wrong[0]],
            wanted="coefficients that neither a penalty nor a weight moves",
            todo=_TODO,
        )
    # BigQuery ML trains with class weights all the same; what p-values they leave means nothing.
    return {**options, "l2_reg": 0.0, "calculate_p_values": not class_weighted(options)}


def class_weighted(options: Mapping[str, Any]) -> bool:
    """True if the classes are weighted."""
    return bool(options.get("auto_class_weights")) or options.get("class_weights") is not None


def p_value_reports(
    problem: Problem, model: Trained, train: Rows
) -> dict[str, list[dict[str, Any]]]:
    """The reports ``advanced_weights``, in units of the columns, and ``..._standardized``.

    Args:
        problem: what was learned.
        model: the deployed model.
        train: the rows it was trained on.

    Raises:
        TrainingError: several classes, too many coefficients, or columns that depend on others.
    """
    target = problem.target
    if len(target.classes) > 2:
        raise TrainingError(
            "Option calculate_p_values is for two classes",
            seen=f"{len(target.classes)} classes of {target.name!r}",
            todo="leave it out, or train one model for each class",
        )
    x, y = problem.design(model, train)
    x = np.column_stack([x, np.ones(len(x))]) if problem.options["fit_intercept"] else x
    _check(x, model.prefix)
    covariance = _covariance(x, y, model.estimator, problem.spec.kind == "classifier")
    flip = -1.0 if target.positive == 0 else 1.0
    out = {}
    for name, original in (("advanced_weights", True), ("advanced_weights_standardized", False)):
        out[name] = _report(model, flip, covariance, original)
    return out


def _check(x: Floats, prefix: Prefix) -> None:
    rows, width = x.shape
    if prefix.dated:
        name = prefix.features[prefix.dated[0]].name
        raise TrainingError(
            f"Column {name!r} has no standard errors: its seven weekdays add up to the constant",
            seen=prefix.features[prefix.dated[0]].sql_type,
            wanted="numbers, booleans and text",
            todo=f"give what you need of it: year({name}) AS year, or leave it out",
        )
    if width >= MOST_COEFFICIENTS or rows <= width:
        raise TrainingError(
            "There are too many coefficients for p-values",
            seen=f"{width:,} coefficients, {rows:,} training rows",
            wanted=f"fewer than {MOST_COEFFICIENTS:,}, and fewer than rows",
            todo="put rare categories together, or leave columns out",
        )
    r, pivots = linalg.qr(x, mode="r", pivoting=True)
    size = np.abs(np.diag(r))
    if size[-1] <= DEPENDENT * size[0]:
        places = sorted({int(p) for p in pivots[size <= DEPENDENT * size[0]]})
        names = dict.fromkeys(_owner(prefix, place) for place in places)
        raise TrainingError(
            "Columns depend on each other, so single coefficients mean nothing",
            seen=", ".join(names), wanted="columns that are no sum of others",
            todo=f"leave one out: * EXCLUDE ({next(iter(names))})",
        )  # fmt: skip


def _owner(prefix: Prefix, place: int) -> str:
    """The feature of a matrix column; the last one is the constant."""
    owners = [prefix.features[i].name for i in prefix.numeric]
    for lookup in prefix.lookups:
        owners += [prefix.features[lookup.position].name] * lookup.width
    return owners[place] if place < len(owners) else "the constant"


def _covariance(x: Floats, y: NDArray[Any], estimator: Any, classes: bool) -> Floats:
    """Of the coefficients, the constant last, shape (width, width)."""
    c = np.append(np.ravel(estimator.coef_), np.ravel(estimator.intercept_))[: x.shape[1]]
    if classes:
        p = special.expit(x @ c)
        if (p * (1 - p)).sum() < SEPARATED:
            raise TrainingError(
                "The columns tell the classes apart without an error, so the coefficients have no "
                "limit and no standard errors",
                todo="leave out the column that gives the label away, or calculate_p_values",
            )
        return np.asarray(linalg.inv(x.T @ (x * (p * (1 - p))[:, None])))
    left = y - x @ c
    return np.asarray(linalg.inv(x.T @ x) * (left @ left) / (x.shape[0] - x.shape[1]))


def _report(
    model: Trained, flip: float, covariance: Floats, original: bool
) -> list[dict[str, Any]]:
    """One row for each weight; what no coefficient moves has no standard error."""
    prefix, scale = model.prefix, model.scale
    w, b = np.ravel(model.estimator.coef_), float(np.ravel(model.estimator.intercept_)[0])
    w = flip * w.astype(np.float64)

    def weights(coefficients: Floats, constant: float) -> Floats:
        told = weight_rows(prefix, coefficients, constant, scale, original)
        return np.array([weight for _, _, weight in told])

    zero = weights(np.zeros_like(w), 0.0)
    units = [weights(row, 0.0) - zero for row in np.eye(len(w))]
    if len(covariance) > len(w):
        units.append(weights(np.zeros_like(w), 1.0) - zero)
    each = np.array(units)  # (coefficients, reported weights)
    errors = np.sqrt(np.einsum("cr,cd,dr->r", each, covariance, each))
    named = weight_rows(prefix, w, flip * b, scale, original)
    return [
        {
            "processed_input": name,
            "category": category,
            "weight": weight,
            "standard_error": float(error) if error > 0 else None,
            "p_value": float(2 * stats.norm.sf(abs(weight) / error)) if error > 0 else None,
        }
        for (name, category, weight), error in zip(named, errors, strict=True)
    ]
