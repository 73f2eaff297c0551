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
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR, LinearSVR
from sklearn.tree import DecisionTreeRegressor

from retailsql.errors import TrainingError
from retailsql.training.options import Option

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


LEAF = Option(
    "min_tree_child_weight",
    "int",
    0,
    "Rows a leaf holds at least; 0: 10, or 1 in 2,000 of all.",
    minimum=0,
)
LEAF_BOOSTED = Option("min_tree_child_weight", "int", 20, "Rows a leaf holds at least.", minimum=1)
DEPTH = Option("max_tree_depth", "int", 0, "Deepest tree; 0 for no limit.", minimum=0)
TREES = Option("num_parallel_tree", "int", 100, "Number of trees.", minimum=1)
SUBSAMPLE = Option("subsample", "float", 1.0, "Share of rows drawn for each tree.", minimum=0.01)
WEIGHTS = Option("auto_class_weights", "bool", False, "Weigh classes equally (no probabilities).")
L1 = Option("l1_reg", "float", 0.0, "Weight of the sum of absolute coefficients.", minimum=0)
L2 = Option("l2_reg", "float", 1.0, "Weight of the sum of squared coefficients.", minimum=0)
STEPS = Option("max_iterations", "int", 1000, "Steps of the solver at most.", minimum=1)
HIDDEN = Option("hidden_units", "list", (64, 32), "Units of each hidden layer.")
RATE = Option("learn_rate", "float", 0.001, "Step size.", minimum=1e-6)


def _boosted(depth: int, iterations: int, rate: float) -> tuple[Option, ...]:
    return (
        Option("max_iterations", "int", iterations, "Number of boosting rounds.", minimum=1),
        Option("learn_rate", "float", rate, "Share of each tree that is added.", minimum=1e-4),
        Option("max_tree_depth", "int", depth, "Deepest tree; 0 for no limit.", minimum=0),
        LEAF_BOOSTED,
        L2,
    )


LOSS = Option(
    "loss", "str", "SQUARED_ERROR", "What training minimises.", ("SQUARED_ERROR", "ABSOLUTE_ERROR")
)


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


def _forest_classifier(o: Values, rows: int) -> Any:
    return RandomForestClassifier(class_weight=_weights(o), **_forest(o, rows))


def _forest_regressor(o: Values, rows: int) -> Any:
    return RandomForestRegressor(max_features=1 / 3, **_forest(o, rows))


def _weights(o: Values) -> str | None:
    return "balanced" if o["auto_class_weights"] else None


def _boosting(o: Values) -> dict[str, Any]:
    return {
        "max_iter": o["max_iterations"],
        "learning_rate": o["learn_rate"],
        "max_depth": o["max_tree_depth"] or None,
        "min_samples_leaf": o["min_tree_child_weight"],
        "l2_regularization": o["l2_reg"],
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
        random_state=o["seed"],
    )


def _logistic(o: Values, rows: int) -> Any:
    l1, l2 = o["l1_reg"], o["l2_reg"]
    common = {"class_weight": _weights(o), "max_iter": o["max_iterations"]}
    if l1 == 0:
        return LogisticRegression(C=1 / l2 if l2 else float("inf"), **common)
    return LogisticRegression(
        C=1 / (l1 + l2), l1_ratio=l1 / (l1 + l2), solver="saga", random_state=o["seed"], **common
    )


def _linear(o: Values, rows: int) -> Any:
    l1, l2 = o["l1_reg"], o["l2_reg"]
    if l1 == 0:
        # Never exactly 0: the one-hot columns of a category add up to the constant.
        return Ridge(alpha=max(l2, 1e-3))
    # scikit-learn divides the loss by 2 * rows; the options weigh sums, as Ridge does.
    alpha = l1 / (2 * rows) + l2 / rows
    return ElasticNet(alpha=alpha, l1_ratio=l1 / (2 * rows) / alpha, max_iter=o["max_iterations"])


def _svm(o: Values, rows: int) -> Any:
    cost, epsilon = o["cost"], o["epsilon"]
    if rows <= EXACT_SVM_ROWS:
        return SVR(C=cost, epsilon=epsilon, gamma=o["gamma"])
    return make_pipeline(
        Nystroem(gamma=o["gamma"], n_components=LANDMARKS, random_state=o["seed"]),
        LinearSVR(C=cost, epsilon=epsilon, max_iter=o["max_iterations"], random_state=o["seed"]),
    )


def _network(o: Values) -> dict[str, Any]:
    units = o["hidden_units"]
    if not units or not all(isinstance(u, int) and u > 0 for u in units):
        raise TrainingError(
            "Option hidden_units is no list of layer sizes", seen=units, wanted="such as [64, 32]"
        )
    return {
        "hidden_layer_sizes": tuple(units),
        "alpha": o["l2_reg"],
        "learning_rate_init": o["learn_rate"],
        "max_iter": o["max_iterations"],
        "early_stopping": True,
        "random_state": o["seed"],
    }


_TREE_OPTIONS = (DEPTH, LEAF)
_FOREST_OPTIONS = (TREES, *_TREE_OPTIONS, SUBSAMPLE)
_NETWORK_OPTIONS = (
    HIDDEN, RATE,
    Option("l2_reg", "float", 1e-3, "Weight of the sum of squared weights.", minimum=0),
    Option("max_iterations", "int", 200, "Passes over the rows at most; stops early.", minimum=1),
)  # fmt: skip
_SVM_OPTIONS = (
    Option("cost", "float", 1.0, "Price of an error beyond epsilon.", minimum=1e-6),
    Option("epsilon", "float", 0.1, "Free error, in standard deviations of the label.", minimum=0),
    Option("gamma", "float", 0.02, "Width of the kernel, exp(-gamma * distance^2).", minimum=1e-9),
    STEPS,
)

MODELS: dict[str, Estimator] = {
    "LOGISTIC_REG": Estimator("classifier", "linear", _logistic, (L1, L2, STEPS, WEIGHTS)),
    "RANDOM_FOREST_CLASSIFIER": Estimator(
        "classifier", "trees", _forest_classifier, (*_FOREST_OPTIONS, WEIGHTS)
    ),
    "BOOSTED_TREE_CLASSIFIER": Estimator(
        "classifier", "trees", _boosted_classifier, (*_boosted(2, 300, 0.05), WEIGHTS)
    ),
    "DNN_CLASSIFIER": Estimator(
        "classifier", "network", lambda o, _: MLPClassifier(**_network(o)), _NETWORK_OPTIONS
    ),
    "LINEAR_REG": Estimator("regressor", "linear", _linear, (L1, L2, STEPS)),
    "SVM_REGRESSOR": Estimator("regressor", "kernel", _svm, _SVM_OPTIONS),
    "DECISION_TREE_REGRESSOR": Estimator("regressor", "trees", _tree, (*_TREE_OPTIONS, LOSS)),
    "RANDOM_FOREST_REGRESSOR": Estimator("regressor", "trees", _forest_regressor, _FOREST_OPTIONS),
    "BOOSTED_TREE_REGRESSOR": Estimator(
        "regressor", "trees", _boosted_regressor, (*_boosted(6, 300, 0.05), LOSS)
    ),
    "DNN_REGRESSOR": Estimator(
        "regressor", "network", lambda o, _: MLPRegressor(**_network(o)), _NETWORK_OPTIONS
    ),
}
"""Every tabular model_type."""
