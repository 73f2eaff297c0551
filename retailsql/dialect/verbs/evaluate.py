"""``ML.EVALUATE`` of classifiers and regressors, computed by SQL over labels and scores.

One SELECT serves the saved evaluation and new rows. The figures are scikit-learn's to 1e-9
(tested), ties included: the area under the ROC curve is the normalised rank sum (Mann and Whitney),
with the mean rank for equal scores; a probability of the true class below 2.2e-16 is raised to that
before its logarithm is taken.
"""

from __future__ import annotations

from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.judged import (
    binary_threshold,
    class_text,
    judged_rows,
    positive_place,
)
from retailsql.dialect.verbs.predict import THRESHOLD
from retailsql.dialect.verbs.trials import TRIAL_ID, trial_column
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.store import StoredVersion
from retailsql.signature import Signature

SMALLEST = 2.220446049250313e-16
"""What a probability is raised to before its logarithm is taken, as in scikit-learn."""

REGRESSION = {
    "mean_absolute_error": "DOUBLE",
    "mean_squared_error": "DOUBLE",
    "mean_squared_log_error": "DOUBLE",
    "median_absolute_error": "DOUBLE",
    "r2_score": "DOUBLE",
    "explained_variance": "DOUBLE",
}
CLASSIFICATION = {
    "precision": "DOUBLE",
    "recall": "DOUBLE",
    "accuracy": "DOUBLE",
    "f1_score": "DOUBLE",
    "log_loss": "DOUBLE",
    "roc_auc": "DOUBLE",
}


def _regressor(call: MLCall, stored: StoredVersion) -> str:
    binary_threshold(call, stored)
    trial = trial_column(call, stored)
    return (
        "WITH __rs_judged AS MATERIALIZED (SELECT CAST(label AS DOUBLE) AS y, scores[1] AS p "
        f"FROM ({judged_rows(call, stored)})) SELECT {trial}"
        "avg(abs(y - p)) AS mean_absolute_error, avg((y - p) * (y - p)) AS mean_squared_error, "
        "CASE WHEN least(min(y), min(p)) >= 0 THEN "
        "avg(pow(ln(1 + greatest(y, 0)) - ln(1 + greatest(p, 0)), 2)) END "
        "AS mean_squared_log_error, "
        "median(abs(y - p)) AS median_absolute_error, "
        f"{_share('avg((y - p) * (y - p))')} AS r2_score, "
        f"{_share('var_pop(y - p)')} AS explained_variance FROM __rs_judged"
    )


def _share(left: str) -> str:
    """1 - left / variance of the label; of a constant label 1 if nothing is left, else 0."""
    return (
        f"CASE WHEN var_pop(y) > 0 THEN 1 - {left} / var_pop(y) "
        f"WHEN {left} = 0 THEN 1.0 ELSE CASE WHEN count(*) > 0 THEN 0.0 END END"
    )


def _classifier(call: MLCall, stored: StoredVersion) -> str:
    threshold = binary_threshold(call, stored)
    trial = trial_column(call, stored)
    place = positive_place(stored.signature)
    rows = _with_codes(stored.signature, judged_rows(call, stored))
    if place is None:
        return f"{rows}, {_MANY} SELECT {trial}* FROM __rs_metrics"
    binary = _BINARY.format(place=place, threshold=repr(threshold), smallest=SMALLEST)
    return f"{rows}, {binary} SELECT {trial}* FROM __rs_metrics"


def _with_codes(signature: Signature, rows: str) -> str:
    """The judged rows with the place of each label among the classes; NULL for an unknown one."""
    names = ", ".join(class_text(signature, c) for c in signature.classes)
    return (
        f"WITH __rs_judged AS MATERIALIZED (SELECT list_position([{names}], label) AS y, scores "
        f"FROM ({rows}))"
    )


_BINARY = """__rs_hits AS (
    SELECT y, scores, scores[{place}] AS p, coalesce(y = {place}, false) AS hit,
           scores[{place}] > {threshold} AS said, coalesce(y > 0, false) AS known
    FROM __rs_judged
), __rs_groups AS (
    SELECT p, count(*) FILTER (hit) AS n1, count(*) FILTER (NOT hit) AS n0
    FROM __rs_hits GROUP BY p
), __rs_ranks AS (
    SELECT n1, n0, sum(n0) OVER (ORDER BY p) - n0 AS below FROM __rs_groups
), __rs_area AS (
    SELECT CASE WHEN sum(n1) > 0 AND sum(n0) > 0 THEN
        CAST(sum(n1 * (below + n0 / 2)) AS DOUBLE) / (CAST(sum(n1) AS DOUBLE) * sum(n0)) END
        AS roc_auc
    FROM __rs_ranks
), __rs_counts AS (
    SELECT CAST(count(*) FILTER (hit AND said) AS DOUBLE) AS tp,
           CAST(count(*) FILTER (NOT hit AND said) AS DOUBLE) AS fp,
           CAST(count(*) FILTER (hit AND NOT said) AS DOUBLE) AS fn,
           CAST(count(*) FILTER (known AND hit = said) AS DOUBLE) AS right_ones,
           CAST(count(*) AS DOUBLE) AS n,
           avg(-ln(greatest(coalesce(scores[y], 0), {smallest}))) AS log_loss
    FROM __rs_hits
), __rs_metrics AS (
    SELECT CASE WHEN tp + fp > 0 THEN tp / (tp + fp) WHEN n > 0 THEN 'NaN'::DOUBLE END AS precision,
           CASE WHEN tp + fn > 0 THEN tp / (tp + fn) WHEN n > 0 THEN 'NaN'::DOUBLE END AS recall,
           CASE WHEN n > 0 THEN right_ones / n END AS accuracy,
           CASE WHEN tp + fp + fn > 0 THEN 2 * tp / (2 * tp + fp + fn)
                WHEN n > 0 THEN 'NaN'::DOUBLE END AS f1_score,
           log_loss, roc_auc
    FROM __rs_counts CROSS JOIN __rs_area
)"""

_MANY = """__rs_said AS (
    SELECT y, scores, list_position(scores, list_max(scores)) AS said FROM __rs_judged
), __rs_places AS (
    SELECT unnest(range(1, 1 + (SELECT coalesce(max(len(scores)), 0) FROM __rs_judged))) AS k
), __rs_each AS (
    SELECT k, CAST(count(*) FILTER (y = k AND said = k) AS DOUBLE) AS tp,
           count(*) FILTER (y IS DISTINCT FROM k AND said = k) AS fp,
           count(*) FILTER (y = k AND said <> k) AS fn
    FROM __rs_said CROSS JOIN __rs_places GROUP BY k
), __rs_groups AS (
    SELECT k, scores[k] AS p, count(*) FILTER (y = k) AS n1,
           count(*) FILTER (y IS DISTINCT FROM k) AS n0
    FROM __rs_said CROSS JOIN __rs_places GROUP BY ALL
), __rs_ranks AS (
    SELECT k, n1, n0, sum(n0) OVER (PARTITION BY k ORDER BY p) - n0 AS below FROM __rs_groups
), __rs_areas AS (
    SELECT k, CASE WHEN sum(n1) > 0 AND sum(n0) > 0 THEN
        CAST(sum(n1 * (below + n0 / 2)) AS DOUBLE) / (CAST(sum(n1) AS DOUBLE) * sum(n0)) END
        AS area
    FROM __rs_ranks GROUP BY k
), __rs_metrics AS (
    SELECT * FROM (
        SELECT avg(CASE WHEN tp + fp > 0 THEN tp / (tp + fp) ELSE 0 END) AS precision,
               avg(CASE WHEN tp + fn > 0 THEN tp / (tp + fn) ELSE 0 END) AS recall,
               (SELECT avg(CAST(coalesce(y = said, false) AS INTEGER)) FROM __rs_said) AS accuracy,
               avg(CASE WHEN tp + fp + fn > 0 THEN 2 * tp / (2 * tp + fp + fn) ELSE 0 END)
                   AS f1_score
        FROM __rs_each
    ) CROSS JOIN (
        SELECT avg(-ln(greatest(coalesce(scores[y] / list_sum(scores), 0), SMALLEST))) AS log_loss
        FROM __rs_said
    ) CROSS JOIN (SELECT avg(area) AS roc_auc FROM __rs_areas)
)""".replace("SMALLEST", repr(SMALLEST))


VERBS = (
    Verb(
        "EVALUATE", ("classifier",),
        "Metrics of a classifier on the rows it was evaluated on, or on new ones; of several "
        "classes the mean over them. Rows without a label, and those of NULLs alone, are left out. "
        "A tuned model has trial_id before them.",
        CLASSIFICATION, _classifier, rows="may", settings=(THRESHOLD, TRIAL_ID),
    ),
    Verb(
        "EVALUATE", ("regressor",),
        "Metrics of a regressor on the rows it was evaluated on, or on new ones. Rows without a "
        "label, and those of NULLs alone, are left out. A tuned model has trial_id before them.",
        REGRESSION, _regressor, rows="may", settings=(THRESHOLD, TRIAL_ID),
    ),
)  # fmt: skip
