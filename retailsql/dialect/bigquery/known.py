"""Types of columns and expressions, asked of DuckDB: binding tells them, nothing is run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from retailsql.dialect.statements import Query, read_script
from retailsql.errors import RetailSQLError
from retailsql.registry.names import quote

_KINDS = {
    **dict.fromkeys(
        ("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint",
         "uinteger", "ubigint", "uhugeint", "bignum"), "int"
    ),
    "double": "float", "float": "float", "decimal": "decimal", "varchar": "string",
    "enum": "string", "uuid": "string", "blob": "bytes", "boolean": "bool", "date": "date",
    "time": "time", "interval": "interval", "list": "array", "array": "array", "struct": "struct",
    "timestamp with time zone": "timestamp",
    **dict.fromkeys(
        ("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns"), "instant"
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What is known of a value.

    Args:
        kind: as :func:`kinds.kind_of` has it, or None. ``instant`` is a TIMESTAMP of DuckDB's that
            may be a TIMESTAMP or a DATETIME of BigQuery's.
        type: DuckDB's type, if known; :class:`duckdb.sqltypes.DuckDBPyType`.
        name: of a column, as it was written.
        fields: of a row: what is known of its columns, by name in lower case.
    """

    kind: str | None = None
    type: Any = None
    name: str = ""
    fields: Mapping[str, Known] | None = None

    def __deepcopy__(self, memo: Any) -> Known:
        """Itself: trees are copied with all that is noted in them, but DuckDB's types cannot be."""
        return self

    def field(self, name: str) -> Known:
        """A field of a struct, or of the structs that an array holds.

        >>> import duckdb
        >>> Known("struct", duckdb.sqltype("STRUCT(a BIGINT)")).field("A").kind
        'int'
        """
        if self.fields is not None:
            return self.fields.get(name.lower(), Known())
        if self.type is None or self.type.id != "struct":
            return Known()
        for field, type_ in self.type.children:
            if field.lower() == name.lower():
                return known(type_)
        return Known()

    @property
    def element(self) -> Known:
        """What an array holds."""
        if self.type is None or self.type.id not in ("list", "array"):
            return Known()
        return known(self.type.children[0][1])


Columns = Mapping[str, Known]
"""By name in lower case, in order."""


def known(type_: Any) -> Known:
    """What a DuckDB type tells.

    >>> import duckdb
    >>> known(duckdb.sqltype("TIMESTAMPTZ")).kind, known(duckdb.sqltype("JSON")).kind
    ('timestamp', 'json')
    """
    if str(type_) == "JSON":
        return Known("json", type_)
    return Known(_KINDS.get(type_.id), type_)


def kind_of_type(text: str) -> str | None:
    """The kind of a DuckDB type that is written out, for instance a variable's.

    >>> kind_of_type("DECIMAL(38, 9)"), kind_of_type("BIGINT[]")
    ('decimal', 'array')
    """
    try:
        return known(duckdb.sqltype(text)).kind
    except duckdb.Error:
        return None


def stub(columns: Columns) -> str:
    """A SELECT with columns of these names and types, and without rows worth having."""
    shown = (f"CAST(NULL AS {c.type}) AS {quote(c.name or n)}" for n, c in columns.items())
    return "SELECT " + (", ".join(shown) or "NULL")


class Oracle:
    """Asks a connection for types.

    Args:
        con: the connection; None: nothing is known.
    """

    def __init__(self, con: Any = None) -> None:
        self._con = con
        self._held: dict[str, list[tuple[str, Known]] | None] = {}

    @property
    def there(self) -> bool:
        """False if nothing can be asked."""
        return self._con is not None

    def columns(self, query: str) -> list[tuple[str, Known]] | None:
        """The columns of a query in DuckDB's dialect, ML parts and all; None if it is not bound."""
        if self._con is None:
            return None
        if query not in self._held:
            self._held[query] = self._ask(query)
        return self._held[query]

    def value(self, expression: str, tables: str = "") -> Known:
        """What is known of an expression over some tables."""
        found = self.columns(f"SELECT ({expression}) AS x{tables and f' FROM {tables}'}")
        return found[0][1] if found else Known()

    def forget(self) -> None:
        """What was in the database may have changed."""
        self._held.clear()

    def _ask(self, query: str) -> list[tuple[str, Known]] | None:
        try:
            relation = self._con.sql(self._without_ml(query))
        except (duckdb.Error, RetailSQLError):
            return None  # running it will say why
        if relation is None:
            return None
        return [
            (name, known(type_))
            for name, type_ in zip(relation.columns, relation.types, strict=True)
        ]

    def _without_ml(self, query: str) -> str:
        script = read_script(query)
        if script is None or len(script) != 1 or not isinstance(script[0], Query):
            return query
        from retailsql.dialect.lookup import Catalog
        from retailsql.dialect.splice import splice
        from retailsql.dialect.tokens import Walk

        return splice(Walk(script[0].sql, script[0].tokens), Catalog(self._con))
