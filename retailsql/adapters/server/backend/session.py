"""One client's session: the contract of ``protocols.Backend``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from retailsql.adapters.server.backend.commands import failed_block, plan
from retailsql.adapters.server.backend.context import Context
from retailsql.adapters.server.backend.noted import Noted
from retailsql.adapters.server.backend.parameters import no_parameter
from retailsql.adapters.server.backend.portals import Portal
from retailsql.adapters.server.backend.prepare import find as find_statement
from retailsql.adapters.server.backend.prepare import text_of
from retailsql.adapters.server.backend.prepared import Prepared
from retailsql.adapters.server.backend.result import Command, done
from retailsql.adapters.server.backend.said import said
from retailsql.adapters.server.backend.script import Part, split
from retailsql.adapters.server.records import (
    Answer,
    Complete,
    CopyData,
    Described,
    Empty,
    Notice,
    PgError,
    RowData,
    RowsBegin,
    Suspended,
)

_NO_PART = Part("", ())


class Session:
    """A logged-in client; one thread uses it, any may call :meth:`cancel`.

    Args:
        ctx: who, on what file.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._closed = ctx, False

    @property
    def status(self) -> Literal["I", "T", "E"]:
        """Idle, in a transaction block, or in one that failed."""
        return self._ctx.block.status

    @property
    def cancelled(self) -> bool:
        """True once the statement was stopped, until another begins."""
        return self._ctx.running.cancelled

    @property
    def idle_seconds(self) -> float | None:
        """How long the client may say nothing now."""
        block = "_in_transaction" if self._ctx.block.inside else ""
        return self._ctx.settings.seconds(f"idle{block}_session_timeout")

    def simple(self, text: str) -> Iterator[Answer]:
        """Run all statements of a simple Query."""
        with self._ctx.running.statement():  # it can be cancelled before it is read, too
            yield from self._script(text)

    def _script(self, text: str) -> Iterator[Answer]:
        ctx = self._ctx
        with self._heard(text):
            parts = split(text)
        if not parts:
            yield Empty()
            return
        ctx.several = len(parts) > 1
        for i, part in enumerate(parts):
            yield from self._one(part, last=i == len(parts) - 1)

    def prepare(self, name: str, text: str, oids: Sequence[int]) -> None:
        """Parse: name a statement."""
        ctx = self._ctx
        with self._heard(text), ctx.running.step():
            parts = split(text)
            if len(parts) > 1:
                raise PgError("42601", "cannot insert multiple commands into a prepared statement")
            if name and name in ctx.statements:
                raise PgError("42P05", f'prepared statement "{name}" already exists')
            held = Prepared(ctx, parts[0] if parts else None, oids)
            with self._placed(held.part):
                held.plan()
            ctx.statements[name] = held

    def describe_statement(self, name: str) -> Described:
        """Describe a statement."""
        with self._heard(text_of(self._ctx, name)), self._ctx.running.step():
            held = find_statement(self._ctx, name)
            with self._placed(held.part):
                return held.describe()

    def bind(
        self,
        portal: str,
        statement: str,
        formats: Sequence[int],
        values: Sequence[bytes | None],
        result_formats: Sequence[int],
    ) -> None:
        """Bind values to a statement."""
        ctx = self._ctx
        with self._heard(text_of(ctx, statement)), ctx.running.step():
            held = find_statement(ctx, statement)
            if portal and portal in ctx.portals:
                raise PgError("42P03", f'cursor "{portal}" already exists')
            with self._placed(held.part):
                found = held.plan()
                given = held.values(found, formats, values)
            self._forget(portal)
            text = "" if held.part is None else held.part.text
            made = Portal(ctx, found or Command(lambda: done("")), given, result_formats, text=text)
            made.part = held.part
            ctx.portals[portal] = made

    def describe_portal(self, name: str) -> RowsBegin | None:
        """Describe a portal."""
        with self._heard():
            return self._portal(name).begin()

    def execute(self, portal: str, max_rows: int) -> Iterator[Answer]:
        """Run a portal, or go on with it."""
        with self._heard():
            held = self._portal(portal)
        if held.part is None and not held.text:
            yield Empty()
            return
        with self._heard(held.text):
            if self._ctx.block.failed and not held.ends_block:
                raise failed_block()
            if held.finished:
                raise PgError("55000", f'portal "{portal}" cannot be run')
        yield from self._audited(held, max_rows, held.part)

    def close_statement(self, name: str) -> None:
        """Forget a statement."""
        self._ctx.statements.pop(name, None)

    def close_portal(self, name: str) -> None:
        """Forget a portal and end its result."""
        with self._heard():
            self._forget(name)

    def sync(self) -> None:
        """End what is not a transaction block."""
        with self._heard():
            self._ctx.several = False
            self._ctx.block.sync()

    def fail(self) -> None:
        """An error was sent."""
        self._ctx.block.fail()

    def notices(self) -> list[Notice]:
        """What was told since the last call."""
        return self._ctx.notices()

    def parameters(self) -> dict[str, str]:
        """Reported settings that changed since the last call."""
        return self._ctx.settings.changes()

    def cancel(self) -> None:
        """From any thread: stop what runs now."""
        self._ctx.running.cancel()

    def close(self) -> None:
        """End everything; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        for portal in self._ctx.portals.values():
            portal.close()
        self._ctx.portals.clear()
        self._ctx.statements.clear()
        if self._ctx.stream is not None:  # of a statement that was left in the middle
            self._ctx.stream.close()
        self._ctx.work.close()

    def _one(self, part: Part, last: bool) -> Iterator[Answer]:
        """One statement of a simple Query."""
        ctx = self._ctx
        with self._heard(part.text), self._placed(part):
            found = plan(ctx, part)
            if found.parameters:
                raise no_parameter(part)
            portal = Portal(ctx, found, text=part.text)
            portal.part = part
        head = portal.begin()
        if head is not None:
            yield head
        yield from self._audited(portal, 0, part, last)
        portal.close()

    def _audited(
        self, portal: Portal, max_rows: int, part: Part | None, last: bool = False
    ) -> Iterator[Answer]:
        """The answers of a portal, noted when they end."""
        ctx, rows, begun = self._ctx, 0, time.monotonic()
        state, ended = "00000", True
        portal.note = note = portal.note or Noted(ctx, portal.text)
        try:
            with self._heard(), self._placed(part), ctx.timed():
                for answer in portal.execute(max_rows):
                    if last and ctx.work.wrote and isinstance(answer, Complete):
                        portal.close()
                        ctx.block.sync()  # the commit may fail, and then nothing was done
                    rows += answer.rows if isinstance(answer, RowData) else 0
                    ended = not isinstance(answer, Suspended)
                    yield answer
                    if isinstance(answer, RowData | CopyData):
                        ctx.running.check()
        except PgError as error:
            state = error.sqlstate
            raise
        except GeneratorExit:
            state = "57014"
            raise
        finally:
            result = portal.result
            note.add(rows or (result.rows if result else 0), time.monotonic() - begun)
            if ended or state != "00000":
                note.write(state)
                portal.note = None

    @contextmanager
    def _heard(self, text: str = "") -> Iterator[None]:
        """Whatever goes wrong in it leaves as a PgError; a refused statement is noted."""
        try:
            self._ctx.refresh()
            yield
        except PgError as error:
            if text:
                self._note(text, error.sqlstate)
            raise
        except Exception as error:
            found = said(self._ctx, _NO_PART, error)
            state = found.sqlstate if isinstance(found, PgError) else "XX000"
            if text:
                self._note(text, state)
            if isinstance(found, PgError):
                raise found from error
            raise PgError("XX000", f"internal error: {type(error).__name__}") from error

    def _note(self, text: str, state: str) -> None:
        ctx = self._ctx
        ctx.audit.write(
            "statement", user=ctx.user, peer=ctx.peer, statement=text, rows=0, sqlstate=state
        )

    @contextmanager
    def _placed(self, part: Part | None) -> Iterator[None]:
        """Positions told within one statement are moved to the whole text."""
        try:
            yield
        except PgError as error:
            if part is not None and error.position is not None:
                error.position += part.start
            raise

    def _portal(self, name: str) -> Portal:
        if (found := self._ctx.portals.get(name)) is None:
            raise PgError("34000", f'portal "{name}" does not exist')
        return found

    def _forget(self, name: str) -> None:
        if (portal := self._ctx.portals.pop(name, None)) is not None:
            portal.close()
