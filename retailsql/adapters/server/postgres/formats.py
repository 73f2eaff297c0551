"""The functions behind to_char, to_date, to_timestamp, to_number and texts of arrays, as DuckDB
calls them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from duckdb import DuckDBPyConnection
from duckdb.func import FunctionNullHandling, PythonUDFType
from duckdb.sqltypes import DuckDBPyType

from retailsql.adapters.server.postgres.times import days_of
from retailsql.adapters.server.records import PgError

_INFINITE = np.int64(-(2**62))  # stands for a moment that is no moment


def register(root: DuckDBPyConnection) -> None:
    """Make the functions known to an instance; ``root`` must outlive its cursors."""
    text = duckdb.type("VARCHAR")
    moment = duckdb.type("TIMESTAMP")
    functions: list[tuple[str, Callable[..., Any], list[Any] | None, DuckDBPyType]] = [
        ("__rs_to_char", _to_char, None, text),  # of any type
        ("__rs_to_timestamp", _to_timestamp, [text, text], moment),
        ("__rs_to_number", _to_number, [text, text], text),
        ("__rs_array_text", _array_text, [text, text], text),
        ("__rs_array_joined", _array_joined, [text] * 4, text),
    ]
    for name, function, parameters, result in functions:
        root.create_function(
            name,
            function,
            parameters,
            result,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def _whole(column: Any) -> Any:
    """An array of a chunked one."""
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks()
    return column


def _to_char(values: Any, templates: Any) -> pa.Array:
    """Values of any type by their templates; mostly there is one template for all."""
    values, templates = _whole(values), _whole(templates)
    if templates.null_count:
        templates = templates.cast(pa.string()).fill_null("")
    kind = values.type
    if pa.types.is_temporal(kind) and not pa.types.is_time(kind):
        return _moments(values, templates)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _each(values, templates, _number, pa.string())
    if pa.types.is_null(kind):
        return pa.nulls(len(values), pa.string())
    raise PgError("42883", f"42883: function to_char({kind}, text) does not exist")


def _number(number: Any, template: str) -> str:
    from retailsql.adapters.server.postgres.numbers_text import to_char

    return to_char(str(number), template)


def _micros(values: Any) -> tuple[Any, Any, str]:
    """Microseconds of local time, the offset in seconds, and the zone."""
    kind, zone = values.type, ""
    if pa.types.is_interval(kind):
        micros = np.array([_length(value) for value in values], dtype=np.int64)
        return micros, np.zeros(len(micros), dtype=np.int64), zone
    local, zone = values, getattr(kind, "tz", None) or ""
    utc = np.asarray(values.cast(pa.timestamp("us", zone or None), safe=False).cast(pa.int64()))
    infinite = np.abs(utc) >= 2**63 - 2
    if not zone:
        return np.where(infinite, _INFINITE, utc), np.zeros(len(utc), dtype=np.int64), zone
    finite = pa.array(np.where(infinite, 0, utc)).cast(pa.timestamp("us", zone))
    local = np.asarray(pc.local_timestamp(finite).cast(pa.int64()))
    offset = (local - np.asarray(finite.cast(pa.int64()))) // 1_000_000
    return np.where(infinite, _INFINITE, local), offset, zone


def _length(value: Any) -> int:
    """An interval as the moment so long after the beginning of the year 0."""
    months, days, _ = value.as_py()
    start = days_of(months // 12, months % 12 + 1, 1)
    micros: int = (start + days - 1) * 86_400_000_000
    return micros


def _clock(values: Any) -> Any:
    """The microseconds of intervals, which are no days, however many they are."""
    return np.array([value.as_py().nanoseconds // 1000 for value in values], dtype=np.int64)


def _without_nulls(values: Any) -> Any:
    """Any value in place of NULL; the caller knows which they were."""
    some = pa.MonthDayNano([0, 0, 0]) if pa.types.is_interval(values.type) else 0
    if pa.types.is_interval(values.type):
        items = [some if item is None else item for item in values.to_pylist()]
        return pa.array(items, values.type)
    return pc.fill_null(values, pa.scalar(some, values.type))


def _moments(values: Any, templates: Any) -> pa.Array:
    from retailsql.adapters.server.postgres.moments import to_char

    nulls = np.asarray(values.is_null())
    if nulls.any():
        values = _without_nulls(values)
    micros, offset, zone = _micros(values)
    clock = _clock(values) if pa.types.is_interval(values.type) else None
    infinite = (micros == _INFINITE) | nulls
    out = np.empty(len(micros), dtype=object)
    for template in templates.unique().to_pylist():
        rows = np.flatnonzero(np.asarray(templates.to_numpy(zero_copy_only=False)) == template)
        got = to_char(
            np.where(infinite, 0, micros)[rows],
            template,
            offset[rows],
            zone,
            None if clock is None else clock[rows],
        )
        if len(rows) == len(micros) and not infinite.any():
            return got
        out[rows] = got.to_numpy(zero_copy_only=False)
    out[infinite] = None
    return pa.array(out, pa.string())


def _each(
    texts: Any, templates: Any, made: Callable[[Any, str], Any], kind: pa.DataType
) -> pa.Array:
    """A function of two texts, called once for each pair that occurs."""
    pairs = zip(_whole(texts).to_pylist(), _whole(templates).to_pylist(), strict=True)
    known: dict[tuple[Any, str], Any] = {}
    out = []
    for pair in pairs:
        if pair not in known:
            try:
                known[pair] = None if None in pair else made(*pair)
            except PgError as e:  # DuckDB hands on nothing of it but its text
                raise PgError(e.sqlstate, f"{e.sqlstate}: {e.message}") from None
        out.append(known[pair])
    return pa.array(out, kind)


def _array_text(texts: Any, kinds: Any) -> pa.Array:
    from retailsql.adapters.server.postgres.array_texts import written

    return _each(texts, kinds, written, pa.string())


def _array_joined(texts: Any, kinds: Any, betweens: Any, nulls: Any) -> pa.Array:
    from retailsql.adapters.server.postgres.array_texts import joined

    columns = (_whole(column).to_pylist() for column in (texts, kinds, betweens, nulls))
    rows = zip(*columns, strict=True)
    out = [
        None if text is None or between is None else joined(text, kind, between, null)
        for text, kind, between, null in rows
    ]
    return pa.array(out, pa.string())


def _to_timestamp(texts: Any, templates: Any) -> pa.Array:
    from retailsql.adapters.server.postgres.readings import to_timestamp

    return _each(texts, templates, to_timestamp, pa.timestamp("us"))


def _to_number(texts: Any, templates: Any) -> pa.Array:
    from retailsql.adapters.server.postgres.numbers_text import to_number

    return _each(texts, templates, lambda s, f: f"{to_number(s, f):f}", pa.string())
