"""Rows and models of the scoring benchmark, made alike on every machine (seeds are fixed)."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import retailsql
from retailsql.functions import publish
from retailsql.functions.calls import Call
from retailsql.registry.names import resolve
from retailsql.registry.version import ModelVersion
from retailsql.training.fitted import Fitted
from retailsql.training.options import read_options
from retailsql.training.read_rows import read_rows
from retailsql.training.tabular.fit import fit
from retailsql.training.tabular.options import options_for, spec_of

FEATURES = [f"x{i}" for i in range(10)]
CATEGORIES = {"x0": 5, "x1": 8, "x2": 12, "x3": 20}
"""Columns that are text in the mixed table, and how many values each has."""
TRAINING_ROWS = 20_000
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "linear": ("LINEAR_REG", {}),
    "boosting": ("BOOSTED_TREE_REGRESSOR", {"max_iterations": 100, "max_tree_depth": 3}),
    "forest": ("RANDOM_FOREST_REGRESSOR", {"num_parallel_tree": 50, "max_tree_depth": 6}),
    "network": ("DNN_REGRESSOR", {"hidden_units": [32, 16]}),
}
WORDS = {
    "linear": "linear", "boosting": "boosting 100x3", "forest": "forest 50x6",
    "network": "network 32x16",
}  # fmt: skip
"""How the tables call them: trees x depth, units x units."""
TREES = ("boosting", "forest")
MIXED = ("linear", "boosting", "forest")


@dataclass(frozen=True)
class Trained:
    """A model as registered, for calling its graph and its hidden function directly."""

    fitted: Fitted
    call: Call


def make_tables(con: retailsql.Session, rows: int) -> None:
    """Tables ``numbers`` and ``mixed``: id, ten features, label y."""
    rng = np.random.default_rng(0)
    x = {name: rng.normal(size=rows) for name in FEATURES}
    y = x["x0"] + 2 * x["x1"] * x["x2"] - x["x3"] + np.sin(3 * x["x4"]) + 0.3 * x["x5"] ** 2
    ends: dict[str, Any] = {"id": np.arange(rows), "y": y + rng.normal(size=rows)}
    con.register("made", pa.table({**x, **ends}))
    con.execute("CREATE TABLE numbers AS FROM made")
    text = ", ".join(
        f"printf('group %02d', least({n - 1}, greatest(0, floor({name} * {n} / 5 + {n} / 2.0)))"
        f"::INTEGER) AS {name}"
        for name, n in CATEGORIES.items()
    )
    con.execute(f"CREATE TABLE mixed AS SELECT * REPLACE ({text}) FROM made")
    con.unregister("made")


def train(con: retailsql.Session, name: str, table: str) -> Trained:
    """Train one of :data:`MODELS` on the first rows of a table and register it, as CREATE MODEL
    does; ``<name>_<table>_score`` is its function.
    """
    model_type, options = MODELS[name]
    query = f"SELECT * EXCLUDE (id) FROM {table} WHERE id < {TRAINING_ROWS}"
    given = {**options, "input_label_cols": ["y"]}
    fitted = fit(
        read_rows(con.connection, query, None, model_type), given, lambda words, share: None
    )
    target = resolve(con.connection, f"{name}_{table}")
    model = ModelVersion(fitted.onnx, fitted.signature, model_type, training_sql=query)
    publish.register(
        con.connection, target, model, fitted.parity_inputs, fitted.parity_scores,
        "scikit-learn", fitted.tolerance,
    )  # fmt: skip
    return Trained(fitted, Call(target.name, model.content_hash, model.signature))


def pipeline(con: retailsql.Session, name: str) -> Any:
    """What a person without retailsql trains: the same estimator in a scikit-learn pipeline."""
    model_type, options = MODELS[name]
    spec = spec_of(model_type)
    values = read_options(options, options_for(model_type))
    estimator = spec.build(values, TRAINING_ROWS)
    made = make_pipeline(StandardScaler(), estimator) if spec.standardize else estimator
    sql = f"SELECT {', '.join(FEATURES)}, y FROM numbers WHERE id < {TRAINING_ROWS}"
    frame = read_rows(con.connection, sql, None, model_type).table.to_pandas()
    return made.fit(frame[FEATURES], frame["y"])


def build(path: Path, rows: int) -> tuple[dict[str, Trained], dict[str, Any]]:
    """Make the database file: tables, models on both of them; and the pipelines, pickled too.

    Returns:
        Model name (``linear_numbers``, ...) -> model, and name -> scikit-learn pipeline.
    """
    with retailsql.connect(path) as con:
        make_tables(con, rows)
        models = {f"{name}_numbers": train(con, name, "numbers") for name in MODELS}
        models |= {f"{name}_mixed": train(con, name, "mixed") for name in MIXED}
        pipelines = {name: pipeline(con, name) for name in MODELS}
        con.execute("CHECKPOINT")
    for name, made in pipelines.items():
        pickled(path, name).write_bytes(pickle.dumps(made))
    return models, pipelines


def pickled(path: Path, name: str) -> Path:
    """Where :func:`build` leaves a pipeline for other processes."""
    return path.with_name(f"{name}.pickle")
