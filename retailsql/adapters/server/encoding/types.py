"""DuckDB's types as PostgreSQL's: number, length, modifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.adapters.server.records import Field

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

TEXT, JSON, NUMERIC = 25, 114, 1700

# By DuckDB's id of a type. What is missing here and below is told as text.
OIDS = {
    "boolean": 16,
    "blob": 17,
    "bigint": 20,
    "uinteger": 20,
    "smallint": 21,
    "tinyint": 21,
    "utinyint": 21,
    "integer": 23,
    "usmallint": 23,
    "ubigint": NUMERIC,
    "hugeint": NUMERIC,
    "uhugeint": NUMERIC,
    "bignum": NUMERIC,
    "decimal": NUMERIC,
    "float": 700,
    "double": 701,
    "date": 1082,
    "time": 1083,
    "time_ns": 1083,
    "timestamp": 1114,
    "timestamp_s": 1114,
    "timestamp_ms": 1114,
    "timestamp_ns": 1114,
    "timestamp with time zone": 1184,
    "interval": 1186,
    "time with time zone": 1266,
    "bit": 1562,
    "uuid": 2950,
    "struct": JSON,
    "tuple": JSON,
    "map": JSON,
    "union": JSON,
    "variant": JSON,
}
LENGTHS = {
    16: 1, 18: 1, 19: 64, 20: 8, 21: 2, 23: 4, 24: 4, 26: 4, 28: 4, 700: 4, 701: 8, 1082: 4,
    1083: 8, 1114: 8, 1184: 8, 1186: 16, 1266: 12, 2205: 4, 2206: 4, 2278: 4, 2950: 16, 4089: 4,
    4096: 4,
}  # fmt: skip
# The array type of a type; the second line: types only catalog columns have.
ARRAYS = {
    16: 1000, 17: 1001, 20: 1016, 21: 1005, 23: 1007, 25: 1009, 700: 1021, 701: 1022, 1082: 1182,
    1083: 1183, 1114: 1115, 1184: 1185, 1186: 1187, 1266: 1270, 1562: 1563, 1700: 1231, 2950: 2951,
    18: 1002, 19: 1003, 24: 1008, 26: 1028, 28: 1011, 114: 199, 1033: 1034, 1042: 1014, 1043: 1015,
    2205: 2210, 2206: 2211, 4089: 4090, 4096: 4097,
}  # fmt: skip
ELEMENTS = {array: element for element, array in ARRAYS.items()}


def describe(names: Sequence[str], types: Sequence[DuckDBPyType]) -> list[Field]:
    """The columns of a result as RowDescription tells them.

    Args:
        names: of the columns.
        types: of DuckDB, as a relation or ``_bind`` tells them (before :func:`project`).

    >>> import duckdb
    >>> con = duckdb.connect()
    >>> describe(["n"], con.sql("SELECT 1.5::DECIMAL(10, 2)").types)
    [Field(name='n', oid=1700, typlen=-1, typmod=655366, kind='DECIMAL(10,2)', table=0, column=0)]
    """
    return [field(name, kind) for name, kind in zip(names, types, strict=True)]


def field(name: str, kind: DuckDBPyType) -> Field:
    """One column."""
    number = oid(kind)
    scalar = leaf(kind)
    typmod = -1
    if scalar.id == "decimal" and number != JSON:
        precision, scale = (int(str(part)) for _, part in scalar.children)
        typmod = (precision << 16 | scale) + 4
    return Field(name, number, LENGTHS.get(number, -1), typmod, str(kind))


def is_list(kind: DuckDBPyType) -> bool:
    """Lists and arrays of a fixed length."""
    return kind.id in ("list", "array")


def inner(kind: DuckDBPyType) -> DuckDBPyType:
    """The type of a list's elements."""
    return kind.children[0][1]  # type: ignore[return-value]


def leaf(kind: DuckDBPyType) -> DuckDBPyType:
    """The type of the innermost elements of nested lists; of anything else, itself."""
    while is_list(kind):
        kind = inner(kind)
    return kind


def oid(kind: DuckDBPyType) -> int:
    """PostgreSQL's number of a type.

    >>> import duckdb
    >>> con = duckdb.connect()
    >>> [oid(t) for t in con.sql("SELECT 1, [1.5::FLOAT], {'a': 1}, [{'a': 1}]").types]
    [23, 1021, 114, 114]
    """
    number = JSON if str(leaf(kind)) == "JSON" else OIDS.get(leaf(kind).id, TEXT)
    if number == JSON or not is_list(kind):
        return number
    return ARRAYS[number]
