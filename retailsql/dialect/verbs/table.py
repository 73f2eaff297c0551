"""Every ML function: one visible table, put together from the files that write their SQL."""

from __future__ import annotations

from types import ModuleType

from retailsql.dialect.verbs import (
    anomalies,
    arima_reports,
    clusterer,
    confusion,
    describe_data,
    drift,
    evaluate,
    explain,
    factor_evaluation,
    factorizer,
    forecast,
    forecast_accuracy,
    forecast_anomalies,
    forecast_table,
    forecaster_accuracy,
    predict,
    recommend,
    reducer,
    roc,
    training_info,
    transform,
    weights,
)
from retailsql.dialect.verbs.verb import Verb

MODULES: tuple[ModuleType, ...] = (
    predict,
    forecast,
    forecast_table,
    forecast_accuracy,
    forecast_anomalies,
    forecaster_accuracy,
    arima_reports,
    recommend,
    evaluate,
    confusion,
    roc,
    weights,
    training_info,
    factorizer,
    factor_evaluation,
    clusterer,
    reducer,
    anomalies,
    explain,
    describe_data,
    drift,
    transform,
)

VERBS: tuple[Verb, ...] = tuple(verb for module in MODULES for verb in module.VERBS)
NAMES: frozenset[str] = frozenset(verb.name for verb in VERBS)
MODEL_FIRST: frozenset[str] = frozenset(verb.name for verb in VERBS if verb.kinds)
WITHOUT_MODEL: frozenset[str] = frozenset(verb.name for verb in VERBS if not verb.kinds)


def verbs_called(name: str) -> list[Verb]:
    """The entries of a name, one for each group of kinds.

    >>> "regressor" in {kind for verb in verbs_called("PREDICT") for kind in verb.kinds}
    True
    """
    return [verb for verb in VERBS if verb.name == name]
