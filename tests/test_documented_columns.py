"""Each ML function against Google's reference: columns, types, rows, order, NULLs, arguments.

The table is ``documented_functions``, written from the pages and not from the code.
"""

from __future__ import annotations

import re

import pytest

from retailsql.dialect.verbs.table import VERBS
from retailsql.errors import StatementError
from tests.documented_functions import ROWS, SERIES, TABULAR
from tests.documented_models import ROW_MODELS, assert_same, check, named, rows, trained


@pytest.fixture(scope="module")
def shop():
    """Models of rows and of ratings."""
    with trained(ROW_MODELS) as con:
        yield con


@pytest.mark.parametrize("entry", TABULAR, ids=named)
def test_columns_are_those_of_the_page(shop, entry):
    """Names, order and types, of a call that runs and returns rows."""
    check(shop, entry)


WITHOUT_PAGE = {
    ("PREDICT", "factorizer"): "BigQuery ML has ML.RECOMMEND alone; scripts use both",
    ("RECOMMEND", "recommender"): "ITEM_KNN is a model type of ours",
    ("EVALUATE", "recommender"): "ITEM_KNN is a model type of ours",
    ("FORECAST", "forecaster"): "LSTM is a model type of ours",
    ("EVALUATE", "forecaster"): "LSTM is a model type of ours",
    ("DETECT_ANOMALIES", "forecaster"): "LSTM is a model type of ours",
}


def test_every_function_is_in_the_table():
    """Each verb of each kind has an entry, or a reason for having none."""
    kinds = {
        "classifier": ("churn", "kinds", "flags"), "regressor": ("yearly", "tuned", "stumps"),
        "clusterer": ("segments",), "reducer": ("space", "squeeze"),
        "factorizer": ("taste", "clicks"), "transformer": ("prep",),
        "forecast_table": ("demand", "one", "xreg"),
    }  # fmt: skip
    told = {re.findall(r"ML\.(\w+)\((?:MODEL (\w+))?", e.call)[0] for e in TABULAR + SERIES}
    for verb in VERBS:
        models = {m for kind in verb.kinds for m in kinds.get(kind, ())} or {""}
        known = {(verb.name, m) for m in models} & told
        assert known or all((verb.name, k) in WITHOUT_PAGE for k in verb.kinds), verb.name


@pytest.mark.parametrize(
    ("call", "words", "why"),
    [
        ("ML.TRAINING_INFO(MODEL space)", "not for this kind", "PCA is solved, not iterated"),
        ("ML.EVALUATE(MODEL tuned, STRUCT(9 AS trial_id))", "best trial only", "others are gone"),
        ("ML.PREDICT(MODEL yearly, TABLE customers, STRUCT(1 AS trial_id))", "not tuned", ""),
        ("ML.RECOMMEND(MODEL taste, STRUCT(1 AS trial_id))", "not tuned", ""),
        ("ML.DETECT_ANOMALIES(MODEL segments, TABLE customers)", "needs the share", ""),
        ("ML.ROC_CURVE(MODEL kinds)", "3 classes", ""),
        ("ML.EVALUATE(MODEL kinds, STRUCT(0.4 AS threshold))", "no threshold", ""),
    ],
)  # fmt: skip
def test_what_is_documented_and_not_there_says_so(shop, call, words, why):
    """Refused with the reason, never answered with a stub."""
    with pytest.raises(StatementError, match=words):
        shop.execute(f"FROM {call}")


DRIFT = (
    "categorical_default_threshold categorical_metric_type numerical_default_threshold "
    "numerical_metric_type thresholds"
)
ARGUMENTS = {
    "PREDICT": "threshold keep_original_columns trial_id",
    "EVALUATE": "threshold trial_id perform_aggregation horizon confidence_level",
    "FORECAST": "horizon confidence_level", "EXPLAIN_FORECAST": "horizon confidence_level",
    "RECOMMEND": "trial_id", "GLOBAL_EXPLAIN": "class_level_explain",
    "EXPLAIN_PREDICT": "top_k_features threshold approx_feature_contrib",
    "DETECT_ANOMALIES": "anomaly_prob_threshold contamination",
    "CONFUSION_MATRIX": "threshold trial_id", "ROC_CURVE": "trial_id", "WEIGHTS": "standardize",
    "ADVANCED_WEIGHTS": "standardize", "CENTROIDS": "standardize",
    "ARIMA_EVALUATE": "show_all_candidate_models", "GENERATE_EMBEDDING": "trial_id",
    "DESCRIBE_DATA": "num_quantiles num_array_length_quantiles top_k",
    "VALIDATE_DATA_SKEW": f"{DRIFT} enable_visualization_link",
    "VALIDATE_DATA_DRIFT": f"{DRIFT} num_histogram_buckets num_quantiles_histogram_buckets "
    "num_values_histogram_buckets num_rank_histogram_buckets",
}  # fmt: skip
OURS = {
    "RECOMMEND": {"top_k", "exclude_seen"},  # the few best items, not all of them
    "EXPLAIN_PREDICT": {"num_permutations",  # how long Shapley sampling goes on
                        "integrated_gradients_num_steps"},  # of an older page; has no effect
}  # fmt: skip


@pytest.mark.parametrize("name", sorted({verb.name for verb in VERBS}))
def test_arguments_are_those_of_the_page(name):
    """Of all kinds of model together; nothing else is taken, and nothing is left out unsaid."""
    taken = {setting.name for verb in VERBS if verb.name == name for setting in verb.settings}
    wanted = set(ARGUMENTS.get(name, "").split())
    assert wanted <= taken <= wanted | OURS.get(name, set())


@pytest.mark.parametrize(
    ("plain", "given"),
    [
        (f"ML.PREDICT(MODEL churn, {ROWS})", "0.5 AS threshold"),
        ("ML.CONFUSION_MATRIX(MODEL churn)", "0.5 AS threshold"),
        ("ML.EVALUATE(MODEL churn, TABLE customers)", "0.5 AS threshold"),
        (f"ML.PREDICT(MODEL space, (SELECT *, 1 AS value FROM {ROWS}))",
         "FALSE AS keep_original_columns"),
        (f"ML.EXPLAIN_PREDICT(MODEL churn, {ROWS})", "5 AS top_k_features, 0.5 AS threshold"),
        (f"ML.EXPLAIN_PREDICT(MODEL stumps, {ROWS})", "FALSE AS approx_feature_contrib"),
        ("ML.GLOBAL_EXPLAIN(MODEL kinds)", "FALSE AS class_level_explain"),
        ("ML.WEIGHTS(MODEL churn)", "FALSE AS standardize"),
        ("ML.CENTROIDS(MODEL segments)", "FALSE AS standardize"),
        ("ML.DESCRIBE_DATA(TABLE customers)",
         "2 AS num_quantiles, 10 AS num_array_length_quantiles, 1 AS top_k"),
        ("ML.VALIDATE_DATA_DRIFT(TABLE customers, (FROM customers WHERE tenure < 20))",
         "10 AS num_quantiles_histogram_buckets, 10 AS num_histogram_buckets, 10 AS "
         "num_values_histogram_buckets, 50 AS num_rank_histogram_buckets, 'L_INFTY' AS "
         "categorical_metric_type, 0.3 AS categorical_default_threshold, 0.3 AS "
         "numerical_default_threshold, 'JENSEN_SHANNON_DIVERGENCE' AS numerical_metric_type"),
        ("ML.VALIDATE_DATA_SKEW(MODEL churn, (FROM customers WHERE tenure < 20))",
         "'L_INFTY' AS categorical_metric_type, 0.3 AS categorical_default_threshold, 0.3 AS "
         "numerical_default_threshold, FALSE AS enable_visualization_link"),
    ],
)  # fmt: skip
def test_defaults_are_the_documented_ones(shop, plain, given):
    """A setting left out is the same as its documented default."""
    assert_same(shop, plain, given)


def test_as_many_rows_as_the_pages_say(shop):
    """Rows in are rows out; a centroid, a component and a trial have their own numbers."""
    for call in (f"PREDICT(MODEL churn, {ROWS})", f"PREDICT(MODEL segments, {ROWS})"):
        assert rows(shop, f"SELECT count(*) FROM ML.{call}") == [(300,)]
    counted = "SELECT count(*), count(DISTINCT {}) FROM ML.{}"
    assert rows(shop, counted.format("centroid_id", "CENTROIDS(MODEL segments)")) == [(18, 6)]
    component = counted.format("principal_component_id", "PRINCIPAL_COMPONENTS(MODEL space)")
    assert rows(shop, component) == [(6, 2)]
    assert rows(shop, "SELECT trial_id FROM ML.TRIAL_INFO(MODEL tuned)") == [(1,), (2,)]
    assert rows(shop, "SELECT count(*) FROM ML.RECOMMEND(MODEL taste)") == [(450,)]
    one = "SELECT count(*) FROM ML.RECOMMEND(MODEL taste, (SELECT 3 AS product_id))"
    assert rows(shop, one) == [(30,)]


def test_five_nearest_centroids_the_nearest_first(shop):
    """Of six: k is the lesser of num_clusters and 5."""
    got = rows(shop, f"SELECT NEAREST_CENTROIDS_DISTANCE FROM ML.PREDICT(MODEL segments, {ROWS})")
    for (near,) in got:
        far = [c["DISTANCE"] for c in near]
        assert len(near) == 5
        assert far == sorted(far)


def test_components_are_in_descending_order_of_their_eigenvalues(shop):
    """Without ORDER BY."""
    told = rows(shop, "FROM ML.PRINCIPAL_COMPONENT_INFO(MODEL space)")
    assert [r[1] for r in told] == sorted((r[1] for r in told), reverse=True)
    assert told[-1][3] == pytest.approx(sum(r[2] for r in told))


def test_the_confusion_matrix_has_its_hits_on_the_diagonal(shop):
    """Both classes in ascending order."""
    (no, yes) = rows(shop, "FROM ML.CONFUSION_MATRIX(MODEL churn)")
    assert (no[0], yes[0]) == (False, True)
    assert no[1] > no[2]
    assert yes[2] > yes[1]


def test_weights_are_a_number_or_categories(shop):
    """The other is NULL; of a class each feature once; the global intercept without factors."""
    for name, weight, categories in rows(shop, "FROM ML.WEIGHTS(MODEL churn)"):
        assert (weight is None) == (name == "plan")
        assert (categories is None) == (name != "plan")
    each = "SELECT count(*) FROM ML.WEIGHTS(MODEL kinds) GROUP BY class_label, processed_input"
    assert set(rows(shop, each)) == {(1,)}
    intercept = "SELECT * FROM ML.WEIGHTS(MODEL {}) WHERE feature = 'global__intercept__'"
    assert rows(shop, intercept.format("clicks")) == [(None, "global__intercept__", None, 0.0)]
    (general,) = rows(shop, intercept.format("taste"))
    bias = "SELECT intercept FROM ML.WEIGHTS(MODEL taste) WHERE processed_input = 'product_id' AND "
    ((item,),) = rows(shop, f"{bias} feature = '3'")
    stranger = "(SELECT 999 AS customer_id, 3 AS product_id)"
    ((rating,),) = rows(shop, f"SELECT predicted_rating FROM ML.RECOMMEND(MODEL taste, {stranger})")
    assert rating == pytest.approx(general[3] + item)


def test_feature_info_has_what_the_type_has(shop):
    """NULLs elsewhere; of users and items their number alone."""
    told = {r[0]: r[1:] for r in rows(shop, "FROM ML.FEATURE_INFO(MODEL churn)")}
    assert told["plan"] == (None, None, None, None, None, 3, 0, None)
    assert told["tenure"][5:] == (None, 0, None)
    assert rows(shop, "FROM ML.FEATURE_INFO(MODEL taste)") == [
        ("customer_id", None, None, None, None, None, 30, None, None),
        ("product_id", None, None, None, None, None, 15, None, None),
    ]


def test_columns_before_transform_are_told_of(shop):
    """FEATURE_INFO and SKEW are of the raw columns, also where a feature has a column's name."""
    told = {r[0]: r[1:] for r in rows(shop, "FROM ML.FEATURE_INFO(MODEL scaled)")}
    assert told["spend"][:2] == (20.0, 230.0)
    assert told["plan"][5] == 3
    same = "SELECT input, value FROM ML.VALIDATE_DATA_SKEW(MODEL scaled, {})"
    assert rows(shop, same.format("TABLE customers")) == [("spend", 0.0), ("plan", 0.0)]
    scaled = "(SELECT spend / 210 AS spend, plan FROM customers)"
    assert rows(shop, same.format(scaled))[0] == ("spend", 1.0)


def test_a_tuned_model_tells_of_its_best_trial_only(shop):
    """The page: without rows every trial has a row. Here the others are not kept."""
    best = rows(shop, "SELECT trial_id FROM ML.TRIAL_INFO(MODEL tuned) WHERE is_optimal")
    for call in ("EVALUATE(MODEL tuned)", "WEIGHTS(MODEL tuned)", f"PREDICT(MODEL tuned, {ROWS})"):
        assert rows(shop, f"SELECT DISTINCT trial_id FROM ML.{call}") == best


def test_importance_is_of_features_after_transform(shop):
    """The page says of the columns before it; but one feature may be made of several columns,
    and a split of it says nothing of either alone.
    """
    told = rows(shop, "SELECT feature FROM ML.FEATURE_IMPORTANCE(MODEL scaled) ORDER BY feature")
    assert told == [("spend",), ("what",)]
