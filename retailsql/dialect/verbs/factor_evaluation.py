"""``ML.EVALUATE`` of matrix factorizations and item-to-item recommenders."""

from __future__ import annotations

from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.factorizer import columns_of, ids_query
from retailsql.dialect.verbs.predict import call_of
from retailsql.dialect.verbs.stored_metrics import stored_metrics
from retailsql.dialect.verbs.trials import TRIAL_ID, with_trial
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.names import quote
from retailsql.registry.store import StoredVersion

EXPLICIT = (
    "mean_absolute_error", "mean_squared_error", "mean_squared_log_error", "median_absolute_error",
    "r2_score", "explained_variance",
)  # fmt: skip
IMPLICIT = (
    "mean_average_precision", "mean_squared_error", "normalized_discounted_cumulative_gain",
    "average_rank",
)  # fmt: skip
ITEM_KNN = (
    "recall_at_k", "ndcg_at_k", "coverage", "recall_at_k_all", "ndcg_at_k_all", "coverage_all",
)  # fmt: skip


def _evaluate(call: MLCall, stored: StoredVersion) -> str:
    implicit = stored.signature.options["feedback_type"] == "IMPLICIT"
    if call.relation is None:
        metrics = stored_metrics(stored, IMPLICIT if implicit else EXPLICIT)
        return with_trial(call, stored, metrics)
    rows = _rank(call, stored) if implicit else _compare(call, stored)
    return with_trial(call, stored, rows)


def _compare(call: MLCall, stored: StoredVersion) -> str:
    """Rows without a rating, and those with a NULL id, have no error and are left out."""
    score = call_of(stored).over_row("__rs_row")
    return (
        "SELECT avg(abs(y - p)) AS mean_absolute_error, "
        "avg((y - p) ** 2) AS mean_squared_error, "
        "CASE WHEN min(least(y, p)) > -1 THEN avg((ln(1 + greatest(y, -0.999999999)) - "
        "ln(1 + greatest(p, -0.999999999))) ** 2) END AS mean_squared_log_error, "
        "median(abs(y - p)) AS median_absolute_error, "
        "1 - avg((y - p) ** 2) / nullif(var_pop(y), 0) AS r2_score, "
        "1 - var_pop(y - p) / nullif(var_pop(y), 0) AS explained_variance "
        f"FROM (SELECT CAST(__rs_row.{quote(stored.signature.label)} AS DOUBLE) AS y, {score} AS p "
        f"FROM {call.relation} AS __rs_row) WHERE y IS NOT NULL AND p IS NOT NULL"
    )


def _rank(call: MLCall, stored: StoredVersion) -> str:
    """Every item of training is ranked for every user who has a rating above 0 in the rows.

    Beside the user's own columns stand names that no column of theirs has.
    """
    user, item, _ = columns_of(stored)
    score = call_of(stored).over_row("__rs_pair")
    return f"""
        WITH __rs_rated AS MATERIALIZED (
            SELECT {user}, {item}, sum({quote(stored.signature.label)}) AS __rs_r
            FROM {call.relation} AS __rs_row
            WHERE {user} IN {ids_query(stored, 0)} AND {item} IN {ids_query(stored, 1)}
            GROUP BY 1, 2 HAVING __rs_r > 0
        ), __rs_scored AS (
            SELECT {user}, {item}, {score} AS __rs_p
            FROM ((SELECT DISTINCT {user} FROM __rs_rated) AS __rs_users
                  CROSS JOIN {ids_query(stored, 1)} AS __rs_items) AS __rs_pair
        ), __rs_ranked AS (
            SELECT {user} AS who, __rs_p AS p, coalesce(__rs_r, 0.0) AS r,
                   row_number() OVER (PARTITION BY {user} ORDER BY __rs_p DESC, {item}) AS place,
                   row_number() OVER (PARTITION BY {user} ORDER BY coalesce(__rs_r, 0.0) DESC)
                   AS best
            FROM __rs_scored LEFT JOIN __rs_rated USING ({user}, {item})
        ), __rs_hits AS (
            SELECT *, row_number() OVER (PARTITION BY who, r > 0 ORDER BY place) AS hit,
                   count(*) OVER (PARTITION BY who) AS n
            FROM __rs_ranked
        ), __rs_users AS (
            SELECT avg(hit / place) FILTER (WHERE r > 0) AS average_precision,
                   sum(r / log2(place + 1)) / sum(r / log2(best + 1)) AS gain,
                   sum((p - (r > 0)::INTEGER) ** 2) AS error, count(*) AS pairs,
                   sum(r * (place - 1) / greatest(n - 1, 1)) AS ranks, sum(r) AS weight
            FROM __rs_hits GROUP BY who
        )
        SELECT avg(average_precision) AS mean_average_precision,
               sum(error) / sum(pairs) AS mean_squared_error,
               avg(gain) AS normalized_discounted_cumulative_gain,
               sum(ranks) / sum(weight) AS average_rank
        FROM __rs_users"""


def _saved(call: MLCall, stored: StoredVersion) -> str:
    return stored_metrics(stored, ITEM_KNN)


VERBS = (
    Verb(
        "EVALUATE", ("factorizer",),
        "Errors (EXPLICIT) or rankings (IMPLICIT), of the held-out ratings or of those given. Rows "
        "without a rating, a user or an item are left out. A tuned model has trial_id before them.",
        dict.fromkeys(dict.fromkeys((*EXPLICIT, *IMPLICIT)), "DOUBLE"), _evaluate, rows="may",
        settings=(TRIAL_ID,),
    ),
    Verb(
        "EVALUATE", ("recommender",),
        "Recall at 20 and NDCG at 10 of the held-out purchases: of items new to the customer, and "
        "of all.",
        dict.fromkeys(ITEM_KNN, "DOUBLE"), _saved,
    ),
)  # fmt: skip
