"""``ML.FORECAST`` of neural forecasters; ``dialect.forecast`` writes the SQL."""

from __future__ import annotations

from retailsql.dialect.forecast import forecast_query
from retailsql.dialect.settings import Setting, refuse
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.store import StoredVersion

HORIZON = Setting("horizon", "int", "a whole number from 1, such as 28", low=1)
CONFIDENCE_LEVEL = Setting(
    "confidence_level", "float", "a number from 0.01 to below 1, such as 0.9",
    low=0.01, high=1, below=True,
)  # fmt: skip
COLUMNS = {
    "<time_series_id_col>": "<its type>",
    "forecast_timestamp": "TIMESTAMP",
    "forecast_value": "DOUBLE",
    "standard_error": "DOUBLE",
    "confidence_level": "DOUBLE",
    "prediction_interval_lower_bound": "DOUBLE",
    "prediction_interval_upper_bound": "DOUBLE",
    "confidence_interval_lower_bound": "DOUBLE",
    "confidence_interval_upper_bound": "DOUBLE",
}


def horizon_of(call: MLCall, stored: StoredVersion) -> int:
    """The steps asked for, 3 if nothing is said.

    Raises:
        StatementError: more than the model was trained for.
    """
    longest = int(stored.signature.options["horizon"])
    horizon = int(call.settings.get("horizon", min(3, longest)))
    if horizon > longest:
        raise refuse(
            call.fields["horizon"],
            f"Model {stored.name.text!r} forecasts 1 to {longest} steps",
            f"a horizon from 1 to {longest}",
            f"ask for fewer steps, or train again with OPTIONS(horizon={horizon})",
        )
    return horizon


def _forecast(call: MLCall, stored: StoredVersion) -> str:
    level = call.settings.get("confidence_level", 0.95)
    return forecast_query(stored, call.relation, horizon_of(call, stored), level)


VERBS = (
    Verb(
        "FORECAST", ("forecaster",),
        "The next values of each series, from the rows given or from those it was trained on.",
        COLUMNS, _forecast, rows="may", settings=(HORIZON, CONFIDENCE_LEVEL),
    ),
)  # fmt: skip
