"""The rows of a query as they come from DuckDB, batch by batch."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

BATCH = 16_384
"""Rows of a batch: enough that encoding is not felt, few enough that nothing is held long."""


class Stream:
    """An open result.

    Args:
        ctx: of the session.
        con: whose result it is; it can run nothing else until the stream is closed.
        reader: the result.
        said: turns an error of the engine into that of a client.
    """

    def __init__(
        self,
        ctx: Context,
        con: DuckDBPyConnection,
        reader: pa.RecordBatchReader,
        said: Callable[[BaseException], BaseException],
    ) -> None:
        self._ctx, self.con, self._reader, self._said = ctx, con, reader, said
        self._spooled: Iterator[pa.RecordBatch] | None = None
        self._file: IO[bytes] | None = None
        self.open, self.aside, self._ended = True, False, False
        self._reading = threading.Lock()
        ctx.work.generation.streams.add(self)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        while (batch := self._next()) is not None:
            if batch.num_rows:
                yield batch
        self.close()

    def _next(self) -> pa.RecordBatch | None:
        if self._spooled is not None:
            return next(self._spooled, None)
        if not self.open:
            return None
        try:
            self._ctx.running.on(self.con)
            with self._reading:
                batch: pa.RecordBatch = self._reader.read_next_batch()
        except StopIteration:
            self._ended = True
            return None
        except BaseException as error:
            self.close()
            said = self._said(error)
            if said is error:
                raise
            raise said from error
        return batch

    def step_aside(self) -> None:
        """Give the session its connection back: take it along, or, where the transaction has
        written what another connection would not see, put the rest into a temporary file.
        """
        if not self.open or self.aside:
            return
        if self._ctx.work.wrote:
            self._spool()
        else:
            self._ctx.work.set_aside()
            self.aside = True

    def close(self) -> None:
        """Want no more rows; safe to call twice. What still runs is interrupted, as closing would
        wait for an endless query; its transaction goes on, and what was written in it is kept.
        """
        if self._file is not None:
            self._file.close()
        self._spooled = self._file = None
        if not self.open:
            return
        self.open = False
        if not self._ended:
            with suppress(duckdb.Error, RuntimeError):
                self.con.interrupt()
        with suppress(OSError, pa.ArrowException):
            self._reader.close()
        if self._ctx.stream is self:
            self._ctx.stream = None
        if self.aside:
            self._ctx.work.give_back(self.con)

    def abandon(self) -> None:
        """From any thread: its instance is given up; who reads on gets an error."""
        if self._reading.acquire(blocking=False):  # else an interrupt is on its way
            try:
                with suppress(OSError, pa.ArrowException):
                    self._reader.close()
            finally:
                self._reading.release()

    def _spool(self) -> None:
        file = tempfile.TemporaryFile(prefix="retailsql-")  # noqa: SIM115 - lives with its reader
        with pa.ipc.new_stream(file, self._reader.schema) as out:
            while (batch := self._next()) is not None:
                out.write_batch(batch)
        self.close()
        file.seek(0)
        self._file = file
        self._spooled = iter(pa.ipc.open_stream(file))
