"""The trials of a tuned model, of which it keeps the best: ``trial_id`` as a setting and a column.

BigQuery ML keeps every trial and lets a function ask for one; here the best is the model, so the
functions take its number, name it in their first column, and refuse another.
"""

from __future__ import annotations

from retailsql.dialect.settings import Setting, refuse
from retailsql.dialect.verbs.call import MLCall
from retailsql.registry.store import StoredVersion

TRIAL_ID = Setting("trial_id", "int", "a whole number from 1, as ML.TRIAL_INFO tells", low=1)


def trial_column(call: MLCall, stored: StoredVersion) -> str:
    """``n AS trial_id, `` of a model that was tuned, else nothing.

    Raises:
        StatementError: a trial was asked for that was not kept; only the best one is.
    """
    tuned = call.catalog.has_report(stored, "trial_info")
    if not tuned and "trial_id" not in call.fields:
        return ""
    best = optimal_trial(call, stored) if tuned else None
    if tuned and best is None:  # the checker assumes every report and holds none
        best = call.settings.get("trial_id")
        return "" if best is None else f"CAST({best} AS BIGINT) AS trial_id, "
    if "trial_id" in call.fields and call.settings["trial_id"] != best:
        raise refuse(
            call.fields["trial_id"],
            f"Model {stored.name.text!r} keeps the best trial only" if tuned
            else f"Model {stored.name.text!r} was not tuned and has no trials",
            f"{best}" if tuned else "a model made with OPTIONS(num_trials = ...)",
            "leave trial_id out",
        )  # fmt: skip
    return f"CAST({best} AS BIGINT) AS trial_id, "


def with_trial(call: MLCall, stored: StoredVersion, rows: str) -> str:
    """A SELECT with ``trial_id`` before its columns if the model was tuned, else as it is.

    Raises:
        StatementError: a trial was asked for that was not kept.
    """
    trial = trial_column(call, stored)
    return f"SELECT {trial}__rs_told.* FROM ({rows}) AS __rs_told" if trial else rows


def optimal_trial(call: MLCall, stored: StoredVersion) -> int | None:
    """The number of the trial that a tuned model was made of; None where no trial is known."""
    trials = call.catalog.report(stored, "trial_info")
    return next((int(row["trial_id"]) for row in trials if row["is_optimal"]), None)
