"""The network of model_type = 'AUTOENCODER': it starts as a PCA and learns what that misses.

    x ─┬─► hidden ─► hidden ─► (from 0) ─┐           ┌─► hidden ─► hidden ─► (from 0) ─┐
       └─► principal axes ───────────────┴─► latent ─┴─► the axes back ────────────────┴─► x again

The straight paths hold the principal components of the training rows at first, and the last layers
of the bent ones hold zeros, so that before the first step the network is the PCA of the same rank:
the strongest trivial rule. With one hidden layer there is no bent path, and the activation stands
on the latent space itself, as in BigQuery ML.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from retailsql.training.forecasting.quiet_keras import keras, tf
from retailsql.training.tabular.prefix_graph import Nodes

Floats = NDArray[np.float64]
Single = NDArray[np.float32]
ACTIVATIONS = ("RELU", "RELU6", "ELU", "SELU", "SIGMOID", "TANH")
OPTIMIZERS: Mapping[str, Callable[[float], Any]] = {
    "ADAM": keras.optimizers.Adam,
    "ADAGRAD": keras.optimizers.Adagrad,
    "FTRL": keras.optimizers.Ftrl,
    "RMSPROP": keras.optimizers.RMSprop,
    "SGD": keras.optimizers.SGD,
}
PATIENCE = 5
"""Passes over which the validation loss has to fall by min_rel_progress."""


@dataclass(frozen=True)
class Shape:
    """The network's layers.

    Args:
        width: columns of the feature matrix.
        hidden: units of every hidden layer, an odd number of them; the middle one is the latent
            space.
        activation: one of :data:`ACTIVATIONS`.
    """

    width: int
    hidden: tuple[int, ...]
    activation: str

    @property
    def latent(self) -> int:
        """Dimensions of the latent space."""
        return self.hidden[len(self.hidden) // 2]

    @property
    def deep(self) -> bool:
        """True if there are hidden layers beside the latent space."""
        return len(self.hidden) > 1


@dataclass(frozen=True)
class Weights:
    """A trained network as arrays, float32: kernels (in, out) and biases.

    ``encode`` and ``decode`` are the bent paths, their last layer without activation; ``inward``
    and ``outward`` the straight ones.
    """

    shape: Shape
    inward: tuple[Single, Single]
    outward: tuple[Single, Single]
    encode: tuple[tuple[Single, Single], ...]
    decode: tuple[tuple[Single, Single], ...]


class Network:
    """The network in Keras.

    Args:
        shape: its layers.
        axes: principal axes, shape (latent or fewer, width).
        mean: of the training matrix, shape (width,).
        options: activation_fn, dropout, l1_reg_activation, ...
    """

    def __init__(
        self, shape: Shape, axes: Floats, mean: Floats, options: Mapping[str, Any]
    ) -> None:
        self.shape = shape
        keras.utils.set_random_seed(options["seed"])
        tf.config.experimental.enable_op_determinism()
        middle = len(shape.hidden) // 2
        x = keras.Input((shape.width,))
        self._inward = keras.layers.Dense(shape.latent)
        self._outward = keras.layers.Dense(shape.width)
        self._encode = _path(shape.hidden[:middle], shape.latent, shape)
        self._decode = _path(shape.hidden[middle + 1 :], shape.width, shape)
        latent = self._inward(x)
        if shape.deep:
            latent = latent + _bent(x, self._encode, options["dropout"])
        else:
            latent = keras.layers.Activation(shape.activation.lower())(latent)
        latent = keras.layers.ActivityRegularization(l1=options["l1_reg_activation"])(latent)
        back = self._outward(latent)
        if shape.deep:
            back = back + _bent(latent, self._decode, options["dropout"])
        self.model = keras.Model(x, [latent, back])
        self._start(axes, mean)

    def _start(self, axes: Floats, mean: Floats) -> None:
        """Put the principal components into the straight paths."""
        inward = np.zeros((self.shape.width, self.shape.latent), np.float32)
        inward[:, : len(axes)] = axes.T
        if not self.shape.deep:  # an activation stands there: keep Keras' own start
            self._outward.set_weights([self._outward.get_weights()[0], mean.astype(np.float32)])
            return
        self._inward.set_weights([inward, (-mean @ inward).astype(np.float32)])
        self._outward.set_weights([inward.T, mean.astype(np.float32)])

    def train(
        self,
        x: Single,
        check: Single,
        options: Mapping[str, Any],
        say: Callable[[int, float], None],
    ) -> list[dict[str, float]]:
        """Fit, and keep the weights with the least error on the validation rows.

        Args:
            x: training rows, shape (rows, width).
            check: validation rows.
            options: learn_rate, optimizer, batch_size, max_iterations, early_stop,
                min_rel_progress.
            say: told the pass and the validation error.

        Returns:
            One row per pass: loss and eval_loss, mean squared errors, and duration_ms.
        """
        back = keras.Model(self.model.input, self.model.outputs[1])
        back.compile(
            OPTIMIZERS[options["optimizer"]](options["learn_rate"]), "mse", metrics=["mse"],
            steps_per_execution=16, jit_compile=False,  # half the time: steps are tiny
        )  # fmt: skip
        least = options["min_rel_progress"] if options["early_stop"] else None
        keep = _KeepBest(least, self._loss(check, options["l1_reg_activation"]), say)
        told = back.fit(
            x, x, batch_size=options["batch_size"], epochs=options["max_iterations"], verbose=0,
            validation_data=(check, check), validation_batch_size=1024, callbacks=[keep],
        )  # fmt: skip
        passes = zip(told.history["mse"], told.history["val_mse"], keep.milliseconds, strict=True)
        return [{"loss": float(a), "eval_loss": float(b), "duration_ms": c} for a, b, c in passes]

    def _loss(self, x: Single, l1: float) -> float:
        """What Keras minimizes: the mean squared error, and the mean size of the latent space."""
        latent, back = self.predict(x)
        return float(((back - x) ** 2).mean() + l1 * np.abs(latent).sum(axis=1).mean())

    def predict(self, x: Single) -> tuple[Floats, Floats]:
        """Latent space and rebuilt rows, float64."""
        parts = np.array_split(x, len(x) // 4096 + 1)
        both = [[o.numpy() for o in self.model(part, training=False)] for part in parts]
        latent, back = (np.concatenate(side) for side in zip(*both, strict=True))
        return latent.astype(np.float64), back.astype(np.float64)

    def weights(self) -> Weights:
        """The network as arrays."""

        def arrays(layer: Any) -> tuple[Single, Single]:
            kernel, bias = layer.get_weights()
            return kernel, bias

        deep = self.shape.deep
        return Weights(
            self.shape, arrays(self._inward), arrays(self._outward),
            tuple(map(arrays, self._encode)) if deep else (),
            tuple(map(arrays, self._decode)) if deep else (),
        )  # fmt: skip


def _path(hidden: Sequence[int], end: int, shape: Shape) -> list[Any]:
    """The layers of a bent path; the last one begins at zero."""
    name = shape.activation.lower()
    layers = [keras.layers.Dense(units, activation=name) for units in hidden]
    return [*layers, keras.layers.Dense(end, kernel_initializer="zeros")]


def _bent(x: Any, layers: Sequence[Any], dropout: float) -> Any:
    for layer in layers[:-1]:
        x = layer(x)
        if dropout > 0:
            x = keras.layers.Dropout(dropout)(x)
    return layers[-1](x)


class _KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Keep the weights with the least validation loss (the error and the penalty of
    l1_reg_activation), those before the first pass included, and stop when :data:`PATIENCE` passes
    together lower it by less than a share.
    """

    def __init__(
        self, least: float | None, before: float, say: Callable[[int, float], None]
    ) -> None:
        super().__init__()
        self.least, self.best, self.say = least, before, say
        self.bests = [before]
        self.milliseconds: list[int] = []

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep the start."""
        self.weights = self.model.get_weights()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Look at the clock."""
        self.begin = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep these weights if they are better."""
        error = float(logs["val_loss"])
        self.milliseconds.append(round(1000 * (time.perf_counter() - self.begin)))
        if error < self.best:
            self.best, self.weights = error, self.model.get_weights()
        self.bests.append(self.best)
        self.say(epoch, error)
        if self.least is not None and len(self.bests) > PATIENCE:
            before = self.bests[-1 - PATIENCE]
            self.model.stop_training = before - self.best < self.least * before

    def on_train_end(self, logs: Any = None) -> None:
        """Put the best weights back."""
        self.model.set_weights(self.weights)


def write_network(g: Nodes, matrix: str, output: str, weights: Weights) -> None:
    """The latent space and the three losses as ONNX, float32 of shape (rows, latent + 3).

    The losses are Keras': mean absolute, mean squared and mean squared logarithmic error, the
    last of ``log(1 + max(value, 0))``.
    """
    shape = weights.shape

    def dense(x: str, layer: tuple[Single, Single]) -> str:
        return g.add("Gemm", x, g.constant(layer[0]), g.constant(layer[1]))

    def activated(x: str) -> str:
        match shape.activation:
            case "RELU6":
                return g.add("Clip", x, g.constant(np.float32(0)), g.constant(np.float32(6)))
            case name:
                return g.add(name.capitalize(), x)

    def bent(x: str, layers: tuple[tuple[Single, Single], ...]) -> str:
        for layer in layers[:-1]:
            x = activated(dense(x, layer))
        return dense(x, layers[-1])

    latent = dense(matrix, weights.inward)
    latent = g.add("Add", latent, bent(matrix, weights.encode)) if shape.deep else activated(latent)
    back = dense(latent, weights.outward)
    if shape.deep:
        back = g.add("Add", back, bent(latent, weights.decode))
    off = g.add("Sub", matrix, back)
    logs = [_log(g, x) for x in (matrix, back)]
    axis = g.constant(np.array([1]))
    parts = [
        latent,
        g.add("ReduceMean", g.add("Abs", off), axis, keepdims=1),
        g.add("ReduceMean", g.add("Mul", off, off), axis, keepdims=1),
    ]
    gap = g.add("Sub", *logs)
    parts.append(g.add("ReduceMean", g.add("Mul", gap, gap), axis, keepdims=1))
    g.add("Cast", g.add("Concat", *parts, axis=1), name=output, to=TensorProto.FLOAT)


def _log(g: Nodes, x: str) -> str:
    return g.add("Log", g.add("Add", g.add("Relu", x), g.constant(np.float32(1))))


def losses(x: Floats, back: Floats) -> Floats:
    """Mean absolute, squared and squared logarithmic error of each row, shape (rows, 3)."""
    gap = np.log1p(np.maximum(x, 0)) - np.log1p(np.maximum(back, 0))
    off = x - back
    return np.column_stack([np.abs(off).mean(axis=1), (off**2).mean(axis=1), (gap**2).mean(axis=1)])
