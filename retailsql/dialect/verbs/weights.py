"""``ML.WEIGHTS`` of linear models, ``ML.FEATURE_IMPORTANCE`` of trees, as training stored them."""

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
        "FEATURE_IMPORTANCE", ("classifier", "regressor"),
        "How many splits use each feature; what one gains and how many rows it sees on average.",
        IMPORTANCE, _importance,
        model_types=(
            "BOOSTED_TREE_CLASSIFIER", "BOOSTED_TREE_REGRESSOR", "RANDOM_FOREST_CLASSIFIER",
            "RANDOM_FOREST_REGRESSOR", "DECISION_TREE_REGRESSOR",
        ),
    ),
)  # fmt: skip
