"""Names of models: what a person wrote -> database, schema, model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from retailsql.errors import NameTakenError
from retailsql.registry.fetch import first_row

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PART = re.compile(r'"((?:[^"]|"")*)"|`([^`]*)`|([^."`\s]+)')
_DOTTED = re.compile(rf"(?:{_PART.pattern})(?:\.(?:{_PART.pattern}))*")


def quote(identifier: str) -> str:
    """An identifier, quoted for SQL.

    >>> print(quote('a"b'))
    "a""b"
    """
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A value as a SQL literal: text, number, boolean or NULL.

    >>> literal("it's"), literal(True), literal(3), literal(None)
    ("'it''s'", 'true', '3', 'NULL')
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


@dataclass(frozen=True)
class ModelName:
    """Where a model lives.

    >>> ModelName("shop", "main", "churn").text, ModelName("shop", "sales", "churn").text
    ('churn', 'sales.churn')
    """

    database: str
    schema: str
    name: str

    @property
    def text(self) -> str:
        """The name as people write it inside its database."""
        return self.name if self.schema == "main" else f"{self.schema}.{self.name}"

    def function(self, verb: str) -> str:
        """The quoted three-part name of a public function, ``churn_score`` for verb ``score``."""
        return ".".join(map(quote, (self.database, self.schema, f"{self.name}_{verb}")))

    @property
    def registry(self) -> str:
        """The quoted name of the registry's schema in this database."""
        return f"{quote(self.database)}.retailsql"


def split_name(text: str) -> list[str]:
    """The parts of a dotted name, quotes and backticks taken off.

    >>> split_name('shop."my schema".churn'), split_name("`p.d.churn`")
    (['shop', 'my schema', 'churn'], ['p', 'd', 'churn'])
    """
    if not _DOTTED.fullmatch(text):
        return [text]
    parts: list[str] = []
    for double, back, bare in _PART.findall(text):
        # BigQuery allows the dots inside one pair of backticks.
        parts += back.split(".") if back else [double.replace('""', '"') or bare]
    return parts


def resolve(con: DuckDBPyConnection, name: str | Sequence[str]) -> ModelName:
    """The model a person means by one, two or three parts.

    Args:
        con: whose current database and schema fill in what is left out.
        name: ``churn``, ``schema.churn``, ``database.churn`` or ``database.schema.churn``.

    Raises:
        NameTakenError: the last part is no name a function can be made of.
    """
    parts = split_name(name) if isinstance(name, str) else list(name)
    if not 1 <= len(parts) <= 3:
        raise NameTakenError(
            "A model name has one to three parts", seen=name, wanted="database.schema.model"
        )
    model = parts[-1].lower()
    if not _NAME.fullmatch(model):
        raise NameTakenError(
            f"{parts[-1]!r} cannot name a model",
            wanted="a letter, then letters, digits and _ (functions are called <model>_<verb>)",
            todo=f"call it {re.sub('[^a-z0-9]+', '_', model).strip('_') or 'm'!r}",
        )
    row = first_row(con, "SELECT current_database(), current_schema()")
    database, schema = row if row else ("memory", "main")
    if len(parts) == 3:
        return ModelName(parts[0], parts[1], model)
    if len(parts) == 2:
        if _is_database(con, parts[0]) and not _is_schema(con, database, parts[0]):
            return ModelName(parts[0], "main", model)
        return ModelName(database, parts[0], model)
    return ModelName(database, schema, model)


def _is_database(con: DuckDBPyConnection, name: str) -> bool:
    sql = "SELECT 1 FROM duckdb_databases() WHERE lower(database_name) = lower(?)"
    return first_row(con, sql, [name]) is not None


def _is_schema(con: DuckDBPyConnection, database: str, name: str) -> bool:
    sql = (
        "SELECT 1 FROM duckdb_schemas() "
        "WHERE database_name = ? AND lower(schema_name) = lower(?) LIMIT 1"
    )
    return first_row(con, sql, [database, name]) is not None
