"""An empty database in memory with the same names and types: statements are bound there.

The person's database is read for its catalog and never written; no statement of his is run. Only
tables, macros and schemas that the text names are copied, without rows; a view becomes a table of
its columns, its SQL kept beside it for lineage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.registry.fetch import first_row
from retailsql.registry.names import quote, split_name

Columns = dict[str, str]
"""Column -> DuckDB type."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Macro:
    """One form of a macro.

    Args:
        parameters: their names.
        body: its SQL.
        table: True for a table macro.
    """

    parameters: tuple[str, ...]
    body: str
    table: bool


class Scratch:
    """The database in memory.

    Args:
        con: the person's connection; None for no database at all.
        words: what the text names, in lower case; nothing else is copied.
    """

    def __init__(self, con: DuckDBPyConnection | None, words: Iterable[str]) -> None:
        self._person, self._words = con, set(words)
        self.known = con is not None
        self.definitions: dict[str, str] = {}  # view or table of the text -> its SELECT
        self.macros: dict[str, list[Macro]] = {}
        self._places: dict[str, tuple[str, str]] = {}
        self._opened: DuckDBPyConnection | None = None

    @property
    def con(self) -> DuckDBPyConnection:
        """The database itself, made when first asked for."""
        if self._opened is None:
            self._opened = duckdb.connect()
            with suppress(duckdb.Error):
                self._opened.execute("SET python_scan_all_frames = true")
            if self._person is not None:
                self._copy(self._person, self._words)
        return self._opened

    def close(self) -> None:
        """Forget it."""
        if self._opened is not None:
            self._opened.close()

    def describe(self, sql: str) -> Columns:
        """Column -> type of a query's result. Binds it and runs nothing.

        Raises:
            duckdb.Error: it cannot be bound.
        """
        text = f"DESCRIBE {sql}"
        names = self.con.extract_statements(text)[0].named_parameters
        rows = self.con.execute(text, dict.fromkeys(names)).fetchall()
        return {row[0]: row[1] for row in rows}

    def try_describe(self, sql: str) -> Columns | None:
        """The same, or None where it cannot be bound."""
        try:
            return self.describe(sql)
        except duckdb.Error:
            return None

    def position_of_error(self, sql: str) -> tuple[int | None, str]:
        """Where in a query DuckDB finds it wrong: an offset into it, or None, and which name."""
        self.con.execute("SET errors_as_json = true")
        try:
            self.describe(sql)
        except duckdb.Error as error:
            text = str(error)
            with suppress(ValueError, KeyError):
                told = json.loads(text[text.index("{") :])
                name = str(told.get("name", ""))
                byte = int(told.get("position", -1)) - len("DESCRIBE ")
                before = sql.encode()[: max(byte, 0)].decode(errors="ignore")
                return len(before) if byte >= 0 else None, name
        finally:
            self.con.execute("SET errors_as_json = false")
        return None, ""

    def declare(self, name: str, columns: Columns, query: str | None) -> None:
        """A table or view that the text makes, without rows; the query is kept for lineage."""
        listed = ", ".join(f"{quote(c)} {kind}" for c, kind in columns.items())
        with suppress(duckdb.Error):
            self._drop(name)
            self.con.execute(f"CREATE TABLE {name} ({listed})")
        self._define(name, query)

    def forget(self, name: str) -> None:
        """A table or view that the text drops."""
        self._drop(name)
        self._define(name, None)

    def run(self, sql: str) -> bool:
        """Run a statement that makes a schema, type, table or macro; False if it fails."""
        try:
            self.con.execute(sql)
        except duckdb.Error:
            return False
        return True

    def relation_columns(self, table: str) -> Columns | None:
        """The columns of a table by its name as written."""
        return self.try_describe(f"SELECT * FROM {table}")

    def table_names(self) -> list[str]:
        """The tables and views of the person's database, and those that the text makes."""
        sql = (
            "SELECT table_name FROM duckdb_tables() WHERE NOT internal AND schema_name "
            "<> 'retailsql' UNION SELECT view_name FROM duckdb_views() WHERE NOT internal "
            "AND schema_name <> 'retailsql'"
        )
        both = [self.con] if self._person is None else [self.con, self._person]
        return sorted({name for con in both for (name,) in con.execute(sql).fetchall()})

    def note_macros(self, names: Iterable[str]) -> None:
        """Read back macros, for lineage."""
        self._read_macros(self.con, set(names))

    def _drop(self, name: str) -> None:
        for kind in ("TABLE", "VIEW"):
            with suppress(duckdb.Error):
                self.con.execute(f"DROP {kind} IF EXISTS {name} CASCADE")

    def _define(self, name: str, query: str | None) -> None:
        key = split_name(name)[-1].lower()
        if query is None:
            self.definitions.pop(key, None)
        else:
            self.definitions[key] = query

    def _copy(self, con: DuckDBPyConnection, words: set[str]) -> None:
        row = first_row(con, "SELECT current_database(), current_schema()")
        database, schema = row if row else ("memory", "main")
        held = con.execute(
            "SELECT DISTINCT database_name, schema_name FROM duckdb_schemas() "
            "WHERE database_name NOT IN ('system', 'temp') AND schema_name NOT IN "
            "('information_schema', 'pg_catalog')"
        ).fetchall()
        for name in sorted({d for d, _ in held} - {"memory"}):
            self.con.execute(f"ATTACH ':memory:' AS {quote(name)}")
        for d, s in held:
            self.con.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(d)}.{quote(s)}")
        self.con.execute(f"USE {quote(database)}.{quote(schema)}")
        self._read_macros(con, words)
        found = {
            w.lower() for ms in self.macros.values() for m in ms for w in _WORD.findall(m.body)
        }
        views = con.execute(
            "SELECT lower(view_name), sql FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        bodies = {name: body for name, sql in views if (body := _after_as(sql))}
        words = _closure(words | found, bodies)
        self.definitions |= {name: body for name, body in bodies.items() if name in words}
        self._copy_tables(con, words)
        self._copy_functions(con, words)
        self._make_macros()

    def _copy_tables(self, con: DuckDBPyConnection, words: set[str]) -> None:
        rows = con.execute(
            "SELECT database_name, schema_name, table_name, column_name, data_type "
            "FROM duckdb_columns() WHERE NOT internal AND schema_name <> 'retailsql' "
            "AND lower(table_name) = ANY(?) ORDER BY 1, 2, 3, column_index",
            [sorted(words)],
        ).fetchall()
        tables: dict[tuple[str, str, str], list[str]] = {}
        for d, s, t, column, kind in rows:
            tables.setdefault((d, s, t), []).append(f"{quote(column)} {kind}")
        for (d, s, t), listed in tables.items():
            place = quote(t) if d == "temp" else f"{quote(d)}.{quote(s)}.{quote(t)}"
            temp = "TEMP " if d == "temp" else ""
            self.run(f"CREATE {temp}TABLE {place} ({', '.join(listed)})")

    def _copy_functions(self, con: DuckDBPyConnection, words: set[str]) -> None:
        """Python functions of the person's own: macros that return NULL of the same type."""
        wanted = sorted(w for w in words if not w.startswith("__rs_"))
        told = (
            "SELECT DISTINCT function_name, coalesce(len(parameters), 0), return_type "
            "FROM duckdb_functions() WHERE macro_definition IS NULL "
            "AND function_type = 'scalar' AND lower(function_name) = ANY(?)"
        )
        built_in = {row[0] for row in self.con.execute(told, [wanted]).fetchall()}
        for name, n, kind in con.execute(told, [wanted]).fetchall():
            if name not in built_in:
                listed = ", ".join(f"p{i}" for i in range(n))
                self.run(f"CREATE MACRO {quote(name)}({listed}) AS CAST(NULL AS {kind})")

    def _read_macros(self, con: DuckDBPyConnection, words: set[str]) -> None:
        rows = con.execute(
            "SELECT database_name, schema_name, function_name, function_type, parameters, "
            "macro_definition FROM duckdb_functions() WHERE NOT internal "
            "AND macro_definition IS NOT NULL"
        ).fetchall()
        bodies = {name.lower(): body for _, _, name, _, _, body in rows}
        for name in _closure(words, bodies) & set(bodies):
            self.macros[name] = []
        for d, s, name, kind, parameters, body in rows:
            if (key := name.lower()) in self.macros:
                self.macros[key].append(Macro(tuple(parameters), body, kind == "table_macro"))
                self._places[key] = (d, s)

    def _make_macros(self) -> None:
        """Copies of the macros, dependencies first: as many rounds as it takes.

        The catalog does not tell default values, so a parameter may be left out where there is
        one form only.
        """
        left: Mapping[str, list[Macro]] = dict(self.macros)
        while left:
            failed = {name: forms for name, forms in left.items() if not self._make(name, forms)}
            if len(failed) == len(left):
                return
            left = failed

    def _make(self, name: str, forms: list[Macro]) -> bool:
        database, schema = self._places[name]
        default = " := NULL" if len(forms) == 1 else ""
        parts = [
            f"({', '.join(quote(p) + default for p in m.parameters)}) AS "
            f"{'TABLE ' if m.table else ''}{m.body}"
            for m in forms
        ]
        place = (
            quote(name) if database == "temp" else ".".join(map(quote, (database, schema, name)))
        )
        temp = "TEMP " if database == "temp" else ""
        return self.run(f"CREATE OR REPLACE {temp}MACRO {place}{', '.join(parts)}")


def _closure(words: set[str], bodies: Mapping[str, Any]) -> set[str]:
    """The words, and those of every definition they name, and so on."""
    found, fresh = set(words), set(words)
    while fresh:
        named = {w.lower() for b in fresh if b in bodies for w in _WORD.findall(bodies[b])}
        fresh = named - found
        found |= fresh
    return found


def _after_as(sql: str | None) -> str | None:
    """The SELECT of ``CREATE VIEW name AS SELECT``, as DuckDB writes it."""
    from retailsql.dialect.tokens import tokenize

    for token in tokenize(sql or "") or []:
        if token.text.upper() == "AS" and token.token_type.name == "ALIAS":
            return (sql or "")[token.end + 1 :].strip().rstrip(";")
    return None
