"""A statement that runs: its rows as they are asked for, some at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from retailsql.adapters.server import encoding
from retailsql.adapters.server.backend.noted import Noted
from retailsql.adapters.server.backend.result import Plan, Result
from retailsql.adapters.server.records import (
    Answer,
    Complete,
    Field,
    PgError,
    RowData,
    RowsBegin,
    Suspended,
)

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context
    from retailsql.adapters.server.backend.script import Part


IN_FAILED = frozenset({"ROLLBACK", "ABORT", "COMMIT", "END"})
"""All that a failed block takes."""


class Portal:
    """One execution of a plan.

    Args:
        ctx: of the session.
        plan: what is run, at the first :meth:`execute` or :meth:`take`.
        values: of its parameters.
        formats: of its columns: none for text, one for all, or one each.
        hold: it outlives its transaction.
        text: the statement, for the audit log.

    Attributes:
        told: the statement that made it.
        made: when, in seconds since 1970.
        finished: it was run, and is no query: it cannot be run again.
    """

    scrolls = False

    def __init__(
        self,
        ctx: Context,
        plan: Plan,
        values: Sequence[Any] = (),
        formats: Sequence[int] = (),
        *,
        hold: bool = False,
        text: str = "",
    ) -> None:
        self._ctx, self.plan, self.hold, self.text = ctx, plan, hold, text
        self._values, self.told, self.made = values, text, time.time()
        self.part: Part | None = None
        self.fields = plan.fields
        self.formats = _formats(formats, self.fields)
        self.result: Result | None = None
        self.note: Noted | None = None
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._rest: pa.RecordBatch | None = None
        self._encoder: encoding.RowEncoder | None = None
        self._zone = ""
        self.sent, self.finished = 0, False

    @property
    def ends_block(self) -> bool:
        """True for what a failed block takes."""
        return self.part is not None and self.part.words[0] in IN_FAILED

    def begin(self) -> RowsBegin | None:
        """What describes its rows; None: it has none."""
        return None if self.fields is None else RowsBegin(self.fields, self.formats)

    def execute(self, max_rows: int = 0) -> Iterator[Answer]:
        """Run it, or go on with it.

        Args:
            max_rows: to answer with; 0: all.
        """
        result = self.start()
        self.finished = result.answers is not None or result.fields is None
        if result.answers is not None:
            yield from result.answers
            return
        if result.fields is None:
            yield Complete(result.tag)
            return
        count = 0
        encoder = self._row_encoder(result.fields)
        for batch in self.take(max_rows or None):
            data = encoder.rows(batch)
            count += batch.num_rows
            yield RowData(data, batch.num_rows)
        if max_rows and count >= max_rows:
            yield Suspended()
        else:
            yield Complete(f"{result.tag} {count}" if result.counted else result.tag)

    def start(self) -> Result:
        """Run it, if it does not run yet."""
        if self.result is None:
            self.result = self.plan.run(self._values)
            self._batches = self.result.batches
        return self.result

    def take(self, count: int | None) -> Iterator[pa.RecordBatch]:
        """The next rows.

        Args:
            count: how many at most; None: all.

        Raises:
            PgError: 54000, more rows than the role may read.
        """
        self.start()
        left = count
        while left is None or left > 0:
            batch = self._rest if self._rest is not None else next(self._batches, None)
            self._rest = None
            if batch is None:
                return
            if left is not None and batch.num_rows > left:
                batch, self._rest = batch.slice(0, left), batch.slice(left)
            if left is not None:
                left -= batch.num_rows
            yield from self._within_limit(batch)

    def close(self) -> None:
        """Want no more rows; safe to call twice."""
        self._batches, self._rest = iter(()), None
        if self.result is not None:
            self.result.close()
        if self.note is not None:
            self.note.write()  # its rows were fetched in parts, and not all of them

    def _within_limit(self, batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        limited = self.result is not None and self.result.limited
        limit = self._ctx.rights.limits.rows if limited else None
        if limit is not None and self.result is not None:
            limit = max(limit, self.result.free)
        over = limit is not None and self.sent + batch.num_rows > limit
        if over:
            assert limit is not None
            batch = batch.slice(0, limit - self.sent)
        self.sent += batch.num_rows
        if batch.num_rows:
            yield batch
        if over:
            raise PgError(
                "54000", f"the result has more than the {limit} rows that this role may read",
                hint="Add a LIMIT, or aggregate in the database.",
            )  # fmt: skip

    def _row_encoder(self, fields: list[Field]) -> encoding.RowEncoder:
        zone = self._ctx.settings.show("TimeZone")
        if self._encoder is None or zone != self._zone:
            self._zone = zone
            self._encoder = encoding.RowEncoder(fields, self.formats, zone)
        return self._encoder


def _formats(given: Sequence[int], fields: list[Field] | None) -> list[int]:
    n = len(fields or ())
    if len(given) <= 1:
        return [given[0] if given else 0] * n
    if len(given) != n:
        raise PgError(
            "08P01", f"bind message has {len(given)} result formats but query has {n} columns"
        )
    return list(given)
