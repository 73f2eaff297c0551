"""The entry of lint: a text in, its findings out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.dialect.lint import calls, features, plain, twice
from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.models import Deployed, Models
from retailsql.dialect.lint.options import OptionChecker
from retailsql.dialect.lint.rules import RULES
from retailsql.dialect.lint.scratch import Scratch
from retailsql.dialect.lint.source import Piece, Source
from retailsql.dialect.lint.statement import Statement
from retailsql.dialect.lint.uses import find_uses, may_call
from retailsql.dialect.statements import (
    AlterModel,
    CreateModel,
    DropModel,
    ExportModel,
    ShowModels,
    read_script,
)
from retailsql.dialect.tokens import may_hold_ml
from retailsql.errors import RetailSQLError, StatementError
from retailsql.registry.names import split_name

_HARMLESS = frozenset({
    "SELECT", "WITH", "FROM", "VALUES", "TABLE", "DESCRIBE", "SHOW", "SUMMARIZE", "EXPLAIN",
    "INSERT", "UPDATE", "DELETE", "COPY", "COMMENT", "CHECKPOINT", "BEGIN", "COMMIT", "TRUNCATE",
    "ANALYZE", "VACUUM", "PIVOT", "EXPORT", "(", "SET",
})  # fmt: skip
"""First words of statements that leave every name as it is."""
_ML = re.compile(r"\bML\s*\.", re.IGNORECASE)


def lint(
    con: DuckDBPyConnection | None,
    sql: str,
    file: str | None = None,
    options: OptionChecker | None = None,
) -> list[Finding]:
    """Check a text of SQL without running any of it.

    Args:
        con: the database it is for; its catalog is read, nothing is written. None if there is
            none: then names that are missing are not told, as nobody knows them.
        sql: any number of statements; each sees what those before it would have made.
        file: its name, for the findings.
        options: what training says of options; None: they are not judged.

    Returns:
        The findings, in the order of the text.
    """
    source = Source(sql, file)
    words = _words(source)
    scratch = Scratch(con, words)
    try:
        Script(con, source, scratch, words, options).check()
    finally:
        scratch.close()
    return sorted(source.findings, key=lambda f: (f.line, f.column, f.code))


class Script:
    """The statements of a text, one after the other."""

    def __init__(
        self,
        con: DuckDBPyConnection | None,
        source: Source,
        scratch: Scratch,
        words: set[str],
        options: OptionChecker | None = None,
    ) -> None:
        self.source, self.scratch, self.words, self.options = source, scratch, words, options
        self.about_models = may_hold_ml(source.sql) or may_call(source.sql)
        self.models = Models(con, scratch)
        self.models.make_ready_called(words)
        self.complete = True
        self.unknown = set[str]()
        """Tables and views that the text makes with columns that nobody knows yet."""

    def check(self) -> None:
        """Check them all."""
        for piece in self.source.pieces:
            self.one(piece)

    def one(self, piece: Piece) -> None:
        """Check one, and take note of what it does to names."""
        complete = self.complete and self.unknown.isdisjoint(t.text.lower() for t in piece.tokens)
        statement = Statement(self.source, piece, self.scratch, self.models, complete)
        try:
            script = read_script(piece.text) if may_hold_ml(piece.text) else None
        except StatementError as error:
            features.refused(statement, error)
            return
        first = script[0] if script else None
        match first:
            case CreateModel():
                self._create(statement, first)
            case DropModel():
                self._known(statement, first.name, first.if_exists)
                if first.version is None:
                    self.models.forget(first.name)
            case AlterModel():
                self._known(statement, first.name, first.if_exists)
            case ExportModel():
                self._known(statement, first.name, if_exists=False)
            case ShowModels():
                return
            case _:
                self._query(statement)

    def _known(self, statement: Statement, name: str, if_exists: bool) -> None:
        """RS101 of DROP MODEL and ALTER MODEL."""
        if not if_exists:
            at = next((i for i, w in enumerate(statement.words) if w == "MODEL"), 0) + 1
            features.check_model(statement, name, at)

    def _query(self, statement: Statement) -> None:
        if statement.uses or statement.may_call or _ML.search(statement.piece.text):
            bindable = features.check_names(statement)
            features.check_bind(statement, bindable)
            calls.check_positions(statement)
            calls.check_kept(statement)
            twice.check_twice(statement)
        elif self.about_models:
            plain.check_plain(statement)
        self._follow(statement)

    def _create(self, statement: Statement, create: CreateModel) -> None:
        from retailsql.dialect.lint import create as rules

        rules.check_create(statement, create, self.options)
        self.models.make_ready_called(self.words)

    def _follow(self, statement: Statement) -> None:
        """What a statement does to names."""
        words = [w for w in statement.words[:6] if w not in ("OR", "REPLACE", "TEMP", "TEMPORARY")]
        if words[0] in _HARMLESS:
            return
        if words[:2] in (["CREATE", "TABLE"], ["CREATE", "VIEW"]):
            self._made(statement)
        elif words[:2] in (["CREATE", "MACRO"], ["CREATE", "FUNCTION"]):
            self.complete &= self.scratch.run(statement.piece.text)
            self.scratch.note_macros({t.text.lower() for t in statement.piece.tokens[:8]})
        elif words[:2] in (["CREATE", "SCHEMA"], ["CREATE", "TYPE"], ["CREATE", "SEQUENCE"]):
            self.complete &= self.scratch.run(statement.piece.text)
        elif words[:1] == ["DROP"] and words[1:2] in (["TABLE"], ["VIEW"]):
            name = _name(statement, words[1])
            self.scratch.forget(name)
            self.unknown.discard(split_name(name)[-1].lower())
        elif words[:1] != ["ALTER"] or words[1:2] != ["TABLE"]:
            self.complete &= words[:2] in (["CREATE", "INDEX"], ["CREATE", "UNIQUE"])
        else:
            self.complete &= self.scratch.run(statement.piece.text)

    def _made(self, statement: Statement) -> None:
        """CREATE TABLE or CREATE VIEW."""
        kind = "TABLE" if "TABLE" in statement.words[:5] else "VIEW"
        name, query = _name(statement, kind), statement.query
        if query is None:
            statement_text = statement.piece.text
            made = not statement.uses and self.scratch.run(statement_text)
            self.complete &= made
            return
        try:
            columns = self.scratch.describe(features.spliced_query(statement))
        except (duckdb.Error, RetailSQLError) as error:
            if isinstance(error, duckdb.Error) and not statement.uses:
                features.tell_bind(statement, error)
            self.scratch.forget(name)
            self.unknown.add(split_name(name)[-1].lower())
            return
        self.scratch.declare(name, columns, statement.text(*query))
        self.unknown.discard(split_name(name)[-1].lower())


def _name(statement: Statement, kind: str) -> str:
    """The name behind CREATE TABLE, DROP VIEW and their like."""
    walk = statement.walk
    walk.at = statement.words.index(kind) + 1
    if not walk.take("IF", "NOT", "EXISTS"):
        walk.take("IF", "EXISTS")
    try:
        return walk.name()
    except StatementError:
        return ""


def glance(con: DuckDBPyConnection, sql: str) -> list[Finding]:
    """The rules that need no scratch database, in well under a millisecond where nothing is
    suspicious: what a session does by itself before a query.

    Names and types are left to the run: DuckDB binds all of a statement before it reads a row.

    Args:
        con: the database.
        sql: what is about to run.
    """
    source = Source(sql)
    models = Deployed(con)
    for piece in source.pieces:
        uses = find_uses(piece.walk)
        if len(uses) < 2 and not calls.suspicious(piece, uses):
            continue
        statement = Statement(source, piece, models.scratch, models, True)
        calls.check_positions(statement)
        calls.check_kept(statement)
        twice.check_twice(statement)
    return source.findings


def training_words(
    con: DuckDBPyConnection, options: Mapping[str, Any], query: str
) -> tuple[str, ...]:
    """What is to be said of a training query, beside the result of the training.

    Args:
        con: the database; only its catalog is read.
        options: of CREATE MODEL, ``model_type`` among them.
        query: the training SELECT.
    """
    from retailsql.dialect.lint.create import check_query

    source = Source(query)
    if len(source.pieces) != 1:
        return ()
    words = _words(source)
    scratch = Scratch(con, words)
    try:
        models = Models(con, scratch)
        models.make_ready_called(words)
        piece = source.pieces[0]
        check_query(Statement(source, piece, scratch, models, False), options, piece.text, 0)
    finally:
        scratch.close()
    found = [f for f in source.findings if RULES[f.code].told]
    return tuple(f"{f.sentence} {f.fix}" for f in found)


def _words(source: Source) -> set[str]:
    """Everything a text may name, in lower case."""
    words = {t.text.lower() for p in source.pieces for t in p.tokens}
    return words | {part.lower() for w in words if "." in w for part in split_name(w)}
