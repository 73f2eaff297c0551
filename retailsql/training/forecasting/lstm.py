"""model_type = 'LSTM': one recurrent network over many series at once.

rows ─▶ panel ─▶ windows ─▶ train (earlier) │ validation │ test (last horizon of each series)
                              fits            stops, and     judges the very network that is
                                              calibrates     registered, beside trivial rules
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from retailsql.errors import MissingExtraError
from retailsql.evaluation import forecasts
from retailsql.evaluation.report import Evaluation
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.forecasting import forecast_record as record
from retailsql.training.forecasting.contest import WindowContest
from retailsql.training.forecasting.forecast_record import LEVELS
from retailsql.training.forecasting.forecast_split import Split, split_windows
from retailsql.training.forecasting.series_columns import Array, Ints
from retailsql.training.forecasting.windows import Panel, Windows, cut, read_panel
from retailsql.training.options import Option, read_options

FREQUENCIES = ("AUTO_FREQUENCY", "DAILY", "WEEKLY", "MONTHLY")

OPTIONS: tuple[Option, ...] = (
    Option("time_series_timestamp_col", "str", None, "The column with the date of a row."),
    Option("time_series_data_col", "str", None, "The column to forecast."),
    Option("time_series_id_col", "any", None, "The column, or list of columns, naming a series."),
    Option("horizon", "int", 28, "Steps ahead to forecast.", minimum=1),
    Option("data_frequency", "str", "AUTO_FREQUENCY", "The time grid.", choices=FREQUENCIES),
    Option("season", "int", None, "Steps of a season; 7 for days, 12 for months.", minimum=1),
    Option("window", "int", None, "Steps of history the network reads.", minimum=2),
    Option("hidden_units", "int", 64, "Width of the recurrent layer.", minimum=1),
    Option("max_iterations", "int", 25, "Most passes over the windows.", minimum=1),
    Option("learn_rate", "float", 0.003, "Step size of Adam.", minimum=1e-6),
    Option("batch_size", "int", 128, "Windows per step.", minimum=1),
    Option("early_stop", "bool", True, "Stop when the validation error no longer falls."),
    Option(
        "num_eval_windows", "int", 1, "Backtest origins at the end, a horizon apart.", minimum=1
    ),
    Option("max_windows", "int", 12_000, "Most windows to learn from.", minimum=10),
    Option("seed", "int", 0, "Seed of everything random.", minimum=0),
)

PATIENCE = 5


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """Train a forecaster and export it.

    Args:
        data: one row per (series, timestamp), in any order; NULL is missing, 0 is no sale.
        options: raw values of :data:`OPTIONS`.
        progress: told each epoch.

    Raises:
        TrainingError: the options or rows cannot be trained on; the message names the column.
    """
    opts = read_options(options, OPTIONS)
    panel = read_panel(data, opts)
    split = split_windows(panel, opts)
    progress("loading TensorFlow", 0.0)
    keras_graph, shape_type = _keras()
    keras_graph.prepare(opts["seed"])
    shape = shape_type(split.window, opts["horizon"], split.season, opts["hidden_units"])
    positive = bool(np.nanmin(panel.values) >= 0)
    model = _train(shape, split, opts, positive, progress)
    offsets, when_zero = _calibrate(model, split.validation)
    full = keras_graph.with_quantiles(model, offsets, when_zero, positive)
    progress("exporting", 0.95)
    inputs = record.parity_rows_of(split)
    scores = np.vstack([_predict(full, inputs)[0], np.full((1, opts["horizon"]), np.nan)])
    progress("done", 1.0)
    evaluation, contest = _evaluate(full, panel, split, opts)
    return Fitted(
        onnx=keras_graph.export(full),
        signature=record.signature_of(panel, split, opts),
        evaluation=evaluation,
        profile=record.profile_of(panel),
        parity_inputs=pa.table({"history": record.with_null(record.as_lists(inputs))}),
        parity_scores=scores,
        tolerance=1e-5 * max(1.0, float(np.nanmax(np.abs(scores)))),
        histories=record.histories_of(panel, split.window),
        warnings=record.warnings_of(panel, split),
        contest=contest,
    )


def _keras() -> tuple[Any, Any]:
    """The modules that need TensorFlow: five seconds to import, so only after every check."""
    try:
        from retailsql.training.forecasting import keras_graph, window_layers
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("retailsql"):
            raise
        raise MissingExtraError.of("train", error.name or "tensorflow") from error
    return keras_graph, window_layers.Shape


def _train(shape: Any, split: Split, opts: Mapping[str, Any], positive: bool, say: Progress) -> Any:
    """Fit on the training windows, stop on the validation windows."""
    from retailsql.training.forecasting import keras_graph as kg
    from retailsql.training.forecasting.quiet_keras import keras

    model = kg.build(shape, _start(kg, shape, split.train), positive)
    point = keras.Model(model.input, model.outputs[0])
    unit = max(float(np.nanmean(np.abs(split.train.target))), 1e-30)
    epochs = opts["max_iterations"]
    steps = epochs * -(-len(split.train) // opts["batch_size"])
    rate = keras.optimizers.schedules.CosineDecay(opts["learn_rate"], steps, alpha=0.02)
    point.compile(keras.optimizers.Adam(rate, clipnorm=1.0), kg.absolute_loss(unit))

    def told(epoch: int, logs: Mapping[str, float]) -> None:
        words = f"epoch {epoch + 1} of {epochs}, validation error {logs['val_loss'] * unit:.4g}"
        say(words, 0.1 + 0.8 * (epoch + 1) / epochs)

    check = _f32(split.validation.history), _f32(split.validation.target)
    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=told)]
    if opts["early_stop"]:
        before = point.evaluate(*check, verbose=0, batch_size=1024)
        callbacks.append(kg.KeepBest(PATIENCE, before))
    point.fit(
        _f32(split.train.history), _f32(split.train.target), epochs=epochs, verbose=0,
        batch_size=opts["batch_size"], callbacks=callbacks, validation_data=check,
        validation_batch_size=1024,
    )  # fmt: skip
    return model


def _start(kg: Any, shape: Any, train: Windows) -> Array:
    """Gate biases (H, J) that begin near the rule that was best on the training windows."""
    some = slice(None, None, max(1, len(train) // 4000))
    rules, scale = _predict(kg.rules_of(shape), train.history[some])
    error = np.abs(rules * scale[:, :, None] - train.target[some][:, :, None])
    error = np.nan_to_num(error, nan=0.0).mean(axis=(0, 1))
    relative = error / max(error.min(), 1e-30)
    start: Array = np.tile(np.maximum(-10.0 * (relative - 1), -4.0), (shape.horizon, 1))
    return start


def _predict(model: Any, history: Array) -> list[Array]:
    """The model's outputs as float64; a batch of one is never run (its last bits differ)."""
    rows = np.concatenate([history, history]) if len(history) == 1 else history
    parts = [model(_f32(part), training=False) for part in np.array_split(rows, _chunks(rows))]
    stacked = [np.concatenate([np.asarray(o) for o in same]) for same in zip(*parts, strict=True)]
    return [np.asarray(o, dtype=np.float64)[: len(history)] for o in stacked]


def _chunks(rows: Array) -> int:
    """How many parts of about 1,000 rows to run, to bound memory."""
    return len(rows) // 1024 + 1


def _calibrate(model: Any, held: Windows) -> tuple[Array, Array]:
    """Split-conformal residual quantiles on the validation windows: two arrays (H, L).

    The residual is divided by the window's spread, so that a steady series gets a narrow interval.
    Steps are pooled with their neighbours until there are 200 residuals. Quantiles are taken at
    (n+1)p, as in Lei et al., "Distribution-free predictive inference for regression" (2018).
    """
    value, spread = _predict(model, held.history)
    residual = held.target - value
    width = np.broadcast_to(spread, residual.shape)
    alive = width > 0
    scaled = np.where(alive, residual / np.where(alive, width, 1.0), np.nan)
    dead = np.where(alive, np.nan, held.target)
    return _quantiles(scaled, 200), _quantiles(dead, 200)


def _quantiles(residual: Array, least: int) -> Array:
    """Quantiles per step ahead, (H, L), of residuals (N, H) with NaN; zeros if there are none."""
    horizon = residual.shape[1]
    result = np.zeros((horizon, len(LEVELS)))
    known = np.isfinite(residual).sum(axis=0)
    for step in range(horizon):
        near = 0
        while known[max(0, step - near) : step + near + 1].sum() < least and near < horizon:
            near += 1
        pool = residual[:, max(0, step - near) : step + near + 1]
        pool = pool[np.isfinite(pool)]
        if len(pool):
            result[step] = np.quantile(pool, LEVELS, method="weibull")
    return result


def _evaluate(
    model: Any, panel: Panel, split: Split, opts: Mapping[str, Any]
) -> tuple[Evaluation, WindowContest]:
    """The registered network on the test windows, beside the trivial rules."""
    test, horizon = split.test, opts["horizon"]
    value, bounds = _predict(model, test.history)
    past = max(split.window, 2 * split.season, 8)
    history = cut(panel, (test.series, test.origin), past, horizon).history
    first = panel.values.shape[1] - horizon * opts["num_eval_windows"]
    scale = forecasts.naive_scale(panel.values[:, :first])[test.series]
    metrics = forecasts.metrics(test.target, value, scale)
    low, high = LEVELS.index(0.05), LEVELS.index(0.95)
    metrics["interval_coverage"] = forecasts.interval_coverage(
        test.target, bounds[:, :, low], bounds[:, :, high]
    )
    rules = forecasts.trivial_rules(history, horizon, split.season)
    origins = opts["num_eval_windows"]

    def measure(said: Array, rows: Ints) -> dict[str, float]:
        return forecasts.metrics(test.target[rows], said, scale[rows])

    evaluation = Evaluation(
        split=f"last {horizon * origins} steps of each series, {horizon} ahead from {origins} "
        f"origin{'s' if origins > 1 else ''}: {len(split.train)} windows train, "
        f"{len(split.validation)} stop and calibrate, {len(test)} eval",
        primary=forecasts.PRIMARY,
        metrics=metrics,
        baselines={n: forecasts.metrics(test.target, r, scale) for n, r in rules.items()},
        rows_train=len(split.train),
        rows_eval=len(test),
    )
    return evaluation, WindowContest(panel, test, horizon, origins, value, measure)


def _f32(values: Array) -> Any:
    return values.astype(np.float32)
