"""Numbers and texts into buckets: ML.BUCKETIZE, ML.QUANTILE_BUCKETIZE, ML.HASH_BUCKETIZE."""

from __future__ import annotations

from itertools import pairwise

from retailsql.dialect.scalars.function import Arguments, Given, Plan, Scalar, Statistic, bound

FORMATS = ("bucket_names", "bucket_ranges", "bucket_ranges_json")
FINGERPRINT = "__rs_farm_fingerprint"
"""The hidden function that equals BigQuery's FARM_FINGERPRINT."""


def _bucketize(a: Arguments) -> Plan:
    wanted = "an array of finite numbers, lowest first, such as [1, 2, 3]"
    points = a.numbers(1, None, "array_split_points", wanted)
    if not points or any(p > q for p, q in pairwise(points)):
        raise a.error(1, "array_split_points has a wrong value", wanted)
    if a.flag(2, False, "exclude_boundaries"):
        points = points[1:-1]
    how = a.choice(3, "bucket_names", "output_format", FORMATS)
    names = [_name(points, i, how) for i in range(len(points) + 1)]

    def value(v: str) -> str:
        below = " ".join(
            f"WHEN {v} < {float(p)!r} THEN {_literal(n)}"
            for p, n in zip(points, names, strict=False)
        )
        return f"CASE WHEN {v} IS NULL THEN NULL {below} ELSE {_literal(names[-1])} END"

    return Plan(lambda g: bound(a.double(), value))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(points: list[float], i: int, how: str) -> str:
    """The name of the bucket whose upper end is point ``i``."""
    if how == "bucket_names":
        return f"bin_{i + 1}"
    low, high = (_shown(points[j]) if 0 <= j < len(points) else None for j in (i - 1, i))
    if how == "bucket_ranges":
        return f"{'(-inf' if low is None else '[' + low}, {high or '+inf'})"
    return f'{{"start": "{low or "-Infinity"}", "end": "{high or "Infinity"}"}}'


def _shown(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def _quantile(a: Arguments) -> Plan:
    many = a.whole(1, 0, "num_buckets", 1, 10_000)
    how = a.choice(2, "bucket_names", "output_format", FORMATS)
    x = a.double()
    shares = ", ".join(repr(i / many) for i in range(1, many)) or "0.5"

    def points(quantiles: str) -> str:
        """Equal quantiles are one end: a bucket that nothing can fall into is none."""
        if many == 1:
            return "CAST([] AS DOUBLE[])"
        return f"coalesce(list_sort(list_distinct({quantiles})), CAST([] AS DOUBLE[]))"

    def value(v: str, g: Given) -> str:
        at = f"len(list_filter({g['points']}, lambda __rs_p: __rs_p <= {v}))"
        return f"CASE WHEN {v} IS NOT NULL THEN {_named(at, g['points'], how)} END"

    statistic = Statistic(f"quantile_disc({x}, [{shares}])", points)
    return Plan(lambda g: g.bind(x, value), {"points": statistic})


def _named(at: str, points: str, how: str) -> str:
    """SQL of the name of the bucket behind ``at`` of the points."""
    if how == "bucket_names":
        return f"'bin_' || (1 + {at})"
    shown = (
        "CASE WHEN __rs_p = trunc(__rs_p) AND abs(__rs_p) < 1e15 "
        "THEN CAST(CAST(__rs_p AS BIGINT) AS VARCHAR) "
        "ELSE CAST(__rs_p AS VARCHAR) END"
    )
    ends = f"list_transform({points}, lambda __rs_p: {shown})"
    low, high = f"{ends}[{at}]", f"{ends}[{at} + 1]"
    if how == "bucket_ranges":
        return f"coalesce('[' || {low}, '(-inf') || ', ' || coalesce({high}, '+inf') || ')'"
    start, end = f"coalesce({low}, '-Infinity')", f"coalesce({high}, 'Infinity')"
    return f"""'{{"start": "' || {start} || '", "end": "' || {end} || '"}}'"""


def _hash(a: Arguments) -> Plan:
    size = a.whole(1, 0, "hash_bucket_size", 0, 2**63 - 1)
    fingerprint = f"{FINGERPRINT}({a.text()})"
    if size == 0:
        return Plan(lambda g: fingerprint)
    # The remainder of the fingerprint without sign, as in the documented example.
    unsigned = "CAST(__rs AS HUGEINT) + CASE WHEN __rs < 0 THEN 18446744073709551616 ELSE 0 END"
    rest = f"CAST(({unsigned}) % {size} AS BIGINT)"
    return Plan(lambda g: bound(fingerprint, lambda v: rest))


SCALARS = (
    Scalar(
        "BUCKETIZE",
        "(numerical_expression, array_split_points [, exclude_boundaries] [, output_format])",
        "VARCHAR", "The bucket between given points that a number falls into.", _bucketize, 2, 4,
    ),
    Scalar(
        "QUANTILE_BUCKETIZE", "(numerical_expression, num_buckets [, output_format]) OVER ()",
        "VARCHAR", "The bucket between quantiles that a number falls into.", _quantile, 2, 3, True,
    ),
    Scalar(
        "HASH_BUCKETIZE", "(string_expression, hash_bucket_size)", "BIGINT",
        "The remainder of a text's FarmHash fingerprint; the fingerprint itself for size 0.",
        _hash, 2, 2,
    ),
)  # fmt: skip
