"""``ML.ARIMA_EVALUATE``, ``ML.ARIMA_COEFFICIENTS`` and ``ML.HOLIDAY_INFO``: what training wrote
down about time series.
"""

from __future__ import annotations

from collections.abc import Mapping

from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.reports import report_query
from retailsql.dialect.verbs.training_info import FEATURES
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.keys import stored_keys
from retailsql.registry.names import quote
from retailsql.registry.store import StoredVersion

ALL = Setting("show_all_candidate_models", "bool", "true or false")
EVALUATE_COLUMNS = {
    "non_seasonal_p": "BIGINT",
    "non_seasonal_d": "BIGINT",
    "non_seasonal_q": "BIGINT",
    "has_drift": "BOOLEAN",
    "log_likelihood": "DOUBLE",
    "AIC": "DOUBLE",
    "variance": "DOUBLE",
    "seasonal_periods": "VARCHAR[]",
    "has_holiday_effect": "BOOLEAN",
    "has_spikes_and_dips": "BOOLEAN",
    "has_step_changes": "BOOLEAN",
    "error_message": "VARCHAR",
    "forecaster": "VARCHAR",
}
COEFFICIENT_COLUMNS = {
    "ar_coefficients": "DOUBLE[]",
    "ma_coefficients": "DOUBLE[]",
    "intercept_or_drift": "DOUBLE",
    "processed_input": "VARCHAR",
    "weight": "DOUBLE",
    "category_weights": "STRUCT(category VARCHAR, weight DOUBLE)[]",
}
HOLIDAY_COLUMNS = {
    "region": "VARCHAR",
    "holiday_name": "VARCHAR",
    "primary_date": "DATE",
    "preholiday_days": "BIGINT",
    "postholiday_days": "BIGINT",
}
TRAINING_COLUMNS = {"training_run": "BIGINT", "iteration": "BIGINT", "duration_ms": "BIGINT"}
IDS = {"<time_series_id_col>": "<its type>"}


def _keyed(
    call: MLCall, stored: StoredVersion, report: str, columns: Mapping[str, str],
    extra: Mapping[str, str],
) -> tuple[str, str]:  # fmt: skip
    """A report's rows with the id columns in front: what to select, and from where."""
    options = stored.signature.options
    keys = stored_keys(options["id_cols"], options)
    listed = ", ".join(f"__rs_k.{quote(c)}" for c in columns)
    rows = report_query(call, stored, report, {"key": "VARCHAR", **columns, **extra})
    return f"{f'{keys}, ' if keys else ''}{listed}", f"({rows}) AS __rs_k"


def _evaluate(call: MLCall, stored: StoredVersion) -> str:
    """Every order tried for the one series, the best of each for many, unless said otherwise."""
    several = bool(stored.signature.options["id_cols"])
    every = call.settings.get("show_all_candidate_models", not several)
    select, rows = _keyed(call, stored, "arima_candidates", EVALUATE_COLUMNS, {"best": "BOOLEAN"})
    return f"SELECT {select} FROM {rows}{'' if every else ' WHERE best'}"


def evaluate_report(call: MLCall, stored: StoredVersion) -> str:
    """What ML.EVALUATE says without rows: the best order of each series."""
    select, rows = _keyed(call, stored, "arima_candidates", EVALUATE_COLUMNS, {"best": "BOOLEAN"})
    return f"SELECT * EXCLUDE (error_message) FROM (SELECT {select} FROM {rows} WHERE best)"


def _coefficients(call: MLCall, stored: StoredVersion) -> str:
    with_inputs = bool(stored.signature.options["inputs"])
    hidden = "" if with_inputs else " EXCLUDE (processed_input, weight, category_weights)"
    select, rows = _keyed(call, stored, "arima_coefficients", COEFFICIENT_COLUMNS, {})
    return f"SELECT *{hidden} FROM (SELECT {select} FROM {rows})"


def _training(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "training_info", TRAINING_COLUMNS)


def _features(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "feature_info", FEATURES)


def _holidays(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "holiday_info", HOLIDAY_COLUMNS)


VERBS = (
    Verb(
        "ARIMA_EVALUATE", ("forecast_table",),
        "The orders of ARIMA that were tried, and which forecaster each series uses.",
        {**IDS, **EVALUATE_COLUMNS}, _evaluate, settings=(ALL,),
    ),
    Verb(
        "ARIMA_COEFFICIENTS", ("forecast_table",),
        "The coefficients of the best order of each series.",
        {**IDS, **dict(list(COEFFICIENT_COLUMNS.items())[:3])}, _coefficients,
        model_types=("ARIMA_PLUS",),
    ),
    Verb(
        "ARIMA_COEFFICIENTS", ("forecast_table",),
        "The coefficients of the best order of each series, and the weights of the regressors.",
        {**IDS, **COEFFICIENT_COLUMNS}, _coefficients, model_types=("ARIMA_PLUS_XREG",),
    ),
    Verb(
        "TRAINING_INFO", ("forecast_table",), "How long the whole of training took.",
        TRAINING_COLUMNS, _training,
    ),
    Verb(
        "FEATURE_INFO", ("forecast_table",),
        "What training saw of each column; BigQuery's NULLs for what a type has not.",
        FEATURES, _features,
    ),
    Verb(
        "HOLIDAY_INFO", ("forecast_table",),
        "The holidays that were modelled, whether or not an effect was found.",
        HOLIDAY_COLUMNS, _holidays,
    ),
)  # fmt: skip
