"""Ctrl-C while DuckDB works: it comes back as another error, and must not pass for a fault."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from duckdb import DuckDBPyConnection

from retailsql.functions.signals import heard_signals

_AGAIN = 0.05
"""Seconds: an interrupt between two statements is forgotten by the second."""


def stopped(error: BaseException) -> bool:
    """Whether an error means that a person has stopped the work.

    DuckDB raises a RuntimeError where Ctrl-C meets the engine, and wraps the KeyboardInterrupt
    where it meets Python code that the engine has called, such as the scoring of a model.

    >>> stopped(RuntimeError("Query interrupted")), stopped(RuntimeError("on fire"))
    (True, False)
    """
    words = str(error).strip()
    if isinstance(error, RuntimeError) and words == "Query interrupted":
        return True
    return words.endswith("while executing the UDF: KeyboardInterrupt:")


@contextmanager
def stoppable(con: DuckDBPyConnection) -> Iterator[None]:
    """While it lasts, Ctrl-C stops a running statement at once.

    DuckDB itself looks at signals between tasks only, and lets those that run in other threads
    come to their end: of one large SELECT that is all of it. Nor does Python come to know of a
    signal before the statement ends, so a thread waits for it beside them.

    Args:
        con: whose statements; those of its cursors are not stopped.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    last = before
    noticed = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        noticed.set()
        con.interrupt()
        last(number, frame)

    with _interrupting(con, noticed):
        signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _interrupting(con: DuckDBPyConnection, noticed: threading.Event) -> Iterator[None]:
    """From a signal on, interrupt what runs until Python has noticed the signal."""
    with heard_signals() as heard:

        def wait() -> None:
            while number := heard.recv(1):
                if number[0] != signal.SIGINT:
                    continue
                while not noticed.wait(_AGAIN):
                    con.interrupt()
                noticed.clear()

        thread = threading.Thread(target=wait, name="retailsql-ctrl-c", daemon=True)
        thread.start()
        try:
            yield
        finally:
            noticed.set()
            heard.shutdown(socket.SHUT_RD)
            thread.join()
