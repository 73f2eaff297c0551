"""Where the columns of a result come from, and PostgreSQL's own types of those of the catalog."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from retailsql.adapters.server.catalog.names import SHIM
from retailsql.adapters.server.catalog.provenance import columns_of
from retailsql.adapters.server.catalog.reg_names import reg_names
from retailsql.adapters.server.catalog.scopes import Column, Look
from retailsql.adapters.server.records import Field
from retailsql.adapters.server.serialized import one_query

_TYPES: dict[str, dict[str, tuple[int, int, int]]] = {
    "UINTEGER": {
        "oid": (26, 4, -1), "regproc": (24, 4, -1), "xid": (28, 4, -1), "cid": (29, 4, -1),
    },
    "UINTEGER[]": {"_oid": (1028, -1, -1), "_regtype": (2211, -1, -1), "_xid": (1011, -1, -1)},
    "BIGINT": {"int2": (21, 2, -1), "oid": (26, 4, -1)},  # of what was a vector
    "VARCHAR": {
        "name": (19, 64, -1), "char": (18, 1, -1), "int2vector": (22, -1, -1),
        "oidvector": (30, -1, -1), "pg_node_tree": (194, -1, -1),
        "sql_identifier": (19, 64, -1), "character_data": (1043, -1, -1),
        "yes_or_no": (1043, -1, 7),
    },
    "VARCHAR[]": {
        "_name": (1003, -1, -1), "_char": (1002, -1, -1), "_aclitem": (1034, -1, -1),
        "_sql_identifier": (1003, -1, -1),
    },
}  # fmt: skip
"""DuckDB's type -> PostgreSQL's name of one of its own -> number, length and modifier. A domain of
information_schema is told as the type below it."""
_PLAIN = {"UINTEGER": "oid", "UINTEGER[]": "_oid"}
"""What is told of numbers that nobody followed: the only ones in the catalog are of things."""


def placed(
    con: duckdb.DuckDBPyConnection, text: str, final: str, fields: list[Field], look: Look
) -> list[Field]:
    """The fields of a result with the tables they come from, and those of the catalog with the
    types that drivers wait for.

    A driver that meets ``oid[]`` as ``int8[]`` asks for the type again and again; psqlodbc that
    meets ``int2vector`` as text never ends.

    Args:
        con: any connection with nothing open on it.
        text: of the statement, as the user wrote it.
        final: of the statement with its edits; read where DuckDB's parser cannot read ``text``.
        fields: as the encoder describes them.
        look: finds the columns of a table of the database.

    >>> fields = [Field("a", 20, 8, kind="UINTEGER"), Field("b", 25, -1)]
    >>> sql = "SELECT oid AS a, relname AS b FROM pg_class"
    >>> final = sql.replace("pg_class", f"{SHIM}.pg_catalog.pg_class")
    >>> found = placed(duckdb.connect(), sql, final, fields, lambda schema, name: None)
    >>> [(f.oid, f.table, f.column) for f in found]
    [(26, 1259, 1), (19, 1259, 2)]
    """
    for written in (text, final):
        node = one_query(con, written)
        if node is not None:
            columns = columns_of(node, len(fields), look)
            return [_told(f, c, SHIM in final) for f, c in zip(fields, columns, strict=True)]
    return fields


def _told(field: Field, column: Column, of_catalog: bool) -> Field:
    field = replace(field, table=column.table, column=column.number)
    if not of_catalog or (column.table and not column.kind):
        return field
    types = _TYPES.get(field.kind, {})
    found = types.get(column.kind) or types.get(_PLAIN.get(field.kind, ""))
    if found is None:
        return field
    number, length, modifier = found
    names = reg_names().get(number)
    return replace(field, oid=number, typlen=length, typmod=modifier, names=names)
