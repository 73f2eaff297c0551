"""Columns Arrow would carry with a loss, or not at all, become others inside DuckDB.

A UHUGEINT may be too large for a decimal128 (a HUGEINT is not), an INTERVAL of 300 years of hours
overflows Arrow's nanoseconds, TIME WITH TIME ZONE loses its zone, TIMESTAMP_NS its infinity; STRUCT
and MAP have no type in PostgreSQL that drivers read, they become JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from retailsql.adapters.server.encoding.choice import same
from retailsql.adapters.server.encoding.types import JSON, OIDS, inner, is_list, oid
from retailsql.adapters.server.kept import Kept

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation
    from duckdb.sqltypes import DuckDBPyType

# DuckDB's id of a type -> an expression of the value.
CASTS = {
    "uhugeint": "CAST({} AS VARCHAR)",
    "bignum": "CAST({} AS VARCHAR)",
    "bit": "CAST({} AS VARCHAR)",
    "time with time zone": "CAST({} AS VARCHAR)",
    "time_ns": "CAST({} AS TIME)",
    "timestamp_s": "CAST({} AS TIMESTAMP)",
    "timestamp_ms": "CAST({} AS TIMESTAMP)",
    "timestamp_ns": "CAST({} AS TIMESTAMP)",
    "interval": (
        "CASE WHEN {0} IS NOT NULL THEN struct_pack("
        "months := CAST(date_part('year', {0}) * 12 + date_part('month', {0}) AS INTEGER), "
        "days := CAST(date_part('day', {0}) AS INTEGER), "
        "micros := CAST(date_part('hour', {0}) * 3600000000 + date_part('minute', {0}) * 60000000"
        " + date_part('microsecond', {0}) AS BIGINT)) END"
    ),
}


_MANY = 1_000
_UNTOLD = frozenset({"UNKNOWN", '"NULL"'})
_arrow: Kept[str, pa.DataType] = Kept(_MANY)


def project(rel: DuckDBPyRelation, told: Sequence[DuckDBPyType] = ()) -> DuckDBPyRelation:
    """The same rows in columns :class:`RowEncoder` reads; still lazy.

    Names may change (the columns stay in their places), order and number of rows do not.

    Args:
        rel: the rows.
        told: the types that were announced, if any: the values of parameters may have made others
            of them, and are cast back.

    >>> import duckdb
    >>> con = duckdb.connect()
    >>> project(con.sql("SELECT 1 AS a, {'b': 2} AS c")).fetchall()
    [(1, '{"b":2}')]
    """
    # By place: two columns of one result may have one name.
    places = [f"#{place}" for place in range(1, len(rel.types) + 1)]
    changed = [
        _announced(place, kind, wanted)
        for place, kind, wanted in zip(places, rel.types, told or rel.types, strict=True)
    ]
    if not any(changed):
        return rel
    pairs = zip(places, changed, strict=True)
    return rel.project(", ".join(f"{new or old} AS c{at}" for at, (old, new) in enumerate(pairs)))


def _announced(place: str, kind: DuckDBPyType, told: DuckDBPyType) -> str | None:
    # A numeric has no digits in PostgreSQL: round(x, $1) has as many as the value asks.
    if kind == told or str(told) in _UNTOLD or kind.id == told.id == "decimal":
        return expression(place, kind)
    value = f"CAST({place} AS {told})"
    return expression(value, told) or value


def arrow_types(con: DuckDBPyConnection, types: Iterable[DuckDBPyType]) -> list[pa.DataType]:
    """What Arrow calls these types.

    Args:
        con: any connection with nothing open on it.
        types: that Arrow carries as they are.

    >>> import duckdb
    >>> arrow_types(duckdb.connect(), duckdb.sql("SELECT 1").types)
    [DataType(int32)]
    """
    found = []
    for kind in map(str, types):
        carried_as = _arrow.get(kind)
        if carried_as is None:
            value = "NULL" if kind in _UNTOLD else f"CAST(NULL AS {kind})"
            null = con.sql(f"SELECT {value}").to_arrow_table()
            carried_as = _arrow[kind] = null.schema.types[0]
        found.append(carried_as)
    return found


def fits(schema: pa.Schema, wanted: Sequence[pa.DataType]) -> bool:
    """True if the columns are of these types; the zone of a timestamp does not count."""
    return all(same(kind, other) for kind, other in zip(schema.types, wanted, strict=True))


def carried(types: Iterable[DuckDBPyType]) -> bool:
    """True if Arrow carries all of these as they are, so that :func:`project` changes nothing.

    >>> import duckdb
    >>> carried(duckdb.sql("SELECT 1").types), carried(duckdb.sql("SELECT INTERVAL 1 DAY").types)
    (True, False)
    """
    return not any(expression("", kind) for kind in types)


def expression(value: str, kind: DuckDBPyType, depth: int = 0) -> str | None:
    """What to put in place of a value; None: it can stay."""
    if str(kind) == "JSON":
        return None
    if oid(kind) == JSON:
        return f"CAST(to_json({value}) AS VARCHAR)"
    if is_list(kind):
        name = f"rs_x{depth}"
        element = expression(name, inner(kind), depth + 1)
        return element and f"list_transform({value}, lambda {name}: {element})"
    if kind.id in CASTS:
        return CASTS[kind.id].format(value)
    return None if kind.id in OIDS or str(kind) == "VARCHAR" else f"CAST({value} AS VARCHAR)"
