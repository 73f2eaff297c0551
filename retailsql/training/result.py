"""The result row of CREATE MODEL: what was made, beside its baseline, and what to beware of."""

from __future__ import annotations

import json
from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.evaluation.report import Evaluation
from retailsql.registry.fetch import first_row
from retailsql.registry.names import ModelName
from retailsql.registry.store import StoredVersion
from retailsql.registry.version import ModelVersion
from retailsql.training.fitted import Fitted


def parity(con: DuckDBPyConnection, target: ModelName, version: int) -> float | None:
    """The largest difference between the framework's scores and SQL's, from the certificate."""
    row = first_row(
        con,
        f"SELECT certificate FROM {target.registry}.versions "
        "WHERE model_schema = ? AND model_name = ? AND version = ?",
        [target.schema, target.name, version],
    )
    return json.loads(row[0]).get("max_abs_diff") if row and row[0] else None


def result_row(
    target: ModelName,
    version: int,
    model: ModelVersion,
    fitted: Fitted,
    previous: list[StoredVersion],
    difference: float | None,
) -> dict[str, Any]:
    """The columns of the row, in order.

    Args:
        target: the model's name.
        version: the number it got.
        model: as registered.
        fitted: as trained.
        previous: the version deployed before, if any, to compare with.
        difference: largest difference between the framework's scores and SQL's.
    """
    e = fitted.evaluation
    metric, value, baseline, baseline_value, _ = model.headline
    words = _warnings(target, e, fitted.warnings, previous)
    return {
        "model": target.text,
        "version": version,
        "model_type": model.model_type,
        "metric": metric,
        "value": value,
        "baseline": baseline,
        "baseline_value": baseline_value,
        "rows_train": e.rows_train,
        "rows_eval": e.rows_eval,
        "split": e.split,
        "parity_rows": len(fitted.parity_scores),
        "parity_max_abs_diff": difference,
        "warning": " ".join(f"{w.rstrip('.')}." for w in words) or None,
    }


def _warnings(
    target: ModelName, e: Evaluation, own: tuple[str, ...], previous: list[StoredVersion]
) -> list[str]:
    """What the person should know before using the model, with the figures."""
    words = list(own)
    if not e.baselines:
        return words
    value = e.metrics[e.primary]
    name, trivial = e.best_baseline()
    if value == trivial and any(f"plain rule {name}" in said for said in own):
        words.append(
            f"The model is its own baseline: on the rows held out nothing tried was chosen over "
            f"{name} ({e.primary} {value:.4g}), a rule that a line of SQL can do"
        )
    elif not e.beats_baseline:
        words.append(
            f"The model does not beat its baseline: {e.primary} {value:.4g}, "
            f"{name} {trivial:.4g}. Remove it with DROP MODEL {target.text}."
        )
    for old in previous:
        before = Evaluation.from_json(old.evaluation) if old.evaluation else None
        if before is None or before.primary != e.primary or old.metric_value is None:
            continue
        if e.better(old.metric_value, value):
            words.append(
                f"Version {old.version} was better on its own held-out rows: {e.primary} "
                f"{old.metric_value:.4g}, now {value:.4g}. Go back with "
                f"ALTER MODEL {target.text} ROLLBACK."
            )
    return words
