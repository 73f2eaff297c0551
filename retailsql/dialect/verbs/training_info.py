"""``ML.TRAINING_INFO``, ``ML.FEATURE_INFO`` and ``ML.TRIAL_INFO``, as training stored them."""

from __future__ import annotations

from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.reports import missing_report, report_query
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.store import StoredVersion

TRAINING = {
    "training_run": "BIGINT",
    "iteration": "BIGINT",
    "loss": "DOUBLE",
    "eval_loss": "DOUBLE",
    "learning_rate": "DOUBLE",
    "duration_ms": "BIGINT",
}
FEATURES = {
    "input": "VARCHAR",
    "min": "DOUBLE",
    "max": "DOUBLE",
    "mean": "DOUBLE",
    "median": "DOUBLE",
    "stddev": "DOUBLE",
    "category_count": "BIGINT",
    "null_count": "BIGINT",
    "dimension": "BIGINT",
}
TRIALS = {
    "trial_id": "BIGINT",
    "hyperparameters": "STRUCT(<option> <its type>, ...)",
    "hparam_tuning_evaluation_metrics": "STRUCT(<objective> DOUBLE)",
    "training_loss": "DOUBLE",
    "eval_loss": "DOUBLE",
    "status": "VARCHAR",
    "error_message": "VARCHAR",
    "is_optimal": "BOOLEAN",
}
TUNED = ("classifier", "regressor", "clusterer", "factorizer", "reducer")


def _training(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "training_info", TRAINING)


def _features(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "feature_info", FEATURES)


def _trials(call: MLCall, stored: StoredVersion) -> str:
    if not call.catalog.has_report(stored, "trial_types"):
        raise missing_report(call, stored, "trials, as it was made without OPTIONS(num_trials)")
    (types,) = call.catalog.report(stored, "trial_types")
    return report_query(call, stored, "trial_info", {**TRIALS, **types})


VERBS = (
    Verb(
        "TRAINING_INFO", ("classifier", "regressor"),
        "The loss after each boosting round or pass over the rows, on the training rows and on "
        "rows that did not train.",
        TRAINING, _training,
    ),
    Verb(
        "FEATURE_INFO", ("classifier", "regressor", "clusterer", "reducer", "transformer"),
        "What training saw of each feature, of each column before TRANSFORM; BigQuery's NULLs for "
        "what a type has not.",
        FEATURES, _features,
    ),
    Verb(
        "TRIAL_INFO", TUNED,
        "The trials of a model made with OPTIONS(num_trials): what each tried and how it did on "
        "validation rows.",
        TRIALS, _trials,
    ),
)  # fmt: skip
