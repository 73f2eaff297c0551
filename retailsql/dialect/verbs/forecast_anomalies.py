"""``ML.DETECT_ANOMALIES`` of time series: how far a value is from what was to be expected."""

from __future__ import annotations

from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.forecast_table import (
    PARTS,
    check_columns,
    need_history,
    stored_of,
)
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.stored_forecasts import Stored, probability_sql, time_of, width_of
from retailsql.registry.names import quote
from retailsql.registry.store import StoredVersion

THRESHOLD = Setting(
    "anomaly_prob_threshold", "float", "a number from 0 to below 1, such as 0.95", high=1,
    below=True,
)  # fmt: skip
COLUMNS = {
    "<time_series_id_col>": "<its type>",
    "<time_series_timestamp_col>": "TIMESTAMP",
    "<time_series_data_col>": "DOUBLE",
    "is_anomaly": "BOOLEAN",
    "lower_bound": "DOUBLE",
    "upper_bound": "DOUBLE",
    "anomaly_probability": "DOUBLE",
    "...": "",
}


def verdict(value: str, expected: str, error: str, threshold: float) -> str:
    """The four columns that judge a value, as SQL.

    Args:
        value: SQL of what was seen.
        expected: SQL of what was to be expected.
        error: SQL of its standard error.
        threshold: probability over which a value is an anomaly.
    """
    width, apart = width_of(threshold), f"abs({value} - {expected})"
    probability = (
        f"CASE WHEN {error} > 0 THEN {probability_sql(f'({apart} / {error})')} "
        f"WHEN {error} = 0 THEN CAST({apart} > 0 AS DOUBLE) END"
    )
    return (
        f"{apart} > {width} * {error} AS is_anomaly, "
        f"{expected} - {width} * {error} AS lower_bound, "
        f"{expected} + {width} * {error} AS upper_bound, {probability} AS anomaly_probability"
    )


def _detect(call: MLCall, stored: StoredVersion) -> str:
    held = stored_of(stored)
    threshold = float(call.settings.get("anomaly_prob_threshold", 0.95))
    return (
        _of_history(call, stored, held, threshold) if call.relation is None
        else _of_rows(call, held, threshold)
    )  # fmt: skip


def _of_history(call: MLCall, stored: StoredVersion, held: Stored, threshold: float) -> str:
    """The rows it was trained on, beside their one-step expectation; the first of each series, of
    which too little was known before, are no anomalies, and their bounds are NULL.
    """
    need_history(call, stored)
    parts = [p for p in PARTS if p not in ("spikes_and_dips", "residual")]
    expected = " + ".join(f"coalesce(__rs_f.{p}, 0)" for p in parts)
    if held.inputs:
        expected += " + coalesce(list_sum(__rs_f.attributions), 0)"
    at, y = quote(held.options["timestamp_col"]), quote(held.label)
    order = ", ".join([*(quote(c) for c in held.ids), at])
    columns = verdict("__rs_e.value", "__rs_e.__rs_expected", "__rs_e.standard_error", threshold)
    return (
        f"SELECT * REPLACE (coalesce(is_anomaly, false) AS is_anomaly) FROM ("
        f"SELECT {held.listed_ids('__rs_e')}__rs_e.ts AS {at}, __rs_e.value AS {y}, {columns} "
        f"FROM (SELECT __rs_f.*, {expected} AS __rs_expected FROM {held.rows} AS __rs_f "
        f"WHERE step <= 0) AS __rs_e) AS __rs_v ORDER BY {order}"
    )


def _of_rows(call: MLCall, held: Stored, threshold: float) -> str:
    """Rows given, beside the stored forecasts of their steps; NULL where there is none."""
    at, y = held.options["timestamp_col"], held.label
    names = [*held.ids, at, y, *(str(i["name"]) for i in held.inputs)]
    check_columns(call, names, ", ".join(names))
    same = [f"__rs_s.{quote(c)} = __rs_r.{quote(c)}" for c in held.ids]
    moment = time_of(f"__rs_r.{quote(at)}")
    same.append(f"{held.step_of('__rs_s.ts')} = {held.step_of(moment)}")
    expected = "__rs_s.value"
    for i in range(len(held.inputs)):
        expected += f" + {held.attribution(i, '__rs_r', '__rs_s.weights')}"
    left_out = ", ".join(quote(c) for c in [*held.ids, at, y])
    value = f"CAST(__rs_r.{quote(y)} AS DOUBLE)"
    columns = verdict(value, f"({expected})", "__rs_s.standard_error", threshold)
    rest = [c for c in call.describe() if c.lower() not in {n.lower() for n in [*held.ids, at, y]}]
    tail = f", __rs_r.* EXCLUDE ({left_out})" if rest else ""
    return (
        f"SELECT {held.listed_ids('__rs_r')}{moment} AS {quote(at)}, {value} AS {quote(y)}, "
        f"{columns}{tail} FROM {call.relation} AS __rs_r LEFT JOIN (SELECT * FROM {held.rows} "
        f"AS __rs_t WHERE step > 0) AS __rs_s ON {' AND '.join(same)}"
    )


VERBS = (
    Verb(
        "DETECT_ANOMALIES", ("forecast_table",),
        "Values of the history, or of rows within the horizon, that are too far from what was "
        "forecast.",
        COLUMNS, _detect, rows="may", settings=(THRESHOLD,),
    ),
)  # fmt: skip
