"""Which tests have passed on what is there: they would pass again.

Kept in the database, in a table beside the registry's: a test that a person changes, or whose rows
have changed, has another fingerprint. ``retailsql test`` runs all of them in any case.
"""

from __future__ import annotations

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from retailsql.functions.transaction import own_transaction
from retailsql.registry.fetch import first_row
from retailsql.registry.names import quote

TABLE = "passed_tests"


class Passed:
    """The tests of a project that have passed, with the fingerprint they passed with.

    Args:
        con: a DuckDB connection.
        schema: of the project; tests of another schema are others.
    """

    def __init__(self, con: DuckDBPyConnection, schema: str) -> None:
        self._con = con
        database, _, self._schema = schema.rpartition(".")
        row = first_row(con, "SELECT coalesce(nullif(?, ''), current_database())", [database])
        self._database = str(row[0]) if row else ""
        self._held = self._read()
        self._fresh: dict[str, str] = {}
        self._gone: set[str] = set()

    @property
    def _table(self) -> str:
        return f"{quote(self._database)}.retailsql.{TABLE}"

    def _read(self) -> Mapping[str, str]:
        there = first_row(
            self._con,
            "SELECT 1 FROM duckdb_tables() WHERE lower(database_name) = lower(?) "
            "AND schema_name = 'retailsql' AND table_name = ?",
            [self._database, TABLE],
        )
        if not there:
            return {}
        rows = self._con.execute(
            f"SELECT test, fingerprint FROM {self._table} WHERE project_schema = ?", [self._schema]
        )
        return dict(rows.fetchall())

    def has(self, test: str, now: str | None) -> bool:
        """Whether the test has passed with that fingerprint."""
        return now is not None and self._held.get(test) == now

    def note(self, test: str, now: str | None, passed: bool) -> None:
        """Take note of a result; :meth:`write` keeps it."""
        if passed and now is not None:
            self._fresh[test] = now
        elif test in self._held:
            self._gone.add(test)

    def again(self, test: str, now: str | None, warned: bool) -> bool:
        """Take note of a warning, or of none; whether just the same was warned of before."""
        known = f"warning of {test}"
        again = warned and self.has(known, now)
        self.note(known, now, warned)
        return again

    def write(self) -> None:
        """Keep what was noted."""
        if not self._fresh and not self._gone:
            return
        with own_transaction(self._con):
            self._con.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(self._database)}.retailsql")
            self._con.execute(
                f"CREATE TABLE IF NOT EXISTS {self._table} "
                "(project_schema VARCHAR, test VARCHAR, fingerprint VARCHAR)"
            )
            tests, fingerprints = list(self._fresh), list(self._fresh.values())
            self._con.execute(
                f"DELETE FROM {self._table} WHERE project_schema = ? AND test = ANY(?)",
                [self._schema, [*tests, *self._gone]],
            )
            self._con.execute(
                f"INSERT INTO {self._table} SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[])",
                [self._schema, tests, fingerprints],
            )
