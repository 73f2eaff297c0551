"""Carries out a script in BigQuery's dialect, step by step, on a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb

from retailsql.dialect.bigquery.evaluate import Evaluator, Runs
from retailsql.dialect.bigquery.lexing import place, read_tokens, refuse
from retailsql.dialect.bigquery.script import read_script
from retailsql.dialect.bigquery.steps import (
    Assign,
    Block,
    CallProcedure,
    Check,
    Declare,
    Execute,
    If,
    Jump,
    Loop,
    Plain,
    Procedure,
    Step,
    Tokens,
)
from retailsql.dialect.bigquery.translate import split
from retailsql.dialect.bigquery.variables import ERROR
from retailsql.errors import RetailSQLError, nearest
from retailsql.registry.names import literal

MOST_STEPS = 100_000
"""A script that takes more steps is taken for an endless loop."""


class _Jump(Exception):  # noqa: N818  (control flow, no error)
    def __init__(self, kind: str, label: str = "") -> None:
        self.kind, self.label = kind, label


class Interpreter(Evaluator):
    """Carries out the steps of one script.

    Args:
        session: where.
        text: the script, for places in errors.
        each: called with the relation of every statement that has rows.
    """

    def __init__(self, session: Runs, text: str, each: Callable[[Any], None] | None) -> None:
        super().__init__(session, text)
        self.each = each
        self.procedures: dict[str, tuple[str, Procedure]] = {}
        self.last: Any = None
        self.steps = 0

    def run(self, steps: list[Step]) -> None:
        """All steps, up to a RETURN."""
        try:
            self._all(steps)
        except _Jump as jump:
            if jump.kind != "RETURN":
                raise refuse(self._text, 0, f"{jump.kind} stands outside a loop") from None

    def _all(self, steps: list[Step]) -> None:
        for step in steps:
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise refuse(
                    self._text, step.tokens[0].start, f"The script takes over {MOST_STEPS:,} steps",
                    todo="look for a loop that does not end",
                )  # fmt: skip
            self._step(step)

    def _step(self, step: Step) -> None:
        match step:
            case Plain():
                self._plain(step.tokens)
            case Declare():
                self._declare(step)
            case Assign():
                self._assign(step)
            case If():
                for condition, body in step.branches:
                    if not condition or self._true(condition):
                        self._all(body)
                        break
            case Loop():
                self._loop(step)
            case Block():
                self._block(step)
            case Execute():
                self._execute(step)
            case Procedure():
                self.procedures[step.name] = (self._text, step)
            case CallProcedure():
                self._call(step)
            case Check():
                self._check(step)
            case Jump():
                raise _Jump(step.kind, step.label)

    def _check(self, step: Check) -> None:
        """ASSERT and RAISE."""
        if step.condition and self._true(step.condition):
            return
        fact = "The assertion does not hold" if step.condition else "The script raised an error"
        words = self.variables.raw(ERROR) if not step.condition and not step.words else None
        if step.words:
            sql = self.expression(step.words)
            words = self._rows(f"SELECT CAST(({sql}) AS VARCHAR)", step.words)[0][0]
        raise refuse(self._text, step.tokens[0].start, fact, seen=words)

    def _plain(self, tokens: Tokens) -> None:
        translated = self.translator().statement(tokens)
        self._tell(translated.notes)
        relation = self._sql(translated.sql, tokens)
        if not translated.sql.startswith(("SELECT", "WITH", "(")) and self._translator:
            self._forget(translated.sql)
        self.last = relation
        if self.each is not None and relation is not None:
            self.each(relation)

    def _declare(self, step: Declare) -> None:
        translator = self.translator()
        sql = self.expression(step.default) if step.default else "NULL"
        kind = translator.kind
        if step.type:
            type_, kind = translator.type(step.type), translator.kind
        else:
            type_ = str(self._rows(f"SELECT typeof(({sql}))", step.tokens)[0][0])
            type_ = {"INTEGER": "BIGINT", "HUGEINT": "BIGINT"}.get(type_, type_)
        for name in step.names:
            self.variables.declare(name, type_, kind if type_ == "TIMESTAMP" else None)
            if step.default:
                self._evaluate([name], f"SELECT ({sql})", step.tokens)

    def _assign(self, step: Assign) -> None:
        for name in step.names:
            self._type(name, step.tokens)
        sql = self.expression(step.value)
        if len(step.names) == 1:
            self._evaluate(step.names, f"SELECT ({sql})", step.tokens)
            return
        inner = sql.strip()
        query = inner.startswith("(SELECT") or inner.startswith("(WITH")
        row = f"SELECT unnest(__rs_s) FROM {inner} AS __rs_t(__rs_s)"
        text = row if query else f"SELECT {inner[1:-1]}"
        self._evaluate(step.names, text, step.tokens)

    def _each(self, step: Loop) -> None:
        """FOR ... IN: the rows are those of the query before the first round."""
        translated = self.translator().query(step.condition)
        relation = self._sql(translated, step.tokens)
        types = list(zip(relation.columns, map(str, relation.types), strict=True))
        rows = self._rows(f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({translated})", step.tokens)
        for row in rows:
            fields = (
                f"{literal(name)}: CAST({literal(value)} AS {type_})"
                for (name, type_), value in zip(types, row, strict=True)
            )
            with self.variables.scope():
                self.variables.set_row(step.name, "{" + ", ".join(fields) + "}")
                if self._round(step):
                    return

    def _round(self, step: Loop) -> bool:
        """One round of a loop; True if it was the last."""
        try:
            self._all(step.body)
        except _Jump as jump:
            if jump.kind == "RETURN" or jump.label not in ("", step.label):
                raise
            return jump.kind == "BREAK"
        return False

    def _loop(self, step: Loop) -> None:
        if step.kind == "FOR":
            self._each(step)
            return
        while step.kind != "WHILE" or self._true(step.condition):
            if self._round(step):
                break
            if step.kind == "REPEAT" and self._true(step.condition):
                break
            self.steps += 1
            if self.steps > MOST_STEPS:
                raise refuse(
                    self._text, step.tokens[0].start, f"The script takes over {MOST_STEPS:,} steps",
                    todo="look for a loop that does not end",
                )  # fmt: skip

    def _block(self, step: Block) -> None:
        try:
            self._guarded(step)
        except _Jump as jump:
            if jump.kind != "BREAK" or not step.label or jump.label != step.label:
                raise

    def _guarded(self, step: Block) -> None:
        with self.variables.scope():
            if step.handler is None:
                self._all(step.body)
                return
            try:
                self._all(step.body)
                return
            except (duckdb.Error, RetailSQLError) as error:
                words = str(error)
        with self.variables.scope():  # what the block declared is out of sight in its handler
            self.variables.declare(ERROR, "VARCHAR")
            self.variables.set(ERROR, words)
            self._all(step.handler)

    def _execute(self, step: Execute) -> None:
        sql = self.expression(step.text)
        text = self._rows(f"SELECT CAST(({sql}) AS VARCHAR)", step.text)[0][0]
        if text is None:
            raise refuse(self._text, step.tokens[0].start, "EXECUTE IMMEDIATE of NULL")
        given = []
        for name, value in step.using:
            inner = self.expression(value)
            query = f"SELECT typeof(({inner})), CAST(({inner}) AS VARCHAR)"
            given.append((name, *self._rows(query, value)[0]))
        outer, at = self._text, place(self._text, step.tokens[0].start)
        try:
            self._dynamic(str(text), step, given)
        except RetailSQLError as error:
            error.add_note(f"In EXECUTE IMMEDIATE at {at}")
            raise
        finally:
            self._text = outer

    def _dynamic(self, text: str, step: Execute, given: list[tuple[str, str, str | None]]) -> None:
        self._text = text
        with self.variables.parameters(given):
            statements = split(read_tokens(text))
            if len(statements) != 1:
                raise refuse(text, 0, "EXECUTE IMMEDIATE wants one statement", seen=len(statements))
            if not step.into:
                self._all(read_script(text))
                return
            translated = self.translator().statement(statements[0])
        self._evaluate(step.into, translated.sql, step.tokens)

    def _call(self, step: CallProcedure) -> None:
        if step.name not in self.procedures:
            raise refuse(
                self._text, step.tokens[0].start, f"There is no procedure {step.name!r}",
                wanted=nearest(step.name, self.procedures),
                todo="CREATE PROCEDURE it in the same script",
            )  # fmt: skip
        text, procedure = self.procedures[step.name]
        if len(step.arguments) != len(procedure.parameters):
            raise refuse(
                self._text, step.tokens[0].start, "CALL with another number of arguments",
                seen=len(step.arguments), wanted=len(procedure.parameters),
            )  # fmt: skip
        given = []
        for (mode, _, _), tokens in zip(procedure.parameters, step.arguments, strict=True):
            sql = "NULL" if mode == "OUT" else self.expression(tokens)
            given.append(self._rows(f"SELECT CAST(({sql}) AS VARCHAR)", tokens)[0][0])
        outer = self._text
        self._text = text
        try:
            with self.variables.frame():
                self._enter(procedure, given)
                self.run(procedure.body)
                results = [self.variables.raw(name) for _, name, _ in procedure.parameters]
        finally:
            self._text = outer
        for (mode, _, _), tokens, value in zip(
            procedure.parameters, step.arguments, results, strict=True
        ):
            if mode != "IN":
                self.variables.set(tokens[0].text.lower(), value)

    def _enter(self, procedure: Procedure, given: list[Any]) -> None:
        for (_, name, type_), value in zip(procedure.parameters, given, strict=True):
            self.variables.declare(name, self.translator().type(type_))
            self.variables.set(name, value)
