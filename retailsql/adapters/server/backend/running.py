"""What runs now in a session, so that another thread can stop it, and it alone."""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.threads import begin

_AGAIN = 0.05
"""Seconds after which the engine is told once more: an interrupt that comes between two calls of
a statement is forgotten by the second."""
_PRUNE = 500
USER, TIMEOUT = "user request", "statement timeout"


class Running:
    """The guard around a session's statements.

    Args:
        deadlines: of the process.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._lock = threading.Lock()
        self._con: DuckDBPyConnection | None = None
        self._number = 0
        self._active = False
        self._reason: str | None = None
        self._time_over: str | None = None

    @contextmanager
    def statement(
        self, seconds: float | None = None, time_over: str | None = None
    ) -> Iterator[None]:
        """While it lasts, :meth:`cancel` stops what runs. It may hold others: a cancel that comes
        while a script is read or between two of its statements stops the next one.

        Args:
            seconds: after which it is stopped by itself; None: never.
            time_over: a DETAIL for its error then.

        Raises:
            PgError: 57014 the statement around it has been cancelled.
        """
        with self._lock:
            outer = self._active
            self._number += 1
            if not outer:
                self._active, self._reason = True, None
            number = self._number
        self.check()
        if seconds is not None:
            self._time_over = time_over
            self._deadlines.add(time.monotonic() + seconds, self, number)
        try:
            yield
        finally:
            with self._lock:
                self._number += 1
                self._active = outer
                if not outer:
                    self._con = None

    @contextmanager
    def step(self) -> Iterator[None]:
        """A part of a statement that is soon done, such as Parse; what follows it must not run
        if it was cancelled meanwhile.

        Raises:
            PgError: 57014.
        """
        with self.statement():
            yield
            self.check()

    def on(self, con: DuckDBPyConnection) -> DuckDBPyConnection:
        """Note which connection works now.

        Raises:
            PgError: 57014 the statement has been cancelled.
        """
        with self._lock:
            self._con = con
        self.check()
        return con

    def check(self) -> None:
        """Raise if the statement has been cancelled.

        Raises:
            PgError: 57014.
        """
        if self._active and self._reason is not None:  # else the reason is of a statement before
            raise self.error()

    @property
    def cancelled(self) -> bool:
        """True if somebody has stopped the statement."""
        return self._reason is not None

    def error(self) -> PgError:
        """The error of a cancelled statement."""
        detail = self._time_over if self._reason == TIMEOUT else None
        return PgError("57014", f"canceling statement due to {self._reason or USER}", detail=detail)

    def is_at(self, number: int) -> bool:
        """True while that statement runs."""
        return self._active and self._number == number

    def cancel(self, reason: str = USER, number: int | None = None) -> None:
        """Stop what runs, from any thread; nothing happens if nothing runs.

        Args:
            reason: told to the client.
            number: stop only that statement.
        """
        with self._lock:
            if not self._active or number not in (None, self._number):
                return
            self._reason = self._reason or reason
            if self._con is not None:
                with suppress(duckdb.Error, RuntimeError):
                    self._con.interrupt()
            self._deadlines.add(time.monotonic() + _AGAIN, self, self._number)


class Deadlines:
    """One thread that stops statements when their time is over."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Running, int]] = []
        self._order = 0
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def add(self, when: float, running: Running, number: int) -> None:
        """Cancel that statement of that session at a time of the monotonic clock."""
        with self._changed:
            if self._closed:
                return
            self._order += 1
            if self._order % _PRUNE == 0:  # most statements end long before their time
                self._heap = [entry for entry in self._heap if entry[2].is_at(entry[3])]
                heapq.heapify(self._heap)
            heapq.heappush(self._heap, (when, self._order, running, number))
            if self._thread is None:
                thread = threading.Thread(
                    target=self._work, name="retailsql-deadlines", daemon=True
                )
                begin(thread)  # fails where memory is short: then the next one tries again
                self._thread = thread
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                left = self._heap[0][0] - time.monotonic() if self._heap else None
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                entry = heapq.heappop(self._heap)
            try:
                entry[2].cancel(TIMEOUT, entry[3])
            except MemoryError:  # one statement holds all there is
                with self._changed:
                    heapq.heappush(self._heap, entry)
                    self._changed.wait(_AGAIN)
