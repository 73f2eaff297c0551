"""Who may see what in the catalog: the table that its views filter by."""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import duckdb

from retailsql.adapters.server.catalog.names import SHIM
from retailsql.adapters.server.catalog.told import tell
from retailsql.adapters.server.records import Grant, Rights, fold


def set_rights(con: duckdb.DuckDBPyConnection, rights_of_all: Iterable[Rights]) -> None:
    """Write down what each user may see; a session sees by the variable ``rs_user``.

    Args:
        con: a cursor of the instance that holds the shim, outside a transaction.
        rights_of_all: the rights of every user; what was written before is forgotten.
    """
    everyone = list(rights_of_all)
    keys, roles = [_keys(r) for r in everyone], _roles(everyone)
    if _held(con, "rights") == _sorted(keys) and _held(con, "roles") == _sorted(roles):
        return
    con.execute("BEGIN")
    try:
        write_rights(con, everyone)
        tell(con)
    except duckdb.Error:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def write_rights(con: duckdb.DuckDBPyConnection, everyone: list[Rights]) -> None:
    """Only write the rights down; what is told by them is made by the caller."""
    con.execute(f"DELETE FROM {SHIM}.private.rights; DELETE FROM {SHIM}.private.roles")
    _insert(con, "rights", [_keys(r) for r in everyone])
    _insert(con, "roles", _roles(everyone))


def _held(con: duckdb.DuckDBPyConnection, table: str) -> list[list[object]]:
    return _sorted([list(r) for r in con.execute(f"FROM {SHIM}.private.{table}").fetchall()])


def _sorted(rows: list[list[object]]) -> list[list[object]]:
    return sorted(rows, key=lambda row: (str(row[0]), str(row[1])))


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[list[object]]) -> None:
    if rows:
        marks = ", ".join(["unnest(?)"] * len(rows[0]))
        columns = [list(c) for c in zip(*rows, strict=True)]
        con.execute(f"INSERT INTO {SHIM}.private.{table} SELECT {marks}", columns)


def _keys(rights: Rights) -> list[object]:
    """One row of the table of rights: what is read, written, scored with, and the schemas of it."""
    read = _places(rights, ("read", "write"), ("database", "schema", "table"))
    write = _places(rights, ("write",), ("database", "schema", "table"))
    models = _places(rights, ("score", "train"), ("database", "schema", "model"))
    schemas = sorted({_place(g)[0] for g in rights.grants})
    return [rights.user, read, write, models, schemas]


def _places(rights: Rights, privileges: tuple[str, ...], kinds: tuple[str, ...]) -> list[str]:
    found = {_place(g) for g in rights.grants if g.privilege in privileges and g.kind in kinds}
    return sorted(chr(31).join(place) for place in found)


def _place(grant: Grant) -> tuple[str, str]:
    """Schema and name of a grant, folded, with * where the kind says all."""
    if grant.kind == "database":
        return "*", "*"
    schema = fold(grant.schema)
    return (schema, "*") if grant.kind == "schema" else (schema, fold(grant.name))


def _roles(everyone: list[Rights]) -> list[list[object]]:
    """Users and roles; each is seen by itself and by its members."""
    users = [
        [_oid("user " + r.user), r.user, True, r.admin, [r.user], list(r.roles)] for r in everyone
    ]
    names = sorted({role for r in everyone for role in r.roles} - {r.user for r in everyone})
    roles = [
        [_oid("role " + n), n, False, False, [r.user for r in everyone if n in r.roles], []]
        for n in names
    ]
    return [*users, *roles]


def _oid(name: str) -> int:
    return 16384 + crc32(name.encode()) % 2147467263
