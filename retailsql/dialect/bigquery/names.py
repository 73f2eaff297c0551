"""What exists in the database, and which table a backticked name of BigQuery means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from duckdb import DuckDBPyConnection

from retailsql.registry.fetch import first_row


@dataclass(frozen=True)
class Catalog:
    """What the translator may know of a database.

    Args:
        databases: names of the attached databases, lower case.
        schemas: (database, schema), lower case.
        current: the current database.
        functions: names of the user's own functions and macros, lower case.
    """

    databases: frozenset[str] = frozenset()
    schemas: frozenset[tuple[str, str]] = frozenset()
    current: str = ""
    functions: Callable[[str], bool] = field(default=lambda _: False)
    known: bool = False

    @classmethod
    def of(cls, con: DuckDBPyConnection) -> Catalog:
        """The catalog of a connection, as it is now."""
        cursor = con
        held = cursor.execute("SELECT database_name, schema_name FROM duckdb_schemas()").fetchall()
        own = cursor.execute(
            "SELECT DISTINCT lower(function_name) FROM duckdb_functions() "
            "WHERE NOT internal AND NOT starts_with(function_name, '__rs_')"
        ).fetchall()
        row = first_row(cursor, "SELECT lower(current_database())")
        names = frozenset(name for (name,) in own)
        return cls(
            frozenset(d.lower() for d, _ in held),
            frozenset((d.lower(), s.lower()) for d, s in held),
            row[0] if row else "",
            names.__contains__,
            True,
        )

    def place(self, parts: list[str]) -> tuple[list[str], str | None]:
        """The parts of a name as DuckDB has it, and the schema it needs that is not there.

        A project that is no attached database is dropped: ``shop-42.sales.orders`` is
        ``sales.orders``.

        >>> Catalog().place(["shop-42", "sales", "orders"])
        (['sales', 'orders'], None)
        """
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
