"""What the wire asks of the door: a login, and a session that answers messages with records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal, Protocol

from retailsql.adapters.server.records import Answer, Described, Notice, RowsBegin


class Backend(Protocol):
    """One client's session, as the wire uses it. All but ``cancel`` are called from one thread;
    each raises :class:`PgError` and nothing else.
    """

    @property
    def status(self) -> Literal["I", "T", "E"]:
        """Idle, in a transaction block, or in one that failed."""

    @property
    def cancelled(self) -> bool:
        """True once the statement was stopped, by :meth:`cancel` or its time limit, until another
        begins; from any thread.
        """

    @property
    def idle_seconds(self) -> float | None:
        """How long the client may say nothing now, as he has set it; None: for ever."""

    def simple(self, text: str) -> Iterator[Answer]:
        """Run all statements of a simple Query; after an error the rest is not run."""

    def prepare(self, name: str, text: str, oids: Sequence[int]) -> None:
        """Parse: name a statement; '' is the unnamed one. 42P05 if the name is in use."""

    def describe_statement(self, name: str) -> Described:
        """Describe a statement. 26000 if there is none."""

    def bind(
        self,
        portal: str,
        statement: str,
        formats: Sequence[int],
        values: Sequence[bytes | None],
        result_formats: Sequence[int],
    ) -> None:
        """Bind values to a statement; formats as in the message (none, one for all, or each)."""

    def describe_portal(self, name: str) -> RowsBegin | None:
        """Describe a portal; None: no rows. 34000 if there is none."""

    def execute(self, portal: str, max_rows: int) -> Iterator[Answer]:
        """Run a portal, or go on with it; 0: all rows. Answers have no RowsBegin."""

    def close_statement(self, name: str) -> None:
        """Forget a statement; none of that name is no error."""

    def close_portal(self, name: str) -> None:
        """Forget a portal and end its result."""

    def sync(self) -> None:
        """Sync, or the end of a simple Query: end what is not a transaction block."""

    def fail(self) -> None:
        """An error was sent: a transaction block is failed now, an implicit one is ended."""

    def notices(self) -> list[Notice]:
        """What was told since the last call."""

    def parameters(self) -> dict[str, str]:
        """Reported settings (client_encoding, TimeZone, ...) that changed since the last call;
        all of them the first time.
        """

    def cancel(self) -> None:
        """From any thread: stop what runs now, if anything does; it ends with 57014."""

    def close(self) -> None:
        """End everything; safe to call twice."""


class Login(Protocol):
    """What the wire asks before it has a session."""

    def verifier(self, user: str) -> str | None:
        """``SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>``; None: no such user."""

    def session(self, user: str, parameters: dict[str, str], peer: str) -> Backend:
        """A session for somebody who has proved who he is.

        Raises:
            PgError: 3D000 no such database, 53300 too many sessions.
        """

    def told(self, event: str, user: str, peer: str, detail: str = "") -> None:
        """Note in the audit log: login, login refused, disconnect."""
