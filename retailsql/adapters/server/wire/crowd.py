"""Who is connected: those still at the door, and those who are in."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

C = TypeVar("C", bound=Hashable)


class Crowd(Generic[C]):
    """Connections, counted.

    Args:
        most: logged in at once.
        waiting: not logged in yet.

    >>> crowd = Crowd[str](most=1, waiting=1)
    >>> crowd.arrive("a"), crowd.arrive("b")
    (None, 'a')
    >>> crowd.admit("b"), crowd.admit("a"), crowd.full()
    (True, False, True)
    """

    def __init__(self, most: int, waiting: int) -> None:
        self.most, self.waiting = most, waiting
        self._lock = threading.Lock()
        self._waiting: dict[C, None] = {}  # in order of arrival
        self._inside: set[C] = set()
        self._dropped: set[C] = set()

    def arrive(self, connection: C) -> C | None:
        """Somebody connected; the one who waits longest if there are too many, to be cut off.

        So that many who only connect cannot keep others out: each of those waits a little.
        """
        with self._lock:
            self._waiting[connection] = None
            if len(self._waiting) <= self.waiting:
                return None
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            self._dropped.add(oldest)  # until its thread has ended
            return oldest

    def full(self) -> bool:
        """Is there no place for one more?"""
        with self._lock:
            return len(self._inside) >= self.most

    def admit(self, connection: C) -> bool:
        """Somebody has logged in; False: no place."""
        with self._lock:
            if len(self._inside) >= self.most:
                return False
            self._waiting.pop(connection, None)
            self._inside.add(connection)
            return True

    def leave(self, connection: C) -> None:
        """A connection has ended."""
        with self._lock:
            self._waiting.pop(connection, None)
            self._inside.discard(connection)
            self._dropped.discard(connection)

    def all(self) -> list[C]:
        """Everybody."""
        with self._lock:
            return [*self._waiting, *self._inside, *self._dropped]
