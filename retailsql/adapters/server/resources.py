"""How much of the machine the server takes if nobody says."""

from __future__ import annotations

import ctypes
import os
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


_SETTINGS = {-8: 2, -1: 16 << 20, -3: 8 << 20}
"""``M_ARENA_MAX``, ``M_TRIM_THRESHOLD`` and ``M_MMAP_THRESHOLD`` of glibc's malloc.h."""


def share_memory() -> None:
    """Let threads take memory from few common stores; to be called before there are threads.

    glibc gives each thread a store of its own, and what is free in one serves no other: a hundred
    connections, one after another, would each leave behind the most that its thread ever used.
    And it gives the system back what a batch of an answer leaves, to ask for it again at the next
    one, which took a fifth of the time of encoding; :func:`give_back` does so when it is quiet.
    """
    mallopt = _of_c("mallopt")
    if mallopt is not None:
        for setting, value in _SETTINGS.items():
            mallopt(setting, value)


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


def _reserved() -> int | None:
    """Bytes that count for RLIMIT_DATA; None: the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return None
    told = next((line.split()[1] for line in lines if line.startswith("VmData:")), None)
    return None if told is None else int(told) * 1024


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
