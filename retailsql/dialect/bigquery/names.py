"""What exists in the database, and which table a backticked name of BigQuery means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from duckdb import DuckDBPyConnection

from retailsql.dialect.bigquery.known import Oracle
from retailsql.registry.fetch import first_row


class UserFunctions:
    """The functions and macros of the user's, by name in lower case; read when first asked for."""

    def __init__(self, con: DuckDBPyConnection) -> None:
        self._con = con
        self._names: frozenset[str] | None = None

    def __call__(self, name: str) -> bool:
        """True if there is a function of that name."""
        if self._names is None:
            sql = "SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE NOT internal"
            self._names = frozenset(n for (n,) in self._con.execute(sql).fetchall())
        return name in self._names


@dataclass(frozen=True)
class Catalog:
    """What the translator may know of a database.

    Args:
        databases: names of the attached databases, lower case.
        schemas: (database, schema), lower case.
        current: the current database.
        functions: True for the name of a function or macro of the user's, lower case.
        columns: the columns of all tables of some names, lower case.
        known: False if nothing is known of the database; names are then taken as they are.
        oracle: knows the types of columns and expressions.
        tables: names of the tables of a schema (its parts; none: any) that begin with a text.
    """

    databases: frozenset[str] = frozenset()
    schemas: frozenset[tuple[str, str]] = frozenset()
    current: str = ""
    functions: Callable[[str], bool] = field(default=lambda _: False)
    columns: Callable[[set[str]], set[str]] = field(default=lambda _: set())
    known: bool = False
    oracle: Oracle = field(default_factory=Oracle)
    tables: Callable[[list[str], str], list[str]] = field(default=lambda *_: [])

    @classmethod
    def of(cls, con: DuckDBPyConnection, functions: UserFunctions | None = None) -> Catalog:
        """The catalog of a connection, as it is now.

        Args:
            con: the connection.
            functions: those that are known already; listing them takes DuckDB 20 ms.
        """

        def columns(tables: set[str]) -> set[str]:
            if not tables:
                return set()
            marks = ", ".join("?" for _ in tables)
            rows = con.execute(
                "SELECT DISTINCT lower(column_name) FROM duckdb_columns() "
                f"WHERE lower(table_name) IN ({marks})",
                sorted(tables),
            ).fetchall()
            return {name for (name,) in rows}

        held = con.execute("SELECT database_name, schema_name FROM duckdb_schemas()").fetchall()
        row = first_row(con, "SELECT lower(current_database())")
        return cls(
            frozenset(d.lower() for d, _ in held),
            frozenset((d.lower(), s.lower()) for d, s in held),
            row[0] if row else "",
            functions or UserFunctions(con),
            columns,
            True,
            Oracle(con),
            lambda schema, prefix: _tables(con, schema, prefix),
        )

    def place(self, parts: list[str]) -> tuple[list[str], str | None]:
        """The parts of a name as DuckDB has it, and the schema it needs that is not there.

        A project that is no attached database is dropped: ``shop-42.sales.orders`` is
        ``sales.orders``.

        >>> Catalog().place(["shop-42", "sales", "orders"])
        (['sales', 'orders'], None)
        """
        if len(parts) > 1 and parts[-2].lower() == "_session":
            return parts[-1:], None  # a temporary table
        if len(parts) == 3 and parts[0].lower() not in self.databases:
            parts = parts[1:]
        if not self.known or len(parts) == 1:
            return parts, None
        if len(parts) == 3:
            there = (parts[0].lower(), parts[1].lower()) in self.schemas
            return parts, None if there else ".".join(parts[:2])
        schema = parts[0].lower()
        there = schema in self.databases or any(
            s == schema and d in (self.current, "temp", "system") for d, s in self.schemas
        )
        return parts, None if there else parts[0]


def _tables(con: DuckDBPyConnection, schema: list[str], prefix: str) -> list[str]:
    """Tables of a schema that begin with a text, in order of their names."""
    rows = con.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(lower(table_name), lower(?)) "
        "AND lower(schema_name) = lower(coalesce(?, current_schema())) "
        "AND lower(database_name) = lower(coalesce(?, current_database())) ORDER BY table_name",
        [prefix, schema[-1] if schema else None, schema[-2] if len(schema) > 1 else None],
    ).fetchall()
    return [name for (name,) in rows]
