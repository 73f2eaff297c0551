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
from retailsql.training.deployment import Decision
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
    previous: StoredVersion | None,
    difference: float | None,
    decision: Decision,
) -> dict[str, Any]:
    """The columns of the row, in order.

    Args:
        target: the model's name.
        version: the number it got.
        model: as registered.
        fitted: as trained.
        previous: the version deployed before, if any, to compare with.
        difference: largest difference between the framework's scores and SQL's.
        decision: whether it is deployed, and why.
    """
    e = fitted.evaluation
    metric, value, baseline, baseline_value, _ = model.headline
    words = _warnings(target, e, fitted.warnings, None if decision.compared else previous)
    if said := decision.words(target, version):
        words.append(said)
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
        "deployed": decision.deploy,
        "warning": " ".join(f"{w.rstrip('.')}." for w in words) or None,
    }


def remove_it(target: ModelName) -> str:
    """What to do with a model that is no use, where a person has typed CREATE MODEL."""
    return f" Remove it with DROP MODEL {target.text}."


def _warnings(
    target: ModelName, e: Evaluation, own: tuple[str, ...], previous: StoredVersion | None
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
            f"{name} {trivial:.4g}.{remove_it(target)}"
        )
    return words + _was_better(target, e, value, previous)


def _was_better(
    target: ModelName, e: Evaluation, value: float, old: StoredVersion | None
) -> list[str]:
    """The figures of the version that was deployed before, if they were better."""
    before = Evaluation.from_json(old.evaluation) if old and old.evaluation else None
    if old is None or before is None or old.metric_value is None or before.primary != e.primary:
        return []
    if not e.better(old.metric_value, value):
        return []
    return [
        f"Version {old.version} was better on its own held-out rows: {e.primary} "
        f"{old.metric_value:.4g}, now {value:.4g}. Go back with "
        f"ALTER MODEL {target.text} ROLLBACK."
    ]
