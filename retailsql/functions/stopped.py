"""Ctrl-C while DuckDB works: it comes back as another error, and must not pass for a fault."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from duckdb import DuckDBPyConnection


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
    come to their end: of one large SELECT that is all of it.

    Args:
        con: whose statements; those of its cursors are not stopped.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    last = before

    def stop(number: int, frame: FrameType | None) -> None:
        con.interrupt()
        last(number, frame)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
