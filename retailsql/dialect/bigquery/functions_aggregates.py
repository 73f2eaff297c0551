"""BigQuery's aggregate and window functions."""

from __future__ import annotations

from retailsql.dialect.bigquery.arithmetic import NUMERIC
from retailsql.dialect.bigquery.functions import Call, Function, Table


def _call(name: str, call: Call, *arguments: str, keep: str = "") -> str:
    """``name([DISTINCT] arguments [ORDER BY ...]) [FILTER (WHERE keep)]``."""
    inside = ("DISTINCT " if call.distinct else "") + ", ".join(arguments or call.texts)
    text = f"{name}({' '.join(filter(None, (inside, call.order)))})"
    return f"{text} FILTER (WHERE {keep})" if keep else text


def _plain(call: Call, *, order: bool = False, limit: bool = False) -> None:
    """Refuse what this aggregate cannot be given here."""
    wrong = [
        words
        for words, there in (
            ("ORDER BY", call.order and not order),
            ("LIMIT", call.limit and not limit),
            ("HAVING", call.having and call.name != "ANY_VALUE"),
            ("IGNORE NULLS", call.nulls == "IGNORE" and call.name != "ARRAY_AGG"),
        )
        if there
    ]
    if wrong:
        raise call.refuse(f"{call.name} with {wrong[0]} inside is not translated")


def _aggregate(name: str, low: int = 1, kind: str | None = None) -> Function:
    def build(call: Call) -> str:
        _plain(call)
        return _call(name, call)

    return Function(build, low, low, kind, aggregate=True)


def _sum(call: Call) -> str:
    """DuckDB's sum of BIGINT is HUGEINT: it becomes BIGINT, and fails where an INT64 overflows."""
    _plain(call)
    return _cast(call, _call("sum", call), "BIGINT" if call.kind(0) == "int" else "")


def _avg(call: Call) -> str:
    """The mean of NUMERIC is NUMERIC."""
    _plain(call)
    return _cast(call, _call("avg", call), NUMERIC if call.kind(0) == "decimal" else "")


def _cast(call: Call, text: str, type_: str) -> str:
    if not call.windowed:
        return f"CAST({text} AS {type_})" if type_ else text
    call.wanted = type_
    return text


def _count(call: Call) -> str:
    _plain(call)
    return _call("count", call)


def _count_if(call: Call) -> str:
    _plain(call)
    if call.distinct:
        raise call.refuse("COUNTIF(DISTINCT ...) is not translated")
    return f"count(CASE WHEN {call.text(0)} THEN 1 END)"


def _array_agg(call: Call) -> str:
    _plain(call, order=True, limit=True)
    keep = f"({call.text(0)}) IS NOT NULL" if call.nulls == "IGNORE" else ""
    text = _call("list", call, keep=keep)
    return _first(text, call)


def _first(text: str, call: Call) -> str:
    if not call.limit:
        return text
    if call.windowed:
        raise call.refuse(f"{call.name} with LIMIT and OVER is not translated")
    return f"({text})[1:{call.limit}]"


def _string_agg(call: Call) -> str:
    _plain(call, order=True, limit=True)
    between = call.text(1, "','")
    if not call.limit:
        return _call("string_agg", call, call.text(0), between)
    text = _call("list", call, call.text(0), keep=f"({call.text(0)}) IS NOT NULL")
    return f"array_to_string({_first(text, call)}, {between})"


def _array_concat_agg(call: Call) -> str:
    _plain(call, order=True)
    return f"flatten({_call('list', call, keep=f'({call.text(0)}) IS NOT NULL')})"


def _any_value(call: Call) -> str:
    _plain(call)
    if call.having is None:
        return _call("any_value", call)
    which = {"MAX": "arg_max_null", "MIN": "arg_min_null"}[call.having[0]]
    return f"{which}({call.text(0)}, {call.having[1]})"


def _quantiles(call: Call) -> str:
    """Exact where BigQuery approximates: its answer for few rows."""
    _plain(call)
    n = call.number(1, "number of quantiles")
    if not 1 <= n <= 10_000:
        raise call.refuse("APPROX_QUANTILES wants a number from 1", seen=n)
    if call.nulls == "RESPECT":
        raise call.refuse("APPROX_QUANTILES with RESPECT NULLS is not translated")
    shares = ", ".join(f"{i / n!r}" for i in range(n + 1))
    return _call("quantile_disc", call, call.text(0), f"[{shares}]")


def _percentile(name: str) -> Function:
    def build(call: Call) -> str:
        if call.nulls == "RESPECT":
            raise call.refuse(f"{call.name} with RESPECT NULLS is not translated")
        return f"{name}({call.text(0)}, {call.text(1)})"

    return Function(build, 2, 2, "float" if name == "quantile_cont" else None, aggregate=True)


def _top_count(call: Call) -> str:
    """Exact where BigQuery approximates; of equal counts the greater value first."""
    _plain(call)
    n = call.number(1, "number of values")
    if call.windowed or call.distinct:
        raise call.refuse("APPROX_TOP_COUNT with OVER or DISTINCT is not translated")
    x = call.text(0)
    pair = "{'n': CAST(__rs_e.value AS BIGINT), 'v': __rs_e.key}"
    pairs = f"list_transform(map_entries(histogram({x})), lambda __rs_e: {pair})"
    nulls = f"count(*) - count({x})"
    none = f"CASE WHEN {nulls} > 0 THEN [{{'n': {nulls}, 'v': NULL}}] ELSE [] END"
    best = f"list_sort(list_concat(coalesce({pairs}, []), {none}), 'DESC', 'NULLS LAST')[1:{n}]"
    return f"list_transform({best}, lambda __rs_e: {{'value': __rs_e.v, 'count': __rs_e.n}})"


def _corr(call: Call) -> str:
    """NULL for fewer than two pairs, where DuckDB has NaN."""
    _plain(call)
    text = _call("corr", call)
    if call.windowed or call.distinct:
        return text
    return f"(CASE WHEN regr_count({', '.join(call.texts)}) > 1 THEN {text} END)"


def _distinct_count(call: Call) -> str:
    """Exact, where BigQuery approximates."""
    _plain(call)
    return f"count(DISTINCT {call.text(0)})"


def _window(name: str, low: int, high: int, kind: str | None = None) -> Function:
    """A window function; IGNORE NULLS goes inside the brackets, as BigQuery has it too."""

    def build(call: Call) -> str:
        if not call.windowed:
            raise call.refuse(f"{call.name} wants OVER (...)")
        nulls = f" {call.nulls} NULLS" if call.nulls else ""
        return f"{name}({', '.join(call.texts)}{nulls})"

    return Function(build, low, high, kind, aggregate=True)


FUNCTIONS: Table = {
    "COUNT": Function(_count, 1, 1, "int", aggregate=True),
    "COUNTIF": Function(_count_if, 1, 1, "int", aggregate=True),
    "SUM": Function(_sum, 1, 1, "0", aggregate=True),
    "AVG": Function(
        _avg, 1, 1, lambda c: "decimal" if c.kind(0) == "decimal" else "float", aggregate=True
    ),
    "MIN": _aggregate("min", kind="0"),
    "MAX": _aggregate("max", kind="0"),
    "STDDEV": _aggregate("stddev_samp", kind="float"),
    "STDDEV_SAMP": _aggregate("stddev_samp", kind="float"),
    "STDDEV_POP": _aggregate("stddev_pop", kind="float"),
    "VARIANCE": _aggregate("var_samp", kind="float"),
    "VAR_SAMP": _aggregate("var_samp", kind="float"),
    "VAR_POP": _aggregate("var_pop", kind="float"),
    "CORR": Function(_corr, 2, 2, "float", aggregate=True),
    "APPROX_TOP_COUNT": Function(_top_count, 2, 2, "array", aggregate=True),
    "COVAR_POP": _aggregate("covar_pop", 2, "float"),
    "COVAR_SAMP": _aggregate("covar_samp", 2, "float"),
    "LOGICAL_AND": _aggregate("bool_and", kind="bool"),
    "LOGICAL_OR": _aggregate("bool_or", kind="bool"),
    "BIT_AND": _aggregate("bit_and", kind="int"),
    "BIT_OR": _aggregate("bit_or", kind="int"),
    "BIT_XOR": _aggregate("bit_xor", kind="int"),
    "ANY_VALUE": Function(_any_value, 1, 1, "0", aggregate=True),
    "MAX_BY": _aggregate("arg_max_null", 2, "0"),
    "MIN_BY": _aggregate("arg_min_null", 2, "0"),
    "ARRAY_AGG": Function(_array_agg, 1, 1, "array", aggregate=True),
    "STRING_AGG": Function(_string_agg, 1, 2, "string", aggregate=True),
    "ARRAY_CONCAT_AGG": Function(_array_concat_agg, 1, 1, "array", aggregate=True),
    "APPROX_COUNT_DISTINCT": Function(_distinct_count, 1, 1, "int", aggregate=True),
    "APPROX_QUANTILES": Function(_quantiles, 2, 2, "array", aggregate=True),
    "PERCENTILE_CONT": _percentile("quantile_cont"),
    "PERCENTILE_DISC": _percentile("quantile_disc"),
    "GROUPING": _aggregate("grouping", kind="int"),
    "ROW_NUMBER": _window("row_number", 0, 0, "int"),
    "RANK": _window("rank", 0, 0, "int"),
    "DENSE_RANK": _window("dense_rank", 0, 0, "int"),
    "PERCENT_RANK": _window("percent_rank", 0, 0, "float"),
    "CUME_DIST": _window("cume_dist", 0, 0, "float"),
    "NTILE": _window("ntile", 1, 1, "int"),
    "LEAD": _window("lead", 1, 3, "0"),
    "LAG": _window("lag", 1, 3, "0"),
    "FIRST_VALUE": _window("first_value", 1, 1, "0"),
    "LAST_VALUE": _window("last_value", 1, 1, "0"),
    "NTH_VALUE": _window("nth_value", 2, 2, "0"),
}
