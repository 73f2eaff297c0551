"""The DuckDB instances that hold the file, one after the other as the file is renewed.

A *generation* is an instance in memory with the file attached. Read-only generations of one path
stand side by side: new statements get the newest, results that stream go on in theirs. A file that
is written can be attached once per process only: there a swap waits until nobody is in a statement.

A statement that starts after a rename reads the new file, always: it looks, and waits until that is
open. So that it hardly ever has to wait, a thread looks too and opens the new file beforehand.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server.generation import Generation, open_generation, try_file
from retailsql.errors import DatabaseOpenError

_LOG = logging.getLogger("retailsql.server")
_RESERVED = frozenset({"main", "memory", "system", "temp", "pg_catalog", "information_schema"})
PATIENCE, AGAIN = 2.0, 20.0
"""Seconds that new statements wait for others before a written file is swapped; after them the old
one is read on, and so many seconds later they wait again, should it not be swapped by then."""
WAITS = (
    "Another file was put in place of this one. It is opened once nobody is in a statement, "
    "transaction or cursor; until then nothing can be written"
)
RETRY = 1.0
"""Seconds after which a file that could not be opened is tried again: another program held it."""
OLD_SERVES_ON = "The new file cannot be used, the old one is served on"
NONE_IS_OPEN = "The new file cannot be opened, and the old one is closed; it is tried again"
LEAVE = 2.0
"""Seconds for those whom a dead instance's interrupt has hit."""
LOOK = 0.1
"""Seconds between two looks of the thread; it acts on what it has seen twice."""
Prepare = Callable[[DuckDBPyConnection, str], None]


def database_name(path: Path) -> str:
    """What the file is called in SQL: as DuckDB does it, unless that name is taken.

    >>> database_name(Path("data/shop.duckdb")), database_name(Path("temp.db"))
    ('shop', 'temp_db')
    """
    stem = path.name.split(".")[0] or "shop"
    return f"{stem}_db" if stem.lower() in _RESERVED else stem


class Warehouse:
    """The file, open; thread-safe.

    Args:
        path: of the DuckDB file.
        writable: some role may train or write.
        prepare: installs what each new instance needs (catalog, macros); called with the root
            connection and the database's name before the settings are locked.
        patience: see :data:`PATIENCE`.
        memory: the limit of those whose role has none, as DuckDB writes it; None: DuckDB's own.
        threads: of each instance; None: DuckDB's own.

    Raises:
        DatabaseOpenError: the file cannot be opened; says why and what to do.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        writable: bool = False,
        prepare: Prepare | None = None,
        patience: float = PATIENCE,
        memory: str | None = None,
        threads: int | None = None,
    ) -> None:
        self.path, self.writable = Path(path), writable
        self.name = database_name(self.path)
        self.trouble: str | None = None
        self._prepare, self._patience = prepare, patience
        self._memory, self._threads = memory, threads
        self._changed = threading.Condition()
        self._generations: dict[str | None, Generation] = {}
        self._refused: tuple[int, ...] | None = None
        self._fallen: Generation | None = None
        self._hurry_after = self._retry_after = 0.0
        self._closed = self._renewing = self._gone = False
        self._seen = self._stamp()
        self._generations[None] = self._open(None)
        self._stop = threading.Event()
        look = (weakref.ref(self), self._stop)
        thread = threading.Thread(target=_look_on, args=look, name="warehouse", daemon=True)
        weakref.finalize(self, _end, self._stop, thread)
        thread.start()

    def enter(self, memory: str | None = None) -> Generation:
        """The newest generation, which stays open until :meth:`leave`.

        Args:
            memory: the limit of the role, as DuckDB writes it; None: the instance of all others.

        Raises:
            DatabaseOpenError: the instance of a role cannot be opened.
        """
        with self._changed:
            self._bury()
            if not self._closed:
                self._renew()
            if self._closed:  # maybe while it waited
                raise DatabaseOpenError("The server is shutting down", todo="connect again later")
            generation = self._generations.get(memory)
            if generation is None:
                if self.writable and memory is not None:
                    raise DatabaseOpenError(
                        "A role with a memory limit needs a file that nobody writes, "
                        "and this one was opened for writing",
                        todo="restart retailsql serve",
                    )
                generation = self._generations[memory] = self._open(memory)
            generation.users += 1
            return generation

    def leave(self, generation: Generation) -> None:
        """The counterpart of :meth:`enter`."""
        with self._changed:
            generation.users -= 1
            if generation.users == 0:
                if generation.retired:
                    generation.close()
                elif generation.dirty:
                    generation.checkpoint()
            self._changed.notify_all()

    def lost(self, generation: Generation, error: BaseException) -> bool:
        """After an error inside the engine: whether the instance is dead. Then the next statements
        get a new one; a file that is written can be open once, so there all who are in the dead
        one are stopped and thrown out.
        """
        if not generation.lost and not generation.is_dead():
            return False
        with self._changed:
            generation.lost = True
            kept = {m: g for m, g in self._generations.items() if g is not generation}
            if len(kept) < len(self._generations):
                _LOG.error(
                    "DuckDB failed and is started anew: %s", " ".join(str(error).split())[:500]
                )
                self._generations = kept
                if self.writable:
                    self._fallen = generation
                    generation.interrupt()
                generation.retire()
            return True

    def close(self) -> None:
        """Close every instance; statements that run are stopped."""
        self._stop.set()
        with self._changed:
            self._closed = True
            for generation in self._generations.values():
                generation.close()
            self._generations.clear()
            self._bury()
            self._changed.notify_all()

    @property
    def outdated(self) -> bool:
        """True while a file that is written has been replaced, and the old one is still served:
        what is written into that is lost.
        """
        return self.writable and self._stamp() not in (None, self._seen)

    def look(self, before: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Swap if another file is there, the same as before, so that it is whole by now; one that
        is written only while nobody is in a statement.

        Args:
            before: what the last look returned.
        """
        stamp = self._stamp()
        if stamp is None and not self._gone:
            _LOG.warning("%s is no longer there; what is open of it is served on", self.path)
        self._gone = stamp is None
        if not self._known(stamp) and stamp == before:
            with self._changed:
                busy = self.writable and any(g.users for g in self._generations.values())
                if not (self._closed or self._renewing or busy or self._fallen):
                    self._renew()
        return stamp

    def _stamp(self) -> tuple[int, ...] | None:
        """What tells one file from the next. A file that is written here changes in time and size
        by itself, so only a rename over it counts.
        """
        try:
            found = os.stat(self.path)
        except OSError:
            return None
        if self.writable:
            return found.st_dev, found.st_ino
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size

    def _bury(self) -> None:
        """Close what is left of a dead instance whose file is written: first those leave who heard
        the interrupt, then idle transactions and cursors are cut; called with the lock held.
        """
        fallen = self._fallen
        if fallen is None:
            return
        self._changed.wait_for(lambda: not fallen.users or self._closed, LEAVE)
        fallen.close()
        if self._fallen is fallen:
            self._fallen = None

    def _renew(self) -> None:
        """Swap if the path leads to another file; called with the lock held."""
        if self._renewing:
            self._changed.wait_for(lambda: not self._renewing, self._patience)
            return
        stamp = self._stamp()
        if self._known(stamp):
            return
        self._renewing = True
        try:
            renewed = self._reopen() if self.writable else self._open_beside()
        except (DatabaseOpenError, duckdb.Error, OSError) as error:
            self._refused, self._retry_after = stamp, time.monotonic() + RETRY
            self._tell(f"{OLD_SERVES_ON if self._generations else NONE_IS_OPEN}: {error}")
            return
        finally:
            self._renewing = False
            self._changed.notify_all()
        if renewed:
            self._seen, self._refused, self.trouble = stamp, None, None
            _LOG.info("%s was renewed", self.path)

    def _reopen(self) -> bool:
        """Close the old file and open the new; False: somebody is in a statement still."""
        if not self._alone():
            return False
        try_file(self.path, self.name)
        for generation in self._generations.values():
            generation.close()
        self._generations = {}  # should the next line fail, nobody gets one that is closed
        self._generations = {None: self._open(None)}
        return True

    def _open_beside(self) -> bool:
        """Open the new file; those in a statement go on in the old one meanwhile."""
        self._changed.release()
        try:
            fresh = self._open(None)
        finally:
            self._changed.acquire()
        if self._closed:
            fresh.close()
            raise DatabaseOpenError("The server is shutting down", todo="connect again later")
        for generation in self._generations.values():
            generation.retire()
        self._generations = {None: fresh}
        return True

    def _alone(self) -> bool:
        """Wait until nobody is in a statement, transaction or cursor; False after too long."""
        end = time.monotonic() + self._patience
        while not self._closed and any(g.users for g in self._generations.values()):
            if time.monotonic() < self._hurry_after:
                return False
            left = end - time.monotonic()
            if left <= 0 or not self._changed.wait(left):
                self._hurry_after = time.monotonic() + AGAIN
                self._tell(WAITS)
                return False
        return not self._closed

    def _known(self, stamp: tuple[int, ...] | None) -> bool:
        """True of the file that is served, and of one that could not be opened a moment ago."""
        if stamp == self._refused and time.monotonic() < self._retry_after:
            return True
        return stamp in (None, self._seen)

    def _tell(self, trouble: str) -> None:
        """Tell clients and log, which hears it once."""
        if self.trouble != trouble:
            self.trouble = trouble
            _LOG.warning("%s", trouble)

    def _open(self, memory: str | None) -> Generation:
        return open_generation(
            self.path, self.name, writable=self.writable, memory=memory or self._memory,
            threads=self._threads, prepare=self._prepare,
        )  # fmt: skip


def _end(stop: threading.Event, thread: threading.Thread) -> None:
    """When the warehouse is forgotten, or the process ends."""
    stop.set()
    if thread is not threading.current_thread():
        thread.join(1)


def _look_on(found: weakref.ref[Warehouse], stop: threading.Event) -> None:
    """Look now and then, until the warehouse is closed or forgotten."""
    seen: tuple[int, ...] | None = None
    while not stop.wait(LOOK):
        warehouse = found()
        if warehouse is None:
            return
        seen = warehouse.look(seen)
        del warehouse
