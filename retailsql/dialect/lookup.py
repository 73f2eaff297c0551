"""What is in the database, as far as ML statements ask: models, columns, functions."""

from __future__ import annotations

import json
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.dialect.with_queries import describable
from retailsql.errors import StatementError
from retailsql.functions import publish
from retailsql.registry import store
from retailsql.registry.fetch import first_row
from retailsql.registry.names import resolve
from retailsql.registry.store import StoredVersion


class Catalog:
    """A connection's models and tables.

    Args:
        con: where the models are, and where their functions will be called.
    """

    def __init__(self, con: DuckDBPyConnection) -> None:
        self.con = con

    @property
    def integer_division(self) -> bool:
        """Whether 7 / 2 is 3 in this session: where a text is read decides, not where it runs."""
        return first_row(self.con, "SELECT 7 / 2") == (3,)

    def model(self, name: str) -> StoredVersion:
        """The deployed version of a model, its hidden function made sure of.

        Args:
            name: as a person wrote it, one to three parts.

        Raises:
            ModelNotFoundError: no such model; names the nearest.
        """
        stored = store.find(self.con, resolve(self.con, name))
        publish.ensure_hidden(self.con, stored.name.name, stored.content_hash, stored.signature)
        return stored

    def describe(self, relation: str, before: str = "") -> dict[str, str]:
        """Column -> DuckDB type of what may stand after FROM. Binds it and runs nothing.

        Args:
            relation: as written.
            before: the text of its statement up to it, which may name queries behind WITH.

        Raises:
            StatementError: DuckDB cannot bind it; its words are kept.
        """
        text = f"DESCRIBE {describable(before, f'FROM {relation} AS __rs_described')}"
        try:
            names = self.con.extract_statements(text)[0].named_parameters
            rows = self.con.execute(text, dict.fromkeys(names)).fetchall()
        except duckdb.Error as error:
            raise StatementError(
                "The rows given to an ML function cannot be read",
                seen=str(error).split("\n\nLINE")[0],
                todo="run that SELECT alone until it works; write values instead of parameters",
            ) from error
        return {row[0]: row[1] for row in rows}

    def has_function(self, schema: str, name: str) -> bool:
        """True if the user has a function of that name in a schema of that name."""
        # The list of all functions takes DuckDB some 30 ms, that of schemas none.
        schemas = "SELECT 1 FROM duckdb_schemas() WHERE lower(schema_name) = lower(?) LIMIT 1"
        if first_row(self.con, schemas, [schema]) is None:
            return False
        sql = (
            "SELECT 1 FROM duckdb_functions() WHERE lower(schema_name) = lower(?) "
            "AND lower(function_name) = lower(?) LIMIT 1"
        )
        return first_row(self.con, sql, [schema, name]) is not None

    def has_report(self, stored: StoredVersion, report: str) -> bool:
        """True if a version holds that report."""
        return self._holds(stored, "reports", "AND report = ?", [report])

    def has_held_out(self, stored: StoredVersion) -> bool:
        """True if a version holds the rows it was evaluated on."""
        return self._holds(stored, "held_out", "", [])

    def report(self, stored: StoredVersion, report: str) -> list[dict[str, Any]]:
        """The rows of a stored report, for what the SQL of a call depends on."""
        name = stored.name
        sql = (
            f"SELECT rows FROM {name.registry}.reports "
            "WHERE model_schema = ? AND model_name = ? AND version = ? AND report = ?"
        )
        row = first_row(self.con, sql, [name.schema, name.name, stored.version, report])
        return list(json.loads(row[0])) if row else []

    def _holds(self, stored: StoredVersion, table: str, where: str, values: list[str]) -> bool:
        name = stored.name
        if not store.has_table(self.con, name.database, table):
            return False
        sql = (
            f"SELECT 1 FROM {name.registry}.{table} "
            f"WHERE model_schema = ? AND model_name = ? AND version = ? {where} LIMIT 1"
        )
        key = [name.schema, name.name, stored.version]
        return first_row(self.con, sql, [*key, *values]) is not None
