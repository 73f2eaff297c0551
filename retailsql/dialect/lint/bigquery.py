"""Lint of a script in BigQuery's dialect: each statement translated, checked, told where it is.

Statements of IF, loops and blocks are taken once, in the order of the text; what only the run
knows (EXECUTE IMMEDIATE, CALL, the rows of FOR) makes that missing names are not told any more.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.dialect.bigquery.names import Catalog
from retailsql.dialect.bigquery.script import read_script
from retailsql.dialect.bigquery.steps import (
    Block,
    CallProcedure,
    Declare,
    Execute,
    If,
    Loop,
    Plain,
    Step,
    Tokens,
)
from retailsql.dialect.bigquery.translate import Translator
from retailsql.dialect.bigquery.variables import Variables
from retailsql.dialect.lint.check import Script
from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.options import OptionChecker
from retailsql.dialect.lint.scratch import Scratch
from retailsql.dialect.lint.sentences import sentence
from retailsql.dialect.lint.source import Source
from retailsql.errors import RetailSQLError

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACE = re.compile(r" at line (\d+), column (\d+)$")


def lint_bigquery(
    con: DuckDBPyConnection | None,
    text: str,
    file: str | None = None,
    options: OptionChecker | None = None,
) -> list[Finding]:
    """Check a script in BigQuery's dialect without running any of it.

    Args:
        con: the database it is for, or None.
        text: the script.
        file: its name, for the findings.
        options: what training says of options; None: they are not judged.

    Returns:
        The findings, in the order of the text.
    """
    words = {word.lower() for word in _WORD.findall(text)}
    scratch = Scratch(con, words)
    source = Source(text, file)
    try:
        _Linter(con, source, scratch, words, options).check()
    finally:
        scratch.close()
    return sorted(source.findings, key=lambda f: (f.line, f.column, f.code))


class _Linter:
    """The statements of a script, translated one by one."""

    def __init__(
        self,
        con: DuckDBPyConnection | None,
        source: Source,
        scratch: Scratch,
        words: set[str],
        options: OptionChecker | None,
    ) -> None:
        self.source, self.scratch = source, scratch
        self.script = Script(con, source, scratch, words, options)
        self.variables = Variables()
        self.translator = Translator(source.sql, Catalog(), self.variables.value)

    def check(self) -> None:
        """All of them."""
        try:
            steps = read_script(self.source.sql)
        except RetailSQLError as error:
            self._refused(error, 0)
            return
        self._all(steps)

    def _all(self, steps: list[Step]) -> None:
        for step in steps:
            if self.scratch.known:
                self.translator.catalog = Catalog.of(self.scratch.con)
            try:
                self._step(step)
            except RetailSQLError as error:
                self._refused(error, step.tokens[0].start)
                self.script.complete = False

    def _step(self, step: Step) -> None:
        match step:
            case Plain():
                self._plain(step.tokens)
            case Declare():
                self._declare(step)
            case If():
                for _, body in step.branches:
                    self._all(body)
            case Loop() if step.kind != "FOR":
                self._all(step.body)
            case Block():
                self._all([*step.body, *(step.handler or [])])
            case Execute() | CallProcedure() | Loop():
                self.script.complete = False

    def _declare(self, step: Declare) -> None:
        translator = self.translator
        if step.type:
            kind = translator.type(step.type)
            told = translator.kind if kind == "TIMESTAMP" else None
        else:
            kind, told = self._type_of(translator.expression(step.default)), None
        for name in step.names:
            self.variables.declare(name, kind, told)

    def _type_of(self, sql: str) -> str:
        columns = self.scratch.try_describe(f"SELECT ({sql}) AS v")
        kind = columns["v"] if columns else "VARCHAR"
        return {"INTEGER": "BIGINT", "HUGEINT": "BIGINT"}.get(kind, kind)

    def _plain(self, tokens: Tokens) -> None:
        translated = self.translator.statement(tokens)
        begin, end = tokens[0].start, tokens[-1].end + 1
        for words, at in translated.notes:
            said, _, fix = words.partition("; ")
            fix = f"{fix[:1].upper()}{fix[1:]}." if fix else "Nothing, if that is what you want."
            self.source.add("RS501", at, f"{said}.", fix)
        part = Source(translated.sql)
        self.script.source = part
        try:
            for piece in part.pieces:
                self.script.one(piece)
        except duckdb.Error:  # nothing is known of the statement, then
            self.script.complete = False
        for found in part.findings:
            at = self._place(part, found, begin, end)
            self.source.add(found.code, at, found.sentence, found.fix)

    def _place(self, part: Source, found: Finding, begin: int, end: int) -> int:
        """Where the word of a finding stands in the script, if it stands there once."""
        line = part.sql.split("\n")[found.line - 1]
        word = _WORD.match(line[found.column - 1 :].lstrip('"'))
        if word is None:
            return begin
        pattern = rf"\b{re.escape(word[0])}\b"
        held = list(re.finditer(pattern, self.source.sql[begin:end], re.IGNORECASE))
        return begin + held[0].start() if len(held) == 1 else begin

    def _refused(self, error: RetailSQLError, start: int) -> None:
        """What cannot be read or translated, at the place it tells."""
        place: Any = _PLACE.search(error.fact)
        if place is None:
            self.source.add("RS001", start, *sentence(error))
            return
        lines = self.source.sql.split("\n")[: int(place[1]) - 1]
        at = sum(len(line) + 1 for line in lines) + int(place[2]) - 1
        self.source.add("RS001", at, *sentence(error, error.fact[: place.start()]))
