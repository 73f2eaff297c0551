"""``ML.EXPLAIN_PREDICT`` and ``ML.GLOBAL_EXPLAIN`` of classifiers and regressors.

Explanations are computed where the rows are, by the hidden function; ``scoring.explain`` says how.
"""

from __future__ import annotations

from retailsql.dialect.settings import Setting, refuse
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.predict import THRESHOLD, call_of, threshold_of
from retailsql.dialect.verbs.reports import report_query
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.calls import ROW, Call
from retailsql.functions.explain import explainable, explained, feature_columns, names, positive
from retailsql.functions.parameters import parameter_type
from retailsql.registry.background import REPORT
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion

TOP_K_FEATURES = Setting("top_k_features", "int", "a whole number from 1, such as 5", low=1)
NUM_PERMUTATIONS = Setting(
    "num_permutations", "int", "a whole number from 4 to 10000, such as 80", low=4, high=10_000
)
STEPS = Setting("integrated_gradients_num_steps", "int", "a whole number from 1", low=1)
APPROXIMATE = Setting("approx_feature_contrib", "bool", "true or false")
CLASS_LEVEL = Setting("class_level_explain", "bool", "true or false")
MOST_PER_CLASS = 10
"""Features that ML.GLOBAL_EXPLAIN returns for a class, as BigQuery ML does."""

TOP = "STRUCT(feature VARCHAR, attribution DOUBLE)[]"
_REST = {
    "top_feature_attributions": TOP,
    "baseline_prediction_value": "DOUBLE",
    "prediction_value": "DOUBLE",
    "approximation_error": "DOUBLE",
    "...": "",
}


def _call(call: MLCall, stored: StoredVersion) -> Call:
    """The model's function.

    Raises:
        StatementError: the model has no background.
    """
    model = call_of(stored)
    if not explainable(model):
        raise call.error(
            f"Model {stored.name.text!r} holds no typical rows to explain a row against",
            seen=f"{stored.model_type}, version {stored.version}",
            wanted="a background of typical rows",
            todo="train it again, or import it with background='SELECT ...'",
        )
    return model


def _explain_predict(call: MLCall, stored: StoredVersion) -> str:
    model, score = _call(call, stored), f"{ROW}.__rs_score"
    top = call.settings.get("top_k_features", 5)
    outputs = _predicted(model, score, threshold_of(call, stored))
    told = f"{{'feature': {names(model)}[__rs_t.position], 'attribution': __rs_t.attribution}}"
    outputs |= {
        "top_feature_attributions":
            f"list_transform({ROW}.__rs_explained.top[1:{top}], lambda __rs_t: {told})",
        "baseline_prediction_value": f"{ROW}.__rs_explained.baseline",
        "prediction_value": f"{ROW}.__rs_explained.prediction",
        "approximation_error": f"{ROW}.__rs_explained.error",
    }  # fmt: skip
    columns = ", ".join(f"{sql} AS {quote(name)}" for name, sql in outputs.items())
    # A column of the rows with an output's name is an error here, as in predict_query.
    guard = ", ".join(f"1 AS {quote(name)}" for name in outputs)
    clash = " AND ".join(f"{quote(name)} IS NOT NULL" for name in outputs)
    return (
        f"SELECT {columns}, {ROW}.* EXCLUDE (__rs_score, __rs_explained) "
        f"FROM ({_explained_rows(call, stored, model)}) AS {ROW} "
        f"CROSS JOIN (SELECT {guard}) AS __rs_output_names WHERE {clash}"
    )


def _explained_rows(call: MLCall, stored: StoredVersion, model: Call) -> str:
    """The rows with their score and its explanation."""
    assert call.relation is not None
    scored = f"SELECT {ROW}.*, {model.over_row(ROW)} AS __rs_score FROM {call.relation} AS {ROW}"
    columns = feature_columns(model, lambda name: f"{ROW}.{quote(name)}")
    predicted, threshold = "NULL", threshold_of(call, stored)
    if model.signature.binary:
        up = int(positive(model))
        predicted = f"CASE WHEN {ROW}.__rs_score > {threshold!r} THEN {up} ELSE {3 - up} END"
    explanation = explained(model, columns, predicted, call.settings.get("num_permutations", 0))
    return (
        f"SELECT {ROW}.*, CASE WHEN {ROW}.__rs_score IS NOT NULL THEN {explanation} END "
        f"AS __rs_explained FROM ({scored}) AS {ROW}"
    )


def _predicted(model: Call, score: str, threshold: float) -> dict[str, str]:
    """The predicted value, or class and its probability."""
    signature = model.signature
    columns = {f"predicted_{signature.label}": model.label(score, threshold)}
    if signature.binary:
        columns["probability"] = (
            f"CASE WHEN {score} > {threshold!r} THEN {score} ELSE 1 - {score} END"
        )
    elif signature.kind == "classifier":
        columns["probability"] = f"list_max({score})"
    return columns


def _global_explain(call: MLCall, stored: StoredVersion) -> str:
    model, signature = _call(call, stored), stored.signature
    by_class = bool(call.settings.get("class_level_explain", False))
    if by_class and signature.kind != "classifier":
        raise refuse(
            call.fields["class_level_explain"],
            f"Model {stored.name.text!r} is a regressor and has no classes",
            "class_level_explain for classifiers only", "leave it out",
        )  # fmt: skip
    kinds = {f.name: parameter_type(f, signature) for f in signature.features}
    rows = report_query(call, stored, REPORT, kinds)
    explanation = explained(model, [f"{ROW}.{quote(n)}" for n in kinds], "__rs_class")
    every = range(1, len(signature.classes) + 1) if signature.kind == "classifier" else [1]
    parts = (
        f"SELECT __rs_class, unnest({explanation}.top, recursive := true) FROM ({rows}) AS {ROW} "
        f"CROSS JOIN (SELECT unnest([{', '.join(map(str, every))}]) AS __rs_class)"
    )
    feature = f"{names(model)}[position] AS feature, avg(abs(attribution)) AS attribution"
    if not by_class:
        return (
            f"SELECT {feature} FROM ({parts}) GROUP BY position ORDER BY attribution DESC, position"
        )
    classes = ", ".join(f"CAST({literal(c)} AS VARCHAR)" for c in signature.classes)
    return (
        f"SELECT [{classes}][__rs_class] AS class_name, {feature} FROM ({parts}) "
        "GROUP BY __rs_class, position QUALIFY row_number() OVER "
        f"(PARTITION BY __rs_class ORDER BY avg(abs(attribution)) DESC, position) <= "
        f"{MOST_PER_CLASS} ORDER BY __rs_class, attribution DESC, position"
    )


VERBS = (
    Verb(
        "EXPLAIN_PREDICT", ("classifier",),
        "The class of each row and what each feature did to its log-odds.",
        {"predicted_<label>": "<type of label>", "probability": "DOUBLE", **_REST},
        _explain_predict, rows="must",
        settings=(TOP_K_FEATURES, THRESHOLD, NUM_PERMUTATIONS, STEPS, APPROXIMATE),
    ),
    Verb(
        "EXPLAIN_PREDICT", ("regressor",),
        "The value of each row and what each feature did to it.",
        {"predicted_<label>": "DOUBLE", **_REST}, _explain_predict, rows="must",
        settings=(TOP_K_FEATURES, THRESHOLD, NUM_PERMUTATIONS, STEPS, APPROXIMATE),
    ),
    Verb(
        "GLOBAL_EXPLAIN", ("classifier", "regressor"),
        "The mean size of each feature's attribution; with class_level_explain per class_name.",
        {"feature": "VARCHAR", "attribution": "DOUBLE"}, _global_explain,
        settings=(CLASS_LEVEL,),
    ),
)  # fmt: skip
