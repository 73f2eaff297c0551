"""The types that a result of the catalog is announced with: PostgreSQL's own, not DuckDB's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import duckdb

from retailsql.adapters.server.catalog.after import LONG, same_but_numbers
from retailsql.adapters.server.catalog.provenance import column_types
from retailsql.adapters.server.records import Field

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

_KEPT = 512
_known: dict[tuple[str, int], Sequence[str]] = {}


def typed(
    con: duckdb.DuckDBPyConnection, text: str, final: str, fields: list[Field]
) -> list[Field]:
    """The fields of a result that asked the catalog, with the types drivers wait for.

    A driver that meets ``oid[]`` as ``int8[]`` asks for the type again and again; psqlodbc that
    meets ``int2vector`` as text never ends.

    Args:
        con: any connection; nothing is looked up.
        text: of the statement, as the user wrote it.
        final: of the statement with its edits; read where DuckDB's parser cannot read ``text``.
        fields: as the encoder describes them.

    >>> told = [Field("a", 20, 8, kind="UINTEGER"), Field("b", 25, -1)]
    >>> sql = "SELECT oid AS a, relname AS b FROM pg_class"
    >>> [f.oid for f in typed(duckdb.connect(), sql, sql, told)]
    [26, 19]
    """
    kinds = _kinds(con, text, final, len(fields))
    return [_typed(one, kind) for one, kind in zip(fields, kinds, strict=True)]


def _kinds(con: duckdb.DuckDBPyConnection, text: str, final: str, width: int) -> Sequence[str]:
    if len(text) > LONG:
        return _looked_up(con, text, final, width)
    alike = same_but_numbers(text)
    found = _known.get((alike, width))
    if found is None:
        found = _looked_up(con, alike, same_but_numbers(final), width)
        if len(_known) >= _KEPT:
            _known.clear()
        _known[alike, width] = found
    return found


def _looked_up(con: duckdb.DuckDBPyConnection, text: str, final: str, width: int) -> Sequence[str]:
    for written in (text, final):
        row = con.execute("SELECT json_serialize_sql(?)", [written]).fetchone()
        kinds = _read(row[0], width) if row else None
        if kinds is not None:
            return kinds
    return [""] * width


def _read(tree: str, width: int) -> tuple[str, ...] | None:
    """The types by a serialized tree; None: it holds an error."""
    read = json.loads(tree)
    if read.get("error") or len(read.get("statements", ())) != 1:
        return None
    return tuple(column_types(read["statements"][0]["node"], width))


def _typed(field: Field, kind: str) -> Field:
    types = _TYPES.get(field.kind, {})
    found = types.get(kind) or types.get(_PLAIN.get(field.kind, ""))
    if found is None:
        return field
    number, length, modifier = found
    return replace(field, oid=number, typlen=length, typmod=modifier)
