"""``ML.EVALUATE`` and ``ML.DETECT_ANOMALIES`` of neural forecasters, beside rows that have come
since: the forecast goes on from the histories that were stored with the model.
"""

from __future__ import annotations

import json

from retailsql.dialect.forecast import forecast_query
from retailsql.dialect.histories import stored_histories, stored_keys
from retailsql.dialect.settings import Setting, refuse
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.forecast import CONFIDENCE_LEVEL, HORIZON
from retailsql.dialect.verbs.forecast_accuracy import (
    AGGREGATION,
    COLUMNS,
    METRICS,
    aggregated,
    beside,
    by_step,
)
from retailsql.dialect.verbs.forecast_anomalies import COLUMNS as ANOMALY_COLUMNS
from retailsql.dialect.verbs.forecast_anomalies import verdict
from retailsql.dialect.verbs.forecast_table import check_columns, stored_of
from retailsql.dialect.verbs.reports import missing_report
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.stored_forecasts import Stored
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion

THRESHOLD = Setting(
    "anomaly_prob_threshold", "float", "a number from 0.01 to below 1, such as 0.95", low=0.01,
    high=1, below=True,
)  # fmt: skip


def _steps(held: Stored, stored: StoredVersion, horizon: int) -> str:
    """A bracketed SELECT of ids, ts, value, standard_error: the forecasts from the histories."""
    query = forecast_query(stored, None, horizon, 0.9)
    return (
        f"(SELECT {held.listed_ids('__rs_q')}__rs_q.forecast_timestamp AS ts, "
        "__rs_q.forecast_value AS value, __rs_q.standard_error AS standard_error "
        f"FROM ({query}) AS __rs_q)"
    )


def _evaluate(call: MLCall, stored: StoredVersion) -> str:
    if call.relation is None:
        return _saved(call, stored)
    held = _checked(call, stored)
    longest = int(held.options["horizon"])
    horizon = int(call.settings.get("horizon", longest))
    if horizon > longest:
        raise refuse(
            call.fields["horizon"], f"Model {stored.name.text!r} forecasts 1 to {longest} steps",
            f"a horizon from 1 to {longest}", "ask for fewer steps",
        )  # fmt: skip
    rows = beside(call, held, _steps(held, stored, horizon))
    if call.settings.get("perform_aggregation", True):
        return aggregated(held, rows, _naive_errors(held, stored))
    return by_step(held, rows, float(call.settings.get("confidence_level", 0.95)))


def _checked(call: MLCall, stored: StoredVersion) -> Stored:
    """Names of ids, time and data, which the rows have to hold."""
    held = stored_of(stored)
    names = [*held.ids, held.options["timestamp_col"], held.label]
    check_columns(call, names, ", ".join(names))
    return held


def _naive_errors(held: Stored, stored: StoredVersion) -> str:
    """A SELECT of ids and __rs_scale: the mean step from value to value in each stored history."""
    keys = stored_keys(held.ids, held.options)
    step = "lambda v, i: abs(v - history[i - 1])"
    return (
        f"SELECT {f'{keys}, ' if keys else ''}list_avg(list_transform(history, {step})) "
        f"AS __rs_scale FROM {stored_histories(stored)}"
    )


def _saved(call: MLCall, stored: StoredVersion) -> str:
    """The evaluation of training, on the last steps of each series; one row."""
    told = json.loads(stored.evaluation)["metrics"] if stored.evaluation else None
    if told is None:
        raise missing_report(call, stored, "evaluation")
    told["mean_absolute_scaled_error"] = told.get("mase")
    if "root_mean_squared_error" in told:
        told["mean_squared_error"] = told["root_mean_squared_error"] ** 2
    listed = (f"CAST({literal(told.get(name))} AS DOUBLE) AS {name}" for name in METRICS)
    return f"SELECT {', '.join(listed)}"


def _detect(call: MLCall, stored: StoredVersion) -> str:
    """The rows given, beside the forecasts of their steps; NULL where there is none."""
    held = _checked(call, stored)
    threshold = float(call.settings.get("anomaly_prob_threshold", 0.95))
    at, y = quote(held.options["timestamp_col"]), quote(held.label)
    rows = beside(call, held, _steps(held, stored, int(held.options["horizon"])))
    judged = verdict("CAST(__rs_b.__rs_y AS DOUBLE)", "__rs_b.__rs_f", "__rs_b.__rs_se", threshold)
    return (
        f"SELECT {held.listed_ids('__rs_b')}make_timestamp(epoch_us(__rs_b.__rs_at)) AS {at}, "
        f"CAST(__rs_b.__rs_y AS DOUBLE) AS {y}, {judged} FROM {rows} AS __rs_b"
    )


VERBS = (
    Verb(
        "EVALUATE", ("forecaster",),
        "The forecasts from the stored histories against rows that have come since, per series; "
        "without rows the evaluation of training.",
        COLUMNS, _evaluate, rows="may", settings=(AGGREGATION, HORIZON, CONFIDENCE_LEVEL),
    ),
    Verb(
        "DETECT_ANOMALIES", ("forecaster",),
        "Rows within the horizon that are too far from what was forecast.",
        {k: v for k, v in ANOMALY_COLUMNS.items() if k != "..."}, _detect, rows="must",
        settings=(THRESHOLD,),
    ),
)  # fmt: skip
