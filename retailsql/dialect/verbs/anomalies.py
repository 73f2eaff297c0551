"""``ML.DETECT_ANOMALIES`` of models without a label: which rows are unlike those trained on.

The threshold is a quantile of the training rows' own scores, stored with the model: with a
contamination of .02, two in a hundred of the training rows lie above it.
"""

from __future__ import annotations

from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.predict import call_of
from retailsql.dialect.verbs.reports import missing_report
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.lists import SCORE, list_query, loss
from retailsql.registry.store import StoredVersion

CONTAMINATION = Setting("contamination", "float", "a number from 0 to 0.5, such as 0.02", high=0.5)


def _threshold(call: MLCall, stored: StoredVersion) -> str:
    """The score over which a row is an anomaly, as a literal; between two of the stored shares the
    threshold is interpolated.

    Raises:
        StatementError: contamination is missing, or the version has no stored scores.
    """
    share = call.settings.get("contamination")
    if share is None:
        raise call.error(
            "ML.DETECT_ANOMALIES needs the share of the training rows to take for anomalies",
            wanted=f"ML.DETECT_ANOMALIES(MODEL {call.model}, STRUCT(0.02 AS contamination), "
            "TABLE name)",
        )
    rows = call.catalog.report(stored, "anomaly_quantiles")
    if not rows:
        raise missing_report(call, stored, "anomaly_quantiles")
    below = max((r for r in rows if r["contamination"] <= share), key=lambda r: r["contamination"])
    above = min((r for r in rows if r["contamination"] >= share), key=lambda r: r["contamination"])
    value = below["value"]
    if above["contamination"] > below["contamination"]:
        part = (share - below["contamination"]) / (above["contamination"] - below["contamination"])
        value += part * (above["value"] - value)
    return double(value)


def double(value: float) -> str:
    """A number as a DOUBLE literal; without an exponent DuckDB would read a decimal.

    >>> double(0.5)
    '5.00000000000000000e-01'
    """
    return f"{value:.17e}"


def _of_clusterer(call: MLCall, stored: StoredVersion) -> str:
    assert call.relation is not None
    radii = ", ".join(map(double, stored.signature.options["radii"]))
    outputs = {
        "is_anomaly": f"list_min({SCORE}) > {_threshold(call, stored)}",
        "normalized_distance": f"list_min({SCORE})",
        "CENTROID_ID": f"CAST(list_position({SCORE}, list_min({SCORE})) AS BIGINT)",
    }
    return list_query(
        call_of(stored), call.relation, outputs,
        of=lambda score: f"list_transform({score}, lambda x, i: x / ([{radii}])[i])",
    )  # fmt: skip


def _of_reducer(call: MLCall, stored: StoredVersion) -> str:
    assert call.relation is not None
    error = loss(stored.signature, "mean_squared_error")
    outputs = {
        "is_anomaly": f"{error} > {_threshold(call, stored)}",
        "mean_squared_error": error,
    }
    return list_query(call_of(stored), call.relation, outputs)


VERBS = (
    Verb(
        "DETECT_ANOMALIES", ("clusterer",),
        "Whether a row is far from every centroid, in radii of its cluster, compared with the "
        "training rows.",
        {
            "is_anomaly": "BOOLEAN",
            "normalized_distance": "DOUBLE",
            "CENTROID_ID": "BIGINT",
            "...": "",
        },
        _of_clusterer, rows="must", settings=(CONTAMINATION,),
    ),
    Verb(
        "DETECT_ANOMALIES", ("reducer",),
        "Whether a row is badly rebuilt from its few dimensions, compared with the training rows.",
        {"is_anomaly": "BOOLEAN", "mean_squared_error": "DOUBLE", "...": ""},
        _of_reducer, rows="must", settings=(CONTAMINATION,),
    ),
)  # fmt: skip
