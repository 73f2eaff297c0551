"""Carries out single statements and expressions of a script in BigQuery's dialect."""

from __future__ import annotations

import re
from typing import Any, Protocol

import duckdb

from retailsql.dialect.bigquery.lexing import line_and_column, refuse
from retailsql.dialect.bigquery.names import Catalog, UserFunctions
from retailsql.dialect.bigquery.steps import (
    Tokens,
)
from retailsql.dialect.bigquery.translate import Translator
from retailsql.dialect.bigquery.variables import Variables
from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.places import Place, note_statement, offset_of, replace_place, same_token
from retailsql.errors import RetailSQLError, nearest

_MAKES_FUNCTIONS = re.compile(r"\b(?:MACRO|FUNCTION|MODEL|SCHEMA|DATABASE)\b", re.IGNORECASE)


class Runs(Protocol):
    """What a script runs on: a session."""

    connection: Any
    findings: list[Finding]

    def sql(self, query: Any) -> Any:
        """Run SQL, ML statements among it."""


class Evaluator:
    """Carries out what is no control flow.

    Args:
        session: where.
        text: the script, for places in errors.
    """

    def __init__(self, session: Runs, text: str) -> None:
        self.session, self._text = session, text
        self.variables = Variables()
        self.findings: list[Finding] = []
        self._functions = UserFunctions(session.connection)
        self._translator: Translator | None = None
        self._flavours: dict[str, dict[str, str]] = {}

    def translator(self) -> Translator:
        """The translator, on the catalog as it is now."""
        made = self._translator
        if made is None or made.text is not self._text:
            known = made.functions if made else set()
            catalog = Catalog.of(self.session.connection, self._functions)
            made = Translator(self._text, catalog, self.variables.value, self._compute)
            made.functions |= known
            made.flavours = self._flavours
            self._translator = made
        return made

    def expression(self, tokens: Tokens) -> str:
        """An expression in DuckDB's dialect."""
        translator = self.translator()
        sql = translator.expression(tokens)
        self._tell(translator.take_notes())
        return sql

    def _tell(self, notes: list[tuple[str, int]]) -> None:
        self.findings += [self._finding(*note) for note in notes]

    def _finding(self, words: str, offset: int) -> Finding:
        line, column = line_and_column(self._text, offset)
        sentence, _, fix = words.partition("; ")
        return Finding(
            "RS501", "warning", "", line, column, f"{sentence}.",
            f"{fix[:1].upper()}{fix[1:]}." if fix else "Nothing, if that is what you want.",
        )  # fmt: skip

    def _forget(self, sql: str) -> None:
        """The catalog may have changed."""
        if self._translator is not None:
            if _MAKES_FUNCTIONS.search(sql):
                self._functions = UserFunctions(self.session.connection)
            catalog = Catalog.of(self.session.connection, self._functions)
            self._translator.catalog = catalog

    def _sql(self, sql: str, tokens: Tokens) -> Any:
        try:
            relation = self.session.sql(sql)
            if relation is not None:
                relation = relation.materialize()
        except (duckdb.Error, RetailSQLError) as error:
            start = line_and_column(self._text, tokens[0].start)
            if isinstance(error, RetailSQLError):
                replace_place(error, lambda at: self._written(at, sql, tokens))
            note_statement(error, start, f": {sql}")
            raise
        return relation

    def _written(self, at: Place, sql: str, tokens: Tokens) -> Place:
        """Where in the script it stands that is at a place of the translated text."""
        return line_and_column(self._text, same_token(sql, offset_of(sql, at), tokens))

    def _rows(self, sql: str, tokens: Tokens) -> list[tuple[Any, ...]]:
        relation = self._sql(sql, tokens)
        return list(relation.fetchall()) if relation is not None else []

    def _compute(self, sql: str, tokens: Tokens) -> Any:
        """The value of an expression that stands in place of a literal."""
        try:
            return self.session.sql(f"SELECT ({sql})").fetchall()[0][0]
        except duckdb.Error as error:
            raise refuse(
                self._text, tokens[0].start, "This setting has no value",
                seen=self._text[tokens[0].start : tokens[-1].end + 1],
                wanted="a literal, or an expression of variables and parameters",
                todo=f"DuckDB says: {str(error).splitlines()[0]}",
            ) from error  # fmt: skip

    def _true(self, tokens: Tokens) -> bool:
        sql = self.expression(tokens)
        return self._rows(f"SELECT CAST(({sql}) AS BOOLEAN)", tokens)[0][0] is True

    def _evaluate(self, names: list[str], sql: str, tokens: Tokens) -> None:
        """Put the one row of a query into variables."""
        columns = [f"__rs_c{i}" for i in range(len(names))]
        shown = ", ".join(
            f"CAST(CAST({c} AS {self._type(n, tokens)}) AS VARCHAR)"
            for c, n in zip(columns, names, strict=True)
        )
        query = f"SELECT {shown} FROM ({sql}) AS __rs_q({', '.join(columns)})"
        rows = self._rows(query, tokens)
        if len(rows) > 1:
            raise refuse(self._text, tokens[0].start, "One row was expected", seen=len(rows))
        for name, value in zip(names, rows[0] if rows else [None] * len(names), strict=True):
            self.variables.set(name, value)

    def _type(self, name: str, tokens: Tokens) -> str:
        type_ = self.variables.type(name)
        if type_ is None:
            raise refuse(
                self._text, tokens[0].start, f"There is no variable {name!r}",
                wanted=nearest(name, self.variables.names), todo="DECLARE it first",
            )  # fmt: skip
        return type_
