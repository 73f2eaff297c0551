"""The SQL of ``ML.FORECAST``: rows on an even grid of days, weeks or months, then the forecast.

The grid is the one of training (``training/forecasting/windows.py``): weeks begin on Monday, times
are UTC, a step without a row is missing, two rows in one step are an error. The user's rows are
read once, so that their text, and with it its parameters, stands once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from retailsql.dialect.histories import stored_histories, stored_keys
from retailsql.functions.calls import Call
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion


@dataclass(frozen=True)
class Frequency:
    """One step of a grid.

    Args:
        unit: in words.
        interval: as DuckDB writes it.
        number: SQL of the step's number from ``__rs_at``, a TIMESTAMP.
    """

    unit: str
    interval: str
    number: str


FREQUENCIES: Mapping[str, Frequency] = {
    "DAILY": Frequency("day", "1 DAY", "CAST(__rs_at AS DATE) - DATE '1970-01-01'"),
    "WEEKLY": Frequency(
        "week", "7 DAYS",
        "(CAST(date_trunc('week', __rs_at) AS DATE) - DATE '1969-12-29') // 7",
    ),
    "MONTHLY": Frequency("month", "1 MONTH", "year(__rs_at) * 12 + month(__rs_at)"),
}  # fmt: skip


def forecast_query(
    stored: StoredVersion, relation: str | None, horizon: int, confidence_level: float
) -> str:
    """The SELECT that ``ML.FORECAST`` stands for.

    Args:
        stored: the forecaster.
        relation: SQL that may stand after FROM; None goes on from the stored histories.
        horizon: steps ahead.
        confidence_level: share of the future that the interval is to hold.
    """
    options, level = stored.signature.options, f"CAST({confidence_level!r} AS DOUBLE)"
    source = _stored(stored) if relation is None else _gridded(stored, relation)
    columns = "".join(f"{quote(c)}, " for c in options["id_cols"])
    call = Call(stored.name.name, stored.content_hash, stored.signature)
    step = literal(FREQUENCIES[options["frequency"]].interval)
    width = 2 * NormalDist().inv_cdf(0.5 + confidence_level / 2)
    lower, upper = "__rs_f.lower", "__rs_f.upper"
    return (
        f"SELECT {columns}CAST(__rs_at + __rs_f.step * INTERVAL {step} AS TIMESTAMP) "
        f"AS forecast_timestamp, __rs_f.value AS forecast_value, "
        f"({upper} - {lower}) / {width!r} AS standard_error, {level} AS confidence_level, "
        f"{lower} AS prediction_interval_lower_bound, {upper} AS prediction_interval_upper_bound, "
        f"{lower} AS confidence_interval_lower_bound, {upper} AS confidence_interval_upper_bound "
        f"FROM (SELECT {columns}__rs_at, "
        f"unnest({call.function}(__rs_h, {horizon}, {level})) AS __rs_f "
        f"FROM ({source}) AS __rs_series)"
    )


def _stored(stored: StoredVersion) -> str:
    """Each stored series: its ids, the time of its last row, its history."""
    options = stored.signature.options
    keys = "".join(f"{k}, " for k in [stored_keys(options["id_cols"], options)] if k)
    return f"SELECT {keys}last_at AS __rs_at, history AS __rs_h FROM {stored_histories(stored)}"


def _gridded(stored: StoredVersion, relation: str) -> str:
    """Each series of a relation: its ids, the time of its last row, and one value per step up to
    there, NULL where there is no row; no more of them than the model reads.

    Every row brings the NULLs of the empty steps before it, so the rows need no join with a
    calendar, and the relation is read once.
    """
    options = stored.signature.options
    columns = "".join(f"{quote(c)}, " for c in options["id_cols"])
    ids, window = columns.removesuffix(", "), options["window"]
    series = f"{f'PARTITION BY {ids} ' if ids else ''}ORDER BY __rs_step"
    number = FREQUENCIES[options["frequency"]].number
    rows = (
        f"SELECT {columns}make_timestamp(epoch_us({quote(options['timestamp_col'])})) AS __rs_at, "
        f"{quote(stored.signature.label)} AS __rs_value FROM {relation} AS __rs_rows"
    )
    steps = (
        f"SELECT *, __rs_step - lag(__rs_step) OVER ({series}) AS __rs_ahead, "
        f"max(__rs_step) OVER ({series} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) "
        f"AS __rs_last FROM (SELECT *, {number} AS __rs_step FROM ({rows}))"
    )
    null, twice = _complaints(options)
    parts = (
        f"SELECT {columns}__rs_at, __rs_step, CASE WHEN __rs_at IS NULL THEN error({null}) "
        f"WHEN __rs_ahead = 0 THEN error({twice}) "
        f"WHEN __rs_step <= __rs_last - {window} THEN [] "
        f"ELSE list_resize([], least(coalesce(__rs_ahead, 1) - 1, {window})) || [__rs_value] END "
        f"AS __rs_part FROM ({steps})"
    )
    return (
        f"SELECT {columns}max(__rs_at) AS __rs_at, "
        f"flatten(list(__rs_part ORDER BY __rs_step)) AS __rs_h "
        f"FROM ({parts}){f' GROUP BY {ids}' if ids else ''}"
    )


def _complaints(options: Mapping[str, Any]) -> tuple[str, str]:
    """SQL of the texts about a row without a time, and about two rows in one step."""
    at, ids = options["timestamp_col"], options["id_cols"]
    unit = FREQUENCIES[options["frequency"]].unit
    values = ", ".join(f"CAST({quote(c)} AS VARCHAR)" for c in ids)
    series = f" || ' of series ' || concat_ws(', ', {values})" if ids else ""
    null = literal(f"ML.FORECAST: a row has no time. Seen: NULL or infinity in column {at!r}")
    null_todo = literal(
        ". Wanted: a DATE or TIMESTAMP on every row. "
        f"What to do: give it (SELECT ... WHERE isfinite({at}))."
    )
    twice = literal(f"ML.FORECAST: several rows share one {unit}. Seen: ")
    twice_todo = literal(
        f". Wanted: one row per {'series and ' if ids else ''}{unit}. What to do: aggregate first, "
        f"GROUP BY {''.join(f'{c}, ' for c in ids)}date_trunc('{unit}', {at})."
    )
    named = "strftime(__rs_at, '%Y-%m-%d')"
    return f"{null}{series} || {null_todo}", f"{twice} || {named}{series} || {twice_todo}"
