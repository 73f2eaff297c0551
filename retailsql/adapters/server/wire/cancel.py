"""CancelRequest: the pid and the secret key of a connection stop its statement."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable


class Keys:
    """The connections that may be cancelled.

    >>> keys, stopped = Keys(), []
    >>> pid = keys.new_pid()
    >>> key = keys.add(pid, 4, lambda: stopped.append(pid))
    >>> keys.cancel(pid, key), keys.cancel(pid, b"????"), stopped == [pid]
    (True, False, True)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pids: set[int] = set()
        self._known: dict[int, tuple[bytes, Callable[[], None]]] = {}

    def new_pid(self) -> int:
        """A number no other connection has; drivers read it as a signed one above zero."""
        with self._lock:
            while (pid := 1 + secrets.randbelow(2**31 - 1)) in self._pids:
                pass
            self._pids.add(pid)
            return pid

    def add(self, pid: int, size: int, stop: Callable[[], None]) -> bytes:
        """A secret key of ``size`` bytes for a connection."""
        key = secrets.token_bytes(size)
        with self._lock:
            self._known[pid] = (key, stop)
        return key

    def forget(self, pid: int) -> None:
        """The connection has ended."""
        with self._lock:
            self._known.pop(pid, None)
            self._pids.discard(pid)

    def cancel(self, pid: int, key: bytes) -> bool:
        """Stop what the connection runs; False: no such connection, or not its key."""
        with self._lock:
            known, stop = self._known.get(pid, (b"", None))
        # Compared also for an unknown pid, so that time does not tell which pids there are.
        right = hmac.compare_digest(known or bytes(len(key)), key)
        if stop is None or not right:
            return False
        stop()
        return True
