"""Which family trains which model_type: one visible table, each family imported when needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from retailsql.errors import MissingExtraError, TrainingError, nearest
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.known_options import NOT_HERE, OLD_NAMES

Fit = Callable[[TrainingData, Mapping[str, Any], Progress], Fitted]


@dataclass(frozen=True)
class Family:
    """Where a family's ``fit`` is, and what it trains with."""

    module: str
    framework: str
    packages: tuple[str, ...]


TABULAR = Family(
    "retailsql.training.tabular.fit", "scikit-learn", ("scikit-learn", "skl2onnx", "onnx")
)
LSTM = Family(
    "retailsql.training.forecasting.lstm", "keras", ("tensorflow", "keras", "tf2onnx", "onnx")
)
ITEM_KNN = Family("retailsql.training.items.item_knn", "scipy", ("scipy", "onnx"))
KMEANS = Family("retailsql.training.unsupervised.kmeans", "scikit-learn", ("scikit-learn", "onnx"))
PCA = Family("retailsql.training.unsupervised.pca", "scikit-learn", ("scikit-learn", "onnx"))
AUTOENCODER = Family(
    "retailsql.training.unsupervised.autoencoder",
    "keras",
    ("tensorflow", "keras", "scikit-learn", "onnx"),
)
FACTORIZATION = Family(
    "retailsql.training.factorization.fit", "numpy and implicit", ("implicit", "scipy", "onnx")
)
TRANSFORM_ONLY = Family("retailsql.training.transform.only", "SQL", ())

ARIMA = Family(
    "retailsql.training.arima.fit", "statsforecast", ("statsforecast", "statsmodels", "holidays")
)

FAMILIES: Mapping[str, Family] = {
    "RANDOM_FOREST_CLASSIFIER": TABULAR,
    "BOOSTED_TREE_CLASSIFIER": TABULAR,
    "LOGISTIC_REG": TABULAR,
    "RANDOM_FOREST_REGRESSOR": TABULAR,
    "BOOSTED_TREE_REGRESSOR": TABULAR,
    "LINEAR_REG": TABULAR,
    "SVM_REGRESSOR": TABULAR,
    "DECISION_TREE_REGRESSOR": TABULAR,
    "DNN_CLASSIFIER": TABULAR,
    "DNN_REGRESSOR": TABULAR,
    "LSTM": LSTM,
    "ITEM_KNN": ITEM_KNN,
    "ARIMA_PLUS": ARIMA,
    "ARIMA_PLUS_XREG": ARIMA,
    "MATRIX_FACTORIZATION": FACTORIZATION,
    "KMEANS": KMEANS,
    "PCA": PCA,
    "AUTOENCODER": AUTOENCODER,
    "TRANSFORM_ONLY": TRANSFORM_ONLY,
}


def family_of(model_type: object) -> tuple[str, Family]:
    """The model type in upper case, and its family.

    Raises:
        TrainingError: no such model_type; names the nearest.

    >>> family_of("lstm")[1].framework
    'keras'
    """
    name = str(model_type).upper()
    name = OLD_NAMES.get(name, name)
    if name not in FAMILIES and name in NOT_HERE:
        raise TrainingError(
            f"Model type {name} of BigQuery ML is not here", wanted=NOT_HERE[name],
            todo=f"write OPTIONS(model_type = '{NOT_HERE[name]}', ...)",
        )  # fmt: skip
    near = nearest(name, FAMILIES, 1).split(",")[0] if model_type else "RANDOM_FOREST_CLASSIFIER"
    if model_type is None or name not in FAMILIES:
        raise TrainingError(
            "OPTIONS needs a model_type" if model_type is None
            else f"There is no model_type {model_type!r}",
            wanted=", ".join(FAMILIES) if model_type is None else nearest(name, FAMILIES),
            todo=f"write OPTIONS(model_type = '{near}', ...)",
        )  # fmt: skip
    return name, FAMILIES[name]


def load(family: Family) -> Fit:
    """The family's ``fit``.

    Raises:
        MissingExtraError: the training packages are not installed.
    """
    try:
        fit: Fit = import_module(family.module).fit
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("retailsql"):
            raise
        raise MissingExtraError.of("train", error.name or family.framework) from error
    return fit


def option_names(family: Family, model_type: str) -> tuple[str, ...] | None:
    """The options that have an effect for a model type; None if the family does not say.

    >>> "hidden_units" in (option_names(TABULAR, "DNN_REGRESSOR") or ())
    True
    """
    module = import_module(family.module)
    options_for = getattr(module, "options_for", None)
    options = getattr(module, "OPTIONS", None) if options_for is None else options_for(model_type)
    return None if options is None else tuple(option.name for option in options)
