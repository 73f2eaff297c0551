"""The audit log's record of one statement: one, in however many parts its rows are fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context


class Noted:
    """What a statement has done so far.

    Args:
        ctx: of the session.
        text: the statement.
    """

    def __init__(self, ctx: Context, text: str) -> None:
        self._ctx, self._text = ctx, text
        self._rows, self._seconds = 0, 0.0
        self._written = False

    def add(self, rows: int, seconds: float) -> None:
        """A part of it was sent."""
        self._rows += rows
        self._seconds += seconds

    def write(self, state: str | None = "00000") -> None:
        """It has ended, so; what is told later is not written."""
        if self._written:
            return
        self._written = True
        self._ctx.audit.write(
            "statement", user=self._ctx.user, peer=self._ctx.peer, statement=self._text,
            rows=self._rows, seconds=self._seconds, sqlstate=state,
        )  # fmt: skip
