"""The table of tabular models: which estimator a model_type is, and which options it has.

Defaults are meant for retail tables and were chosen on validation rows (see
``benchmarks/quality_tabular.py``): a forest with leaves of twenty rows neither overfits nor leaks
its members as scikit-learn's default does (Telco AUC .847 against .822), boosting is shallow and
slow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR, LinearSVR
from sklearn.tree import DecisionTreeRegressor

from retailsql.errors import TrainingError
from retailsql.training.options import Option
from retailsql.training.tabular.estimator_options import (
    BOOSTED_CLASSIFIER,
    BOOSTED_REGRESSOR,
    FOREST,
    LINEAR,
    LOGISTIC,
    NETWORK,
    SVM,
    TREE,
    WEIGHTS,
)
from retailsql.training.tabular.keras_mlp import KerasTrained, needs_keras

Values = Mapping[str, Any]

EXACT_SVM_ROWS = 4_000
"""Up to this many rows an SVM is exact; its time grows with the square of the rows and its graph
with the rows. Above, the kernel is approximated by 400 landmarks (Nystroem)."""
LANDMARKS = 400
MOST_SVM_ROWS = 100_000
"""An SVM is trained on a seeded sample of this many rows at most: its kernel is held whole."""


@dataclass(frozen=True)
class Estimator:
    """One model type.

    Args:
        kind: what it predicts.
        form: how its graph is made: trees by skl2onnx, linear and kernel by hand (two or three
            operators, and smaller), network by skl2onnx.
        build: options and number of training rows -> an unfitted estimator.
        options: the options it has besides the common ones.
    """

    kind: Literal["classifier", "regressor"]
    form: Literal["trees", "linear", "kernel", "network"]
    build: Callable[[Values, int], Any]
    options: tuple[Option, ...]

    @property
    def most_rows(self) -> int | None:
        """Rows it is trained on at most, or None."""
        return MOST_SVM_ROWS if self.form == "kernel" else None

    @property
    def standardize(self) -> bool:
        """True if numbers must be brought to one scale."""
        return self.form != "trees"

    @property
    def weighs_classes(self) -> bool:
        """True if the estimator balances classes by itself (auto_class_weights)."""
        return self.form != "network"


def _leaf(o: Values, rows: int) -> int:
    """Leaves grow with the table, or a forest on a million rows would be a gigabyte of graph."""
    return int(o["min_tree_child_weight"]) or max(20, rows // 2000)


def _forest(o: Values, rows: int) -> dict[str, Any]:
    return {
        "n_estimators": o["num_parallel_tree"],
        "max_depth": o["max_tree_depth"] or None,
        "min_samples_leaf": _leaf(o, rows),
        "max_samples": o["subsample"] if o["subsample"] < 1 else None,
        "random_state": o["seed"],
    }


def _split_loss(o: Values, rows: int, factor: float) -> float:
    """min_split_loss as scikit-learn counts it.

    XGBoost's gain of a split is half the drop of the summed squared error, and with the logarithmic
    loss, whose second derivative is a quarter, the rows times the drop of the Gini impurity.
    """
    return factor * float(o["min_split_loss"]) / rows


def _forest_classifier(o: Values, rows: int) -> Any:
    return RandomForestClassifier(
        class_weight=_weights(o),
        max_features=o["colsample_bynode"] or "sqrt",
        min_impurity_decrease=_split_loss(o, rows, 1.0),
        **_forest(o, rows),
    )


def _forest_regressor(o: Values, rows: int) -> Any:
    return RandomForestRegressor(
        max_features=o["colsample_bynode"] or 1 / 3,
        min_impurity_decrease=_split_loss(o, rows, 2.0),
        **_forest(o, rows),
    )


def _weights(o: Values) -> str | None:
    return "balanced" if o["auto_class_weights"] else None


def _boosting(o: Values) -> dict[str, Any]:
    return {
        "max_iter": o["max_iterations"],
        "learning_rate": o["learn_rate"],
        "max_depth": o["max_tree_depth"] or None,
        "min_samples_leaf": max(1, o["min_tree_child_weight"]),
        "l2_regularization": o["l2_reg"],
        "max_features": o["colsample_bynode"],
        "early_stopping": False,
        "random_state": o["seed"],
    }


def _boosted_classifier(o: Values, rows: int) -> Any:
    return HistGradientBoostingClassifier(class_weight=_weights(o), **_boosting(o))


def _boosted_regressor(o: Values, rows: int) -> Any:
    return HistGradientBoostingRegressor(loss=o["loss"].lower(), **_boosting(o))


def _tree(o: Values, rows: int) -> Any:
    return DecisionTreeRegressor(
        criterion=o["loss"].lower(),
        max_depth=o["max_tree_depth"] or None,
        min_samples_leaf=_leaf(o, rows),
        min_impurity_decrease=_split_loss(o, rows, 2.0),
        random_state=o["seed"],
    )


def _logistic(o: Values, rows: int) -> Any:
    l1, l2 = o["l1_reg"], o["l2_reg"]
    common = {
        "class_weight": _weights(o),
        "max_iter": o["max_iterations"],
        "fit_intercept": o["fit_intercept"],
    }
    if o["calculate_p_values"]:  # standard errors are of the very minimum
        return LogisticRegression(C=float("inf"), solver="newton-cholesky", tol=1e-9, **common)
    if l1 == 0:
        return LogisticRegression(C=1 / l2 if l2 else float("inf"), **common)
    return LogisticRegression(
        C=1 / (l1 + l2), l1_ratio=l1 / (l1 + l2), solver="saga", random_state=o["seed"], **common
    )


def _linear(o: Values, rows: int) -> Any:
    l1, l2 = o["l1_reg"], o["l2_reg"]
    if o["calculate_p_values"]:
        return LinearRegression(fit_intercept=o["fit_intercept"])
    if l1 == 0:
        # Never exactly 0: the one-hot columns of a category add up to the constant.
        return Ridge(alpha=max(l2, 1e-3), fit_intercept=o["fit_intercept"])
    # scikit-learn divides the loss by 2 * rows; the options weigh sums, as Ridge does.
    alpha = l1 / (2 * rows) + l2 / rows
    return ElasticNet(
        alpha=alpha,
        l1_ratio=l1 / (2 * rows) / alpha,
        max_iter=o["max_iterations"],
        fit_intercept=o["fit_intercept"],
    )


def _svm(o: Values, rows: int) -> Any:
    cost, epsilon = o["cost"], o["epsilon"]
    if rows <= EXACT_SVM_ROWS:
        return SVR(C=cost, epsilon=epsilon, gamma=o["gamma"])
    return make_pipeline(
        Nystroem(gamma=o["gamma"], n_components=LANDMARKS, random_state=o["seed"]),
        LinearSVR(C=cost, epsilon=epsilon, max_iter=o["max_iterations"], random_state=o["seed"]),
    )


MOST_UNITS = 100_000
_ACTIVATIONS = {"RELU": "relu", "TANH": "tanh", "SIGMOID": "logistic", "IDENTITY": "identity"}


def _network(o: Values) -> dict[str, Any]:
    units = o["hidden_units"]
    if not units or not all(isinstance(u, int) and 0 < u <= MOST_UNITS for u in units):
        raise TrainingError(
            "Option hidden_units is no list of layer sizes", seen=units,
            wanted=f"such as [64, 32], each from 1 to {MOST_UNITS}",
        )  # fmt: skip
    return {
        "hidden_layer_sizes": tuple(units),
        "alpha": o["l2_reg"],
        "learning_rate_init": o["learn_rate"],
        "max_iter": o["max_iterations"],
        "activation": _ACTIVATIONS[o["activation_fn"]],
        "solver": "sgd" if o["optimizer"] == "SGD" else "adam",
        "batch_size": o["batch_size"] or "auto",
        "early_stopping": o["early_stop"],
        "random_state": o["seed"],
    }


def _classes_net(o: Values, rows: int) -> Any:
    network = MLPClassifier(**_network(o))
    return KerasTrained(network, o) if needs_keras(o) else network


def _numbers_net(o: Values, rows: int) -> Any:
    network = MLPRegressor(**_network(o))
    return KerasTrained(network, o) if needs_keras(o) else network


MODELS: dict[str, Estimator] = {
    "LOGISTIC_REG": Estimator("classifier", "linear", _logistic, LOGISTIC),
    "RANDOM_FOREST_CLASSIFIER": Estimator(
        "classifier", "trees", _forest_classifier, (*FOREST, *WEIGHTS)
    ),
    "BOOSTED_TREE_CLASSIFIER": Estimator(
        "classifier", "trees", _boosted_classifier, BOOSTED_CLASSIFIER
    ),
    "DNN_CLASSIFIER": Estimator("classifier", "network", _classes_net, (*NETWORK, *WEIGHTS)),
    "LINEAR_REG": Estimator("regressor", "linear", _linear, LINEAR),
    "SVM_REGRESSOR": Estimator("regressor", "kernel", _svm, SVM),
    "DECISION_TREE_REGRESSOR": Estimator("regressor", "trees", _tree, TREE),
    "RANDOM_FOREST_REGRESSOR": Estimator("regressor", "trees", _forest_regressor, FOREST),
    "BOOSTED_TREE_REGRESSOR": Estimator(
        "regressor", "trees", _boosted_regressor, BOOSTED_REGRESSOR
    ),
    "DNN_REGRESSOR": Estimator("regressor", "network", _numbers_net, NETWORK),
}
"""Every tabular model_type."""
