"""Which rows of a tabular model train, judge, and choose among trials."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from retailsql.errors import TrainingError
from retailsql.evaluation.splits import Plan, SplitOptions, plan_split
from retailsql.training.fitted import TrainingData
from retailsql.training.options import Option
from retailsql.training.tabular.data import Roles
from retailsql.training.tabular.problem import Problem
from retailsql.training.tabular.tuning import Tuner, search_of
from retailsql.training.tuning import Space
from retailsql.training.tuning_options import CHOSEN_ELSEWHERE, judging_rows, validation_share


def plan_rows(data: TrainingData, roles: Roles, problem: Problem) -> Plan:
    """Which rows train and which judge.

    Raises:
        TrainingError: the options do not split these rows.
    """
    o = problem.options
    how = SplitOptions(
        o["data_split_method"], _eval_share(o), o["num_folds"], o["num_repeats"], o["seed"]
    )
    y = problem.target.y
    codes = y.astype(np.int64) if problem.spec.kind == "classifier" else None
    values = None if roles.split is None else _split_values(data, roles.split, o)
    plan = plan_split(len(y), how, codes, values, roles.split or "")
    if o["num_trials"] is None:
        return plan
    words = f"{plan.words}; {CHOSEN_ELSEWHERE}"
    return Plan(plan.pairs, words, plan.refit)


def _eval_share(o: Any) -> float:
    """The share of the rows that judges: with num_trials that is data_split_test_fraction."""
    test = o["data_split_test_fraction"]
    return float(test if o["num_trials"] is not None and test else o["data_split_eval_fraction"])


def tuner_of(
    data: TrainingData,
    roles: Roles,
    problem: Problem,
    space: Space,
    known: tuple[Option, ...],
    given: Container[str] = (),
) -> Tuner | None:
    """How the options are chosen, but for those given one value; None without num_trials."""
    o = problem.options
    if o["num_trials"] is None:
        return None
    what = search_of(space, o, known, problem.spec.kind, given)
    order, chosen = None, None
    if roles.split is not None:
        values = _split_values(data, roles.split, o)
        if o["data_split_method"] == "SEQ":
            order = values
        elif _is_text(data, roles.split):
            chosen = np.array([w == "EVAL" for w in _words(data, roles.split).to_pylist()])
    return Tuner(what, order, chosen, validation_share(o))


def _is_text(data: TrainingData, name: str) -> bool:
    return bool(pa.types.is_string(data.table[name].type))


def _words(data: TrainingData, name: str) -> pa.ChunkedArray:
    return pc.utf8_upper(data.table[name])


def _split_values(data: TrainingData, name: str, o: Any) -> NDArray[Any]:
    """data_split_col; dates stay dates, so that the words of the split can be read.

    CUSTOM with text is BigQuery ML's form for num_trials: TEST judges, EVAL chooses, TRAIN trains.
    A NULL judges in CUSTOM, as there.
    """
    array = data.table[name]
    if o["data_split_method"] == "CUSTOM" and pa.types.is_boolean(array.type):
        array = pc.fill_null(array, True)
    elif o["data_split_method"] == "CUSTOM" and o["num_trials"] and _is_text(data, name):
        return judging_rows(_words(data, name).to_pylist(), name)
    if array.null_count:
        raise TrainingError(
            f"Column {name!r} splits the rows and may not be NULL",
            seen=f"{array.null_count:,} NULLs",
            todo=f"filter the rows: WHERE {name} IS NOT NULL",
        )
    values: NDArray[Any] = array.to_numpy()
    return values.astype(str) if values.dtype == object else values
