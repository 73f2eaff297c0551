"""Refusals that cost a client nothing are summed up: a flood would fill the audit log."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from retailsql.adapters.server.wire.throttle import network

_KEYS = 10_000  # an attacker with many addresses fills this, and no more memory


@dataclass
class _Held:
    """What came after a line, and is not written yet: how often, the last time by whom."""

    since: float
    user: str
    address: str
    times: int = 0


class Refusals:
    """Writes the first refusal of an address at once, those after it as one line with their number.

    Such a line is written with the next refusal after its time is over, or at the end.

    Args:
        write: takes event, user, address and words.
        seconds: that one line is for.
        clock: for tests.

    >>> refusals = Refusals(lambda *line: print(line[3]))
    >>> for _ in range(3):
    ...     refusals.told("anna", "192.0.2.1", "too many")
    too many
    >>> refusals.flush()
    too many (2 more in 0 s)
    """

    def __init__(
        self,
        write: Callable[[str, str, str, str], None],
        seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._seconds, self._clock = write, seconds, clock
        self._lock = threading.Lock()
        self._held: dict[tuple[str, str], _Held] = {}

    def told(self, user: str, address: str, message: str) -> None:
        """A client was refused."""
        key = network(address), message
        with self._lock:
            self._write_before(self._clock() - self._seconds)
            held = self._held.get(key)
            if held is not None:
                held.user, held.address, held.times = user, address, held.times + 1
                return
            if len(self._held) < _KEYS:
                self._held[key] = _Held(self._clock(), user, address)
        self._write("login refused", user, address, message)

    def flush(self) -> None:
        """Write what is held."""
        with self._lock:
            self._write_before(float("inf"))

    def _write_before(self, begun: float) -> None:
        """Write what began to be held so early; the oldest come first."""
        while self._held:
            key = next(iter(self._held))
            held = self._held[key]
            if held.since > begun:
                return
            del self._held[key]
            if held.times:
                words = f"{key[1]} ({held.times} more in {self._clock() - held.since:.0f} s)"
                self._write("login refused", held.user, held.address, words)
