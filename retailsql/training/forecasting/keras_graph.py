"""The forecaster's network: all of it, scaling included, inside one Keras graph.

    history (N, W) ──▶ WindowStatistics ──▶ scale, spread, J trivial rules per step, channels
                            │                                   │
                            │        LSTM over the channels ◀───┘
                            │            │
                            ▼            ▼
       value = scale * (sum of gates_j * rule_j) + spread * correction   (N, H)

The network starts at the best trivial rule (its gate's bias) with a correction of zero, and learns
when to trust another rule and what to add. Everything is divided by the window's own mean ``|x|``:
an LSTM on raw units is ten times worse than repeating the last value, and a forecast of ten times
the history is ten times the forecast.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from retailsql.training.forecasting.quiet_keras import keras, ops, quiet, tf
from retailsql.training.forecasting.window_layers import (
    Forecast,
    Quantiles,
    Shape,
    WindowStatistics,
)

DROPOUT = 0.3


def build(shape: Shape, start: Any, positive: bool) -> Any:
    """The network, untrained.

    Args:
        shape: its dimensions.
        start: (H, J) gate biases: large where a rule is to be trusted at first.
        positive: forecasts below 0 become 0.

    Returns:
        A keras.Model from history (N, W) to value (N, H) and spread (N, 1).
    """
    history = keras.Input((shape.window,), name="history", dtype="float32")
    channels, rules, facts, scale, spread = WindowStatistics(shape, name="window")(history)
    state = keras.layers.LSTM(shape.hidden, name="lstm")(channels)
    both = keras.layers.Concatenate()([state, facts])
    hidden = keras.layers.Dense(shape.hidden, activation="relu", name="dense")(both)
    hidden = keras.layers.Dropout(DROPOUT)(hidden)
    size = (shape.horizon, len(shape.rules))
    gates = keras.layers.Dense(
        size[0] * size[1],
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(np.asarray(start, "float32").reshape(-1)),
        name="gates",
    )(hidden)
    gates = keras.layers.Reshape(size)(gates)
    correction = keras.layers.Dense(shape.horizon, kernel_initializer="zeros", name="add")(hidden)
    value = Forecast(positive, name="value")(rules, gates, correction, scale, spread)
    return keras.Model(history, [value, spread])


def rules_of(shape: Shape) -> Any:
    """A network that only says the rules: history (N, W) -> (N, H, J), scale (N, 1)."""
    history = keras.Input((shape.window,), dtype="float32")
    _, rules, _, scale, _ = WindowStatistics(shape)(history)
    return keras.Model(history, [rules, scale])


def with_quantiles(model: Any, offsets: Any, when_zero: Any, positive: bool) -> Any:
    """``model`` with the outputs value (N, H) and quantiles (N, H, L)."""
    value, spread = model.outputs
    bounds = Quantiles(offsets, when_zero, positive, name="quantiles")(value, spread)
    return keras.Model(model.input, [value, bounds])


def export(model: Any) -> bytes:
    """The graph as ONNX with input ``history`` and outputs ``value`` and ``quantiles``."""
    import onnx

    with tempfile.TemporaryDirectory() as folder, quiet():
        path = Path(folder) / "model.onnx"
        model.export(str(path), format="onnx", verbose=False)
        graph = onnx.load(str(path))
    _canonical(graph.graph, ("value", "quantiles"))
    graph.producer_version = ""
    onnx.checker.check_model(graph)
    return bytes(graph.SerializeToString(deterministic=True))


def _canonical(graph: Any, outputs: tuple[str, ...]) -> None:
    """Order the nodes as the outputs need them, and name the outputs as told, the rest by place.

    Keras counts its layers per process ("lstm_3") and tf2onnx orders nodes by their names: left as
    they are, the bytes of an equal model, and so its hash, would depend on what was trained before.
    """
    makers = {name: place for place, node in enumerate(graph.node) for name in node.output}
    order: dict[int, None] = {}
    waiting = [makers[output.name] for output in reversed(graph.output)]
    while waiting:
        needs = [makers[name] for name in graph.node[waiting[-1]].input if name in makers]
        missing = [place for place in reversed(needs) if place not in order]
        if missing:
            waiting += missing
        else:
            order[waiting.pop()] = None
    nodes = [graph.node[place] for place in order]
    names = {"": "", "history": "history"}
    names.update({output.name: name for output, name in zip(graph.output, outputs, strict=True)})
    for node in nodes:
        node.name = ""
        for tensors in (node.input, node.output):
            tensors[:] = [names.setdefault(name, f"t{len(names)}") for name in tensors]
    constants = {names[t.name]: t for t in graph.initializer if t.name in names}
    for name, tensor in constants.items():
        tensor.name = name
    for output in graph.output:
        output.name = names[output.name]
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "rows"
    constants = dict(sorted(constants.items()))
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(constants.values())
    graph.name, graph.doc_string = "forecaster", ""


def prepare(seed: int) -> None:
    """Same data and same seed give the same network from here on (process-wide settings)."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
    """Keep the weights with the least validation error, those before the first epoch included.

    Keras' own EarlyStopping cannot keep the start, which is the best trivial rule: a network that
    learns nothing of use has to stay there.
    """

    def __init__(self, patience: int, before: float) -> None:
        super().__init__()
        self.patience, self.best, self.since = patience, before, 0

    def on_train_begin(self, logs: Any = None) -> None:
        """Keep the start."""
        self.weights = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keep these weights if they are better; stop after ``patience`` epochs that were not."""
        self.since += 1
        if logs["val_loss"] < self.best:
            self.best, self.since, self.weights = logs["val_loss"], 0, self.model.get_weights()
        self.model.stop_training = self.since >= self.patience

    def on_train_end(self, logs: Any = None) -> None:
        """Put the best weights back."""
        self.model.set_weights(self.weights)


def absolute_loss(unit: float) -> Any:
    """Mean ``|actual - forecast| / unit`` over actuals that are there: what WAPE and MAE judge."""

    def loss(actual: Any, forecast: Any) -> Any:
        missing = ops.isnan(actual)
        error = ops.abs(ops.where(missing, forecast, actual) - forecast) / unit
        known = ops.sum(1.0 - ops.cast(missing, "float32"), axis=-1)
        return ops.sum(error, axis=-1) / ops.maximum(known, 1.0)

    return loss
