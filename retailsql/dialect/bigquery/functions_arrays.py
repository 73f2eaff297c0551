"""BigQuery's array functions."""

from __future__ import annotations

from retailsql.dialect.bigquery import dates, formats
from retailsql.dialect.bigquery.functions import MANY, Call, Function, Table, fail, same, say


def element(array: str, index: str, one_based: bool, safe: bool) -> str:
    """``array[OFFSET(i)]`` and its like: outside the array a failure, or NULL if safe."""
    literal = index.lstrip("-").isdigit()
    at = int(index) if literal else 0
    low = 1 if one_based else 0
    if safe:
        if literal:
            return "NULL" if at < low else f"({array})[{at + 1 - low}]"
        return f"({array})[CASE WHEN ({index}) >= {low} THEN ({index}) + {1 - low} END]"
    words = f"array index {index if literal else ''}is out of bounds".replace("is", " is", 1)
    outside = fail(" ".join(words.split()), "BIGINT")
    if literal:
        beyond = "true" if at < low else f"len({array}) < {at + 1 - low}"
        place = f"{at + 1 - low}"
    else:
        beyond = f"({index}) < {low} OR ({index}) + {1 - low} > len({array})"
        place = f"({index}) + {1 - low}"
    return f"({array})[CASE WHEN {beyond} THEN {outside} ELSE {place} END]"


def _first_or_last(call: Call) -> str:
    array = call.text(0)
    place = "1" if call.name == "ARRAY_FIRST" else f"len({array})"
    outside = fail(f"{call.name} of an empty array", "BIGINT")
    return f"({array})[CASE WHEN len({array}) = 0 THEN {outside} ELSE {place} END]"


def _numbers(call: Call) -> str:
    a, b, step = call.text(0), call.text(1), call.text(2, "1")
    kinds = set(call.kinds)
    if "float" in kinds:
        count = f"CAST(floor((({b}) - ({a})) / ({step}) + 1e-9) AS BIGINT) + 1"
        return f"list_transform(range(0, {count}), lambda __rs_i: ({a}) + __rs_i * ({step}))"
    return f"generate_series(CAST({a} AS BIGINT), CAST({b} AS BIGINT), CAST({step} AS BIGINT))"


def _step(call: Call) -> tuple[str, str]:
    from sqlglot import exp

    if len(call) < 3:
        return "1", "DAY"
    node = call.nodes[2]
    if not isinstance(node, exp.Interval) or node.unit is None or node.this is None:
        raise call.refuse(f"{call.name} wants INTERVAL n part", seen=call.text(2))
    number = node.this.name if node.this.is_string else node.this.sql("duckdb", comments=False)
    return number, node.unit.name.upper()


def _days(call: Call) -> str:
    a, b = (dates.as_date(call.text(i), call.kind(i)) for i in (0, 1))
    number, part = _step(call)
    if part in ("DAY", "WEEK"):
        step = dates.interval(f"({number})", part, call.refuse)
        series = f"generate_series(CAST({a} AS TIMESTAMP), CAST({b} AS TIMESTAMP), {step})"
        return f"CAST({series} AS DATE[])"
    months = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}.get(part)
    if months is None or not number.isdigit() or int(number) == 0:
        raise call.refuse(
            "This step of GENERATE_DATE_ARRAY is not translated", seen=f"{number} {part}",
            wanted="a whole number of months, quarters or years above 0",
        )  # fmt: skip
    # Counted from the first day, not from the day before: 31 January, 29 February, 31 March.
    each = f"CAST({a} + to_months(CAST(__rs_i AS INTEGER)) AS DATE)"
    steps = f"range(0, date_diff('month', {a}, {b}) + 1, {months * int(number)})"
    return (
        f"list_filter(list_transform({steps}, lambda __rs_i: {each}), lambda __rs_d: __rs_d <= {b})"
    )


def _moments(call: Call) -> str:
    number, part = _step(call)
    if part not in dates.MICROSECONDS:
        raise call.refuse("GENERATE_TIMESTAMP_ARRAY takes no such part", seen=part)
    a, b = (dates.instant(call.text(i), call.kind(i)) for i in (0, 1))
    return f"generate_series({a}, {b}, {dates.interval(f'({number})', part, call.refuse)})"


FUNCTIONS: Table = {
    "ARRAY_LENGTH": same("len", kind="int"),
    "ARRAY_CONCAT": Function(
        lambda c: "(" + " || ".join(f"({t})" for t in c.texts) + ")", 1, MANY, "array"
    ),
    "ARRAY_REVERSE": same("list_reverse", kind="array"),
    "ARRAY_IS_DISTINCT": say(
        "(len({0}) = len(list_distinct({0})) + "
        "CASE WHEN len({0}) > list_count({0}) THEN 1 ELSE 0 END)",
        kind="bool",
    ),
    "ARRAY_FIRST": Function(_first_or_last),
    "ARRAY_LAST": Function(_first_or_last),
    "ARRAY_SLICE": say("({0})[({1}) + 1 : ({2}) + 1]", 3, kind="array"),
    "GENERATE_ARRAY": Function(_numbers, 2, 3, "array"),
    "GENERATE_DATE_ARRAY": Function(_days, 2, 3, "array"),
    "GENERATE_TIMESTAMP_ARRAY": Function(_moments, 3, 3, "array"),
    "FORMAT": Function(formats.format_text, 1, MANY, "string"),
}
