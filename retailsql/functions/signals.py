"""Signals as the operating system tells them, whatever Python is doing."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heard_signals() -> Iterator[socket.socket]:
    """A socket to read the numbers of arriving signals from, a byte each.

    A handler of Python's runs only once the main thread runs Python again: not while it is in the
    engine, and not where the signal came just before it began to wait for something. To be used
    in the main thread, for signals that have a handler of Python's.

    >>> with heard_signals() as heard:
    ...     before = signal.signal(signal.SIGHUP, lambda number, frame: None)
    ...     signal.raise_signal(signal.SIGHUP)
    ...     heard.recv(1)[0] == signal.SIGHUP
    True
    >>> handler = signal.signal(signal.SIGHUP, before)
    """
    heard, told = socket.socketpair()
    told.setblocking(False)
    with heard, told:
        before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
        try:
            yield heard
        finally:
            signal.set_wakeup_fd(before)
