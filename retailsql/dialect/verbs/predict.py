"""``ML.PREDICT`` of classifiers and regressors."""

from __future__ import annotations

from retailsql.dialect.settings import Setting, refuse
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.trials import TRIAL_ID, with_trial
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.calls import Call, predict_query
from retailsql.registry.store import StoredVersion

THRESHOLD = Setting("threshold", "float", "a number from 0 to 1, such as 0.5", high=1)


def threshold_of(call: MLCall, stored: StoredVersion) -> float:
    """The probability over which the positive class is predicted.

    Raises:
        StatementError: one was given to a model that has none.
    """
    signature = stored.signature
    if "threshold" in call.fields and not signature.binary:
        what = "regressor" if signature.kind == "regressor" else "classifier of several classes"
        raise refuse(
            call.fields["threshold"],
            f"Model {stored.name.text!r} is a {what} and has no threshold",
            "a threshold for classifiers of two classes only",
            "leave it out",
        )
    return float(call.settings.get("threshold", 0.5))


def call_of(stored: StoredVersion) -> Call:
    """The model's hidden function."""
    return Call(stored.name.name, stored.content_hash, stored.signature)


def _predict(call: MLCall, stored: StoredVersion) -> str:
    threshold = threshold_of(call, stored)
    assert call.relation is not None
    rows = predict_query(call_of(stored), call.relation, outputs_first=True, threshold=threshold)
    return with_trial(call, stored, rows)


VERBS = (
    Verb(
        "PREDICT", ("classifier",),
        "The class of each row, with the probabilities of all classes. A tuned model has trial_id "
        "before them.",
        {
            "predicted_<label>": "<type of label>",
            "predicted_<label>_probs": "STRUCT(label <type of label>, prob DOUBLE)[]",
            "...": "",
        },
        _predict, rows="must", settings=(THRESHOLD, TRIAL_ID),
    ),
    Verb(
        "PREDICT", ("regressor",),
        "The value of each row. A tuned model has trial_id before it.",
        {"predicted_<label>": "DOUBLE", "...": ""}, _predict, rows="must",
        settings=(THRESHOLD, TRIAL_ID),
    ),
)  # fmt: skip
