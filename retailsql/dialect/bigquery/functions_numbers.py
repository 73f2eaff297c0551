"""BigQuery's mathematical, bit and conditional functions."""

from __future__ import annotations

from retailsql.dialect.bigquery.arithmetic import NUMERIC
from retailsql.dialect.bigquery.functions import MANY, Call, Function, Table, fail, same, say


def divide(a: str, b: str, constant: float | None = None) -> str:
    """``a / b`` that fails where b is 0, as BigQuery's does; DuckDB's gives infinity."""
    if constant:
        return f"{a} / {b}"
    return f"{a} / (CASE {b} WHEN 0 THEN {fail('division by zero', 'DOUBLE')} ELSE {b} END)"


def whole_divide(call: Call) -> str:
    """DIV: both toward zero, and both fail for 0 on whole numbers; of NUMERIC DuckDB's is not."""
    a, b = call.texts
    if "decimal" in call.kinds:
        return f"CAST((({a}) - (({a}) % ({b}))) / ({b}) AS {NUMERIC})"
    return f"({a}) // ({b})"


def _whole(name: str) -> Function:
    """ROUND and its like: halves away from zero in both; of an INT64 a FLOAT64."""

    def build(call: Call) -> str:
        text = f"{name}({', '.join(call.texts)})"
        return f"CAST({text} AS DOUBLE)" if call.kind(0) == "int" else text

    kind = lambda c: "float" if c.kind(0) == "int" else c.kind(0)  # noqa: E731
    return Function(build, 1, 2 if name in ("round", "trunc") else 1, kind)


def _safe_divide(call: Call) -> str:
    a, b = call.texts
    text = f"(({a}) / (CASE {b} WHEN 0 THEN NULL ELSE {b} END))"
    return f"CAST({text} AS {NUMERIC})" if _divided(call) == "decimal" else text


def _divided(call: Call) -> str:
    kinds = set(call.kinds)
    return "decimal" if "decimal" in kinds and kinds <= {"decimal", "int"} else "float"


def _log(call: Call) -> str:
    x = _positive(call.text(0), call.name)
    if len(call) == 1:
        return f"ln({x})"
    return f"(ln({x}) / ln({_positive(call.text(1), call.name)}))"


def _positive(x: str, name: str) -> str:
    """x, or a failure where a logarithm would be minus infinity or no number."""
    wrong = fail(f"{name} of a number that is not positive", "DOUBLE")
    return f"(CASE WHEN {x} <= 0 THEN {wrong} ELSE {x} END)"


def _ln(call: Call) -> str:
    return f"ln({_positive(call.text(0), call.name)})"


def _log10(call: Call) -> str:
    return f"log10({_positive(call.text(0), call.name)})"


def _sqrt(call: Call) -> str:
    x = call.text(0)
    return (
        f"sqrt(CASE WHEN {x} < 0 THEN {fail('SQRT of a negative number', 'DOUBLE')} ELSE {x} END)"
    )


def _extreme(call: Call) -> str:
    """GREATEST and LEAST: NULL if any argument is, where DuckDB skips it."""
    if len(call) == 1:
        return call.text(0)
    null = " OR ".join(f"({t}) IS NULL" for t in call.texts)
    return f"(CASE WHEN {null} THEN NULL ELSE {call.name.lower()}({', '.join(call.texts)}) END)"


def _if(call: Call) -> str:
    a, b, c = call.texts
    return f"(CASE WHEN {a} THEN {b} ELSE {c} END)"


def _range_bucket(call: Call) -> str:
    x, edges = call.texts
    return (
        f"(CASE WHEN ({x}) IS NOT NULL THEN "
        f"len(list_filter({edges}, lambda __rs_edge: __rs_edge <= {x})) END)"
    )


def _trig(name: str) -> Function:
    return same(name, kind="float")


FUNCTIONS: Table = {
    "ABS": same("abs", kind="0"),
    "SIGN": same("sign", kind="0"),
    "ROUND": _whole("round"),
    "TRUNC": _whole("trunc"),
    "CEIL": _whole("ceil"),
    "CEILING": _whole("ceil"),
    "FLOOR": _whole("floor"),
    "MOD": say("(({0}) % ({1}))", 2, kind="0"),
    "DIV": Function(whole_divide, 2, 2, "0"),
    "POW": same("pow", 2, kind="float"),
    "POWER": same("pow", 2, kind="float"),
    "SQRT": Function(_sqrt, kind="float"),
    "CBRT": same("cbrt", kind="float"),
    "EXP": same("exp", kind="float"),
    "LN": Function(_ln, kind="float"),
    "LOG": Function(_log, 1, 2, "float"),
    "LOG10": Function(_log10, kind="float"),
    **{
        name: _trig(name.lower())
        for name in ("SIN", "COS", "TAN", "ASIN", "ACOS", "ATAN", "SINH", "COSH", "TANH")
    },
    "ATAN2": same("atan2", 2, kind="float"),
    "IS_NAN": same("isnan", kind="bool"),
    "IS_INF": same("isinf", kind="bool"),
    "GREATEST": Function(_extreme, 1, MANY, "0"),
    "LEAST": Function(_extreme, 1, MANY, "0"),
    "SAFE_DIVIDE": Function(_safe_divide, 2, 2, _divided),
    "IEEE_DIVIDE": say("(CAST({0} AS DOUBLE) / CAST({1} AS DOUBLE))", 2, kind="float"),
    # The neutral element as BIGINT: an INTEGER column must not overflow before an INT64 would.
    "SAFE_ADD": say("TRY(({0}) + CAST(0 AS BIGINT) + ({1}))", 2, kind="0"),
    "SAFE_SUBTRACT": say("TRY(({0}) + CAST(0 AS BIGINT) - ({1}))", 2, kind="0"),
    "SAFE_MULTIPLY": say("TRY(({0}) * CAST(1 AS BIGINT) * ({1}))", 2, kind="0"),
    "SAFE_NEGATE": say("TRY(CAST(0 AS BIGINT) - ({0}))", 1, kind="0"),
    "RAND": same("random", 0, kind="float"),
    "RANGE_BUCKET": Function(_range_bucket, 2, 2, "int"),
    "BIT_COUNT": say("bit_count(CAST({0} AS BIGINT))", kind="int"),
    "IF": Function(_if, 3, 3, "1"),
    "IFNULL": same("coalesce", 2, kind="0"),
    "COALESCE": same("coalesce", 1, MANY, kind="0"),
    "NULLIF": same("nullif", 2, kind="0"),
    "NULLIFZERO": say("nullif({0}, 0)", kind="0"),
    "ZEROIFNULL": say("coalesce({0}, 0)", kind="0"),
    "GENERATE_UUID": say("CAST(uuid() AS VARCHAR)", 0, kind="string"),
    "ERROR": same("error", 1),
}
