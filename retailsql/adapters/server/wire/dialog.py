"""What a logged-in client says, one message at a time, and what it is answered.

The states are few: in step, or skipping to the next Sync after an error in extended messages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

from retailsql.adapters.server.protocols import Backend
from retailsql.adapters.server.records import (
    Answer,
    Complete,
    CopyBegin,
    CopyData,
    CopyEnd,
    Data,
    Empty,
    PgError,
    RowData,
    RowsBegin,
    Suspended,
)
from retailsql.adapters.server.wire import messages, replies
from retailsql.adapters.server.wire.stream import ClientGoneError

_LOG = logging.getLogger(__name__)


class Sink(Protocol):
    """Where answers go."""

    def write(self, data: Data) -> None:
        """Send now or later."""

    def flush(self) -> None:
        """Send now."""


class Dialog:
    """A session's protocol.

    Args:
        backend: runs the statements.
        sink: takes the answers.
        stopping: is the server being stopped?
    """

    def __init__(self, backend: Backend, sink: Sink, stopping: Callable[[], bool]) -> None:
        self.backend, self.sink, self.stopping = backend, sink, stopping
        self.skipping = False
        self.between = True
        """Nothing is asked that is not answered yet, as in the midst of a pipeline."""
        self._steps: dict[type, Callable[..., None]] = {
            messages.Parse: self._parse,
            messages.Bind: self._bind,
            messages.Describe: self._describe,
            messages.Execute: self._execute,
            messages.Close: self._close,
            messages.Flush: lambda message: self.sink.flush(),
        }

    def take(self, kind: int, content: bytes) -> bool:
        """Answer a message; False: the client leaves.

        Raises:
            PgError: FATAL, to be told to the client before the connection ends.
            ClientGoneError: the answer cannot be sent.
        """
        if kind == ord("X"):
            return False
        self.between = False
        if self.skipping and kind != ord("S"):
            return True
        if kind in b"QF":
            self._attempt(lambda: self._simple(kind, content))
            self._end()
        elif kind == ord("S"):
            self.skipping = False
            self._attempt(lambda: self._ignore(messages.parse(kind, content)))
            self._end()
        elif not self._attempt(lambda: self._extended(kind, content)):
            self.skipping = True
        return True

    def ready(self) -> None:
        """Tell what was said and changed meanwhile, then that the next statement may come."""
        self._notices()
        self.settings()
        self.sink.write(replies.ready(self.backend.status))
        self.sink.flush()
        self.between = True

    @property
    def idle_seconds(self) -> float | None:
        """How long the client may say nothing now; None: for ever."""
        return self.backend.idle_seconds if self.between else None

    def too_idle(self) -> PgError:
        """The error of a client that has said nothing for longer."""
        if self.backend.status == "I":
            code, what = "57P05", "idle-session"
        else:
            code, what = "25P03", "idle-in-transaction"
        return PgError(code, f"terminating connection due to {what} timeout", severity="FATAL")

    def settings(self) -> None:
        """Tell settings that have changed."""
        for name, value in self.backend.parameters().items():
            self.sink.write(replies.parameter_status(name, value))

    # -- steps ---------------------------------------------------------------------------------

    def _simple(self, kind: int, content: bytes) -> None:
        message = messages.parse(kind, content)
        if not isinstance(message, messages.Query):
            raise PgError("0A000", "function calls of the fast path are not supported")
        self._answers(self.backend.simple(message.text))

    def _extended(self, kind: int, content: bytes) -> None:
        message = messages.parse(kind, content)
        step = self._steps.get(type(message), self._ignore)
        step(message)

    def _ignore(self, message: messages.Message) -> None:
        """Sync is answered elsewhere; CopyData outside of COPY FROM is passed over."""

    def _parse(self, message: messages.Parse) -> None:
        self.backend.prepare(*message)
        self._reply(replies.PARSE_COMPLETE)

    def _bind(self, message: messages.Bind) -> None:
        self.backend.bind(*message)
        self._reply(replies.BIND_COMPLETE)

    def _describe(self, message: messages.Describe) -> None:
        if message.kind == "P":
            rows = self.backend.describe_portal(message.name)
            self._reply(replies.row_description(*rows) if rows else replies.NO_DATA)
            return
        parameters, fields = self.backend.describe_statement(message.name)
        columns = replies.NO_DATA if fields is None else replies.row_description(fields)
        self._reply(replies.parameter_description(parameters) + columns)

    def _execute(self, message: messages.Execute) -> None:
        self._answers(self.backend.execute(*message))

    def _close(self, message: messages.Close) -> None:
        if message.kind == "P":
            self.backend.close_portal(message.name)
        else:
            self.backend.close_statement(message.name)
        self._reply(replies.CLOSE_COMPLETE)

    # -- answers -------------------------------------------------------------------------------

    def _answers(self, answers: Iterator[Answer]) -> None:
        try:
            for answer in answers:
                # The rows first: there are many of them.
                if isinstance(answer, RowData | CopyData):
                    self.sink.write(answer.data)
                else:
                    self._reply(_answer(answer))
        finally:
            # What a statement holds is let go now, not when the garbage is collected.
            close = getattr(answers, "close", None)
            if close is not None:
                close()

    def _reply(self, data: Data) -> None:
        self._notices()
        self.sink.write(data)

    def _notices(self) -> None:
        for notice in self.backend.notices():
            self.sink.write(replies.notice(notice))

    # -- errors --------------------------------------------------------------------------------

    def _attempt(self, step: Callable[[], None]) -> bool:
        try:
            step()
        except PgError as error:
            self._failed(error)
            return False
        except ClientGoneError:
            raise
        except Exception as error:  # noqa: BLE001 - one statement must not end the others' server
            self._failed(internal(error))
            return False
        return True

    def _failed(self, error: PgError) -> None:
        if self.stopping():
            error = shutting_down()
        if error.severity == "FATAL":
            raise error
        # First, as a client that does not read must not hold what the statement held.
        try:
            self.backend.fail()
        except PgError as second:
            _LOG.warning("After an error the session could not be tidied: %s", second.message)
        self._notices()
        self.sink.write(replies.error(error))
        self.sink.flush()

    def _end(self) -> None:
        self._attempt(self.backend.sync)
        self.ready()


def shutting_down() -> PgError:
    """57P01: the server is being stopped."""
    return PgError(
        "57P01",
        "terminating connection due to administrator command",
        severity="FATAL",
    )


def internal(error: Exception) -> PgError:
    """XX000 for what should not have happened; the log has it whole, the client does not."""
    _LOG.error("Internal error", exc_info=error)
    return PgError(
        "XX000",
        f"internal error ({type(error).__name__})",
        hint="The server's log has more of it.",
    )


def _answer(answer: Answer) -> Data:
    """Any answer but rows, as a message."""
    match answer:
        case Complete(tag):
            return replies.complete(tag)
        case RowsBegin(fields, formats):
            return replies.row_description(fields, formats)
        case Suspended():
            return replies.SUSPENDED
        case Empty():
            return replies.EMPTY_QUERY
        case CopyBegin(columns, binary):
            return replies.copy_out(columns, binary)
        case CopyEnd():
            return replies.COPY_DONE
        case RowData(data, _) | CopyData(data):
            return data
