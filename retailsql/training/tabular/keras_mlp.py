"""DNN options that scikit-learn's networks lack: dropout, l1_reg, ADAGRAD, FTRL and RMSPROP.

Such a network is trained by Keras and its weights are put into the scikit-learn network of the same
layers: dropout rests when predicting, so that the two say the same, and one export serves both.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

from retailsql.errors import MissingExtraError
from retailsql.training.tabular.stopping import PATIENCE, constant_loss

Floats = NDArray[np.float64]
BY_SCIKIT_LEARN = ("ADAM", "SGD")
VALIDATION = 0.1
_ACTIVATIONS = {"logistic": "sigmoid", "identity": "linear"}


def needs_keras(options: Mapping[str, Any]) -> bool:
    """True if scikit-learn cannot train a network with these options.

    >>> needs_keras({"dropout": 0.0, "l1_reg": 0.0, "optimizer": "RMSPROP"})
    True
    """
    plain = options["optimizer"] in BY_SCIKIT_LEARN
    return not plain or options["dropout"] > 0 or options["l1_reg"] > 0


class KerasTrained:
    """An unfitted network whose ``fit`` returns the fitted scikit-learn one.

    Args:
        network: the unfitted MLPClassifier or MLPRegressor with the same layers.
        options: dropout, optimizer, l1_reg, l2_reg, learn_rate, batch_size, max_iterations,
            early_stop, min_rel_progress and seed.
    """

    def __init__(self, network: Any, options: Mapping[str, Any]) -> None:
        self.network = network
        self.options = options

    def fit(
        self, x: NDArray[Any], y: NDArray[Any], sample_weight: Floats | None = None
    ) -> MLPClassifier | MLPRegressor:
        """Train on x (rows, columns) and y (rows,), weighted if weights are given."""
        try:
            from retailsql.training.forecasting.quiet_keras import keras, tf
        except ModuleNotFoundError as error:
            raise MissingExtraError.of("train", error.name or "keras") from error
        tf.config.experimental.enable_op_determinism()
        network = self._shaped(x, y)
        model = self._model(keras, network, len(x))
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        history = self._train(keras, model, x, y, weight)
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        network.coefs_ = [np.asarray(layer.kernel, dtype=np.float64) for layer in dense]
        network.intercepts_ = [np.asarray(layer.bias, dtype=np.float64) for layer in dense]
        network.loss_curve_ = [float(v) for v in history["loss"]]
        network.n_iter_ = len(network.loss_curve_)
        return network

    def _shaped(self, x: NDArray[Any], y: NDArray[Any]) -> Any:
        """The scikit-learn network with its layers made, by one step over a few rows."""
        rows = np.arange(min(len(y), 50))
        if isinstance(self.network, MLPClassifier):
            rows = np.union1d(rows, np.unique(y, return_index=True)[1])
        once = {"max_iter": 1, "early_stopping": False, "solver": "adam", "batch_size": len(rows)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return self.network.set_params(**once).fit(x[rows], y[rows])

    def _model(self, keras: Any, network: Any, rows: int) -> Any:
        o = self.options
        keras.utils.set_random_seed(o["seed"])
        name = _ACTIVATIONS.get(network.activation, network.activation)
        # As scikit-learn counts penalties: of the summed loss, half the squares.
        penalty = keras.regularizers.L1L2(o["l1_reg"] / rows, 0.5 * o["l2_reg"] / rows)
        layers = [keras.Input((network.n_features_in_,))]
        for units in network.hidden_layer_sizes:
            layers.append(keras.layers.Dense(units, activation=name, kernel_regularizer=penalty))
            layers.append(keras.layers.Dropout(o["dropout"], seed=o["seed"]))
        last = {"logistic": "sigmoid", "identity": "linear"}.get(network.out_activation_, "softmax")
        layers.append(
            keras.layers.Dense(network.n_outputs_, activation=last, kernel_regularizer=penalty)
        )
        model = keras.Sequential(layers)
        loss = {"sigmoid": "binary_crossentropy", "linear": "mean_squared_error"}
        model.compile(
            keras.optimizers.get({
                "class_name": o["optimizer"].lower(), "config": {"learning_rate": o["learn_rate"]},
            }),
            loss.get(last, "sparse_categorical_crossentropy"),
        )  # fmt: skip
        return model

    def _train(
        self, keras: Any, model: Any, x: NDArray[Any], y: NDArray[Any], weight: Floats
    ) -> dict[str, list[float]]:
        o = self.options
        fit = {"epochs": o["max_iterations"], "batch_size": o["batch_size"] or 200, "verbose": 0}
        if not o["early_stop"]:
            return dict(model.fit(x, y, sample_weight=weight, **fit).history)
        classes = y if isinstance(self.network, MLPClassifier) else None
        parts = train_test_split(
            x, y, weight, test_size=VALIDATION, random_state=o["seed"], stratify=classes
        )
        share = 1e-4 if o["min_rel_progress"] is None else o["min_rel_progress"]
        kind = "squared_error" if classes is None else "log_loss"
        stop = keras.callbacks.EarlyStopping(
            patience=PATIENCE, restore_best_weights=True, min_delta=share * constant_loss(y, kind)
        )
        told = model.fit(
            parts[0], parts[2], sample_weight=parts[4],
            validation_data=(parts[1], parts[3], parts[5]), callbacks=[stop], **fit,
        )  # fmt: skip
        return dict(told.history)
