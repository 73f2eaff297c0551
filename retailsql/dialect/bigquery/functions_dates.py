"""BigQuery's date, datetime, time and timestamp functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from retailsql.dialect.bigquery import dates, formats
from retailsql.dialect.bigquery.dates import as_date, in_zone, instant
from retailsql.dialect.bigquery.functions import Call, Function, Table, say
from retailsql.dialect.bigquery.texts import MOMENTS, as_string

_NOW = "(now() AT TIME ZONE 'UTC')"
UNSURE_DIFF = (
    "A TIMESTAMP column of DuckDB's is taken for BigQuery's TIMESTAMP, of which DATE_DIFF counts "
    "whole days of 24 hours; write DATE(x), or CAST(x AS DATETIME) if it is one"
)
_CASTS = {"date": "DATE", "datetime": "TIMESTAMP", "timestamp": "TIMESTAMP", "time": "TIME"}


def _date(call: Call) -> str:
    if len(call) == 3:
        return f"make_date({', '.join(call.texts)})"
    if len(call) == 2:
        return f"CAST({in_zone(instant(call.text(0), call.kind(0)), call.text(1))} AS DATE)"
    return as_date(call.text(0), call.kind(0))


def _datetime(call: Call) -> str:
    if len(call) == 6:
        return f"make_timestamp({', '.join(call.texts)})"
    if len(call) == 2 and (call.kind(0) == "date" or call.kind(1) == "time"):
        return f"({as_date(call.text(0), call.kind(0))} + CAST({call.text(1)} AS TIME))"
    if len(call) == 2:
        return in_zone(instant(call.text(0), call.kind(0)), call.text(1))
    if len(call) == 1:
        return f"CAST({call.text(0)} AS TIMESTAMP)"
    raise call.refuse("DATETIME takes 1, 2 or 6 arguments", seen=len(call))


def _time(call: Call) -> str:
    if len(call) == 3:
        return f"make_time({', '.join(call.texts)})"
    if len(call) == 2:
        return f"CAST({in_zone(instant(call.text(0), call.kind(0)), call.text(1))} AS TIME)"
    return f"CAST({call.text(0)} AS TIME)"


def _timestamp(call: Call) -> str:
    if len(call) == 2:
        return dates.from_zone(call.text(0), call.text(1))
    return instant(call.text(0), call.kind(0))


def _now(type_: str) -> Function:
    def build(call: Call) -> str:
        now = f"(now() AT TIME ZONE {call.text(0)})" if len(call) else _NOW
        return now if type_ == "TIMESTAMP" else f"CAST({now} AS {type_})"

    kind = "date" if type_ == "DATE" else "time" if type_ == "TIME" else "datetime"
    return Function(build, 0, 1, kind)


def _operand(call: Call, i: int, kind: str) -> str:
    """An argument; a string is read as what the function is about, a date as its midnight."""
    text, had = call.text(i), call.kind(i)
    if had == "string":
        return instant(text, None) if kind == "timestamp" else f"CAST({text} AS {_CASTS[kind]})"
    midnight = had == "date" and kind in ("datetime", "timestamp")
    return f"CAST({text} AS TIMESTAMP)" if midnight else text


def _result(kind: str) -> Callable[[Call], str]:
    """What DATE_ADD and its like return: a moment stays one."""

    def of(call: Call) -> str:
        had = call.kind(0)
        return had if had in MOMENTS and kind != "time" else kind

    return of


def _amount(call: Call, sign: int) -> str:
    """The interval of an ..._ADD or ..._SUB."""
    from sqlglot import exp

    node: Any = call.nodes[1]
    if not isinstance(node, exp.Interval) or node.unit is None or node.this is None:
        raise call.refuse(f"{call.name} wants INTERVAL n part", seen=call.text(1))
    number = node.this.name if node.this.is_string else node.this.sql("duckdb", comments=False)
    number = f"-({number})" if sign < 0 else f"({number})"
    return dates.interval(number, node.unit.name.upper(), call.refuse)


def _add(kind: str, sign: int) -> Function:
    """DATE_ADD and its like. A DATE stays a DATE, which DuckDB would make a TIMESTAMP."""

    def build(call: Call) -> str:
        moment, amount = _operand(call, 0, kind), _amount(call, sign)
        if kind == "date" and call.kind(0) not in MOMENTS:
            return f"CAST(({moment}) + {amount} AS DATE)"
        return f"(({moment}) + {amount})"

    return Function(build, 2, 2, _result(kind))


def _diff(kind: str) -> Function:
    def build(call: Call) -> str:
        part, day = call.part(2)
        kinds = {call.kind(0), call.kind(1)}
        moments = kinds & MOMENTS
        if kind == "timestamp" and "datetime" in kinds:
            about = "datetime"
        elif kind == "timestamp" or "timestamp" in moments:
            about = "timestamp"
        elif kind == "date" and "instant" in moments and part in dates.MICROSECONDS:
            about = "timestamp"
            call.note(UNSURE_DIFF)
        else:
            about = "datetime" if moments and kind == "date" else kind
        a, b = _operand(call, 0, about), _operand(call, 1, about)
        if about == "timestamp":
            return dates.elapsed(a, b, part, call.refuse)
        return dates.difference(a, b, part, day, call.refuse)

    return Function(build, 3, 3, "int")


def _trunc(kind: str) -> Function:
    def build(call: Call) -> str:
        part, day = call.part(1) if len(call) > 1 else ("DAY", "")
        moment = _operand(call, 0, kind)
        if len(call) == 3:
            cut = dates.truncate(in_zone(moment, call.text(2)), part, day, call.refuse)
            return dates.from_zone(cut, call.text(2))
        cut = dates.truncate(moment, part, day, call.refuse)
        if call.kind(0) in MOMENTS or kind != "date":
            return f"CAST({cut} AS TIMESTAMP)"
        return f"CAST({cut} AS DATE)" if part in dates.DATE_PARTS else f"({cut})"

    return Function(build, 1, 3, _result(kind))


def _time_trunc(call: Call) -> str:
    part = call.part(1)[0]
    if part not in dates.TIME_PARTS:
        raise call.refuse("TIME_TRUNC takes no such part", seen=part)
    moment = f"(DATE '2000-01-01' + CAST({call.text(0)} AS TIME))"
    return f"CAST(date_trunc('{part.lower()}', {moment}) AS TIME)"


def _last_day(call: Call) -> str:
    x = _operand(call, 0, "date")
    part, day = call.part(1) if len(call) > 1 else ("MONTH", "")
    if part == "MONTH":
        return f"last_day({x})"
    length = {"YEAR": "to_years(1)", "QUARTER": "to_months(3)", "WEEK": "to_days(7)"}
    length["ISOWEEK"] = length["WEEK"]
    if part not in length:
        raise call.refuse("LAST_DAY takes no such part", seen=part, wanted=", ".join(length))
    first = dates.truncate(x, part, day, call.refuse)
    return f"CAST({first} + {length[part]} - to_days(1) AS DATE)"


def _format(kind: str) -> Function:
    def build(call: Call) -> str:
        moment = _operand(call, 1, kind)
        if len(call) == 3:
            moment = in_zone(moment, call.text(2))
        if kind == "time":
            moment = f"(DATE '1970-01-01' + {moment})"
        return formats.strftime(call, call.string(0, "format"), moment)

    return Function(build, 2, 3 if kind == "timestamp" else 2, "string")


def _parse(kind: str) -> Function:
    def build(call: Call) -> str:
        pattern = formats.strptime(call, call.string(0, "format"), kind)
        read = f"CAST(strptime({call.text(1)}, {pattern}) AS {_CASTS[kind]})"
        return dates.from_zone(read, call.text(2)) if len(call) == 3 else read

    return Function(build, 2, 3 if kind == "timestamp" else 2, kind)


def _unix(unit: int) -> Function:
    """Seconds and so on since 1970, rounded down, also before 1970."""

    def build(call: Call) -> str:
        us = f"epoch_us({_operand(call, 0, 'timestamp')})"
        return us if unit == 1 else f"(({us} - (({us} % {unit} + {unit}) % {unit})) // {unit})"

    return Function(build, kind="int")


def _string(call: Call) -> str:
    """STRING(timestamp[, zone]), also of a DATE, DATETIME or JSON string."""
    if len(call) == 2:
        zone = call.string(1, "time zone")
        if zone not in ("UTC", "Etc/UTC"):
            raise call.refuse(
                "STRING with a time zone is not translated", todo="use FORMAT_TIMESTAMP"
            )
    if call.kind(0) == "json":
        return f"json_extract_string({call.text(0)}, '$')"
    return as_string(call.text(0), "timestamp" if call.kind(0) == "instant" else call.kind(0))


FUNCTIONS: Table = {
    "CURRENT_DATE": _now("DATE"),
    "CURRENT_DATETIME": _now("TIMESTAMP"),
    "CURRENT_TIME": _now("TIME"),
    "CURRENT_TIMESTAMP": say(_NOW, 0, kind="timestamp"),
    "DATE": Function(_date, 1, 3, "date"),
    "DATETIME": Function(_datetime, 1, 6, "datetime"),
    "TIME": Function(_time, 1, 3, "time"),
    "TIMESTAMP": Function(_timestamp, 1, 2, "timestamp"),
    "STRING": Function(_string, 1, 2, "string"),
    **{
        f"{kind.upper()}_{verb}": _add(kind, sign)
        for kind in ("date", "datetime", "timestamp", "time")
        for verb, sign in (("ADD", 1), ("SUB", -1))
    },
    "DATE_DIFF": _diff("date"),
    "DATETIME_DIFF": _diff("datetime"),
    "TIME_DIFF": _diff("time"),
    "TIMESTAMP_DIFF": _diff("timestamp"),
    "DATE_TRUNC": _trunc("date"),
    "DATETIME_TRUNC": _trunc("datetime"),
    "TIMESTAMP_TRUNC": _trunc("timestamp"),
    "TIME_TRUNC": Function(_time_trunc, 2, 2, "time"),
    "LAST_DAY": Function(_last_day, 1, 2, "date"),
    **{f"FORMAT_{kind.upper()}": _format(kind) for kind in _CASTS},
    **{f"PARSE_{kind.upper()}": _parse(kind) for kind in _CASTS},
    "DATE_FROM_UNIX_DATE": say("(DATE '1970-01-01' + CAST({0} AS INTEGER))", kind="date"),
    "UNIX_DATE": say("date_diff('day', DATE '1970-01-01', {0})", kind="int"),
    "UNIX_SECONDS": _unix(1_000_000),
    "UNIX_MILLIS": _unix(1_000),
    "UNIX_MICROS": _unix(1),
    "TIMESTAMP_SECONDS": say("make_timestamp(1000000 * CAST({0} AS BIGINT))", kind="timestamp"),
    "TIMESTAMP_MILLIS": say("make_timestamp(1000 * CAST({0} AS BIGINT))", kind="timestamp"),
    "TIMESTAMP_MICROS": say("make_timestamp(CAST({0} AS BIGINT))", kind="timestamp"),
}
