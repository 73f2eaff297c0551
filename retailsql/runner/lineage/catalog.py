"""What the database and the yml files know of tables, macros and models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from retailsql.errors import RetailSQLError
from retailsql.functions.macros import ALL_VERBS
from retailsql.registry import store
from retailsql.registry.fetch import first_row
from retailsql.registry.names import quote, split_name
from retailsql.runner.node import Project

_ROW_KINDS = ("classifier", "regressor", "clusterer", "reducer", "transformer", "factorizer")


@dataclass(frozen=True)
class Macro:
    """One form of a macro of the database.

    Args:
        parameters: their names.
        body: its SQL.
        table: True for one that stands after FROM.
    """

    parameters: tuple[str, ...]
    body: str
    table: bool = False

    def fits(self, names: Sequence[str | None]) -> bool:
        """Whether it can be called so: the name of each argument, None for one by position.

        >>> Macro(("a", "b"), "a + b").fits([None, "b"]), Macro(("a",), "a").fits([None, None])
        (True, False)
        """
        known = {p.lower() for p in self.parameters}
        return len(names) <= len(self.parameters) and all(n is None or n in known for n in names)

    def tree(self) -> exp.Expr | None:
        """Its body parsed, places taken off; None where sqlglot cannot read it."""
        try:
            tree = parse_one(self.body, read="duckdb")
        except (SqlglotError, RecursionError):
            return None
        for node in tree.walk():
            node.meta.clear()
        return tree


@dataclass(frozen=True)
class Model:
    """A model that functions belong to.

    Args:
        name: of its training file, or of the registry.
        function: its name as functions begin with it.
        features: the columns it takes; None for kinds that take no rows.
        note: what is uncertain about them.
    """

    name: str
    function: str
    features: tuple[str, ...] | None
    note: str = ""

    def verb(self, function: str) -> str:
        """Score of churn_score.

        >>> Model("churn", "churn", None).verb("churn_score")
        'score'
        """
        return function.lower().removeprefix(f"{self.function}_")


class Catalog:
    """Read only, and each question asked once.

    Args:
        con: the database; None for none: then files and yml files are all there is.
        project: whose models and yml files are known too.
    """

    def __init__(self, con: DuckDBPyConnection | None, project: Project) -> None:
        self.con, self._project = con, project
        self._described: dict[str, tuple[str, ...] | None] = {}

    @cached_property
    def _place(self) -> tuple[str, str]:
        """Database and schema of the project."""
        database, _, schema = self._project.schema.rpartition(".")
        if not database and self.con is not None:
            row = first_row(self.con, "SELECT current_database()")
            database = str(row[0]) if row else ""
        return database, schema

    def columns(self, relation: str) -> tuple[str, ...] | None:
        """The columns of what may stand after FROM, as written; None if it cannot be bound."""
        if relation not in self._described:
            self._described[relation] = self.describe(f"SELECT * FROM {relation}")
        return self._described[relation]

    def describe(self, query: str) -> tuple[str, ...] | None:
        """The column names of a query, which is bound and not run."""
        if self.con is None:
            return None
        with suppress(duckdb.Error):
            return tuple(r[0] for r in self.con.execute(f"DESCRIBE {query}").fetchall())
        return None

    def node_columns(self, name: str) -> tuple[str, ...] | None:
        """The columns that a node's table has in the database; None if it is not there."""
        parts = [*self._project.schema.split("."), name]
        return self.columns(".".join(quote(part) for part in parts))

    def identity(self, text: str) -> tuple[str, str, str] | None:
        """Database, schema and name of a table, however it is written; None if it is none."""
        lower = [part.lower() for part in split_name(text)]
        database, schema = self._current
        tries = {
            1: [(database, schema, *lower), (database, "main", *lower)],
            2: [(database, *lower), (lower[0], "main", lower[-1])],
            3: [tuple(lower)],
        }.get(len(lower), [])
        return next(((d, s, t) for d, s, t in tries if (d, s, t) in self._tables), None)

    @cached_property
    def _current(self) -> tuple[str, str]:
        rows = self._rows("SELECT lower(current_database()), lower(current_schema())")
        return (rows[0][0], rows[0][1]) if rows else ("", "main")

    @cached_property
    def _tables(self) -> frozenset[tuple[str, str, str]]:
        rows = self._rows(
            "SELECT lower(database_name), lower(schema_name), lower(table_name) "
            "FROM duckdb_tables() UNION ALL SELECT lower(database_name), lower(schema_name), "
            "lower(view_name) FROM duckdb_views() WHERE NOT internal"
        )
        return frozenset((d, s, t) for d, s, t in rows)

    @cached_property
    def aggregates(self) -> frozenset[str]:
        """The names of aggregate functions, in lower case."""
        sql = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = "
        return frozenset(r[0].lower() for r in self._rows(f"{sql}'aggregate'"))

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [] if self.con is None else self.con.execute(sql).fetchall()

    def macro_of(self, front: Sequence[str], name: str, table: bool = False) -> list[Macro]:
        """The forms of a macro that a person or retailsql made."""
        schema = front[-1].lower() if front else None
        return [
            macro
            for where, macro in self._macros.get(name.lower(), [])
            if macro.table == table and (schema is None or where == schema)
        ]

    @cached_property
    def _macros(self) -> Mapping[str, list[tuple[str, Macro]]]:
        rows = self._rows(
            "SELECT schema_name, function_name, parameters, macro_definition, function_type "
            "FROM duckdb_functions() WHERE NOT internal AND macro_definition IS NOT NULL"
        )
        found: dict[str, list[tuple[str, Macro]]] = {}
        for schema, name, parameters, body, kind in rows:
            form = Macro(tuple(parameters), body, kind == "table_macro")
            found.setdefault(name.lower(), []).append((schema.lower(), form))
        return found

    def model_of(self, front: Sequence[str], function: str) -> Model | None:
        """The model that a function belongs to; None if it is no model's."""
        stem, _, verb = function.lower().rpartition("_")
        if verb not in ALL_VERBS:
            return None
        schema = front[-1].lower() if front else self._place[1].lower()
        found = self._models.get((schema, stem))
        node = self._project.nodes.get(stem)
        ours = node is not None and node.kind == "model" and schema == self._place[1].lower()
        if found is None and ours:
            return Model(stem, stem, *self._untrained(stem))
        return found

    @cached_property
    def _models(self) -> Mapping[tuple[str, str], Model]:
        """The deployed models by schema and name, in lower case."""
        if self.con is None:
            return {}
        found: dict[tuple[str, str], Model] = {}
        database, schema = self._place
        with suppress(RetailSQLError):
            for v in store.versions(self.con, database, deployed=True, strict=False):
                takes_rows = v.signature.kind in _ROW_KINDS
                features = tuple(f.name for f in v.signature.inputs) if takes_rows else None
                shown = v.name.name if v.name.schema == schema else v.name.text
                key = v.name.schema.lower(), v.name.name.lower()
                found[key] = Model(shown, v.name.name.lower(), features)
        return found

    def _untrained(self, name: str) -> tuple[tuple[str, ...] | None, str]:
        """What a model that is not trained yet will take: nothing in the database knows it."""
        return None, (
            f"model {name} is not trained in this database: every column given to it is listed, "
            "also those that it will not take"
        )

    def sources(self) -> Iterable[tuple[str, str]]:
        """``source.table`` and what stands for it after FROM, brackets taken off."""
        for source in self._project.sources.values():
            relation = source.relation.strip()
            if relation.startswith("(") and relation.endswith(")"):
                inner = relation[1:-1].strip()
                if inner.upper().startswith("FROM "):
                    relation = inner[5:].strip()
            yield f"{source.source}.{source.table}", relation

    def described(self, source: str) -> tuple[str, ...]:
        """The columns of ``source.table`` as a yml file lists them."""
        for s in self._project.sources.values():
            if f"{s.source}.{s.table}" == source:
                return tuple(c.name for c in s.columns)
        return ()
