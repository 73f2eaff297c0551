"""A door's engine without the door: macros, edits, settings; for the dialect's tests."""

from __future__ import annotations

import duckdb

from retailsql.adapters.server import postgres
from retailsql.adapters.server.records import apply
from retailsql.dialect.tokens import tokenize

SETTINGS = (
    "set search_path = 'shop.main,pg_shim.main'", "set integer_division = true",
    "set TimeZone = 'UTC'", "set default_null_order = 'nulls_last_on_asc_first_on_desc'",
)  # fmt: skip


class Engine:
    """A connection that reads PostgreSQL's dialect."""

    def __init__(self) -> None:
        self.root = duckdb.connect()
        self.root.execute("attach ':memory:' as shop; attach ':memory:' as pg_shim")
        postgres.install(self.root, "pg_shim")
        self.cursor = self.root.cursor()
        for setting in SETTINGS:
            self.cursor.execute(setting)

    def edited(self, sql: str) -> str:
        return apply(sql, postgres.edits(sql, tokenize(sql) or []))

    def rows(self, sql: str) -> list[tuple]:
        return self.cursor.execute(self.edited(sql)).fetchall()

    def names(self, sql: str) -> list[str]:
        edited = self.edited(sql)
        old = [column[0] for column in self.cursor.execute(edited).description]
        return postgres.column_names(self.root.cursor(), sql, old)

    def error(self, sql: str):
        edits = postgres.edits(sql, tokenize(sql) or [])
        try:
            self.cursor.execute(apply(sql, edits)).fetchall()
        except duckdb.Error as e:
            return postgres.pg_error(e, sql, edits)
        raise AssertionError(f"no error: {sql}")

    def close(self) -> None:
        self.cursor.close()
        self.root.close()


def same(a, b) -> bool:
    """Equal rows: numbers to 12 digits, whatever their type."""
    return [[_norm(v) for v in row] for row in a] == [[_norm(v) for v in row] for row in b]


def _norm(v):
    if isinstance(v, bool) or v is None:
        return v
    if isinstance(v, list):
        return [_norm(one) for one in v]
    if isinstance(v, (int, float)) or type(v).__name__ == "Decimal":
        return f"{float(v):.12g}"
    if isinstance(v, dict):
        return str(v)
    if getattr(v, "tzinfo", None) is not None and hasattr(v, "utctimetuple"):
        return v.utctimetuple()[:6]
    return v
