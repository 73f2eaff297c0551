"""Which rows train and which rows judge: BigQuery ML's data_split_method, and cross-validation.

A random split is seeded, and for classes stratified. A split by time (SEQ) cuts between two
values of the column, never inside one, so that no week is on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    train_test_split,
)

from retailsql.errors import TrainingError

Rows = NDArray[np.int64]

METHODS = ("AUTO_SPLIT", "RANDOM", "SEQ", "CUSTOM", "NO_SPLIT", "CROSS_VALIDATION")
AUTO_CROSS_VALIDATED = 500
"""AUTO_SPLIT: below this many rows a held-out fifth says too little: each is held out once."""
AUTO_ALL_FRACTION = 50_000
"""AUTO_SPLIT: above this many rows a fixed 10,000 rows judge, as in BigQuery ML."""
AUTO_EVAL_ROWS = 10_000


@dataclass(frozen=True)
class SplitOptions:
    """How to split.

    Args:
        method: one of :data:`METHODS`.
        fraction: share of the rows that judge, for RANDOM and SEQ.
        folds: folds of a cross-validation.
        repeats: repeats of CROSS_VALIDATION.
        seed: seed of every random split.
    """

    method: str = "AUTO_SPLIT"
    fraction: float = 0.2
    folds: int = 5
    repeats: int = 2
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """Pairs of training and evaluation rows.

    Args:
        pairs: row numbers (train, evaluate); one pair, or one for each fold.
        words: what was held out, for people.
        refit: True if the deployed model is trained on all rows after the evaluation.
    """

    pairs: tuple[tuple[Rows, Rows], ...]
    words: str
    refit: bool


def plan_split(
    n: int,
    options: SplitOptions,
    classes: NDArray[np.int64] | None = None,
    column: NDArray[Any] | None = None,
    column_name: str = "",
) -> Plan:
    """Decide which rows train and which judge.

    Args:
        n: number of rows.
        options: the method and its numbers.
        classes: class code of each row, shape (n,), to stratify by; None for a regressor.
        column: values of data_split_col, shape (n,), without NULL; SEQ and CUSTOM need it.
        column_name: its name, for messages.

    Raises:
        TrainingError: too few rows, or a column that does not split them.

    >>> plan = plan_split(10, SplitOptions("SEQ"), column=np.array([1, 1, 2, 2, 3, 3, 4, 4, 5, 5]))
    >>> plan.pairs[0][1].tolist(), plan.refit
    ([8, 9], False)
    """
    if not 0 < options.fraction < 1:
        raise TrainingError(
            "Option data_split_eval_fraction is no share of the rows",
            seen=options.fraction,
            wanted="more than 0 and less than 1",
        )
    _enough(n, classes)
    match options.method:
        case "SEQ" if column is not None:
            pair, words = _by_value(column, options.fraction, column_name)
        case "CUSTOM" if column is not None:
            pair, words = _by_flag(column, column_name)
        case "CROSS_VALIDATION":
            return _folds(n, options.folds, options.repeats, options.seed, classes)
        case "NO_SPLIT":
            return _folds(n, options.folds, 1, options.seed, classes)
        case "AUTO_SPLIT" if n < AUTO_CROSS_VALIDATED:
            return _folds(n, options.folds, 1, options.seed, classes)
        case "AUTO_SPLIT":
            share = 0.2 if n <= AUTO_ALL_FRACTION else AUTO_EVAL_ROWS
            pair, words = _random(n, share, options.seed, classes)
        case _:
            pair, words = _random(n, options.fraction, options.seed, classes)
    train, held = pair
    _check_sides(train, held, classes)
    return Plan((pair,), f"{words}: {len(train):,} train, {len(held):,} eval", refit=False)


def _enough(n: int, classes: NDArray[np.int64] | None) -> None:
    """Refuse fewer rows than any split can divide."""
    if n < 4:
        raise TrainingError(
            "There are too few rows to hold any out",
            seen=f"{n} rows",
            wanted="at least 4, and some hundreds for a model worth having",
            todo="train on more rows",
        )
    if classes is not None and (smallest := int(np.bincount(classes).min())) < 2:
        raise TrainingError(
            "A class has too few rows to be both trained and judged",
            seen=f"{smallest} row",
            wanted="at least 2 rows in each class",
            todo="add rows of that class, or leave it out in the SELECT",
        )


def _folds(n: int, folds: int, repeats: int, seed: int, classes: NDArray[np.int64] | None) -> Plan:
    """Every row held out once in each repeat; stratified for classes."""
    most = n // 2 if classes is None else int(np.bincount(classes).min())
    k = max(2, min(folds, most))
    blank = np.zeros(n)
    splitter: Any
    if classes is None:
        splitter = RepeatedKFold(n_splits=k, n_repeats=repeats, random_state=seed)
        if repeats == 1:
            splitter = KFold(k, shuffle=True, random_state=seed)
    else:
        splitter = RepeatedStratifiedKFold(n_splits=k, n_repeats=repeats, random_state=seed)
        if repeats == 1:
            splitter = StratifiedKFold(k, shuffle=True, random_state=seed)
    pairs = tuple(
        (a.astype(np.int64), b.astype(np.int64)) for a, b in splitter.split(blank, classes)
    )
    kind = "cross-validation" if classes is None else "stratified cross-validation"
    times = f" repeated {repeats} times" if repeats > 1 else ""
    return Plan(pairs, f"{k}-fold {kind}{times}: {n:,} rows, the model refit on all", refit=True)


def _random(
    n: int, share: float | int, seed: int, classes: NDArray[np.int64] | None
) -> tuple[tuple[Rows, Rows], str]:
    """One seeded random split; an integer share is a number of rows."""
    try:
        train, held = train_test_split(
            np.arange(n), test_size=share, random_state=seed, stratify=classes
        )
    except ValueError as error:
        raise TrainingError(
            f"The rows cannot be split at random: {error}",
            seen=f"{n} rows",
            todo="use data_split_method='CROSS_VALIDATION', or train on more rows",
        ) from error
    words = f"{share:,} random rows" if isinstance(share, int) else f"random {share:.0%}"
    return (np.sort(train), np.sort(held)), words if classes is None else f"{words}, stratified"


def _by_value(column: NDArray[Any], fraction: float, name: str) -> tuple[tuple[Rows, Rows], str]:
    """The largest values judge; the cut nearest to the fraction, between two values."""
    values, counts = np.unique(column, return_counts=True)
    if len(values) < 2:
        raise TrainingError(
            f"Column {name!r} has one value only, so SEQ cannot split by it",
            seen=values[0] if len(values) else "no value",
            todo="choose another data_split_col",
        )
    held_if_cut_at = counts[::-1].cumsum()[::-1][1:]
    cut = values[1:][np.abs(held_if_cut_at - fraction * len(column)).argmin()]
    late = column >= cut
    return (np.flatnonzero(~late), np.flatnonzero(late)), f"rows with {name} >= {cut}"


def _by_flag(column: NDArray[Any], name: str) -> tuple[tuple[Rows, Rows], str]:
    """True judges."""
    if column.dtype != np.bool_:
        raise TrainingError(
            f"Column {name!r} cannot split rows by CUSTOM",
            seen=str(column.dtype),
            wanted="BOOLEAN, true for the rows that evaluate",
            todo=f"write a condition in the SELECT: week >= 149 AS {name}",
        )
    return (np.flatnonzero(~column), np.flatnonzero(column)), f"rows with {name}"


def _check_sides(train: Rows, held: Rows, classes: NDArray[np.int64] | None) -> None:
    """Both sides need rows, and classes both a chance to be learned and to be judged."""
    for rows, side in ((train, "training"), (held, "evaluation")):
        if len(rows) < 2:
            raise TrainingError(
                f"The split leaves too few {side} rows",
                seen=len(rows),
                wanted="at least 2",
                todo="change data_split_eval_fraction or data_split_col",
            )
        if classes is None:
            continue
        found = np.unique(classes[rows])
        if len(found) < 2 or (side == "training" and len(found) < len(np.unique(classes))):
            raise TrainingError(
                f"The split leaves out a class among the {side} rows",
                seen=f"{len(found)} of {len(np.unique(classes))} classes",
                todo="split elsewhere, or at random: data_split_method='RANDOM'",
            )
