"""What BigQuery ML knows: its options by model type, and its model types that are not here.

From Google's CREATE MODEL pages. An option that BigQuery ML has for a model type and that has no
effect here is dropped, and the result row says so; any other unknown one is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

REGISTRY = frozenset(
    [
        "model_registry",
        "vertex_ai_model_id",
        "vertex_ai_model_version_aliases",
        "kms_key_name",
        "expiration_timestamp",
    ]
)
TUNING = frozenset(
    ["num_trials", "max_parallel_trials", "hparam_tuning_algorithm", "hparam_tuning_objectives"]
)
SPLIT = frozenset(
    ["data_split_method", "data_split_eval_fraction", "data_split_test_fraction", "data_split_col"]
)
STOPPING = frozenset(["max_iterations", "early_stop", "min_rel_progress"])
SUPERVISED = REGISTRY | TUNING | SPLIT | STOPPING | {"input_label_cols", "enable_global_explain"}
CLASSES = frozenset(["auto_class_weights", "class_weights"])
LINEAR = SUPERVISED | {
    "optimize_strategy", "learn_rate_strategy", "learn_rate", "ls_init_learn_rate",
    "calculate_p_values", "fit_intercept", "category_encoding_method", "l1_reg", "l2_reg",
    "warm_start",
}  # fmt: skip
FOREST = SUPERVISED | {
    "approx_global_feature_contrib", "num_parallel_tree", "max_tree_depth", "l1_reg", "l2_reg",
    "tree_method", "min_tree_child_weight", "colsample_bytree", "colsample_bylevel",
    "colsample_bynode", "min_split_loss", "subsample", "instance_weight_col", "xgboost_version",
}  # fmt: skip
BOOSTED = FOREST | {
    "booster_type", "dart_normalize_type", "dropout", "learn_rate", "category_encoding_method",
}  # fmt: skip
NETWORK = SUPERVISED | {
    "hidden_units", "activation_fn", "batch_size", "dropout", "learn_rate", "optimizer", "l1_reg",
    "l2_reg", "warm_start", "tf_version", "integrated_gradients_num_steps",
}  # fmt: skip
ARIMA = REGISTRY | {
    "time_series_timestamp_col", "time_series_data_col", "time_series_id_col", "horizon",
    "auto_arima", "auto_arima_max_order", "auto_arima_min_order", "non_seasonal_order",
    "data_frequency", "include_drift", "holiday_region", "clean_spikes_and_dips",
    "adjust_step_changes", "time_series_length_fraction", "min_time_series_length",
    "max_time_series_length", "trend_smoothing_window_size", "decompose_time_series",
    "forecast_limit_lower_bound", "forecast_limit_upper_bound", "seasonalities",
    "hierarchical_time_series_cols",
}  # fmt: skip

KNOWN: Mapping[str, frozenset[str]] = {
    "LINEAR_REG": LINEAR,
    "LOGISTIC_REG": LINEAR | CLASSES,
    "BOOSTED_TREE_CLASSIFIER": BOOSTED | CLASSES,
    "BOOSTED_TREE_REGRESSOR": BOOSTED,
    "RANDOM_FOREST_CLASSIFIER": FOREST | CLASSES,
    "RANDOM_FOREST_REGRESSOR": FOREST,
    "DNN_CLASSIFIER": NETWORK | CLASSES,
    "DNN_REGRESSOR": NETWORK,
    "DECISION_TREE_REGRESSOR": FOREST,
    "SVM_REGRESSOR": LINEAR,
    "KMEANS": REGISTRY | TUNING | STOPPING | {
        "num_clusters", "kmeans_init_method", "kmeans_init_col", "distance_type",
        "standardize_features", "warm_start",
    },
    "PCA": REGISTRY | {
        "num_principal_components", "pca_explained_variance_ratio", "scale_features", "pca_solver",
    },
    "AUTOENCODER": REGISTRY | TUNING | STOPPING | {
        "l1_reg_activation", "learn_rate", "optimizer", "activation_fn", "batch_size", "dropout",
        "hidden_units", "tf_version", "warm_start", "l1_reg", "l2_reg",
    },
    "MATRIX_FACTORIZATION": REGISTRY | TUNING | SPLIT | STOPPING | {
        "feedback_type", "num_factors", "user_col", "item_col", "rating_col", "wals_alpha",
        "l2_reg", "warm_start",
    },
    "ARIMA_PLUS": ARIMA,
    "ARIMA_PLUS_XREG": ARIMA | {"l2_reg", "enable_global_explain"},
    "ONNX": REGISTRY | {"model_path"},
    "TRANSFORM_ONLY": REGISTRY,
    "LSTM": REGISTRY,
    "ITEM_KNN": REGISTRY,
}  # fmt: skip
"""Model type -> the options BigQuery ML has for it; for this project's own types, those of the
nearest one."""

HARMLESS: Mapping[str, tuple[Any, ...]] = {
    "booster_type": ("GBTREE",),
    "tree_method": ("AUTO", "HIST"),
    "num_parallel_tree": (1,),
    "subsample": (1,),
    "colsample_bytree": (1,),
    "colsample_bylevel": (1,),
    "min_split_loss": (0,),
    "l1_reg": (0,),
    "dropout": (0,),
    "category_encoding_method": ("ONE_HOT_ENCODING",),
    "optimize_strategy": ("AUTO_STRATEGY",),
    "max_parallel_trials": (1,),
    "calculate_p_values": (False,),
    "warm_start": (False,),
    "enable_global_explain": (True, False),
}
"""Values of options without effect that ask for what is done anyway: nothing is said of them.
Explanations need no preparation here."""

OLD_NAMES: Mapping[str, str] = {"ARIMA": "ARIMA_PLUS"}
"""Names that BigQuery ML gave model types before, and still takes."""
NOT_HERE: Mapping[str, str] = {
    "DNN_LINEAR_COMBINED_CLASSIFIER": "DNN_CLASSIFIER",
    "DNN_LINEAR_COMBINED_REGRESSOR": "DNN_REGRESSOR",
    "WIDE_AND_DEEP": "DNN_CLASSIFIER",
    "WIDE_AND_DEEP_CLASSIFIER": "DNN_CLASSIFIER",
    "WIDE_AND_DEEP_REGRESSOR": "DNN_REGRESSOR",
    "AUTOML_CLASSIFIER": "BOOSTED_TREE_CLASSIFIER",
    "AUTOML_REGRESSOR": "BOOSTED_TREE_REGRESSOR",
    "TENSORFLOW": "ONNX",
    "TENSORFLOW_LITE": "ONNX",
    "XGBOOST": "ONNX",
    "CONTRIBUTION_ANALYSIS": "BOOSTED_TREE_REGRESSOR",
}
"""Model types of BigQuery ML that are not here, and the nearest that is."""


def without_effect(
    model_type: str, given: Mapping[str, Any], own: Iterable[str]
) -> tuple[dict[str, Any], list[str]]:
    """The options without those that BigQuery ML has and that do nothing here.

    Args:
        model_type: upper case.
        given: options by their names in lower case.
        own: the options that have an effect.

    Returns:
        The other options, and a warning if any were dropped that ask for something.

    >>> without_effect("LINEAR_REG", {"l2_reg": 1, "learn_rate": 0.1}, ["l2_reg"])
    ({'l2_reg': 1}, ['Option learn_rate is of BigQuery ML and has no effect here'])
    """
    effective, known = set(own), KNOWN.get(model_type, REGISTRY)
    idle = [n for n in given if n in known and n not in effective]
    kept = {n: v for n, v in given.items() if n not in idle}
    said = [n for n in idle if not _harmless(n, given[n])]
    if not said:
        return kept, []
    plural = "Options {} are of BigQuery ML and have no effect here"
    single = "Option {} is of BigQuery ML and has no effect here"
    return kept, [(plural if len(said) > 1 else single).format(", ".join(said))]


def _harmless(name: str, value: Any) -> bool:
    value = value.upper() if isinstance(value, str) else value
    return any(value == good for good in HARMLESS.get(name, ()))
