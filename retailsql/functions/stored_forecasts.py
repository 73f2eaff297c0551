"""The SQL that reads stored forecasts: one place, used by the public macro and ML statements.

Nothing is computed here but what depends on the question: how many steps, how wide an interval,
and for ARIMA_PLUS_XREG the part of the regressors, whose future only the asker knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retailsql.functions.calls import Call
from retailsql.functions.keys import stored_keys
from retailsql.registry.names import ModelName, literal, quote

UNITS: Mapping[str, str] = {
    "PER_MINUTE": "minute", "HOURLY": "hour", "DAILY": "day", "WEEKLY": "week",
    "MONTHLY": "month", "QUARTERLY": "quarter", "YEARLY": "year",
}  # fmt: skip
"""A step of each grid, as ``date_trunc`` calls it."""


@dataclass(frozen=True)
class Stored:
    """One version's stored forecasts.

    Args:
        name: the model.
        content_hash: which version.
        options: of its signature.
        label: the data column's name.
    """

    name: ModelName
    content_hash: str
    options: Mapping[str, Any]
    label: str

    @property
    def ids(self) -> list[str]:
        """The id columns."""
        return list(self.options["id_cols"])

    @property
    def rows(self) -> str:
        """A bracketed SELECT: the id columns, then those of ``retailsql.forecasts``."""
        keys = stored_keys(self.ids, self.options)
        return (
            f"(SELECT {f'{keys}, ' if keys else ''}__rs_t.* EXCLUDE (content_hash, key) "
            f"FROM {self.name.registry}.forecasts AS __rs_t "
            f"WHERE content_hash = {literal(self.content_hash)})"
        )

    @property
    def inputs(self) -> list[Mapping[str, Any]]:
        """The regressors: name, mean, categories."""
        return list(self.options.get("inputs", ()))

    def step_of(self, timestamp: str) -> str:
        """SQL of what two timestamps of one step share."""
        return f"date_trunc('{UNITS[self.options['frequency']]}', {timestamp})"

    def listed_ids(self, alias: str) -> str:
        """The id columns of an alias, each with a comma behind."""
        return "".join(f"{alias}.{quote(c)}, " for c in self.ids)

    def limited(self, value: str) -> str:
        """A value or bound kept within the forecast limits."""
        low, high = self.options.get("limits", (None, None))  # neural forecasters have none
        value = value if low is None else f"greatest({value}, {literal(float(low))})"
        return value if high is None else f"least({value}, {literal(float(high))})"

    def attribution(self, which: int, alias: str, weights: str) -> str:
        """SQL of one regressor's part: weight times value, or the weight of the category."""
        one, at = self.inputs[which], 1
        for before in self.inputs[:which]:
            at += len(before["categories"] or [0])
        column = f"{alias}.{quote(one['name'])}"
        if one["categories"] is None:
            value = f"coalesce(CAST({column} AS DOUBLE), {literal(float(one['mean']))})"
            return f"{value} * {weights}[{at}]"
        listed = ", ".join(map(literal, one["categories"]))
        place = f"nullif(list_position([{listed}], CAST({column} AS VARCHAR)), 0)"
        return f"coalesce({weights}[{at - 1} + {place}], 0.0)"


def time_of(column: str) -> str:
    """A DATE or TIMESTAMP column as a TIMESTAMP in UTC."""
    return f"make_timestamp(epoch_us({column}))"


def quantile_sql(level: str) -> str:
    """SQL of the number of standard errors that hold a share of a normal distribution.

    Acklam's rational approximation of the normal quantile at (1 + level) / 2, relative error below
    1.2e-9 (P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution
    function", 2003).

    Args:
        level: SQL of the share, from 0 to below 1.
    """
    r, q = f"power({level} / 2, 2)", f"sqrt(-2 * ln((1 - {level}) / 2))"
    near = f"{level} / 2 * {_horner(_NEAR, r)} / {_horner(_NEAR_BELOW, r)}"
    far = f"-({_horner(_FAR, q)}) / {_horner(_FAR_BELOW, q)}"
    return f"CASE WHEN {level} <= 0.9515 THEN {near} ELSE {far} END"


_NEAR = (
    -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.383577518672690e2,
    -3.066479806614716e1, 2.506628277459239,
)  # fmt: skip
_NEAR_BELOW = (
    -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1,
    -1.328068155288572e1, 1.0,
)  # fmt: skip
_FAR = (
    -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734,
    4.374664141464968, 2.938163982698783,
)  # fmt: skip
_FAR_BELOW = (7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0)


def _horner(coefficients: Sequence[float], x: str) -> str:
    """SQL of a polynomial, the highest power first.

    >>> _horner((2.0, 3.0), "x")
    "(CAST('2.0' AS DOUBLE) * x + CAST('3.0' AS DOUBLE))"
    """
    text = literal(coefficients[0])
    for c in coefficients[1:]:
        text = f"({text} * {x} + {literal(c)})"
    return text


def width_of(level: float) -> str:
    """The same for a level that is known, by the same SQL, so that all bounds agree to the bit."""
    return f"({quantile_sql(literal(float(level)))})"


def probability_sql(distance: str) -> str:
    """SQL of the share of a normal distribution nearer to its mean than ``distance`` standard
    errors. Formula 7.1.26 of Abramowitz and Stegun (1964), absolute error below 1.5e-7.
    """
    x = f"({distance} / sqrt(2))"
    t = f"(1 / (1 + 0.3275911 * {x}))"
    return (
        f"greatest(0.0, 1 - ((((1.061405429 * {t} - 1.453152027) * {t} + 1.421413741) * {t} "
        f"- 0.284496736) * {t} + 0.254829592) * {t} * exp(-power({x}, 2)))"
    )


def with_inputs(stored: Stored, relation: str | None) -> str:
    """A bracketed SELECT of the steps ahead, regressors added: ids, step, ts, ``value``,
    standard_error, and the other stored columns.

    Args:
        stored: whose.
        relation: SQL behind FROM with the future rows, for ARIMA_PLUS_XREG; else None.
    """
    if relation is None:
        return f"(SELECT * FROM {stored.rows} AS __rs_s WHERE step > 0)"
    at = quote(stored.options["timestamp_col"])
    parts = [stored.attribution(i, "__rs_r", "__rs_s.weights") for i in range(len(stored.inputs))]
    same = [f"__rs_s.{quote(c)} = __rs_r.{quote(c)}" for c in stored.ids]
    same.append(f"{stored.step_of('__rs_s.ts')} = {stored.step_of(time_of(f'__rs_r.{at}'))}")
    total = stored.limited(f"__rs_s.value + {' + '.join(parts)}")
    return (
        f"(SELECT __rs_s.* REPLACE ({total} AS value, [{', '.join(parts)}] AS attributions) "
        f"FROM {stored.rows} AS __rs_s JOIN {relation} AS __rs_r ON {' AND '.join(same)} "
        "WHERE __rs_s.step > 0)"
    )


def forecast_sql(stored: Stored, relation: str | None, horizon: str, level: str, width: str) -> str:
    """The SELECT behind ``ML.FORECAST``.

    Args:
        stored: whose forecasts.
        relation: SQL behind FROM with the future rows, for ARIMA_PLUS_XREG; else None.
        horizon: SQL of the steps asked for.
        level: SQL of the share the interval is to hold.
        width: SQL of the standard errors that takes.
    """
    lower = stored.limited(f"__rs_f.value - {width} * __rs_f.standard_error")
    upper = stored.limited(f"__rs_f.value + {width} * __rs_f.standard_error")
    bounds = ", ".join(
        f"{sql} AS {kind}_interval_{side}_bound"
        for kind in ("prediction", "confidence")
        for side, sql in (("lower", lower), ("upper", upper))
    )
    order = ", ".join([*(quote(c) for c in stored.ids), "forecast_timestamp"])
    return (
        f"SELECT {stored.listed_ids('__rs_f')}__rs_f.ts AS forecast_timestamp, "
        f"__rs_f.value AS forecast_value, __rs_f.standard_error AS standard_error, "
        f"CAST({level} AS DOUBLE) AS confidence_level, {bounds} "
        f"FROM {with_inputs(stored, relation)} AS __rs_f WHERE __rs_f.step <= {horizon} "
        f"ORDER BY {order}"
    )


def table_macro(name: ModelName, call: Call) -> str:
    """What stands behind ``CREATE MACRO <m>_forecast``: arguments and the SELECT.

    Its text holds the name a hidden function would have, by which the registry knows its own.
    """
    stored = Stored(name, call.content_hash, call.signature.options, call.signature.label)
    longest = int(stored.options["horizon"])
    wrong = literal(f"{name.name}_forecast: the model forecasts 1 to {longest} steps, not ")
    share = literal(f"{name.name}_forecast: confidence_level is from 0 to below 1, not ")
    horizon = (
        f"CASE WHEN horizon BETWEEN 1 AND {longest} THEN CAST(horizon AS INTEGER) "
        f"ELSE error({wrong} || horizon) END"
    )
    level = (
        "(CASE WHEN confidence_level >= 0 AND confidence_level < 1 "
        f"THEN CAST(confidence_level AS DOUBLE) ELSE error({share} || confidence_level) END)"
    )
    relation = "query_table(source)" if stored.inputs else None
    width = f"(SELECT __rs_width FROM {call.function})"
    source = "source VARCHAR, " if stored.inputs else ""
    return (
        f"({source}horizon := {min(3, longest)}, confidence_level := 0.95) AS TABLE "
        f"WITH {call.function} AS (SELECT {quantile_sql('__rs_level')} AS __rs_width "
        f"FROM (SELECT {level} AS __rs_level)) "
        f"{forecast_sql(stored, relation, horizon, 'confidence_level', width)}"
    )
