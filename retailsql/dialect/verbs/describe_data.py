"""``ML.DESCRIBE_DATA``: statistics of each column of some rows, in one pass over them.

Where BigQuery approximates (quantiles, distinct values, top values), these are exact.
"""

from __future__ import annotations

from retailsql.dialect.settings import Setting
from retailsql.dialect.verbs.call import MLCall
from retailsql.dialect.verbs.leaves import ROW, Leaf, leaves
from retailsql.dialect.verbs.verb import Verb
from retailsql.registry.names import literal, quote

COLUMNS = {
    "name": "VARCHAR",
    "num_rows": "BIGINT",
    "num_nulls": "BIGINT",
    "num_zeros": "BIGINT",
    "min": "VARCHAR",
    "max": "VARCHAR",
    "mean": "DOUBLE",
    "stdev": "DOUBLE",
    "median": "DOUBLE",
    "quantiles": "DOUBLE[]",
    "unique": "BIGINT",
    "avg_string_length": "DOUBLE",
    "num_values": "BIGINT",
    "top_values": 'STRUCT("value" VARCHAR, count BIGINT)[]',
    "min_array_length": "BIGINT",
    "max_array_length": "BIGINT",
    "avg_array_length": "DOUBLE",
    "total_array_length": "BIGINT",
    "array_length_quantiles": "BIGINT[]",
    "dimension": "BIGINT",
}
_MANY = "a whole number from 1 to 100000"
SETTINGS = (
    Setting("num_quantiles", "int", _MANY, low=1, high=100_000),
    Setting("num_array_length_quantiles", "int", _MANY, low=1, high=100_000),
    Setting("top_k", "int", "a whole number from 1 to 10000", low=1, high=10_000),
)


def _describe(call: MLCall) -> str:
    parts = call.settings.get("num_quantiles", 2)
    lengths = call.settings.get("num_array_length_quantiles", 10)
    k = call.settings.get("top_k", 1)
    rows = ", ".join(_row(leaf, parts, lengths, k) for leaf in leaves(call))
    return (
        "SELECT __rs_column.* FROM (SELECT unnest(__rs_columns) AS __rs_column FROM "
        f"(SELECT [{rows}] AS __rs_columns FROM {call.relation} AS {ROW}))"
    )


def _row(leaf: Leaf, parts: int, lengths: int, k: int) -> str:
    """One column's statistics as a struct of aggregates."""
    values = {
        "name": literal(leaf.name),
        "num_rows": "count(*)",
        "num_nulls": f"count(*) - count({leaf.sql})",
        **(_of_array(leaf, parts, lengths, k) if leaf.array else _of_scalar(leaf, parts, k)),
    }
    fields = ", ".join(
        f"{quote(name)} := CAST({values.get(name, 'NULL')} AS {kind})"
        for name, kind in COLUMNS.items()
    )
    return f"struct_pack({fields})"


def _of_scalar(leaf: Leaf, parts: int, k: int) -> dict[str, str]:
    x = leaf.sql
    if leaf.kind == "category":
        return {
            "min": f"min({x})", "max": f"max({x})", "unique": f"count(DISTINCT {x})",
            "avg_string_length": f"avg(length({x}))", "num_values": f"count({x})",
            "top_values": _top(f"histogram({x})", k),
        }  # fmt: skip
    least, most = (f"{f}({leaf.original or x})" for f in ("min", "max"))
    return {
        "num_zeros": f"count(*) FILTER ({x} = 0)", "min": _text(least), "max": _text(most),
        "mean": f"avg({x})", "stdev": f"stddev_samp({x})", "median": f"median({x})",
        "quantiles": f"quantile_disc({x}, {_shares(parts)})", "num_values": f"count({x})",
    }  # fmt: skip


def _of_array(leaf: Leaf, parts: int, lengths: int, k: int) -> dict[str, str]:
    """Statistics of the elements, and of how many there are."""
    length = f"len({leaf.sql})"
    items = f"list_filter(flatten(list({leaf.sql})), lambda x: x IS NOT NULL)"
    told = {
        "num_values": f"coalesce(sum({length}), 0)", "min_array_length": f"min({length})",
        "max_array_length": f"max({length})", "avg_array_length": f"avg({length})",
        "total_array_length": f"coalesce(sum({length}), 0)",
        "array_length_quantiles": f"quantile_disc({length}, {_shares(lengths)})",
    }  # fmt: skip
    if leaf.index:
        told["dimension"] = f"max(list_max({leaf.index})) + 1"
    if leaf.kind == "category":
        return told | {
            "min": f"list_min({items})", "max": f"list_max({items})",
            "unique": f"len(list_distinct({items}))",
            "avg_string_length": f"list_avg(list_transform({items}, lambda x: length(x)))",
            "top_values": _top(f"list_histogram({items})", k),
        }  # fmt: skip
    quantiles = ", ".join(
        f"list_aggregate({items}, 'quantile_disc', {i}::DOUBLE / {parts})" for i in range(parts + 1)
    )
    return told | {
        "num_zeros": f"len(list_filter({items}, lambda x: x = 0))",
        "min": _text(f"list_min({items})"), "max": _text(f"list_max({items})"),
        "mean": f"list_avg({items})", "stdev": f"list_stddev_samp({items})",
        "median": f"list_median({items})", "quantiles": f"[{quantiles}]",
    }  # fmt: skip


def _shares(parts: int) -> str:
    """0, 1/parts, ... 1: the places of APPROX_QUANTILES, which returns one more than parts."""
    return "[" + ", ".join(repr(i / parts) for i in range(parts + 1)) + "]"


def _text(number: str) -> str:
    """A number as BigQuery writes it: a whole one without a point."""
    return f"regexp_replace(CAST({number} AS VARCHAR), '\\.0$', '')"


def _top(histogram: str, k: int) -> str:
    """The most frequent values; of equally frequent ones the first by its text."""
    pairs = (
        f"list_transform(map_entries({histogram}), "
        "lambda __rs_e: {'n': -__rs_e.value::BIGINT, 'v': __rs_e.key})"
    )
    return (
        f"list_transform(list_sort({pairs})[1:{k}], "
        "lambda __rs_e: {'value': __rs_e.v, 'count': -__rs_e.n})"
    )


VERBS = (
    Verb(
        "DESCRIBE_DATA", (),
        "Statistics of each column: range, mean, quantiles of numbers, the top values of "
        "categories; arrays by their elements.",
        COLUMNS, _describe, rows="must", settings=SETTINGS,
    ),
)  # fmt: skip
