"""One thread sees that a client vanished while its statement runs, and stops the statement.

A thread that runs a statement does not read its socket. The kernel knows that the other side has
closed: it is asked a few times a second, for all running statements at once.
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from typing import Protocol

_RDHUP: int = getattr(select, "POLLRDHUP", 0)


class Watched(Protocol):
    """A connection whose statement runs."""

    @property
    def sock(self) -> socket.socket:
        """Its socket."""

    def vanished(self) -> None:
        """The client is gone; called again until the statement has ended."""


class Watcher:
    """Looks after sockets of running statements.

    Args:
        every: seconds between two looks.
    """

    def __init__(self, every: float) -> None:
        self.every = every
        self._lock = threading.Lock()
        self._running: set[Watched] = set()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="retailsql-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def add(self, watched: Watched) -> None:
        """A statement starts."""
        with self._lock:
            self._running.add(watched)

    def remove(self, watched: Watched) -> None:
        """It has ended; its socket may be closed from now on."""
        with self._lock:
            self._running.discard(watched)

    def look(self) -> list[Watched]:
        """Those whose client is gone."""
        # Under the lock no socket of the set is closed, so no descriptor is another one's.
        with self._lock:
            by_fd = {watched.sock.fileno(): watched for watched in self._running}
            return [by_fd[fd] for fd in _closed(list(by_fd))]

    def _run(self) -> None:
        while not self._stop.wait(self.every):
            with suppress(MemoryError):  # one statement holds all there is: the next look tells
                if self._running:
                    self._tell()  # not here, where a loop's variable would keep the last client

    def _tell(self) -> None:
        for watched in self.look():
            watched.vanished()


def _closed(fds: list[int], rdhup: int = _RDHUP) -> list[int]:
    """The sockets whose other side has closed."""
    poll = select.poll()
    for fd in fds:
        if fd >= 0:
            poll.register(fd, rdhup or select.POLLIN)
    gone = select.POLLHUP | select.POLLERR | select.POLLNVAL | rdhup
    events = poll.poll(0)
    return [fd for fd, event in events if event & gone or (not rdhup and _at_end(fd))]


def _at_end(fd: int) -> bool:
    """Without POLLRDHUP: a peek that reads nothing; data a client sent ahead hides the end."""
    with socket.socket(fileno=fd) as borrowed:
        try:
            borrowed.setblocking(False)
            return not borrowed.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        finally:
            borrowed.detach()
