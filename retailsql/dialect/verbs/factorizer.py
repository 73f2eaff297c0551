"""``ML.RECOMMEND``, ``ML.PREDICT``, ``ML.EVALUATE`` and ``ML.WEIGHTS`` of matrix factorizations."""

from __future__ import annotations

from retailsql.dialect.settings import refuse
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.predict import call_of
from retailsql.dialect.verbs.recommend import EXCLUDE_SEEN, TOP_K
from retailsql.dialect.verbs.reports import report_query
from retailsql.dialect.verbs.training_info import FEATURES, TRAINING
from retailsql.dialect.verbs.trials import TRIAL_ID, trial_column, with_trial
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.calls import predict_query
from retailsql.registry.names import literal, quote
from retailsql.registry.store import StoredVersion

RATINGS = {
    "<user_col>": "<type of user_col>",
    "<item_col>": "<type of item_col>",
    "predicted_<rating_col>": "DOUBLE",
    "...": "",
}
WEIGHTS = {
    "processed_input": "VARCHAR",
    "feature": "VARCHAR",
    "factor_weights": "STRUCT(factor BIGINT, weight DOUBLE)[]",
    "intercept": "DOUBLE",
}
EMBEDDING = {
    "ml_generate_embedding_result": "DOUBLE[]",
    "processed_input": "VARCHAR",
    "feature": "VARCHAR",
}


def columns_of(stored: StoredVersion) -> tuple[str, str, str]:
    """The quoted names of the user's, the item's and the predicted column."""
    user, item = (quote(f.name) for f in stored.signature.features)
    return user, item, quote(next(iter(call_of(stored).outputs("x"))))


def ids_query(stored: StoredVersion, side: int) -> str:
    """The ids of all users (side 0) or items (side 1) of training, in their own column."""
    feature, name = stored.signature.features[side], stored.name
    ids = f"CAST(signature -> '$.features[{side}].categories' AS VARCHAR[])"
    return (
        f"(SELECT CAST(unnest({ids}) AS {feature.sql_type}) AS {quote(feature.name)} "
        f"FROM {name.registry}.versions WHERE model_schema = {literal(name.schema)} "
        f"AND model_name = {literal(name.name)} AND version = {stored.version})"
    )


def _recommend(call: MLCall, stored: StoredVersion) -> str:
    user, item, predicted = columns_of(stored)
    trial_column(call, stored)  # refuses another; documented: the columns are the same
    given, lists = _given(call, stored), call.fields.keys() - {TRIAL_ID.name}
    if lists and given not in ((), (0,)):
        raise refuse(
            next(call.fields[name] for name in call.fields if name in lists),
            f"ML.RECOMMEND of model {stored.name.text!r} lists the best items of users",
            "rows with the user column only, or no rows",
            "leave the item column out of the rows, or leave STRUCT(...) out",
        )
    if given == (0, 1):
        score = call_of(stored).over_row("__rs_row")
        return (
            f"SELECT {user}, {item}, {score} AS {predicted}, __rs_row.* EXCLUDE ({user}, {item}) "
            f"FROM {call.relation} AS __rs_row"
        )
    rows = f"(SELECT DISTINCT {user if given == (0,) else item} FROM {call.relation} AS __rs_given)"
    users = rows if given == (0,) else ids_query(stored, 0)
    if lists:
        return _lists(call, stored, users)
    items = rows if given == (1,) else ids_query(stored, 1)
    score = call_of(stored).over_row("__rs_row")
    return (
        f"SELECT {user}, {item}, {score} AS {predicted} FROM "
        f"(SELECT * FROM {users} AS __rs_users CROSS JOIN {items} AS __rs_items) AS __rs_row"
    )


def _given(call: MLCall, stored: StoredVersion) -> tuple[int, ...]:
    """Which of user (0) and item (1) the rows have."""
    if call.relation is None:
        return ()
    there = {column.lower() for column in call.describe()}
    names = [f.name for f in stored.signature.features]
    given = tuple(i for i, name in enumerate(names) if name.lower() in there)
    if not given:
        raise call.error(
            f"The rows given to ML.RECOMMEND have neither {names[0]!r} nor {names[1]!r}",
            seen=", ".join(sorted(there)), wanted=f"{names[0]}, {names[1]} or both",
            todo=f"name one: SELECT x AS {names[0]}",
        )  # fmt: skip
    return given


def _lists(call: MLCall, stored: StoredVersion, users: str) -> str:
    user, item, predicted = columns_of(stored)
    most = len(stored.signature.features[1].categories or ())
    k, seen = call.settings.get("top_k", most), literal(call.settings.get("exclude_seen", True))
    kind = stored.signature.features[1].sql_type
    return (
        f"SELECT {user}, CAST(__rs_r.item_id AS {kind}) AS {item}, "
        f"__rs_r.score AS {predicted}, __rs_r.rank AS rank FROM "
        f"(SELECT {user}, unnest({call_of(stored).top}({user}, {k}, {seen})) AS __rs_r "
        f"FROM {users} AS __rs_users)"
    )


def _predict(call: MLCall, stored: StoredVersion) -> str:
    assert call.relation is not None
    rows = predict_query(call_of(stored), call.relation, outputs_first=True)
    return with_trial(call, stored, rows)


def _weights(call: MLCall, stored: StoredVersion) -> str:
    kinds = {"processed_input": "VARCHAR", "feature": "VARCHAR", "weights": "DOUBLE[]"}
    rows = report_query(call, stored, "weights", {**kinds, "intercept": "DOUBLE"})
    pairs = "list_transform(weights, lambda w, i: {'factor': i, 'weight': w})"
    return (
        f"SELECT {trial_column(call, stored)}processed_input, feature, "
        f"CAST({pairs} AS {WEIGHTS['factor_weights']}) AS factor_weights, intercept FROM ({rows})"
    )


def _embed(call: MLCall, stored: StoredVersion) -> str:
    """The factors and, last, the bias: as documented, of training's users and items, no rows."""
    kinds = {"processed_input": "VARCHAR", "feature": "VARCHAR", "weights": "DOUBLE[]"}
    rows = report_query(call, stored, "weights", {**kinds, "intercept": "DOUBLE"})
    return (
        f"SELECT {trial_column(call, stored)}list_append(weights, intercept) "
        f"AS ml_generate_embedding_result, processed_input, feature FROM ({rows})"
    )


def _training(call: MLCall, stored: StoredVersion) -> str:
    return report_query(call, stored, "training_info", TRAINING)


def _features(call: MLCall, stored: StoredVersion) -> str:
    """As documented, of user and item the number of categories alone."""
    rows = ", ".join(
        f"({i}, {literal(f.name)}, {len(f.categories or ())})"
        for i, f in enumerate(stored.signature.features)
    )
    told = {"input": "__rs_f.name", "category_count": "__rs_f.many"}
    columns = ", ".join(
        f"CAST({told.get(name, 'NULL')} AS {kind}) AS {quote(name)}"
        for name, kind in FEATURES.items()
    )
    return f"SELECT {columns} FROM (VALUES {rows}) AS __rs_f(place, name, many) ORDER BY place"


VERBS = (
    Verb(
        "RECOMMEND", ("factorizer",),
        "The rating of every user and item, or of those given; with top_k the best items of users.",
        RATINGS, _recommend, rows="may", settings=(TOP_K, EXCLUDE_SEEN, TRIAL_ID),
    ),
    Verb(
        "PREDICT", ("factorizer",),
        "The rating of each row's user and item. A tuned model has trial_id before it.",
        {"predicted_<rating_col>": "DOUBLE", "...": ""}, _predict, rows="must",
        settings=(TRIAL_ID,),
    ),
    Verb(
        "WEIGHTS", ("factorizer",),
        "Bias and factors of each user and item; of a tuned model trial_id first.", WEIGHTS,
        _weights,
    ),
    Verb(
        "GENERATE_EMBEDDING", ("factorizer",),
        "Factors and bias of each user and item as one list; of a tuned model trial_id first.",
        EMBEDDING, _embed, settings=(TRIAL_ID,),
    ),
    Verb(
        "TRAINING_INFO", ("factorizer",),
        "The loss of each pass over users and items: the squared errors and the weighted squares "
        "of biases and factors, over the number of ratings.",
        TRAINING, _training,
    ),
    Verb(
        "FEATURE_INFO", ("factorizer",), "How many users and items there are.", FEATURES, _features,
    ),
)  # fmt: skip
