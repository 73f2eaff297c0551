"""``OPTIONS(deploy = ...)``: whether a new version is used at once, and how that is found out.

    always     it is: CREATE MODEL does what it was told
    never      it is registered only
    if_better  it is, unless it is worse than the deployed one

Worse is decided by the first of these rules that can be applied:

1. on the same held-out rows, those the deployed version was trained on left out;
2. on each version's own held-out rows, if both are of the same kind and have the same metric;
3. nothing says it is worse, so it is used.

Forecasts that are stored (ARIMA_PLUS) begin where their training rows end, and run out: a newer
version is always used. What the rules cannot compare is told in the result row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.errors import RetailSQLError
from retailsql.evaluation.report import Evaluation
from retailsql.functions import publish
from retailsql.functions.transaction import in_transaction
from retailsql.registry.names import ModelName
from retailsql.registry.store import StoredVersion
from retailsql.signature import Signature
from retailsql.training.contest import IncomparableError, Outcome
from retailsql.training.fitted import Fitted
from retailsql.training.options import Option, read_options

ALWAYS, NEVER, IF_BETTER = "ALWAYS", "NEVER", "IF_BETTER"
DEPLOY = Option(
    "deploy", "str", ALWAYS,
    "whether the new version is used at once; if_better: unless it is worse than the deployed one",
    (ALWAYS, IF_BETTER, NEVER),
)  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """What is done with a new version.

    Args:
        deploy: whether the functions use it from now on.
        reason: a sentence for the result row; empty if there is nothing to tell.
        compared: whether the deployed version's figures are told already.
    """

    deploy: bool
    reason: str = ""
    compared: bool = False

    def words(self, target: ModelName, version: int) -> str:
        """The reason, and how to use a version that was held back."""
        if self.deploy:
            return self.reason
        return (
            f"Version {version} is registered and not deployed: {self.reason}. Deploy it with "
            f"ALTER MODEL {target.text} SET OPTIONS(deployed_version = {version})"
        )


def read_deploy(options: Mapping[str, Any]) -> str:
    """The option's value, ALWAYS if there is none.

    Raises:
        TrainingError: there is no such value.

    >>> read_deploy({"deploy": "if_better", "l2_reg": 1}), read_deploy({})
    ('IF_BETTER', 'ALWAYS')
    """
    given = {name: value for name, value in options.items() if name == DEPLOY.name}
    return str(read_options(given, (DEPLOY,))[DEPLOY.name])


def decide(
    con: DuckDBPyConnection,
    how: str,
    fitted: Fitted,
    deployed: StoredVersion | None,
    rows: pa.Table,
) -> Decision:
    """Whether a new version is deployed; nothing is written.

    Args:
        con: the caller's connection.
        how: ALWAYS, NEVER or IF_BETTER.
        fitted: the new version.
        deployed: the version the functions use now, if any.
        rows: the rows of the training SELECT, before TRANSFORM.
    """
    if how == NEVER:
        return Decision(False, "OPTIONS(deploy = 'never') says so")
    if how == ALWAYS or deployed is None:
        return Decision(True)
    metric = fitted.evaluation.primary
    if fitted.signature.kind == "forecast_table":
        return Decision(True)
    try:
        outcome = _contest(con, fitted, deployed, rows)
    except IncomparableError as error:
        return _by_stored_figures(fitted, deployed, str(error))
    if not fitted.evaluation.better(outcome.old, outcome.new):
        return Decision(True, compared=True)
    return Decision(
        False,
        f"{outcome.words} it is worse, {metric} {outcome.new:.4g}, "
        f"version {deployed.version} {outcome.old:.4g}",
        compared=True,
    )


def _contest(
    con: DuckDBPyConnection, fitted: Fitted, old: StoredVersion, rows: pa.Table
) -> Outcome:
    """Both versions on the same rows.

    Raises:
        IncomparableError: they cannot be judged on the same rows, or the old one fails on them.
    """
    if fitted.contest is None:
        raise IncomparableError("this kind of model cannot be judged on another version's rows")
    if old.signature.kind != fitted.signature.kind:
        raise IncomparableError(f"version {old.version} is a {old.signature.kind}")
    try:
        publish.ensure_hidden(con, old.name.name, old.content_hash, old.signature)
        return fitted.contest.against(con, old, rows)
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, RetailSQLError) as error:
        if in_transaction(con):
            raise  # the caller's transaction may be dead by now: only he can decide
        said = str(error).split("\n\nLINE")[0].splitlines()[0]
        raise IncomparableError(f"version {old.version} cannot score the rows: {said}") from error


def _by_stored_figures(fitted: Fitted, old: StoredVersion, why: str) -> Decision:
    """Each version by its own held-out rows, if their figures mean the same."""
    e = fitted.evaluation
    before = Evaluation.from_json(old.evaluation) if old.evaluation else None
    told = f"It could not be compared with version {old.version} on the same rows ({why})"
    if (
        before is None or old.metric_value is None or not e.baselines
        or before.primary != e.primary or not _same_answer(fitted.signature, old.signature)
    ):  # fmt: skip
        return Decision(True, f"{told} and is deployed", compared=True)
    new = e.metrics[e.primary]
    figures = f"{e.primary} {new:.4g}, version {old.version} {old.metric_value:.4g}"
    own = f"by {figures}, each on its own held-out rows"
    if e.better(old.metric_value, new):
        reason = f"{own}, it is worse; they could not be compared on the same rows ({why})"
        return Decision(False, reason, compared=True)
    return Decision(True, f"{told}; {own}, it is no worse and is deployed", compared=True)


def _same_answer(new: Signature, old: Signature) -> bool:
    return (new.kind, new.label.lower()) == (old.kind, old.label.lower())
