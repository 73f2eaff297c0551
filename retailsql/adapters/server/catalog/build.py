"""The statements that make the shim database, in their order."""

from __future__ import annotations

import re
from typing import NamedTuple

import duckdb

from retailsql.adapters.server.catalog.names import SCHEMAS, SHIM, sql_file

_TYPES = {
    "oid": "UINTEGER",
    "regproc": "UINTEGER",
    "regtype": "UINTEGER",
    "xid": "UINTEGER",
    "cid": "UINTEGER",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "bool": "BOOLEAN",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "numeric": "DECIMAL(38, 0)",
    "timestamptz": "TIMESTAMPTZ",
    "time_stamp": "TIMESTAMPTZ",
    "interval": "INTERVAL",
    "bytea": "BLOB",
    "cardinal_number": "INTEGER",
}
"""DuckDB's types of the catalog's columns; the others are text. int2vector and oidvector are
text too, since they print as ``1 2`` and drivers read them so."""

_BEFORE = ("base.sql", "system_relations.sql")
_DATA = (
    "types.sql",
    "functions_of_types.sql",
    "operators.sql",
    "small_tables.sql",
    "keywords.sql",
    "settings.sql",
)
_LIVE = (
    "type_names.sql",
    "live_tables.sql",
    "tables.sql",
    "live_relations.sql",
    "lookups.sql",
    "pg_functions.sql",
    "pg_relations.sql",
    "pg_small.sql",
    "macros_names.sql",
    "macros_privileges.sql",
    "macros_definitions.sql",
    "macros_session.sql",
    "macros_plain.sql",
    "information_tables.sql",
    "information_keys.sql",
    "information_functions.sql",
)


class _Column(NamedTuple):
    name: str
    typname: str
    never_null: bool


def build(con: duckdb.DuckDBPyConnection, database: str) -> None:
    """Make all of the shim but what it copies of the database.

    Args:
        con: has an empty database attached as :data:`~retailsql.adapters.server.catalog.SHIM`.
        database: name of the database that is shown.
    """
    con.execute("BEGIN")
    for name in _BEFORE:
        con.execute(_text(name, database))
    relations = _system_relations(con)
    live = _parts("".join(sql_file(name) for name in _LIVE))
    for (schema, name), columns in relations.items():
        if (schema, name) not in live:
            listed = ", ".join(_declared(c) for c in columns)
            con.execute(f"CREATE TABLE {SHIM}.{schema}.{name} ({listed})")
    for name in _DATA:
        con.execute(_text(name, database))
    con.execute(_default_settings(con))
    for name in _LIVE:
        con.execute(_text(name, database))
    for schema, name in sorted(live):
        con.execute(_whole_view(con, schema, name, relations[schema, name]))
    _note_told(con)
    con.execute("COMMIT")


def _note_told(con: duckdb.DuckDBPyConnection) -> None:
    """Write down which tables are filled from views, in the order that they build on each other."""
    written = re.findall(r"CREATE VIEW \{s\}\.private\.tell_(\w+)", "".join(map(sql_file, _LIVE)))
    rows = con.execute(
        "SELECT view_name[6:] FROM duckdb_views() WHERE database_name = ? "
        "AND schema_name = 'private' AND starts_with(view_name, 'tell_') ORDER BY ALL",
        [SHIM],
    ).fetchall()
    names = [*written, *(name for (name,) in rows if name not in written)]
    con.execute(
        f"INSERT INTO {SHIM}.private.told SELECT unnest(?), unnest(?)",
        [list(range(len(names))), names],
    )


def _text(name: str, database: str) -> str:
    return sql_file(name).replace("{s}", SHIM).replace("{db}", database.replace("'", "''"))


def _default_settings(root: duckdb.DuckDBPyConnection) -> str:
    """A macro that holds the settings as a literal: a subquery may not stand everywhere."""
    rows = root.execute(f"SELECT lower(name), setting FROM {SHIM}.private.settings").fetchall()
    pairs = ", ".join("'{}': '{}'".format(*(v.replace("'", "''") for v in row)) for row in rows)
    return f"CREATE MACRO {SHIM}.private.default_settings() AS MAP {{{pairs}}}"


def _parts(live: str) -> set[tuple[str, str]]:
    """The relations that have views of their own: (schema, name) in the shim."""
    found = re.findall(r"CREATE VIEW \{s\}\.(pg|info)_part\.(\w+) AS", live)
    return {(schema, name) for schema, name in found}


def _system_relations(root: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[_Column]]:
    """Read the columns of all relations, and note them as rows of the catalog."""
    rows: list[list[object]] = []
    found: dict[tuple[str, str], list[_Column]] = {}
    relations = root.execute(
        f"SELECT nspname, relname, oid, columns FROM {SHIM}.private.system_relations"
    ).fetchall()
    for nspname, relname, oid, text in relations:
        columns = [_column(c) for c in text.split()]
        rows += [[nspname, relname, oid, i, *c] for i, c in enumerate(columns, 1)]
        found[SCHEMAS[nspname], relname] = columns
    root.execute(
        f"INSERT INTO {SHIM}.private.system_columns SELECT {', '.join(['unnest(?)'] * 7)}",
        [list(c) for c in zip(*rows, strict=True)],
    )
    return found


def _column(text: str) -> _Column:
    """``oid:oid!`` as a record."""
    name, _, typname = text.rstrip("!").partition(":")
    return _Column(name, typname, text.endswith("!"))


def _whole_view(
    root: duckdb.DuckDBPyConnection, schema: str, name: str, columns: list[_Column]
) -> str:
    """The statements that make PostgreSQL's relation of a view with some of its columns.

    A view that tells who sees a row becomes a table, which refresh fills: its rows are cast
    once, and a statement has only its own to pick.
    """
    part = f"{SHIM}.{schema}_part.{name}"
    has = {row[0] for row in root.execute(f"DESCRIBE {part}").fetchall()}
    picked = ", ".join(
        f'CAST({_value(c, c.name in has)} AS {_type(c.typname)}) AS "{c.name}"' for c in columns
    )
    whole = f"CREATE VIEW {SHIM}.{schema}.{name} AS SELECT"
    if "seen" not in has:
        return f"{whole} {picked} FROM {part} AS p"
    told, tell = f"{SHIM}.private.told_{schema}_{name}", f"{SHIM}.private.tell_{schema}_{name}"
    more = ", p.seen, p.writers" if "writers" in has else ", p.seen"
    return (
        f"CREATE VIEW {tell} AS SELECT {picked}{more} FROM {part} AS p;"
        f"CREATE TABLE {told} AS FROM {tell} WITH NO DATA;"
        f"{whole} {', '.join(map(_shown, columns))} FROM {told} WHERE {SHIM}.private.mine(seen)"
    )


def _shown(column: _Column) -> str:
    """A column of a table that holds the rows of all users."""
    if column.name in ("is_updatable", "is_insertable_into"):
        return f"CASE WHEN {SHIM}.private.writes(writers) THEN 'YES' ELSE 'NO' END AS {column.name}"
    return f'"{column.name}"'


def _declared(column: _Column) -> str:
    """A column of an empty relation; what is never NULL in PostgreSQL is not here either."""
    default = f" DEFAULT {_value(column, False)}" if column.never_null else ""
    return f'"{column.name}" {_type(column.typname)}{default}'


def _value(column: _Column, present: bool) -> str:
    """A column of a view, or what stands for one that has nothing to tell."""
    if present:
        return f'p."{column.name}"'
    if not column.never_null:
        return "NULL"
    if column.name.endswith("owner"):
        return "10"
    return {"bool": "false", "name": "''", "char": "''", "text": "''"}.get(column.typname, "0")


def _type(typname: str) -> str:
    if typname.startswith("_"):
        return f"{_TYPES.get(typname[1:], 'VARCHAR')}[]"
    return _TYPES.get(typname, "VARCHAR")
