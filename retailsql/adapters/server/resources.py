"""How much of the machine the server takes if nobody says."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

SHARE = 0.6
"""Of the memory, for DuckDB. What Python, models and answers on their way take comes on top, and
while a file is renewed the old instance serves beside the new one."""
ROOM = 0.9
"""Of the memory, that all together may take."""
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def default_memory() -> str | None:
    """DuckDB's limit as it writes it; None: the machine does not tell how much it has.

    >>> default_memory() is None or default_memory().endswith("MB")
    True
    """
    found = machine_memory()
    return None if found is None else f"{max(int(found * SHARE) // 1_000_000, 64)}MB"


def machine_memory() -> int | None:
    """Bytes that this process may have: of the machine, or of its container if that has less."""
    try:
        found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
    for path in _LIMITS:
        try:
            told = Path(path).read_text("ascii").strip()
        except OSError:
            continue
        if told.isdecimal():  # else it is "max"
            found = min(found, int(told))
    return found if found > 0 else None


_ARENA_MAX, _ARENAS = -8, 2
"""``M_ARENA_MAX`` of glibc's malloc.h."""


def share_memory() -> None:
    """Let threads take memory from few common stores; to be called before there are threads.

    glibc gives each thread a store of its own, and what is free in one serves no other: a hundred
    connections, one after another, would each leave behind the most that its thread ever used.
    """
    mallopt = _of_c("mallopt")
    if mallopt is not None:
        mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Give the system the memory that is free; the allocators keep it, else, for next time."""
    with suppress(MemoryError):  # others hold it all
        trim = _of_c("malloc_trim")
        if trim is not None:
            trim(0)
        pa.default_memory_pool().release_unused()


def bound_memory(room: int | None = None, threads: int = 0) -> None:
    """Refuse this process more than the machine has: a statement then fails where else the system
    would end the server. DuckDB's own limit does not count the values that a function makes of a
    block of rows.

    Args:
        room: bytes beside those it has reserved by now; None: :data:`ROOM` of the machine's.
        threads: that may yet begin. Their stacks are reserved whole, and hardly used.
    """
    found, reserved = machine_memory(), _reserved()
    if resource is None or reserved is None or (room is None and found is None):
        return
    most = reserved + (room if room is not None else int((found or 0) * ROOM))
    most += threads * _stack()
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if soft == resource.RLIM_INFINITY or soft > most:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _stack() -> int:
    """Bytes that glibc reserves for a thread's stack."""
    found: int = resource.getrlimit(resource.RLIMIT_STACK)[0]
    return 8 << 20 if found == resource.RLIM_INFINITY else found


def _taken() -> int:
    """Bytes of memory that the process has now; 0: the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _reserved() -> int | None:
    """Bytes that count for RLIMIT_DATA; None: the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return None
    told = next((line.split()[1] for line in lines if line.startswith("VmData:")), None)
    return None if told is None else int(told) * 1024


class Squeeze:
    """Takes the memory from statements that are cancelled and do not hear it.

    DuckDB hears an interrupt between blocks of rows. A function that makes two thousand texts of
    a megabyte takes seconds for one block, and memory all the while: once there is hardly any
    more, the block fails, and the statement with it. Others have :data:`SPARE` meanwhile. Does
    nothing in a process that :func:`bound_memory` has not bounded.

    Args:
        may: whether it may begin now: a COMMIT must not fail for it.

    >>> squeeze = Squeeze(lambda: True)
    >>> squeeze.unheard("statement")
    >>> squeeze.heard("statement")
    """

    PATIENCE, LONGEST = 0.3, 2.0
    """Seconds after a cancel until it begins and until it ends, should that not have helped."""
    GROWN, SPARE = 32 << 20, 64 << 20
    """Bytes that the process must have taken since the cancel; that it may yet take."""

    def __init__(self, may: Callable[[], bool]) -> None:
        self._may = may
        self._lock = threading.Lock()
        self._since: dict[object, tuple[float, int]] = {}
        self._pressed: set[object] = set()
        self._soft: int | None = None

    def unheard(self, who: object) -> None:
        """A statement goes on though it was cancelled, now or before; to be told again and again.

        Args:
            who: the same for one statement, and no other's.
        """
        if resource is None or self._unbounded():
            return
        with self._lock:
            now, taken = time.monotonic(), _taken()
            since, before = self._since.setdefault(who, (now, taken))
            if now - since > self.LONGEST:
                self._release(who)
            elif now - since > self.PATIENCE and taken > before + self.GROWN and self._may():
                self._press(who)

    def heard(self, who: object) -> None:
        """It has ended; also told of those that nobody cancelled."""
        if who in self._since:
            with self._lock:
                self._since.pop(who, None)
                self._release(who)

    def _press(self, who: object) -> None:
        reserved = _reserved()
        if reserved is None:
            return
        self._pressed.add(who)
        if self._soft is None:
            self._soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
            least = min(reserved + self.SPARE, self._soft)
            resource.setrlimit(resource.RLIMIT_DATA, (least, hard))

    def _release(self, who: object) -> None:
        self._pressed.discard(who)
        if self._soft is not None and not self._pressed:
            hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
            resource.setrlimit(resource.RLIMIT_DATA, (self._soft, hard))
            self._soft = None

    def _unbounded(self) -> bool:
        return resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY


def _of_c(name: str) -> ctypes._NamedFuncPointer | None:
    """A function of the C library; None: it is another one than glibc."""
    try:
        found: ctypes._NamedFuncPointer | None = getattr(ctypes.CDLL(None), name, None)
    except (OSError, TypeError):
        return None
    return found


def default_threads() -> int:
    """DuckDB's own choice: one for each processor this process may run on.

    >>> default_threads() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
