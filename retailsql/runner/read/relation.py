"""What ``ref()``, ``source()`` and ``this`` return: text for SQL that also knows its parts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NoReturn

import duckdb

from retailsql.registry.names import quote
from retailsql.runner.not_supported import known
from retailsql.runner.read.offered import RefusedError

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Relation(str):
    """A table or view, as it stands in SQL.

    Args:
        text: what is written into the SQL.
        database: the database's name; empty if it is the present one.
        schema: the schema; empty for files.
        identifier: the name alone.

    >>> r = Relation.of("mart", "churn")
    >>> f"{r.schema}.{r.identifier}_score from {r}"
    'mart.churn_score from mart.churn'
    """

    __slots__ = ("database", "identifier", "schema")
    database: str
    schema: str
    identifier: str

    def __new__(
        cls, text: str, database: str = "", schema: str = "", identifier: str = ""
    ) -> Relation:
        """A relation of these parts."""
        made = super().__new__(cls, text)
        made.database, made.schema, made.identifier = database, schema, identifier
        return made

    @classmethod
    def of(cls, schema: str, name: str, database: str = "") -> Relation:
        """The relation ``schema.name``; ``schema`` may hold a database before a dot."""
        return cls(f"{schema}.{quoted(name)}", database, schema, name)

    @property
    def name(self) -> str:
        """The name alone, as dbt also calls it."""
        return self.identifier

    @property
    def table(self) -> str:
        """The name alone, as dbt also calls it."""
        return self.identifier

    def __getattr__(self, name: str) -> NoReturn:
        """Say of what dbt's relations have besides that it is not here."""
        if entry := known(name):
            raise RefusedError(entry.what, seen=name, todo=entry.todo)
        raise AttributeError(name)

    def render(self) -> str:
        """What is written into the SQL."""
        return "".join(self)


def quoted(name: str) -> str:
    """A name as SQL needs it: quoted if it is no plain word or is one of SQL's own.

    >>> quoted("orders"), quoted("Order lines"), quoted("order")
    ('orders', '"Order lines"', '"order"')
    """
    return name if _PLAIN.fullmatch(name) and name.lower() not in _reserved() else quote(name)


@lru_cache(maxsize=1)
def _reserved() -> frozenset[str]:
    con = duckdb.connect(":memory:")
    try:
        rows = con.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
        ).fetchall()
    finally:
        con.close()
    return frozenset(r[0] for r in rows)
