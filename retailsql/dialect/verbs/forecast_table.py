"""``ML.FORECAST`` and ``ML.EXPLAIN_FORECAST`` of forecasts that are kept with the model."""

from __future__ import annotations

from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.forecast import COLUMNS, HORIZON, horizon_of
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.stored_forecasts import Stored, forecast_sql, width_of, with_inputs
from retailsql.registry.names import quote
from retailsql.registry.store import StoredVersion

LEVEL = Setting(
    "confidence_level", "float", "a number from 0 to below 1, such as 0.9", high=1, below=True
)
SEASONS = ("yearly", "quarterly", "monthly", "weekly", "daily")
PARTS = (
    "trend", *(f"seasonal_period_{s}" for s in SEASONS), "holiday_effect", "spikes_and_dips",
    "step_changes", "residual",
)  # fmt: skip


def stored_of(stored: StoredVersion) -> Stored:
    """The version's stored forecasts."""
    signature = stored.signature
    return Stored(stored.name, stored.content_hash, signature.options, signature.label)


def future_rows(call: MLCall, held: Stored) -> str | None:
    """The rows with the future of the regressors, checked to hold them; None without any.

    Raises:
        StatementError: they are missing, or lack a column, or the model takes none.
    """
    if not held.inputs:
        if call.relation is not None:
            raise call.error(
                f"Model {call.model!r} has no regressors and takes no rows",
                seen="rows", wanted=f"ML.{call.verb}(MODEL {call.model}, STRUCT(...))",
                todo="leave the rows out: it goes on from those it was trained on",
            )  # fmt: skip
        return None
    names = [held.options["timestamp_col"], *held.ids, *(i["name"] for i in held.inputs)]
    wanted = f"(SELECT {', '.join(names)} ...)"
    if call.relation is None:
        raise call.error(
            f"ML.{call.verb} needs the future rows of the regressors of {call.model!r}",
            wanted=f"ML.{call.verb}(MODEL {call.model}, STRUCT(...), {wanted})",
        )
    check_columns(call, names, wanted)
    return call.relation


def check_columns(call: MLCall, names: list[str], wanted: str) -> None:
    """Refuse rows that lack a column.

    Raises:
        StatementError: one is missing; names it.
    """
    known = {name.lower() for name in call.describe()}
    missing = [name for name in names if name.lower() not in known]
    if missing:
        raise call.error(
            f"The rows given to ML.{call.verb} have no column {missing[0]!r}",
            seen=", ".join(call.describe()), wanted=wanted, todo="select it, or name it so with AS",
        )  # fmt: skip


def _forecast(call: MLCall, stored: StoredVersion) -> str:
    held, level = stored_of(stored), float(call.settings.get("confidence_level", 0.95))
    horizon = str(horizon_of(call, stored))
    return forecast_sql(held, future_rows(call, held), horizon, repr(level), width_of(level))


def _explain(call: MLCall, stored: StoredVersion) -> str:
    """History and forecast, each with its components, in the order of time."""
    held, level = stored_of(stored), float(call.settings.get("confidence_level", 0.95))
    need_history(call, stored)
    horizon, width = horizon_of(call, stored), width_of(level)
    seasonal = [f"coalesce(__rs_f.{p}, 0)" for p in PARTS if p.startswith("seasonal")]
    added = " + ".join(["__rs_f.trend", *seasonal, "coalesce(__rs_f.holiday_effect, 0)"])
    if held.inputs:
        added += " + coalesce(list_sum(__rs_f.attributions), 0)"
    ahead = "__rs_f.step > 0"
    se = f"{width} * __rs_f.standard_error"
    columns = [
        "__rs_f.ts AS time_series_timestamp",
        f"CASE WHEN {ahead} THEN 'forecast' ELSE 'history' END AS time_series_type",
        "__rs_f.value AS time_series_data",
        f"CASE WHEN {ahead} THEN __rs_f.value ELSE {added} END AS time_series_adjusted_data",
        "__rs_f.standard_error AS standard_error",
        f"CASE WHEN {ahead} THEN CAST({level!r} AS DOUBLE) END AS confidence_level",
        f"CASE WHEN {ahead} THEN {held.limited(f'__rs_f.value - {se}')} END "
        "AS prediction_interval_lower_bound",
        f"CASE WHEN {ahead} THEN {held.limited(f'__rs_f.value + {se}')} END "
        "AS prediction_interval_upper_bound",
        *(f"__rs_f.{p} AS {p}" for p in PARTS),
        *(f"__rs_f.holidays[{i}] AS {quote(f'holiday_effect_{h}')}"
          for i, h in enumerate(held.options["holidays"], 1)),
        *(f"__rs_f.attributions[{i}] AS {quote('attribution_' + str(x['name']))}"
          for i, x in enumerate(held.inputs, 1)),
    ]  # fmt: skip
    future = with_inputs(held, future_rows(call, held))
    order = ", ".join([*(quote(c) for c in held.ids), "time_series_timestamp"])
    return (
        f"SELECT {held.listed_ids('__rs_f')}{', '.join(columns)} FROM ("
        f"SELECT * FROM {held.rows} AS __rs_h WHERE step <= 0 UNION ALL BY NAME "
        f"SELECT * FROM {future} AS __rs_a WHERE step <= {horizon}) AS __rs_f ORDER BY {order}"
    )


def need_history(call: MLCall, stored: StoredVersion) -> None:
    """Refuse a model that kept no history.

    Raises:
        StatementError: it was trained with decompose_time_series = false.
    """
    if not stored.signature.options["has_history"]:
        raise call.error(
            f"Model {call.model!r} keeps no components of its series",
            seen="decompose_time_series = false", wanted="a model trained with it true",
            todo="train it again without that option",
        )  # fmt: skip


EXPLAIN_COLUMNS = {
    "<time_series_id_col>": "<its type>",
    "time_series_timestamp": "TIMESTAMP",
    "time_series_type": "VARCHAR",
    **dict.fromkeys(
        [
            "time_series_data", "time_series_adjusted_data", "standard_error", "confidence_level",
            "prediction_interval_lower_bound", "prediction_interval_upper_bound", *PARTS,
            "holiday_effect_<holiday>", "attribution_<feature>",
        ],
        "DOUBLE",
    ),
}  # fmt: skip

VERBS = (
    Verb(
        "FORECAST", ("forecast_table",),
        "The next values of each series, as they were kept; ARIMA_PLUS_XREG adds the regressors "
        "of the rows given.",
        COLUMNS, _forecast, rows="may", settings=(HORIZON, LEVEL),
    ),
    Verb(
        "EXPLAIN_FORECAST", ("forecast_table",),
        "History and forecast of each series with their components, which add up.",
        EXPLAIN_COLUMNS, _explain, rows="may", settings=(HORIZON, LEVEL),
    ),
)  # fmt: skip
