"""The options of AUTOENCODER, their defaults, and what num_trials searches."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from retailsql.dialect.values import HParamCandidates, HParamRange
from retailsql.errors import TrainingError
from retailsql.training import tuning_options
from retailsql.training.options import Option
from retailsql.training.tuning import Search, Space
from retailsql.training.tuning_options import TUNING
from retailsql.training.unsupervised.data import COMMON_OPTIONS

LOSSES = ("mean_absolute_error", "mean_squared_error", "mean_squared_log_error")
ACTIVATIONS = ("RELU", "RELU6", "ELU", "SELU", "SIGMOID", "TANH")
OPTIMIZERS = ("ADAM", "ADAGRAD", "FTRL", "RMSPROP", "SGD")

OPTIONS: tuple[Option, ...] = (
    Option("hidden_units", "list", None,
           "Units of the hidden layers, an odd number of them; the middle one is the latent space. "
           "Left out: [4m, m, 4m], m a third of the columns, at most 32, and 4m from 16 to 128."),
    Option("activation_fn", "str", "RELU",
           "Of the hidden layers; the latent space has none, unless it is the only one.",
           choices=ACTIVATIONS),
    Option("dropout", "float", 0.0, "Share of hidden units left out in each step.", minimum=0.0),
    Option("l1_reg_activation", "float", 0.0, "Weight of sum |latent|: makes it sparse.",
           minimum=0.0),
    Option("learn_rate", "float", 0.003, "Step size.", minimum=1e-9),
    Option("optimizer", "str", "ADAM", "How weights follow gradients.", choices=OPTIMIZERS),
    Option("batch_size", "int", None,
           "Rows per step, up to 8192; left out: a 200th of the rows, from 32 to 512.", minimum=1),
    Option("max_iterations", "int", 100, "Most passes over the rows.", minimum=1),
    Option("early_stop", "bool", True, "Stop when the validation error hardly falls any more."),
    Option("min_rel_progress", "float", 0.01, "Share by which 5 passes must lower it.",
           minimum=0.0),
    *TUNING,
    *COMMON_OPTIONS,
)  # fmt: skip

OBJECTIVES = ("MEAN_SQUARED_ERROR", "MEAN_ABSOLUTE_ERROR", "MEAN_SQUARED_LOG_ERROR")
RANGES: Space = {
    "learn_rate": HParamRange(1e-4, 1.0),
    "batch_size": HParamRange(16, 1024),
    "l1_reg_activation": HParamRange(0.0, 10.0),
    "dropout": HParamRange(0.0, 0.8),
    "activation_fn": HParamCandidates(ACTIVATIONS),
    "optimizer": HParamCandidates(OPTIMIZERS),
}
"""BigQuery ML's default ranges, and all candidates of what has no range."""


def with_defaults(options: Mapping[str, Any], width: int, rows: int) -> dict[str, Any]:
    """Hidden layers and batch size where they were left out.

    Args:
        options: all options, read.
        width: columns of the feature matrix.
        rows: that train.

    Raises:
        TrainingError: they make no autoencoder.
    """
    hidden, size = options["hidden_units"], options["batch_size"]
    if hidden is None:
        m = max(1, min(32, round(width / 3)))
        side = min(128, max(16, 4 * m))
        hidden = [side, m, side]
    if not all(type(u) is int and u > 0 for u in hidden) or len(hidden) % 2 == 0:
        raise TrainingError(
            "Option hidden_units makes no autoencoder",
            seen=hidden,
            wanted="an odd number of whole numbers from 1, the middle one for the latent space",
            todo="write for instance hidden_units = [32, 4, 32]",
        )
    if size is None:
        size = min(512, max(32, 2 ** int(np.log2(max(1, rows / 200)))))
    if size > 8192 or options["dropout"] >= 1:
        name = "batch_size" if size > 8192 else "dropout"
        raise TrainingError(
            f"Option {name} is too large",
            seen=size if name == "batch_size" else options["dropout"],
            wanted="at most 8192" if name == "batch_size" else "less than 1",
        )
    return {**options, "hidden_units": tuple(hidden), "batch_size": int(size)}


def search_of_network(
    space: Space,
    options: Mapping[str, Any],
    given: Container[str],
    known: tuple[Option, ...],
    width: int,
    rows: int,
) -> Search | None:
    """What is searched; None without num_trials.

    Args:
        space: what the statement gave; empty for the default ranges.
        options: all options, read.
        given: names of the options with one value.
        known: the options of the model type.
        width: columns of the feature matrix.
        rows: that train.

    Raises:
        TrainingError: an option that is not searched, or nothing to search.
    """
    if options["num_trials"] is None:
        return None
    tuning_options.refuse_others(space, [*RANGES, "hidden_units"])
    usual = with_defaults({**options, "hidden_units": None, "batch_size": None}, width, rows)
    start = {"batch_size": usual["batch_size"], "hidden_units": list(usual["hidden_units"])}
    told = tuning_options.with_defaults(known, start)
    ranges = {name: values for name, values in RANGES.items() if name not in given}
    return tuning_options.search_of(space, options, told, OBJECTIVES, ranges)
