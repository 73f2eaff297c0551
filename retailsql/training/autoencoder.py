"""model_type = 'AUTOENCODER': a network that squeezes a row through few dimensions and rebuilds it.

rows ─► train (72 %) fits │ validation (8 %) stops │ held out (20 %) judges the very network
        that is registered, beside the column means and a PCA of the same rank
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits

from retailsql.errors import MissingExtraError, TrainingError
from retailsql.evaluation.report import Evaluation
from retailsql.evaluation.splits import SplitOptions, plan_split
from retailsql.training.fitted import Fitted, Progress, TrainingData
from retailsql.training.options import Option, read_options
from retailsql.training.prefix import Prefix, fit_prefix
from retailsql.training.prefix_graph import Nodes, upright
from retailsql.training.unsupervised_data import (
    COMMON_OPTIONS,
    Features,
    read_unlabelled,
    take,
)
from retailsql.training.unsupervised_record import MatrixModel, as_fitted

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
LOSSES = ("mean_absolute_error", "mean_squared_error", "mean_squared_log_error")
ACTIVATIONS = ("RELU", "RELU6", "ELU", "SELU", "SIGMOID", "TANH")
OPTIMIZERS = ("ADAM", "ADAGRAD", "FTRL", "RMSPROP", "SGD")
FEWEST_ROWS = 20
SPLIT_ALL = 50_000

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
    *COMMON_OPTIONS,
)  # fmt: skip


def options_for(model_type: str) -> tuple[Option, ...]:
    """Every option of AUTOENCODER."""
    return OPTIONS


@dataclass(frozen=True)
class Split:
    """Rows that fit, that stop, and that judge."""

    train: Rows
    check: Rows
    held: Rows

    @property
    def words(self) -> str:
        """For people."""
        return (
            f"random rows held out: {len(self.train):,} train, {len(self.check):,} stop, "
            f"{len(self.held):,} eval"
        )


def fit(data: TrainingData, options: Mapping[str, Any], progress: Progress) -> Fitted:
    """Train, judge and export.

    Args:
        data: the rows of the training SELECT; every column is a feature.
        options: OPTIONS of the statement, without model_type.
        progress: told each pass.

    Raises:
        TrainingError: the data or the options cannot be used.
        SignatureError: a column has a type that no model takes.
    """
    read = read_options(options, OPTIONS)
    features = read_unlabelled(data, read)
    split = _split(features.rows, read["seed"])
    prefix = _prefix(features, split.train)
    read = _with_defaults(read, prefix.width, len(split.train))
    progress("loading TensorFlow", 0.0)
    net = _keras()
    train, check, held = (
        _matrix(features, prefix, r) for r in (split.train, split.check, split.held)
    )
    shape = net.Shape(prefix.width, read["hidden_units"], read["activation_fn"])
    axes, mean = _principal(train, shape.latent, read["seed"])
    network = net.Network(shape, axes, mean, read)

    def say(epoch: int, error: float) -> None:
        share = (epoch + 1) / read["max_iterations"]
        progress(f"pass {epoch + 1}, validation error {error:.4g}", 0.05 + 0.85 * share)

    history = network.train(train, check, read, say)
    progress("writing the graph", 0.95)
    latent, back = network.predict(held)
    warnings = [*features.warnings, *_dead(latent)]
    evaluation = _evaluation(split, held.astype(np.float64), back, axes, mean, net.losses)
    model = _exported(net, network, prefix, history, read["learn_rate"])
    return as_fitted(model, features.columns, upright, evaluation, warnings, read["seed"])


def _prefix(features: Features, rows: Rows) -> Prefix:
    prefix = fit_prefix(features.columns, rows, standardize=True)
    if prefix.width < 2:
        raise TrainingError(
            "There is one column only, so nothing can be squeezed",
            seen=features.columns[0].name,
            wanted="at least two columns",
            todo="add columns to the SELECT",
        )
    return prefix


def _keras() -> Any:
    """The module that needs TensorFlow: seconds to import, so only after every check."""
    try:
        from retailsql.training import autoencoder_net
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("retailsql"):
            raise
        raise MissingExtraError.of("train", error.name or "tensorflow") from error
    return autoencoder_net


def _split(rows: int, seed: int) -> Split:
    if rows < FEWEST_ROWS:
        raise TrainingError(
            "There are too few rows for an autoencoder",
            seen=f"{rows} rows",
            wanted=f"at least {FEWEST_ROWS}, and some thousands for one worth having",
            todo="train on more rows, or use model_type = 'PCA'",
        )
    method = "RANDOM" if rows <= SPLIT_ALL else "AUTO_SPLIT"
    ((rest, held),) = plan_split(rows, SplitOptions(method, seed=seed)).pairs
    order = np.random.default_rng(seed).permutation(rest)
    tenth = max(2, len(rest) // 10)
    return Split(np.sort(order[tenth:]), np.sort(order[:tenth]), held)


def _with_defaults(options: Mapping[str, Any], width: int, rows: int) -> dict[str, Any]:
    """Hidden layers and batch size where they were left out; refused where they make no sense."""
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


def _matrix(features: Features, prefix: Prefix, rows: Rows) -> NDArray[np.float32]:
    return prefix.matrix(prefix.inputs(take(features.columns, rows)))


def _principal(x: NDArray[np.float32], rank: int, seed: int) -> tuple[Floats, Floats]:
    """Principal axes, shape (rank or fewer, width), and the mean, shape (width,)."""
    with threadpool_limits(1):
        found = PCA(min(rank, *x.shape), svd_solver="full", random_state=seed)
        found.fit(x.astype(np.float64))
    return found.components_, found.mean_


def _evaluation(
    split: Split, x: Floats, back: Floats, axes: Floats, mean: Floats, losses: Any
) -> Evaluation:
    """The network, the training rows' means and their PCA of the same rank, on the held rows."""
    flat = np.broadcast_to(mean, x.shape)
    rules = {
        "column means": flat,
        f"PCA of rank {len(axes)}": mean + (x - mean) @ axes.T @ axes,
    }

    def told(rebuilt: Floats) -> dict[str, float]:
        return dict(zip(LOSSES, map(float, losses(x, rebuilt).mean(axis=0)), strict=True))

    return Evaluation(
        split.words, "mean_squared_error", told(back),
        {name: told(rebuilt) for name, rebuilt in rules.items()},
        len(split.train), len(split.held),
    )  # fmt: skip


def _dead(latent: Floats) -> list[str]:
    """Dimensions that say the same of every row."""
    dead = np.flatnonzero(latent.std(axis=0) < 1e-6 * max(1e-30, float(np.abs(latent).max())))
    if not len(dead):
        return []
    names = ", ".join(f"latent_col_{i + 1}" for i in dead[:5])
    return [
        f"{len(dead)} of {latent.shape[1]} dimensions of the latent space are the same for every "
        f"row ({names}): use activation_fn = 'TANH', a smaller l1_reg_activation or fewer of them"
    ]


def _exported(
    net: Any, network: Any, prefix: Prefix, history: list[dict[str, float]], rate: float
) -> MatrixModel:
    weights = network.weights()

    def write(g: Nodes, matrix: str, output: str) -> None:
        net.write_network(g, matrix, output, weights)

    def scores(x: NDArray[np.float32]) -> Floats:
        latent, back = network.predict(x)
        return np.column_stack([latent, net.losses(x.astype(np.float64), back)])

    return MatrixModel(
        "reducer",
        prefix,
        write,
        scores,
        weights.shape.latent + len(LOSSES),
        lambda s: s[:, weights.shape.latent + 1],
        {
            "prefix": "latent_col_", "outputs": weights.shape.latent, "width": prefix.width,
            "losses": list(LOSSES),
        },
        {
            "training_info": [
                {"training_run": 0, "iteration": i, **row, "learning_rate": rate}
                for i, row in enumerate(history)
            ]
        },
    )  # fmt: skip
