"""How much each training row counts: weights of classes, and of single rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retailsql.errors import TrainingError, nearest
from retailsql.signature import Label
from retailsql.training.tabular.label import Target

Floats = NDArray[np.float64]


def row_weights(
    options: Mapping[str, Any], by_itself: bool, target: Target, instance: Floats | None
) -> Floats | None:
    """The weight of every row, shape (rows,), or None if all count alike.

    Args:
        options: all options; ``class_weights`` and ``auto_class_weights`` are looked at.
        by_itself: True if the estimator balances classes by itself.
        target: the label.
        instance: instance_weight_col, or None.

    Raises:
        TrainingError: weights of classes that cannot be used.
    """
    given, auto = options.get("class_weights"), options.get("auto_class_weights")
    weights = None
    if given is not None:
        if auto:
            raise TrainingError(
                "auto_class_weights and class_weights cannot both be given", todo="keep one of them"
            )
        weights = class_factors(given, target)[target.y.astype(np.int64)]
    elif auto and not by_itself:
        counts = np.bincount(target.y.astype(np.int64))
        weights = (counts.sum() / (len(counts) * counts))[target.y.astype(np.int64)]
    if instance is None:
        return weights
    return instance if weights is None else weights * instance


def class_factors(given: Any, target: Target) -> Floats:
    """The weight of each class, in code order.

    Args:
        given: pairs of class and weight, as ``[('a', 0.5), ...]`` or ``[STRUCT('a', 0.5), ...]``.
        target: the label.

    Raises:
        TrainingError: no pairs, an unknown class, a class without a weight, or a negative one.

    >>> class_factors([["a", 1], ["b", 3.0]], Target("t", "VARCHAR", np.array([0, 1]), ("a", "b")))
    array([1., 3.])
    """
    places = {label_text(c): i for i, c in enumerate(target.classes)}
    factors = np.full(len(places), np.nan)
    for pair in given:
        values = list(pair.values()) if isinstance(pair, Mapping) else pair
        good = isinstance(values, list | tuple) and len(values) == 2
        if not good or isinstance(values[1], bool) or not isinstance(values[1], int | float):
            raise TrainingError(
                "Option class_weights is no list of classes and weights", seen=repr(pair),
                wanted="[STRUCT('yes', 0.8), STRUCT('no', 0.2)]",
            )  # fmt: skip
        place = places.get(label_text(values[0]))
        if place is None or values[1] < 0:
            raise TrainingError(
                f"Option class_weights has no use for {values[0]!r}", seen=repr(pair),
                wanted=f"weights of at least 0 for {nearest(str(values[0]), places, 5)}",
            )  # fmt: skip
        factors[place] = float(values[1])
    if np.isnan(factors).any():
        lacking = [name for name, i in places.items() if np.isnan(factors[i])]
        raise TrainingError(
            f"Option class_weights has no weight for class {lacking[0]!r}",
            seen=f"{len(lacking)} of {len(places)} classes without a weight",
            todo="give every class a weight",
        )
    return factors


def label_text(value: Label) -> str:
    """A class as DuckDB casts it to VARCHAR.

    >>> label_text(True), label_text(1), label_text("a")
    ('true', '1', 'a')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_instance(values: Floats, name: str) -> Floats:
    """instance_weight_col, checked.

    Raises:
        TrainingError: a weight is NULL or negative, or all are 0.
    """
    bad = np.isnan(values) | (values < 0)
    if bad.any() or not values.any():
        raise TrainingError(
            f"Column {name!r} cannot weigh rows",
            seen=f"{int(bad.sum()):,} NULL or negative weights" if bad.any() else "only zeros",
            wanted="a number of at least 0 in every row",
            todo=f"write coalesce({name}, 1) AS {name}, or leave instance_weight_col out",
        )
    return values
