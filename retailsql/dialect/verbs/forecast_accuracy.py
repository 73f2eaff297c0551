"""``ML.EVALUATE`` of forecasts against rows that have come in since."""

from __future__ import annotations

from retailsql.dialect.settings import Setting, refuse
from retailsql.dialect.verbs.arima_reports import evaluate_report
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.forecast import HORIZON
from retailsql.dialect.verbs.forecast_table import LEVEL, check_columns, stored_of
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.stored_forecasts import Stored, time_of, width_of
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion

AGGREGATION = Setting("perform_aggregation", "bool", "true or false")
METRICS = (
    "mean_absolute_error", "mean_squared_error", "root_mean_squared_error",
    "mean_absolute_percentage_error", "symmetric_mean_absolute_percentage_error",
    "mean_absolute_scaled_error",
)  # fmt: skip
COLUMNS = {"<time_series_id_col>": "<its type>", **dict.fromkeys(METRICS, "DOUBLE")}


def _evaluate(call: MLCall, stored: StoredVersion) -> str:
    if call.relation is None:
        return evaluate_report(call, stored)
    held, settings = stored_of(stored), call.settings
    longest = int(held.options["horizon"])
    horizon = int(settings.get("horizon", longest))
    if horizon > longest:
        raise refuse(
            call.fields["horizon"], f"Model {stored.name.text!r} forecasts 1 to {longest} steps",
            f"a horizon from 1 to {longest}", "ask for fewer steps",
        )  # fmt: skip
    at, y = held.options["timestamp_col"], held.label
    names = [*held.ids, at, y, *(str(i["name"]) for i in held.inputs)]
    check_columns(call, names, ", ".join(names))
    rows = _beside(call, held, horizon)
    if settings.get("perform_aggregation", True):
        return aggregated(held, _overlapping(rows, call, held), _naive_errors(held))
    return by_step(held, rows, float(settings.get("confidence_level", 0.95)))


def _beside(call: MLCall, held: Stored, horizon: int) -> str:
    """Rows given beside the stored forecasts of their steps."""
    value = "__rs_s.value"
    for i in range(len(held.inputs)):
        value += f" + {held.attribution(i, '__rs_r', '__rs_s.weights')}"
    steps = f"(SELECT * FROM {held.rows} AS __rs_t WHERE step BETWEEN 1 AND {horizon})"
    return beside(call, held, steps, held.limited(value) if held.inputs else value)


def beside(call: MLCall, held: Stored, steps: str, value: str = "__rs_s.value") -> str:
    """A bracketed SELECT of the rows given, in their step's forecast: ids, __rs_at, __rs_y, __rs_f,
    __rs_se; the last two NULL where there is no forecast.

    Args:
        call: with the rows.
        held: names of ids, time and data, and the grid.
        steps: bracketed SELECT of ids, ts, value, standard_error.
        value: SQL of the forecast.
    """
    at, y = quote(held.options["timestamp_col"]), quote(held.label)
    same = [f"__rs_s.{quote(c)} = __rs_r.{quote(c)}" for c in held.ids]
    same.append(f"{held.step_of('__rs_s.ts')} = {held.step_of(time_of(f'__rs_r.{at}'))}")
    return (
        f"(SELECT {held.listed_ids('__rs_r')}__rs_r.{at} AS __rs_at, __rs_r.{y} AS __rs_y, "
        f"{value} AS __rs_f, __rs_s.standard_error AS __rs_se FROM {call.relation} AS __rs_r "
        f"LEFT JOIN {steps} AS __rs_s ON {' AND '.join(same)})"
    )


def _overlapping(rows: str, call: MLCall, held: Stored) -> str:
    """The rows of :func:`beside`, and an error if all lie before the forecasts: no row of metrics
    would look like no fault.
    """
    first = f"(SELECT min(ts) FROM {held.rows} AS __rs_t WHERE step > 0)"
    last = time_of("max(__rs_at) OVER ()")
    early = f"{held.step_of('__rs_last')} < {held.step_of('__rs_first')}"
    fact = literal(
        f"ML.EVALUATE: the rows end before the forecasts of model {call.model!r} begin. "
        "Seen: rows up to "
    )
    todo = literal(
        ". What to do: give rows that have come since training, or leave the rows out for the "
        "evaluation kept from training."
    )
    words = f"{fact} || __rs_last || '. Wanted: rows from ' || __rs_first || {todo}"
    # In the column that the filter asks for: of two conditions DuckDB may drop rows by the other.
    return (
        f"(SELECT * REPLACE (CASE WHEN {early} THEN error({words}) ELSE __rs_f END AS __rs_f) "
        f"FROM (SELECT *, {last} AS __rs_last, {first} AS __rs_first FROM {rows} AS __rs_b) "
        "AS __rs_o)"
    )


def metrics_sql(y: str, f: str, scale: str) -> str:
    """The documented metrics over a group, as SQL.

    Args:
        y: SQL of what was seen.
        f: SQL of what was forecast.
        scale: SQL of the naive error of the series' past.
    """
    error = f"abs({y} - {f})"
    both = f"(abs({y}) + abs({f}))"
    return (
        f"avg({error}) AS mean_absolute_error, avg(power({y} - {f}, 2)) AS mean_squared_error, "
        f"sqrt(avg(power({y} - {f}, 2))) AS root_mean_squared_error, "
        f"avg({error} / nullif(abs({y}), 0)) AS mean_absolute_percentage_error, "
        f"avg(CASE WHEN {both} = 0 THEN 0 ELSE 2 * {error} / {both} END) "
        "AS symmetric_mean_absolute_percentage_error, "
        f"avg({error}) / nullif({scale}, 0) AS mean_absolute_scaled_error"
    )


def _naive_errors(held: Stored) -> str:
    """A SELECT of ids and __rs_scale: the mean step from value to value in each stored history."""
    ids = ", ".join(quote(c) for c in held.ids)
    listed, by = (f"{ids}, ", f" GROUP BY {ids}") if ids else ("", "")
    window = f"{f'PARTITION BY {ids} ' if ids else ''}ORDER BY step"
    return (
        f"SELECT {listed}avg(__rs_d) AS __rs_scale FROM (SELECT {listed}"
        f"abs(value - lag(value) OVER ({window})) AS __rs_d FROM {held.rows} AS __rs_h "
        f"WHERE step <= 0) AS __rs_g{by}"
    )


def aggregated(held: Stored, rows: str, naive: str) -> str:
    """One row per series, over the steps that have a value and a forecast.

    Args:
        held: names of the ids.
        rows: from :func:`beside`.
        naive: a SELECT of ids and __rs_scale.
    """
    ids = ", ".join(quote(c) for c in held.ids)
    listed, by = (f"{ids}, ", f" GROUP BY {ids} ORDER BY {ids}") if ids else ("", "")
    join = f"LEFT JOIN ({naive}) AS __rs_n USING ({ids})" if ids else (
        f"CROSS JOIN ({naive}) AS __rs_n"
    )  # fmt: skip
    metrics = metrics_sql("CAST(__rs_y AS DOUBLE)", "__rs_f", "any_value(__rs_scale)")
    return (
        f"SELECT {listed}{metrics} FROM {rows} AS __rs_b {join} "
        f"WHERE __rs_f IS NOT NULL AND __rs_y IS NOT NULL{by}"
    )


def by_step(held: Stored, rows: str, level: float) -> str:
    """One row per row given; NULL beside those outside the horizon."""
    at, y = quote(held.options["timestamp_col"]), quote(held.label)
    forecasted, width = quote(f"forecasted_{held.label}"), width_of(level)
    error = "abs(CAST(__rs_y AS DOUBLE) - __rs_f)"
    order = ", ".join([*(quote(c) for c in held.ids), "__rs_at"])
    return (
        f"SELECT {held.listed_ids('__rs_b')}__rs_at AS {at}, __rs_y AS {y}, "
        f"__rs_f AS {forecasted}, {held.limited(f'__rs_f - {width} * __rs_se')} AS lower_bound, "
        f"{held.limited(f'__rs_f + {width} * __rs_se')} AS upper_bound, {error} AS absolute_error, "
        f"{error} / nullif(abs(CAST(__rs_y AS DOUBLE)), 0) AS absolute_percentage_error "
        f"FROM {rows} AS __rs_b ORDER BY {order}"
    )


VERBS = (
    Verb(
        "EVALUATE", ("forecast_table",),
        "The kept forecasts against rows that have come since, per series; without rows what "
        "ML.ARIMA_EVALUATE says of the best orders. STRUCT(false AS perform_aggregation) gives a "
        "row per timestamp.",
        COLUMNS, _evaluate, rows="may", settings=(AGGREGATION, HORIZON, LEVEL),
    ),
)  # fmt: skip
