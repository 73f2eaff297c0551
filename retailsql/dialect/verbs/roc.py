"""``ML.ROC_CURVE``: what each threshold finds and what it wrongly flags."""

from __future__ import annotations

from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.judged import class_text, judged_rows, positive_place
from retailsql.dialect.verbs.trials import TRIAL_ID, trial_column
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.store import StoredVersion

QUANTILES = 100


def _roc(call: MLCall, stored: StoredVersion) -> str:
    trial_column(call, stored)
    place = positive_place(stored.signature)
    if place is None:
        raise call.error(
            f"Model {stored.name.text!r} has {len(stored.signature.classes)} classes, and a ROC "
            "curve is of two",
            wanted="a classifier of two classes",
            todo="use ML.CONFUSION_MATRIX or ML.EVALUATE",
        )
    wanted = _thresholds(call)
    return _CURVE.format(
        rows=judged_rows(call, stored), place=place, hit=_hit(place, stored), thresholds=wanted
    )


def _hit(place: int, stored: StoredVersion) -> str:
    return f"label = {class_text(stored.signature, stored.signature.classes[place - 1])}"


def _thresholds(call: MLCall) -> str:
    """The SELECT of the thresholds: those asked for, or the hundredths of the predictions."""
    if call.values is None:
        return (
            "SELECT DISTINCT unnest(quantile_disc(p, list_transform(range(0, "
            f"{QUANTILES + 1}), lambda i: i / {QUANTILES}))) AS threshold FROM __rs_hits"
        )
    return f"SELECT unnest(CAST({array_sql(call.values)} AS DOUBLE[])) AS threshold"


def array_sql(text: str) -> str:
    """An array argument in DuckDB's words: GENERATE_ARRAY has none there.

    >>> array_sql("[0.1, 0.2]")
    '[0.1, 0.2]'
    """
    words = text.strip()
    if not words.upper().startswith("GENERATE_ARRAY"):
        return words
    inner = words[words.index("(") + 1 : words.rindex(")")]
    parts = [f"CAST({part} AS DOUBLE)" for part in split_arguments(inner)]
    low, high, step = (*parts, "CAST(1 AS DOUBLE)")[:3]
    # A hair is added, or 0.4 to 0.6 by 0.01 would end at 0.59 in floating point.
    last = f"CAST(floor(({high} - {low}) / {step} + 1e-9) AS BIGINT) + 1"
    return f"list_transform(range(0, {last}), lambda i: {low} + i * {step})"


def split_arguments(text: str) -> list[str]:
    """The arguments between commas that stand in no bracket.

    >>> split_arguments("0.4, least(1, 2), 3")
    ['0.4', 'least(1, 2)', '3']
    """
    parts, depth, start = [], 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]


_CURVE = """WITH __rs_hits AS MATERIALIZED (
    SELECT scores[{place}] AS p, {hit} AS hit FROM ({rows})
), __rs_steps AS (
    SELECT p, sum(n1) OVER (ORDER BY p) AS below1, sum(n0) OVER (ORDER BY p) AS below0
    FROM (SELECT p, count(*) FILTER (hit) AS n1, count(*) FILTER (NOT hit) AS n0
          FROM __rs_hits GROUP BY p)
), __rs_thresholds AS ({thresholds}
), __rs_found AS (
    SELECT threshold, all1 - coalesce(below1, 0) AS tp, all0 - coalesce(below0, 0) AS fp, all1, all0
    FROM __rs_thresholds ASOF LEFT JOIN __rs_steps ON threshold >= p
    CROSS JOIN (SELECT count(*) FILTER (hit) AS all1, count(*) FILTER (NOT hit) AS all0
                FROM __rs_hits)
)
SELECT threshold, CASE WHEN all1 > 0 THEN tp / all1 END AS recall,
       CASE WHEN all0 > 0 THEN fp / all0 END AS false_positive_rate,
       CAST(tp AS BIGINT) AS true_positives, CAST(fp AS BIGINT) AS false_positives,
       CAST(all0 - fp AS BIGINT) AS true_negatives, CAST(all1 - tp AS BIGINT) AS false_negatives
FROM __rs_found WHERE threshold IS NOT NULL ORDER BY threshold"""

VERBS = (
    Verb(
        "ROC_CURVE", ("classifier",),
        "For each threshold what share of the positive rows is above it, and of the negative "
        "rows, without those that have no label or are of NULLs alone; thresholds as an array, or "
        "the hundredths of the predictions.",
        {
            "threshold": "DOUBLE",
            "recall": "DOUBLE",
            "false_positive_rate": "DOUBLE",
            "true_positives": "BIGINT",
            "false_positives": "BIGINT",
            "true_negatives": "BIGINT",
            "false_negatives": "BIGINT",
        },
        _roc, rows="may", settings=(TRIAL_ID,), values=True,
    ),
)  # fmt: skip
