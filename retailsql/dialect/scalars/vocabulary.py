"""The SQL of a vocabulary: the most frequent values of a column, from its histogram."""

from __future__ import annotations


def most_frequent(histogram: str, least: int = 1, most: int = 1) -> str:
    """A list of the most frequent values, the commonest first and of equals the smallest.

    Args:
        histogram: SQL of a map of value -> count.
        least: how often a value must be there.
        most: how many values at most.
    """
    entries = (
        f"list_transform(map_entries({histogram}), "
        "lambda __rs_e: {'n': -CAST(__rs_e.value AS BIGINT), 'k': __rs_e.key})"
    )
    enough = f"list_filter({entries}, lambda __rs_e: __rs_e.n <= {-least})"
    return f"list_transform(list_sort({enough})[1:{most}], lambda __rs_e: __rs_e.k)"


def vocabulary(histogram: str, least: int, most: int) -> str:
    """A list of the most frequent values, in alphabetical order; empty where there are none."""
    chosen = f"list_sort({most_frequent(histogram, least, most)})"
    return f"coalesce({chosen}, CAST([] AS VARCHAR[]))"
