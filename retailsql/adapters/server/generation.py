"""One DuckDB instance in memory with the file attached, its settings locked."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server.kept import Kept
from retailsql.adapters.server.policy import Names
from retailsql.adapters.server.records import Rights
from retailsql.errors import DatabaseOpenError
from retailsql.functions.equip import equip
from retailsql.registry.names import literal, quote

_PER_CURSOR = ("python_enable_replacements", "integer_division", "search_path", "TimeZone")
"""Settings that stay open when all others are locked; each cursor needs its own."""


_OF_THE_FILE: Final = "SELECT count(*) FROM duckdb_tables() WHERE database_name = ?"


class Abandoned(Protocol):
    """An open result."""

    def abandon(self) -> None:
        """Let go what is not being read this moment."""


class Settled(NamedTuple):
    """What was written.

    Args:
        writes: how many.
        named: the number of the last that made, altered or dropped something.
    """

    writes: int
    named: int


class Generation:
    """An instance.

    Args:
        root: its first connection, kept to the end: were it collected while a cursor lives,
            a call of a Python function would crash the process.
        database: what the file is called in it.
        scratch: the folder of its temporary files, removed at the end.

    Attributes:
        users: sessions that are in a statement or a transaction here.
        retired: closed when the last user has left.
        lost: DuckDB gave it up after an error inside itself; see :meth:`is_dead`.
        dirty: something was written that no CHECKPOINT has put into the file.
        writes, named: count what was written, so that plans made before are made anew; see
            :class:`Settled`.
        rights_told: whose rights the catalog here knows.
        asked: plans of statements that ask the catalog, for all sessions; see backend/asked.py.
        columns: of tables, as the catalog found them; see catalog/looked_up.py.
        names: of what is in it, for the checks of all sessions.
        telling: held while they are written.
    """

    def __init__(self, root: DuckDBPyConnection, database: str, scratch: str) -> None:
        self.root, self.database = root, database
        self.users, self.retired, self.dirty, self.lost = 0, False, False, False
        self.writes = self.named = self._committing = 0
        self._counting = threading.Lock()
        self.rights_told: dict[str, Rights] = {}
        self.asked: Kept[Hashable, Any] = Kept(512)
        self.columns: Kept[Hashable, Any] = Kept(2_000)
        self.names = Names()
        self.telling = threading.Lock()
        self._scratch = scratch
        self._cursors: weakref.WeakSet[DuckDBPyConnection] = weakref.WeakSet()
        self.streams: weakref.WeakSet[Abandoned] = weakref.WeakSet()

    def cursor(self) -> DuckDBPyConnection:
        """A new connection to the instance, closed with it; nothing is set on it yet."""
        cursor = self.root.cursor()
        self._cursors.add(cursor)
        return cursor

    @contextmanager
    def committing(self, names: bool) -> Iterator[None]:
        """While a write is committed: nobody can tell whether who begins now sees it.

        Args:
            names: it made, altered or dropped something.
        """
        with self._counting:
            self._committing += 1
        try:
            yield
        finally:
            with self._counting:
                self._committing -= 1
                self._count(names)

    def wrote(self) -> None:
        """Count a write that was committed. Behind a statement that commits by itself, as one about
        a model: who began since may have been told that the model is, or is not, there yet.
        """
        with self._counting:
            self._count(names=True)

    def _count(self, names: bool) -> None:
        self.writes += 1
        if names:
            self.named = self.writes

    def settled(self) -> Settled | None:
        """What was written; None while a write is committed. A transaction that began between two
        equal answers sees as much, not more and not less.
        """
        with self._counting:
            return None if self._committing else Settled(self.writes, self.named)

    def retire(self) -> None:
        """Take no new users; close at once if there are none."""
        self.retired = True
        if self.users == 0:
            self.close()

    def checkpoint(self) -> None:
        """Put what was written into the file, so that no log of it lies beside the next one.

        DuckDB refuses while any transaction is open; then it is owed.
        """
        self.dirty = True
        with suppress(duckdb.Error), self.root.cursor() as cursor:
            cursor.execute(f"CHECKPOINT {quote(self.database)}")
            self.dirty = False

    def is_dead(self) -> bool:
        """True if it answers nobody any more: after an error inside the engine DuckDB gives up the
        whole instance, after a failed CHECKPOINT the file in it.
        """
        try:
            with self.root.cursor() as cursor:
                cursor.execute(_OF_THE_FILE, [self.database]).fetchall()
        except (duckdb.FatalException, duckdb.IOException):
            return True
        except duckdb.Error:
            return False
        return False

    def interrupt(self) -> None:
        """Stop what runs in it."""
        for cursor in list(self._cursors):
            with suppress(duckdb.Error, RuntimeError):
                cursor.interrupt()

    def close(self) -> None:
        """Close all its connections; safe to call twice."""
        self.interrupt()
        for stream in list(self.streams):
            stream.abandon()  # an open result would hold the file
        for cursor in list(self._cursors):
            with suppress(duckdb.Error, RuntimeError):
                cursor.close()
        if self.dirty:
            self.checkpoint()
        with suppress(duckdb.Error):
            self.root.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


def open_generation(
    path: Path,
    database: str,
    *,
    writable: bool,
    memory: str | None,
    threads: int | None = None,
    prepare: Callable[[DuckDBPyConnection, str], None] | None,
) -> Generation:
    """Attach the file in an instance of its own and lock that up.

    Raises:
        DatabaseOpenError: there is no such file, it is no database, or it is locked.
    """
    if not path.is_file():
        raise DatabaseOpenError(
            f"There is no file {path}", todo="check the path; retailsql demo or run makes one"
        )
    root = duckdb.connect(":memory:")
    scratch = tempfile.mkdtemp(prefix="retailsql-")
    try:
        root.execute(f"SET temp_directory = {literal(scratch)}")
        if memory is not None:
            root.execute(f"SET memory_limit = {literal(memory)}")
        if threads is not None:
            root.execute(f"SET threads = {int(threads)}")
        _attach(root, path, database, writable)
        if prepare is not None:
            prepare(root, database)
        equip(root)
        _lock(root)
    except BaseException:
        root.close()
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return Generation(root, database, scratch)


def _attach(root: DuckDBPyConnection, path: Path, database: str, writable: bool) -> None:
    mode = "READ_WRITE" if writable else "READ_ONLY"
    try:
        root.execute(f"ATTACH {literal(str(path))} AS {quote(database)} (TYPE duckdb, {mode})")
        root.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
    except duckdb.Error as error:
        raise _cannot_open(path, writable, error) from error


def try_file(path: Path, database: str) -> None:
    """Open a file by another name, to be written, and close it again: the old one is given up only
    for a good one, and DuckDB attaches a path once per process.

    Raises:
        DatabaseOpenError: it is no database, or another program holds it.
    """
    other = path.with_name(f".{path.name}.{os.getpid()}.trial")
    with suppress(FileNotFoundError):
        other.unlink()
    try:
        os.link(path, other)
    except OSError:
        return  # a file system without hard links: the swap itself will tell
    try:
        for mode in ("READ_ONLY", "READ_WRITE"):  # a file without content would become a database
            with duckdb.connect(":memory:") as con:
                con.execute(f"ATTACH {literal(str(other))} AS {quote(database)} ({mode})")
                con.execute("SELECT count(*) FROM duckdb_tables()").fetchall()
    except duckdb.Error as error:
        raise _cannot_open(path, True, error) from error
    finally:
        other.unlink(missing_ok=True)


def _lock(root: DuckDBPyConnection) -> None:
    """No files, no network, no settings: for all cursors and for good. A transaction sees the file
    as it is when it begins, not when it first reads: see :meth:`Generation.settled`.
    """
    root.execute("SET immediate_transaction_mode = true")
    root.execute("SET enable_external_access = false")
    allowed = ", ".join(map(literal, _PER_CURSOR))
    root.execute(f"SET allowed_configs = [{allowed}]")
    root.execute("SET lock_configuration = true")


def _cannot_open(path: Path, writable: bool, error: duckdb.Error) -> DatabaseOpenError:
    words = str(error).splitlines()[0]
    if "lock on file" in words:
        todo = (
            "stop the other process"
            if writable
            else "close it there, or let that process write another file and rename it over"
        )
        return DatabaseOpenError(
            f"The database {path} is open in another process",
            seen=words.split("See also")[0].strip(), todo=todo,
        )  # fmt: skip
    return DatabaseOpenError(
        f"The database {path} cannot be opened", seen=words,
        todo="check that it is a DuckDB file, whole, and that this user may read it",
    )  # fmt: skip
