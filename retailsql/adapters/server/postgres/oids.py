"""PostgreSQL's numbers of types and what each is in DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

BOOL, BYTEA, CHAR, NAME, INT8, INT2, INT4, TEXT, OID = 16, 17, 18, 19, 20, 21, 23, 25, 26
JSON, FLOAT4, FLOAT8, UNKNOWN, BPCHAR, VARCHAR = 114, 700, 701, 705, 1042, 1043
DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, TIMETZ = 1082, 1083, 1114, 1184, 1186, 1266
BIT, VARBIT, NUMERIC, UUID, JSONB = 1560, 1562, 1700, 2950, 3802

#: Types whose values are text, and what a driver sends when it leaves the type to the server.
TEXTS: Final = frozenset({0, CHAR, NAME, TEXT, UNKNOWN, BPCHAR, VARCHAR})

#: The numbers of array types and of what is in them.
ARRAYS: Final = {
    199: JSON, 1000: BOOL, 1001: BYTEA, 1002: CHAR, 1003: NAME, 1005: INT2, 1007: INT4, 1009: TEXT,
    1014: BPCHAR, 1015: VARCHAR, 1016: INT8, 1021: FLOAT4, 1022: FLOAT8, 1028: OID,
    1115: TIMESTAMP, 1182: DATE, 1183: TIME, 1185: TIMESTAMPTZ, 1187: INTERVAL, 1231: NUMERIC,
    1270: TIMETZ, 1561: BIT, 1563: VARBIT, 2951: UUID, 3807: JSONB,
}  # fmt: skip
_ARRAY_OF: Final = {element: array for array, element in ARRAYS.items()}

#: What PostgreSQL calls a type in an error.
NAMES: Final = {
    BOOL: "boolean", BYTEA: "bytea", INT8: "bigint", INT2: "smallint", INT4: "integer", OID: "oid",
    JSON: "json", FLOAT4: "real", FLOAT8: "double precision", DATE: "date", TIME: "time",
    TIMESTAMP: "timestamp", TIMESTAMPTZ: "timestamp with time zone", INTERVAL: "interval",
    TIMETZ: "time with time zone", BIT: "bit", VARBIT: "bit varying", NUMERIC: "numeric",
    UUID: "uuid", JSONB: "jsonb", TEXT: "text", VARCHAR: "character varying", BPCHAR: "character",
}  # fmt: skip

#: What DuckDB calls it; numeric and text have no fixed one.
DUCKDB: Final = {
    BOOL: "BOOLEAN", BYTEA: "BLOB", INT8: "BIGINT", INT2: "SMALLINT", INT4: "INTEGER",
    OID: "BIGINT", JSON: "JSON", FLOAT4: "FLOAT", FLOAT8: "DOUBLE", DATE: "DATE", TIME: "TIME",
    TIMESTAMP: "TIMESTAMP", TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE", INTERVAL: "INTERVAL",
    TIMETZ: "TIME WITH TIME ZONE", BIT: "BIT", VARBIT: "BIT", UUID: "UUID", JSONB: "JSON",
}  # fmt: skip

_OIDS: Final = {
    "boolean": BOOL, "blob": BYTEA, "bigint": INT8, "smallint": INT2, "tinyint": INT2,
    "utinyint": INT2, "integer": INT4, "usmallint": INT4, "uinteger": INT8, "ubigint": NUMERIC,
    "hugeint": NUMERIC, "uhugeint": NUMERIC, "bignum": NUMERIC, "float": FLOAT4,
    "double": FLOAT8, "decimal": NUMERIC, "date": DATE, "time": TIME, "time_ns": TIME,
    "time with time zone": TIMETZ, "timestamp": TIMESTAMP, "timestamp_s": TIMESTAMP,
    "timestamp_ms": TIMESTAMP, "timestamp_ns": TIMESTAMP,
    "timestamp with time zone": TIMESTAMPTZ, "interval": INTERVAL, "uuid": UUID, "bit": VARBIT,
    "struct": JSON, "map": JSON, "union": JSON,
}  # fmt: skip


def oid_of(target: DuckDBPyType | None) -> int:
    """The type to announce for a parameter that DuckDB takes to be ``target``.

    >>> import duckdb
    >>> oid_of(duckdb.type("DATE")), oid_of(duckdb.type("BIGINT[]")), oid_of(None)
    (1082, 1016, 25)
    """
    if target is None:
        return TEXT
    if str(target) == "JSON":
        return JSON
    if target.id in ("list", "array"):
        return _ARRAY_OF.get(oid_of(element(target)), JSON)
    return _OIDS.get(target.id, TEXT)


def element(target: DuckDBPyType) -> DuckDBPyType:
    """The innermost type in a list type."""
    while target.id in ("list", "array"):
        child: Any = target.children[0][1]
        target = child
    return target
