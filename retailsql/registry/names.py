"""Names of models: what a person wrote -> database, schema, model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from retailsql.errors import ModelNotFoundError, NameTakenError, nearest
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
    if isinstance(value, float):
        return f"CAST('{value!r}' AS DOUBLE)"
    if isinstance(value, int):
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
        ModelNotFoundError: there is no such schema or database.
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
            todo=f"call it {proposal(model)!r}",
        )
    row = first_row(con, "SELECT current_database(), current_schema()")
    database, schema = row if row else ("memory", "main")
    if len(parts) == 1:
        return ModelName(database, schema, model)
    return ModelName(*_place(con, parts[:-1], database), model)


def proposal(model: str) -> str:
    """A name near to one that cannot be used, or the name itself.

    >>> proposal("first-mf-model"), proposal("2015_sales"), proposal("churn")
    ('first_mf_model', 'm_2015_sales', 'churn')
    """
    if _NAME.fullmatch(model):
        return model
    name = re.sub("[^a-z0-9]+", "_", model).strip("_")
    return name if _NAME.fullmatch(name) else f"m_{name}".rstrip("_")


def _place(con: DuckDBPyConnection, parts: list[str], current: str) -> tuple[str, str]:
    """Database and schema that one or two names mean, in the catalog's own spelling."""
    held = con.execute("SELECT DISTINCT database_name, schema_name FROM duckdb_schemas()")
    places = {(d.lower(), s.lower()): (d, s) for d, s in held.fetchall()}
    wanted = [part.lower() for part in parts]
    tries = [(wanted[0], wanted[1])] if len(wanted) == 2 else [
        (current.lower(), wanted[0]), (wanted[0], "main"),
    ]  # fmt: skip
    for place in tries:
        if place in places:
            return places[place]
    known = {s for d, s in places.values() if d == current} | {d for d, _ in places.values()}
    raise ModelNotFoundError(
        f"There is no schema or database {'.'.join(parts)!r}",
        wanted=nearest(parts[0], known - {"system", "temp"}),
        todo="correct the name, ATTACH the database or CREATE SCHEMA first",
    )
