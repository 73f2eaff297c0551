"""A cursor that also goes back: what it has read is kept in a temporary file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from retailsql.adapters.server.backend.portals import Portal
from retailsql.adapters.server.backend.streams import BATCH

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context
    from retailsql.adapters.server.backend.result import Plan


class Way(NamedTuple):
    """How FETCH and MOVE go through a cursor's rows.

    Args:
        number: of rows to pass, backwards if negative; None: all. For a single row, its place.
        back: all of them, backwards.
        single: ``absolute``: the row at a place, from the end if negative; ``relative``: the row
            so many from here; empty: each row that is passed.
    """

    number: int | None = 1
    back: bool = False
    single: str = ""

    @property
    def forward(self) -> bool:
        """True if any cursor can go so."""
        return not self.single and not self.back and (self.number is None or self.number > 0)


class _Kept(NamedTuple):
    """A batch in the file: its bytes, and the number of its first row, from 1."""

    start: int
    size: int
    first: int


class Scrolling(Portal):
    """As a portal, of a SCROLL cursor; its rows are numbered from 1, 0 is before the first.

    Args:
        ctx: of the session.
        plan: what is run.
        values: of its parameters.
        hold: it outlives its transaction.
        text: the statement, for the audit log.
    """

    scrolls = True

    def __init__(
        self, ctx: Context, plan: Plan, values: Sequence[Any], *, hold: bool, text: str
    ) -> None:
        super().__init__(ctx, plan, values, hold=hold, text=text)
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="retailsql-")  # noqa: SIM115
        self._kept: list[_Kept] = []
        self._schema: pa.Schema | None = None
        self._read = self._at = 0

    def go(self, way: Way) -> Iterator[pa.RecordBatch]:
        """The rows of a FETCH, in its order; the cursor then stands where PostgreSQL's does."""
        at = self._at
        if way.single:
            place = way.number or 0
            if way.single == "relative":
                place += at
            elif place < 0:
                self._reach(None)
                place += self._read + 1
            self._stand(place)
            return self._rows(self._at, self._at)
        if way.number == 0:
            return self._rows(at, at)
        if way.back or (way.number or 1) < 0:
            self._stand(0 if way.number is None else at + way.number)
            return self._rows(at - 1, max(self._at, 1))
        self._reach(None if way.number is None else at + way.number)
        self._stand(self._read + 1 if way.number is None else at + way.number)
        return self._rows(at + 1, min(self._at, self._read))

    def close(self) -> None:
        """As of a portal; the file goes, too."""
        super().close()
        self._file.close()

    def _stand(self, place: int) -> None:
        self._reach(place)
        self._at = max(0, min(place, self._read + 1))

    def _reach(self, place: int | None) -> None:
        """Read on, until this row is in the file; None: until all are."""
        if place is not None and place <= self._read:
            return
        missing = None if place is None else max(BATCH, place - self._read)
        for batch in self.take(missing):
            data = batch.serialize()
            self._schema = batch.schema
            self._kept.append(_Kept(self._file.seek(0, 2), data.size, self._read + 1))
            self._file.write(data)
            self._read += batch.num_rows

    def _rows(self, first: int, last: int) -> Iterator[pa.RecordBatch]:
        """The rows from one to another, in either direction; none of those that are not there."""
        low, high, back = min(first, last), max(first, last), first > last
        if low < 1 or high > self._read:
            return
        for kept in reversed(self._kept) if back else self._kept:
            if kept.first > high:
                continue
            batch = self._batch(kept)
            start = max(0, low - kept.first)
            part = batch.slice(start, high - kept.first + 1 - start)
            if part.num_rows:
                yield part.take(pa.array(np.arange(part.num_rows)[::-1])) if back else part

    def _batch(self, kept: _Kept) -> pa.RecordBatch:
        self._file.seek(kept.start)
        data = pa.py_buffer(self._file.read(kept.size))
        return pa.ipc.read_record_batch(data, self._schema)
