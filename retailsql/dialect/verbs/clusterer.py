"""``ML.PREDICT``, ``ML.EVALUATE`` and ``ML.CENTROIDS`` of k-means models."""

from __future__ import annotations

from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.predict import call_of
from retailsql.dialect.verbs.reports import report_query
from retailsql.dialect.verbs.stored_metrics import stored_metrics
from retailsql.dialect.verbs.training_info import TRAINING
from retailsql.dialect.verbs.trials import TRIAL_ID, trial_column, with_trial
from retailsql.dialect.verbs.verb import Verb
from retailsql.functions.lists import (
    NEAREST_TYPE,
    SCORE,
    list_outputs,
    list_query,
    nearest_centroid,
    scored,
)
from retailsql.registry.store import StoredVersion

STANDARDIZE = Setting("standardize", "bool", "true or false")
METRICS = ("davies_bouldin_index", "mean_squared_distance")
CATEGORIES = "STRUCT(category VARCHAR, value DOUBLE)[]"
STORED = {
    **TRAINING,
    "cluster_info": "STRUCT(centroid_id BIGINT, cluster_radius DOUBLE, cluster_size BIGINT)[]",
}
ITERATIONS = {name: kind for name, kind in STORED.items() if name != "eval_loss"}


def _predict(call: MLCall, stored: StoredVersion) -> str:
    assert call.relation is not None
    rows = list_query(call_of(stored), call.relation, list_outputs(stored.signature))
    return with_trial(call, stored, rows)


def _evaluate(call: MLCall, stored: StoredVersion) -> str:
    """The saved evaluation, or the same metrics of the rows given: see
    ``evaluation.clusters.davies_bouldin_index`` for the formula.
    """
    if call.relation is None:
        return with_trial(call, stored, stored_metrics(stored, METRICS))
    between = report_query(
        call, stored, "centroid_distances", {"a": "BIGINT", "b": "BIGINT", "distance": "DOUBLE"}
    )
    return (
        f"WITH __rs_near AS MATERIALIZED (SELECT {nearest_centroid(SCORE)} AS id, "
        f"list_min({SCORE}) AS d FROM {scored(call_of(stored), call.relation)} "
        f"WHERE {SCORE} IS NOT NULL), "
        "__rs_spread AS (SELECT id, avg(d) AS s FROM __rs_near GROUP BY id), "
        "__rs_worst AS (SELECT max((x.s + y.s) / nullif(m.distance, 0)) AS r "
        f"FROM ({between}) AS m JOIN __rs_spread AS x ON x.id = m.a "
        "JOIN __rs_spread AS y ON y.id = m.b GROUP BY m.a) "
        f"SELECT {trial_column(call, stored)}"
        "(SELECT avg(r) FROM __rs_worst) AS davies_bouldin_index, "
        "(SELECT avg(d * d) FROM __rs_near) AS mean_squared_distance"
    )


def _training(call: MLCall, stored: StoredVersion) -> str:
    """No row is held out of a clustering's iterations; documented: it has no eval_loss."""
    rows = report_query(call, stored, "training_info", STORED)
    return f"SELECT * EXCLUDE (eval_loss) FROM ({rows})"


def _centroids(call: MLCall, stored: StoredVersion) -> str:
    columns = {
        "centroid_id": "BIGINT", "feature": "VARCHAR", "numerical_value": "DOUBLE",
        "categorical_value": CATEGORIES, "standardized_value": "DOUBLE",
        "standardized_categories": CATEGORIES,
    }  # fmt: skip
    value, categories = "numerical_value", "categorical_value"
    if call.settings.get("standardize"):
        value, categories = "standardized_value", "standardized_categories"
    return (
        f"SELECT {trial_column(call, stored)}centroid_id, feature, {value} AS numerical_value, "
        f"{categories} AS categorical_value, CAST(NULL AS VARCHAR) AS geography_value "
        f"FROM ({report_query(call, stored, 'centroids', columns)})"
    )


VERBS = (
    Verb(
        "PREDICT", ("clusterer",),
        "The nearest centroid of each row, and the distances to five. A tuned model has trial_id "
        "before them.",
        {"CENTROID_ID": "BIGINT", "NEAREST_CENTROIDS_DISTANCE": NEAREST_TYPE, "...": ""},
        _predict, rows="must", settings=(TRIAL_ID,),
    ),
    Verb(
        "EVALUATE", ("clusterer",),
        "How tight and how far apart the clusters are: on rows held out in training, or on those "
        "given. A tuned model has trial_id before them.",
        dict.fromkeys(METRICS, "DOUBLE"), _evaluate, rows="may", settings=(TRIAL_ID,),
    ),
    Verb(
        "TRAINING_INFO", ("clusterer",),
        "The mean squared distance after each iteration of the best start; the clusters beside the "
        "last.",
        ITERATIONS, _training,
    ),
    Verb(
        "CENTROIDS", ("clusterer",),
        "Each centroid, one row per feature: a number, or the share of each category; of "
        "a tuned model trial_id first.",
        {
            "centroid_id": "BIGINT",
            "feature": "VARCHAR",
            "numerical_value": "DOUBLE",
            "categorical_value": CATEGORIES,
            "geography_value": "VARCHAR",
        },
        _centroids, settings=(STANDARDIZE,),
    ),
)  # fmt: skip
