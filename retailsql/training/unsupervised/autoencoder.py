"""model_type = 'AUTOENCODER': a network that squeezes a row through few dimensions and rebuilds it.

rows ─► train (72 %) fits │ validation (8 %) stops, and chooses among the trials of num_trials │
        held out (20 %) judges the very network that is registered, beside the column means and a
        PCA of the same rank
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from retailsql.training.tabular.prefix import Prefix, fit_prefix
from retailsql.training.tabular.prefix_graph import Nodes, upright
from retailsql.training.tuning import Found, Outcome, Search, search, split_space
from retailsql.training.tuning_options import CHOSEN_ELSEWHERE, algorithm_words
from retailsql.training.unsupervised.autoencoder_options import (
    LOSSES,
    OPTIONS,
    search_of_network,
    with_defaults,
)
from retailsql.training.unsupervised.data import (
    Features,
    read_unlabelled,
    take,
)
from retailsql.training.unsupervised.record import MatrixModel, as_fitted

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
FEWEST_ROWS = 20
SPLIT_ALL = 50_000


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
    def parts(self) -> dict[str, Rows]:
        """The three by name."""
        return {"train": self.train, "check": self.check, "held": self.held}

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
    plain, space = split_space(options, OPTIONS)
    read = read_options(plain, OPTIONS)
    features = read_unlabelled(data, read)
    split = _split(features.rows, read["seed"])
    prefix = _prefix(features, split.train)
    part = {name: _matrix(features, prefix, rows) for name, rows in split.parts.items()}
    what = search_of_network(space, read, plain, OPTIONS, prefix.width, len(split.train))
    with_defaults(read, prefix.width, len(split.train))  # refuses before TensorFlow is loaded
    progress("loading TensorFlow", 0.0)
    net = _keras()
    found = None
    if what is not None:
        found = _search(net, what, read, part, progress)
        read = {**read, **found.values}
    trained = _train(net, part, read, progress)
    progress("writing the graph", 0.95)
    latent, back = trained.network.predict(part["held"])
    warnings = [*algorithm_words(plain), *features.warnings, *_dead(latent)]
    words = split.words if found is None else f"{split.words}; {CHOSEN_ELSEWHERE}"
    x = part["held"].astype(np.float64)
    evaluation = _evaluation(split, words, x, back, trained.axes, trained.mean, net.losses)
    model = _exported(net, trained.network, prefix, trained.history, read["learn_rate"])
    fitted = as_fitted(model, features.columns, upright, evaluation, warnings, read["seed"])
    reports = {} if found is None else found.reports
    return replace(fitted, reports={**fitted.reports, **reports})


@dataclass(frozen=True)
class Trained:
    """A network; the principal axes and the mean it began with; one row for each pass."""

    network: Any
    axes: Floats
    mean: Floats
    history: list[dict[str, float]]


def _train(
    net: Any, part: Mapping[str, NDArray[np.float32]], options: Mapping[str, Any],
    progress: Progress,
) -> Trained:  # fmt: skip
    """Fit a network to the training rows; the validation rows stop it."""
    x = part["train"]
    read = with_defaults(options, x.shape[1], len(x))
    shape = net.Shape(x.shape[1], read["hidden_units"], read["activation_fn"])
    axes, mean = _principal(x, shape.latent, read["seed"])
    network = net.Network(shape, axes, mean, read)

    def say(epoch: int, error: float) -> None:
        share = (epoch + 1) / read["max_iterations"]
        progress(f"pass {epoch + 1}, validation error {error:.4g}", 0.05 + 0.85 * share)

    return Trained(network, axes, mean, network.train(x, part["check"], read, say))


def _search(
    net: Any, what: Search, options: Mapping[str, Any],
    part: Mapping[str, NDArray[np.float32]], progress: Progress,
) -> Found:  # fmt: skip
    """Choose settings on the validation rows."""

    def losses(network: Any, x: NDArray[np.float32]) -> dict[str, float]:
        found = net.losses(x.astype(np.float64), network.predict(x)[1]).mean(axis=0)
        return dict(zip(LOSSES, map(float, found), strict=True))

    def judge(values: Mapping[str, Any]) -> Outcome:
        network = _train(net, part, {**options, **values}, lambda words, share: None).network
        told = losses(network, part["check"])
        own = losses(network, part["train"])["mean_squared_error"]
        return Outcome(told, own, told["mean_squared_error"])

    return search(judge, what, lambda words, share: progress(words, 0.05 * share))


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
        from retailsql.training.unsupervised import autoencoder_net
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


def _matrix(features: Features, prefix: Prefix, rows: Rows) -> NDArray[np.float32]:
    return prefix.matrix(prefix.inputs(take(features.columns, rows)))


def _principal(x: NDArray[np.float32], rank: int, seed: int) -> tuple[Floats, Floats]:
    """Principal axes, shape (rank or fewer, width), and the mean, shape (width,)."""
    with threadpool_limits(1):
        found = PCA(min(rank, *x.shape), svd_solver="full", random_state=seed)
        found.fit(x.astype(np.float64))
    return found.components_, found.mean_


def _evaluation(
    split: Split, words: str, x: Floats, back: Floats, axes: Floats, mean: Floats, losses: Any
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
        words, "mean_squared_error", told(back),
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
