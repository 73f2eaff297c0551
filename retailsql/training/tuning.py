"""num_trials: settings drawn at random (or from a grid), judged on validation rows, the best kept.

Generic: a family hands in a function that trains with some settings and judges on rows that neither
trained nor will evaluate. The first trial is the defaults, or what is nearest to them in the search
space, so that a search is never worse than none on the validation rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from sklearn.model_selection import ParameterGrid, ParameterSampler

from retailsql.dialect.values import HParamCandidates, HParamRange
from retailsql.errors import TrainingError
from retailsql.evaluation.report import GREATER_IS_BETTER
from retailsql.registry.names import quote
from retailsql.training.fitted import Progress
from retailsql.training.options import Option, read_options

Values = Mapping[str, Any]
Space = Mapping[str, HParamRange | HParamCandidates]

LOG_SCALE = frozenset(["l1_reg", "l2_reg", "l1_reg_activation", "learn_rate", "batch_size"])
"""Options whose sizes, not differences, matter: drawn evenly on a logarithmic scale."""
SMALLEST_SHARE = 1e-6
"""A logarithmic range from 0 starts at this share of its upper end."""
UNLIMITED = frozenset(["max_tree_depth"])
"""Options whose default 0 means that there is no limit."""
_TYPES = {"int": "BIGINT", "float": "DOUBLE", "str": "VARCHAR", "bool": "BOOLEAN"}


@dataclass(frozen=True)
class Outcome:
    """What one trial came to.

    Args:
        metrics: on the validation rows; the objective must be among them.
        training_loss: on the rows it was trained on.
        eval_loss: on the validation rows.
    """

    metrics: Mapping[str, float]
    training_loss: float | None = None
    eval_loss: float | None = None


@dataclass(frozen=True)
class Search:
    """What is searched, and how.

    Args:
        space: option -> its range or candidates.
        known: the options of the model type.
        trials: how many settings are tried at most.
        objective: the metric that decides, in lower case.
        seed: seed of the draws.
        grid: True to go through all combinations instead of drawing.
    """

    space: Space
    known: tuple[Option, ...]
    trials: int
    objective: str
    seed: int = 0
    grid: bool = False


@dataclass(frozen=True)
class Found:
    """The result of a search.

    Args:
        values: the winner's settings, option -> value.
        trials: rows of ML.TRIAL_INFO.
        types: the SQL types of its two structs, one row.
    """

    values: Values
    trials: tuple[Mapping[str, Any], ...]
    types: tuple[Mapping[str, str], ...]

    @property
    def reports(self) -> dict[str, tuple[Mapping[str, Any], ...]]:
        """What ``Fitted.reports`` holds of it."""
        return {"trial_info": self.trials, "trial_types": self.types}


def split_space(options: Values, known: tuple[Option, ...]) -> tuple[dict[str, Any], Space]:
    """The options that have one value, and those to be searched.

    Raises:
        TrainingError: a search space without num_trials, or one that does not fit its option.
    """
    plain: dict[str, Any] = {}
    space: dict[str, HParamRange | HParamCandidates] = {}
    table = {o.name: o for o in known}
    for name, value in options.items():
        if not isinstance(value, HParamRange | HParamCandidates):
            plain[name] = value
        elif name.lower() in table:
            space[name.lower()] = _checked(table[name.lower()], value)
        else:
            plain[name] = value  # read_options names the nearest option
    if space and plain.get("num_trials") is None:
        raise TrainingError(
            f"Option {next(iter(space))} has values to search, and num_trials is missing",
            wanted="OPTIONS(num_trials = 20, ...)",
            todo="add it, or give the option one value",
        )
    return plain, space


def _checked(option: Option, value: HParamRange | HParamCandidates) -> Any:
    """A search space whose ends are values of the option."""
    if isinstance(value, HParamRange):
        if option.type not in ("int", "float"):
            raise TrainingError(
                f"Option {option.name} has no range", seen=value,
                wanted=f"HPARAM_CANDIDATES([...]) of {option.type}",
            )  # fmt: skip
        if option.type == "int":
            value = HParamRange(math.ceil(value.low), math.floor(value.high))
        low = max(value.low, option.minimum or 0) if option.name in LOG_SCALE else value.low
        ends = [_read(option, low), _read(option, value.high)]
        return HParamRange(ends[0], ends[1])
    return HParamCandidates(tuple(_read(option, _unwrapped(v, option)) for v in value.values))


def _unwrapped(value: Any, option: Option) -> Any:
    """``STRUCT([8, 4])``, BigQuery's way to write an array in an array, is that array."""
    nested = option.type == "list" and isinstance(value, list | tuple) and len(value) == 1
    return value[0] if nested and isinstance(value[0], list | tuple) else value


def _read(option: Option, value: Any) -> Any:
    return read_options({option.name: value}, (option,))[option.name]


def search(judge: Callable[[Values], Outcome], what: Search, progress: Progress) -> Found:
    """Try settings and keep the best.

    A trial that fails is written down and does not end the search.

    Args:
        judge: trains with these settings and judges on validation rows.
        what: what is searched.
        progress: told before each trial.

    Raises:
        TrainingError: every trial failed; the first one's words are kept.
    """
    rows: list[dict[str, Any]] = []
    settings = draws(what)
    for i, values in enumerate(settings):
        progress(f"trial {i + 1} of {len(settings)}: {_words(values)}", i / len(settings))
        row = {"trial_id": i + 1, "hyperparameters": _jsonable(values)}
        rows.append(row | _try(judge, values, what))
    scores = [r["hparam_tuning_evaluation_metrics"][what.objective] for r in rows]
    known = [s for s in scores if s is not None]
    if not known:
        raise TrainingError(
            f"None of {len(rows)} trials succeeded", seen=rows[0]["error_message"],
            todo="correct the search space or the options",
        )  # fmt: skip
    best = scores.index(max(known) if what.objective in GREATER_IS_BETTER else min(known))
    for i, row in enumerate(rows):
        row["is_optimal"] = i == best
    return Found(settings[best], tuple(rows), (_struct_types(what),))


def _try(judge: Callable[[Values], Outcome], values: Values, what: Search) -> dict[str, Any]:
    """The rest of one row of ML.TRIAL_INFO."""
    row: dict[str, Any] = {
        "hparam_tuning_evaluation_metrics": {what.objective: None},
        "training_loss": None, "eval_loss": None, "status": "SUCCEEDED", "error_message": None,
    }  # fmt: skip
    try:
        outcome = judge(values)
        score = outcome.metrics.get(what.objective)
        if score is None or not math.isfinite(score):
            raise TrainingError(
                f"Metric {what.objective} cannot be computed on the validation rows",
                todo="choose another of hparam_tuning_objectives",
            )
    except TrainingError as error:
        return row | {"status": "INFEASIBLE", "error_message": str(error)}
    except (ValueError, ArithmeticError, MemoryError) as error:
        return row | {"status": "FAILED", "error_message": str(error) or type(error).__name__}
    return row | {
        "hparam_tuning_evaluation_metrics": {what.objective: float(score)},
        "training_loss": _finite(outcome.training_loss),
        "eval_loss": _finite(outcome.eval_loss),
    }


def _finite(value: float | None) -> float | None:
    """NULL for what JSON cannot hold."""
    return value if value is not None and math.isfinite(value) else None


def draws(what: Search) -> list[dict[str, Any]]:
    """The settings to try: the defaults, then different ones, seeded.

    >>> what = Search({"a": HParamCandidates((1, 2, 3))}, (Option("a", "int", 2, ""),), 9, "x")
    >>> [v["a"] for v in draws(what)]
    [2, 3, 1]
    """
    defaults = {o.name: o.default for o in what.known}
    defaults |= {name: math.inf for name in UNLIMITED if defaults.get(name) == 0}
    first = {name: _nearest(defaults[name], values) for name, values in what.space.items()}
    found = [first]
    for values in _others(what):
        if values not in found and len(found) < what.trials:
            found.append(values)
    return found


def _others(what: Search) -> list[dict[str, Any]]:
    ranges = [name for name, v in what.space.items() if isinstance(v, HParamRange)]
    if what.grid and ranges:
        raise TrainingError(
            f"A grid has no place for the range of {ranges[0]}", seen="hparam_tuning_algorithm",
            wanted="HPARAM_CANDIDATES([...]) for every option", todo="or use RANDOM_SEARCH",
        )  # fmt: skip
    space = {name: _distribution(name, v, what.known) for name, v in what.space.items()}
    if not ranges:
        grid = list(ParameterGrid(space))
        if not what.grid:
            order = np.random.default_rng(what.seed).permutation(len(grid))
            grid = [grid[i] for i in order]
        return [dict(values) for values in grid]
    whole = {o.name for o in what.known if o.type == "int"}
    drawn = ParameterSampler(space, n_iter=4 * what.trials, random_state=what.seed)
    return [
        {k: round(v) if k in whole else float(v) if k in ranges else v for k, v in d.items()}
        for d in drawn
    ]


def _distribution(name: str, value: Any, known: tuple[Option, ...]) -> Any:
    """What ParameterSampler draws from."""
    if isinstance(value, HParamCandidates):
        return list(value.values)
    low, high = value.low, value.high
    if low == high:
        return [low]
    if name in LOG_SCALE:
        return stats.loguniform(max(low, SMALLEST_SHARE * high), high)
    if any(o.name == name and o.type == "int" for o in known):
        return stats.randint(int(low), int(high) + 1)
    return stats.uniform(low, high - low)


def _nearest(default: Any, values: HParamRange | HParamCandidates) -> Any:
    """The default, or what is nearest to it in the search space."""
    if isinstance(values, HParamRange):
        if default is None:
            whole = isinstance(values.low, int) and isinstance(values.high, int)
            middle = (values.low + values.high) / 2
            return round(middle) if whole else middle
        return min(max(default, values.low), values.high)
    if default in values.values:
        return default
    numbers = isinstance(default, int | float)
    if numbers and all(isinstance(v, int | float) for v in values.values):
        if default == math.inf:
            return max(values.values)
        return min(values.values, key=lambda v: abs(v - default))
    return values.values[0]


def _struct_types(what: Search) -> dict[str, str]:
    """The SQL types of the two structs of ML.TRIAL_INFO."""
    table = {o.name: o.type for o in what.known}
    fields = []
    for name in what.space:
        kind = _TYPES.get(table[name], "BIGINT[]")
        fields.append(f"{quote(name)} {kind}")
    return {
        "hyperparameters": f"STRUCT({', '.join(fields)})",
        "hparam_tuning_evaluation_metrics": f"STRUCT({quote(what.objective)} DOUBLE)",
    }


def _jsonable(values: Values) -> dict[str, Any]:
    return {k: v.item() if isinstance(v, np.generic) else v for k, v in values.items()}


def _words(values: Values) -> str:
    return ", ".join(
        f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items()
    )
