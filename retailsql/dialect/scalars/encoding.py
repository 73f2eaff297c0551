"""Categories as numbers: ML.LABEL_ENCODER, ML.ONE_HOT_ENCODER, ML.MULTI_HOT_ENCODER.

The vocabulary is in alphabetical order and counts from 1; 0 is NULL and everything else.
"""

from __future__ import annotations

from retailsql.dialect.scalars.function import Arguments, Given, Plan, Scalar, Statistic, bound
from retailsql.dialect.scalars.vocabulary import most_frequent, vocabulary

TOP_K, THRESHOLD = 32_000, 5
"""Documented defaults: how many categories at most, and how often each must be there."""
LARGEST_K = 999_999
ONE = "CAST(1.0 AS DOUBLE)"


def _limits(a: Arguments, at: int) -> tuple[int, int]:
    """top_k and frequency_threshold, as arguments from position ``at`` on."""
    top_k = a.whole(at, TOP_K, "top_k", 1, LARGEST_K)
    return top_k, a.whole(at + 1, THRESHOLD, "frequency_threshold", 0, 2**31 - 1)


def _words(a: Arguments, at: int) -> Statistic:
    top_k, least = _limits(a, at)
    return Statistic(f"histogram({a.text()})", lambda h: vocabulary(h, least, top_k))


def position(words: str, value: str) -> str:
    """The place of a value in a vocabulary, from 1; 0 if it is not there or NULL."""
    return f"CAST(coalesce(list_position({words}, {value}), 0) AS BIGINT)"


def _label(a: Arguments) -> Plan:
    return Plan(lambda g: position(g["words"], a.text()), {"words": _words(a, 1)})


def _one_hot(a: Arguments) -> Plan:
    drop = a.choice(1, "none", "drop", ("none", "most_frequent"))
    statistics = {"words": _words(a, 2)}
    if drop == "most_frequent":
        first = Statistic(f"histogram({a.text()})", lambda h: f"{most_frequent(h)}[1]")
        statistics["dropped"] = first

    def value(g: Given) -> str:
        one = (
            f"CASE WHEN {a.text()} = {g['dropped']} THEN 0.0 ELSE 1.0 END"
            if drop != "none"
            else "1.0"
        )
        return f"[{{'index': {position(g['words'], a.text())}, 'value': CAST({one} AS DOUBLE)}}]"

    return Plan(value, statistics)


def _multi_hot(a: Arguments) -> Plan:
    top_k, least = _limits(a, 1)
    array = f"CAST({a[0]} AS VARCHAR[])"
    # A category counts once in an array, as in the documented example.
    words = Statistic(
        f"list(list_distinct({array}))",
        lambda rows: vocabulary(f"list_aggregate(flatten({rows}), 'histogram')", least, top_k),
    )

    def value(v: str, g: Given) -> str:
        found = (
            f"list_distinct(list_transform({v}, lambda __rs_e: {position(g['words'], '__rs_e')}))"
        )
        known = "list_sort(list_filter(__rs_p, lambda __rs_i: __rs_i > 0))"
        ordered = f"list_concat({known}, list_filter(__rs_p, lambda __rs_i: __rs_i = 0))"
        pairs = f"list_transform({ordered}, lambda __rs_i: {{'index': __rs_i, 'value': {ONE}}})"
        return bound(found, lambda p: pairs, "__rs_p")

    whole = f"coalesce({array}, CAST([] AS VARCHAR[]))"
    return Plan(lambda g: g.bind(whole, value), {"words": words})


_PAIRS = 'STRUCT("index" BIGINT, "value" DOUBLE)[]'

SCALARS = (
    Scalar(
        "LABEL_ENCODER", "(string_expression [, top_k] [, frequency_threshold]) OVER ()", "BIGINT",
        "A category's place in the alphabetical vocabulary, 0 for others.", _label, 1, 3, True,
    ),
    Scalar(
        "ONE_HOT_ENCODER",
        "(string_expression [, drop] [, top_k] [, frequency_threshold]) OVER ()", _PAIRS,
        "A category's place in the vocabulary, with the value 1.", _one_hot, 1, 4, True,
    ),
    Scalar(
        "MULTI_HOT_ENCODER", "(array_expression [, top_k] [, frequency_threshold]) OVER ()", _PAIRS,
        "The places in the vocabulary of an array's categories.", _multi_hot, 1, 3, True,
    ),
)  # fmt: skip
