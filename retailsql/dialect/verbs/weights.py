"""``ML.WEIGHTS`` and ``ML.ADVANCED_WEIGHTS`` of linear models, ``ML.FEATURE_IMPORTANCE`` of trees,
as training stored them.
"""

from __future__ import annotations

from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.reports import report_query
from retailsql.dialect.verbs.trials import trial_column
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.store import StoredVersion

STANDARDIZE = Setting("standardize", "bool", "true or false")
WEIGHTS = {
    "processed_input": "VARCHAR",
    "weight": "DOUBLE",
    "category_weights": "STRUCT(category VARCHAR, weight DOUBLE)[]",
}
ADVANCED = {
    "processed_input": "VARCHAR",
    "category": "VARCHAR",
    "weight": "DOUBLE",
    "standard_error": "DOUBLE",
    "p_value": "DOUBLE",
}
IMPORTANCE = {
    "feature": "VARCHAR",
    "importance_weight": "DOUBLE",
    "importance_gain": "DOUBLE",
    "importance_cover": "DOUBLE",
}


def _weights(call: MLCall, stored: StoredVersion) -> str:
    report = "weights_standardized" if call.settings.get("standardize") else "weights"
    columns = dict(WEIGHTS)
    if len(stored.signature.classes) > 2:
        columns["class_label"] = "VARCHAR"
    return (
        f"SELECT {trial_column(call, stored)}* FROM ({report_query(call, stored, report, columns)})"
    )


def _advanced(call: MLCall, stored: StoredVersion) -> str:
    report = "advanced_weights"
    if not call.catalog.has_report(stored, report):
        raise call.error(
            f"Model {stored.name.text!r} was trained without standard errors",
            seen=f"{stored.model_type}, version {stored.version}",
            wanted="calculate_p_values = true, category_encoding_method = 'DUMMY_ENCODING', "
            "l1_reg = 0 and l2_reg = 0",
            todo="train it again with OPTIONS(calculate_p_values = true, "
            "category_encoding_method = 'DUMMY_ENCODING', ...)",
        )
    if call.settings.get("standardize"):
        report += "_standardized"
    return report_query(call, stored, report, ADVANCED)


def _importance(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "feature_importance", IMPORTANCE)


VERBS = (
    Verb(
        "WEIGHTS", ("classifier", "regressor"),
        "The weight of each feature in the units of its column, of each category, and the row "
        "__INTERCEPT__; of several classes also class_label; of a tuned model trial_id first.",
        WEIGHTS, _weights, settings=(STANDARDIZE,), model_types=("LINEAR_REG", "LOGISTIC_REG"),
    ),
    Verb(
        "ADVANCED_WEIGHTS", ("classifier", "regressor"),
        "Each weight with its standard error and p-value, of models trained with "
        "calculate_p_values; NULL for the category that the others are told apart from.",
        ADVANCED, _advanced, settings=(STANDARDIZE,), model_types=("LINEAR_REG", "LOGISTIC_REG"),
    ),
    Verb(
        "FEATURE_IMPORTANCE", ("classifier", "regressor"),
        "How many splits use each feature; what one gains and how many rows it sees on average.",
        IMPORTANCE, _importance,
        model_types=(
            "BOOSTED_TREE_CLASSIFIER", "BOOSTED_TREE_REGRESSOR", "RANDOM_FOREST_CLASSIFIER",
            "RANDOM_FOREST_REGRESSOR", "DECISION_TREE_REGRESSOR",
        ),
    ),
)  # fmt: skip
