"""A parameter as the client sent it -> a value to bind in DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from retailsql.adapters.server.postgres import arrays, binary_values, oids, text_values
from retailsql.adapters.server.records import PgError

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType


def value(data: bytes | None, oid: int, format: int, target: DuckDBPyType | None, zone: str) -> Any:
    """The value of a parameter.

    A value without a type of its own (oid 0, unknown or text) is read as what DuckDB takes it
    to be, as PostgreSQL does with a literal in quotes; without that it stays text.

    Args:
        data: the bytes; None: NULL.
        oid: its type as the client told, 0 if it did not.
        format: 0 text, 1 binary.
        target: what DuckDB takes it to be, if it knows.
        zone: of the session, for times with zone and without an offset.

    Raises:
        PgError: 22P02, 22P03, 22003, 22007, 22008, 22021, 22023, 0A000, 08P01.

    >>> value(b"42", 0, 0, None, "UTC"), value(b"42", 23, 0, None, "UTC") is None
    ('42', False)
    """
    if data is None:
        return None
    if format not in (0, 1):
        raise PgError("22023", f"unsupported format code: {format}")
    if oid in oids.TEXTS:
        return _untyped(binary_values.text(data), target, zone)
    if oid in oids.ARRAYS:
        return _array(data, oids.ARRAYS[oid], format, target, zone)
    if format == 0:
        return _bound(text_values.read(binary_values.text(data), oid, zone), oid)
    return _bound(binary_values.read(data, oid), oid)


def _untyped(text: str, target: DuckDBPyType | None, zone: str) -> Any:
    """A text as what the statement takes it to be."""
    if target is None or target.id in ("unknown", "enum") or str(target) == "VARCHAR":
        return text
    if target.id in ("list", "array"):
        oid = oids.oid_of(oids.element(target))
        return _list(_each(arrays.read_text(text), oid, zone), oid, target)
    oid = oids.oid_of(target)
    return _bound(text_values.read(text, oid, zone), oid)


def _array(data: bytes, oid: int, format: int, target: DuckDBPyType | None, zone: str) -> Any:
    if format == 0:
        return _list(_each(arrays.read_text(binary_values.text(data)), oid, zone), oid, target)
    told, sizes, parts = arrays.read_binary(data)
    if told != oid and not (told in oids.TEXTS and oid in oids.TEXTS):
        raise PgError("42804", f"wrong element type: {told} where {oid} was announced")
    flat = [None if part is None else binary_values.read(part, oid) for part in parts]
    return _list(arrays.shaped(flat, sizes), oid, target)


def _each(items: arrays.Nested, oid: int, zone: str) -> arrays.Nested:
    """The texts of an array, read."""
    out: arrays.Nested = []
    for item in items:
        if isinstance(item, list):
            out.append(_each(item, oid, zone))
        else:
            out.append(None if item is None else text_values.read(item, oid, zone))
    return out


def _bound(plain: text_values.Plain, oid: int) -> Any:
    """A value with its type, where Python's own type would not tell it."""
    import duckdb

    if isinstance(plain, bool) or oid in (oids.NUMERIC, oids.FLOAT8) or oid not in oids.DUCKDB:
        return plain
    return duckdb.Value(plain, duckdb.type(oids.DUCKDB[oid]))


def _list(items: arrays.Nested, oid: int, target: DuckDBPyType | None) -> Any:
    """A list with its type; numbers with a point bring their own."""
    import duckdb

    if not items and target is not None and target.id in ("list", "array"):
        return duckdb.Value([], target)
    if oid == oids.NUMERIC:
        return items
    depth, inner = 1, items
    while inner and isinstance(inner[0], list):
        depth, inner = depth + 1, inner[0]
    return duckdb.Value(items, duckdb.type(oids.DUCKDB.get(oid, "VARCHAR") + "[]" * depth))
