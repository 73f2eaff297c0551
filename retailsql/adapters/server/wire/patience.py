"""How long a client may leave what is sent to it untaken."""

from __future__ import annotations

import fcntl
import struct
import termios
import time
from collections.abc import Callable

from retailsql.adapters.server.wire.limits import WireLimits


class Patience:
    """With one answer that the network does not take at once.

    A client may look at the first rows for a while (``unread_seconds``). Once its statement was
    stopped it can only take what is on its way, and learn of the stop: it is waited for as long as
    it takes anything, but for no pause longer than ``stopped_seconds``, and in all no longer than
    ``unread_seconds``.

    Args:
        limits: these times.
        stopped: has the statement been stopped?
        clock: for tests.
    """

    def __init__(
        self,
        limits: WireLimits,
        stopped: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits, self.stopped, self.clock = limits, stopped, clock
        self._moved, self._queued = clock(), -1
        self._stopped_at: float | None = None

    def renew(self) -> None:
        """A part was taken."""
        self._moved = self.clock()

    def ends(self, descriptor: int) -> bool:
        """Nothing could be sent for a while; True: the client is not waited for any more.

        Args:
            descriptor: of the socket.
        """
        now, queued = self.clock(), _queued(descriptor)
        if queued != self._queued:  # it reads, if too little for another part to be sent
            self._moved, self._queued = now, queued
        if self._stopped_at is None and self.stopped():
            self._stopped_at = now
        if self._stopped_at is None:
            return now - self._moved > self.limits.unread_seconds
        pause = now - max(self._moved, self._stopped_at)
        most = now - self._stopped_at
        return pause > self.limits.stopped_seconds or most > self.limits.unread_seconds


def _queued(descriptor: int) -> int:
    """Bytes that the kernel holds for the other side; 0 where it does not tell."""
    try:
        (number,) = struct.unpack("i", fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4)))
    except OSError:
        return 0
    return int(number)
