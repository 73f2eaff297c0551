"""Numbers on a common scale: ML.STANDARD_SCALER and its like, ML.NORMALIZER, ML.IMPUTER."""

from __future__ import annotations

from retailsql.dialect.scalars.function import Arguments, Given, Plan, Scalar, Statistic, bound
from retailsql.dialect.scalars.vocabulary import most_frequent


def _or_one(spread: str) -> str:
    """A constant column is only shifted, as scikit-learn does: nothing is divided by 0."""
    return f"CASE WHEN {spread} > 0 THEN {spread} ELSE 1.0 END"


def _standard(a: Arguments) -> Plan:
    x = a.double()
    return Plan(
        lambda g: f"(({x} - {g['mean']}) / {_or_one(g['sd'])})",
        {
            "mean": Statistic(f"favg({x})", sorted_by=x),
            "sd": Statistic(f"stddev_samp({x})", sorted_by=x),
        },
    )


def _min_max(a: Arguments) -> Plan:
    def value(v: str, g: Given) -> str:
        low, high = g["low"], g["high"]
        scaled = f"({v} - {low}) / {_or_one(f'({high} - {low})')}"
        return f"CASE WHEN {v} IS NOT NULL THEN greatest(0.0, least(1.0, {scaled})) END"

    x = a.double()
    statistics = {"low": Statistic(f"min({x})"), "high": Statistic(f"max({x})")}
    return Plan(lambda g: g.bind(x, value), statistics)


def _max_abs(a: Arguments) -> Plan:
    x = a.double()
    return Plan(
        lambda g: f"({x} / {_or_one(g['largest'])})", {"largest": Statistic(f"max(abs({x}))")}
    )


def _robust(a: Arguments) -> Plan:
    wanted = "two whole numbers between 0 and 100, the first the smaller, such as [25, 75]"
    quantiles = a.numbers(1, [25, 75], "quantile_range", wanted)
    if len(quantiles) != 2 or not 0 < quantiles[0] < quantiles[1] < 100:
        raise a.error(1, "quantile_range has a wrong value", wanted)
    with_median = a.flag(2, True, "with_median")
    with_range = a.flag(3, True, "with_quantile_range")
    x, (low, high) = a.double(), quantiles
    shares = f"[{low / 100!r}, 0.5, {high / 100!r}]"

    def value(g: Given) -> str:
        q = g["quantiles"]
        shifted = f"({x} - {q}[2])" if with_median else x
        return f"({shifted} / {_or_one(f'({q}[3] - {q}[1])')})" if with_range else shifted

    # The discrete quantiles, as in the documented example: the median of six values is the third.
    return Plan(value, {"quantiles": Statistic(f"quantile_disc({x}, {shares})")})


def _normalizer(a: Arguments) -> Plan:
    p = _degree(a)

    def scaled(v: str) -> str:
        norm = _norm(v, p)
        inner = f"list_transform({v}, lambda __rs_e: __rs_e / __rs_n)"
        return bound(norm, lambda n: f"CASE WHEN {n} > 0 THEN {inner} ELSE {v} END", "__rs_n")

    return Plan(lambda g: bound(f"CAST({a[0]} AS DOUBLE[])", scaled))


def _degree(a: Arguments) -> float:
    """The p of a p-norm: 0, a number from 1, or CAST('+INF' AS FLOAT64)."""
    wanted = "0.0, a number from 1.0, or CAST('+INF' AS FLOAT64)"
    if len(a.parts) > 1 and "inf" in a[1].lower():
        return float("inf")
    p: float = a.constant(
        1, 2.0,
        lambda v: isinstance(v, int | float) and not isinstance(v, bool) and (v == 0 or v >= 1),
        "p", wanted,
    )  # fmt: skip
    return p


def _norm(v: str, p: float) -> str:
    if p == 0:
        return f"len(list_filter({v}, lambda __rs_e: __rs_e <> 0))"
    if p == float("inf"):
        return f"list_max(list_transform({v}, lambda __rs_e: abs(__rs_e)))"
    if p == 2:
        return f"sqrt(list_sum(list_transform({v}, lambda __rs_e: __rs_e * __rs_e)))"
    powers = f"list_sum(list_transform({v}, lambda __rs_e: pow(abs(__rs_e), {float(p)!r})))"
    return f"pow({powers}, {1 / p!r})"


def _lp_norm(a: Arguments) -> Plan:
    p = _degree(a)
    return Plan(lambda g: f"CAST({_norm(f'CAST({a[0]} AS DOUBLE[])', p)} AS DOUBLE)")


def _distance(a: Arguments) -> Plan:
    kind = a.choice(2, "euclidean", "type", ("euclidean", "manhattan", "cosine"))
    x, y = (f"CAST({a[i]} AS DOUBLE[])" for i in (0, 1))
    if kind == "manhattan":
        steps = "list_transform(list_zip(v.x, v.y), lambda __rs_e: abs(__rs_e[1] - __rs_e[2]))"
        # list_zip fills the shorter one with NULLs, which a sum would pass over in silence.
        fact = "ML.DISTANCE needs two arrays of one length. Seen: "
        unlike = f"error('{fact}' || len(v.x) || ' and ' || len(v.y))"
        body = f"CASE WHEN len(v.x) <> len(v.y) THEN {unlike} ELSE list_sum({steps}) END"
        return Plan(lambda g: bound(f"{{'x': {x}, 'y': {y}}}", lambda v: body, "v"))
    function = "list_distance" if kind == "euclidean" else "list_cosine_distance"
    return Plan(lambda g: f"{function}({x}, {y})")


def _imputer(a: Arguments) -> Plan:
    strategy = a.choice(1, None, "strategy", ("mean", "median", "most_frequent"))
    if strategy == "most_frequent":
        # A frozen number is a DOUBLE and makes the whole one, as documented; alone in a SELECT
        # numbers keep their type, which no text tells.
        fill = Statistic(f"histogram({a[0]})", lambda h: f"{most_frequent(h)}[1]")
        return Plan(lambda g: f"coalesce({a[0]}, {g['fill']})", {"fill": fill})
    x = a.double()
    fill = (
        Statistic(f"favg({x})", sorted_by=x)
        if strategy == "mean"
        else Statistic(f"quantile_disc({x}, 0.5)")
    )
    return Plan(lambda g: f"coalesce({x}, {g['fill']})", {"fill": fill})


SCALARS = (
    Scalar(
        "STANDARD_SCALER", "(numerical_expression) OVER ()", "DOUBLE",
        "Minus the mean, over the sample standard deviation.", _standard, 1, 1, True,
    ),
    Scalar(
        "MIN_MAX_SCALER", "(numerical_expression) OVER ()", "DOUBLE",
        "From 0 at the smallest value to 1 at the largest; values outside are capped.",
        _min_max, 1, 1, True,
    ),
    Scalar(
        "MAX_ABS_SCALER", "(numerical_expression) OVER ()", "DOUBLE",
        "Over the largest absolute value.", _max_abs, 1, 1, True,
    ),
    Scalar(
        "ROBUST_SCALER",
        "(numerical_expression [, quantile_range] [, with_median] [, with_quantile_range]) OVER ()",
        "DOUBLE", "Minus the median, over the range between two quantiles.", _robust, 1, 4, True,
    ),
    Scalar(
        "NORMALIZER", "(array_expression [, p])", "DOUBLE[]",
        "An array over its p-norm.", _normalizer, 1, 2,
    ),
    Scalar(
        "IMPUTER", "(expression, strategy) OVER ()", "DOUBLE, VARCHAR for texts",
        "NULL becomes the mean, the median or the most frequent value.", _imputer, 2, 2, True,
    ),
    Scalar(
        "LP_NORM", "(vector [, degree])", "DOUBLE", "The p-norm of an array.", _lp_norm, 1, 2,
    ),
    Scalar(
        "DISTANCE", "(vector1, vector2 [, type])", "DOUBLE",
        "Euclidean, Manhattan or cosine distance of two arrays.", _distance, 2, 3,
    ),
)  # fmt: skip
