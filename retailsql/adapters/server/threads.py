"""Threads begun where memory may be short."""

from __future__ import annotations

import threading

PATIENCE = 2.0
"""Seconds in which a thread begins on the busiest machine; it takes well below a millisecond."""


class _Begun(threading.Event):
    """``Thread.start`` waits for it, and for ever if the thread could not get so far."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(PATIENCE if timeout is None else timeout)


def begin(thread: threading.Thread) -> None:
    """Start it, or tell that it did not start.

    In a process without memory a new thread can end before it says that it has begun, and Python's
    own ``start`` then never returns.

    Args:
        thread: not started yet.

    Raises:
        MemoryError: it has not begun, or it ended at once. Should it begin later, it runs.

    >>> begin(threading.Thread(target=print, args=("begun",)))
    begun
    """
    # Private, and all there is: start() takes no time limit.
    thread._started = _Begun()  # type: ignore[attr-defined]
    thread.start()
    if not thread._started.is_set():  # type: ignore[attr-defined]
        raise MemoryError(f"thread {thread.name} could not begin")
