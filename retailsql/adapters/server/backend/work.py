"""The connection a session works on, its transaction, and the connections its portals keep.

DuckDB has one open result per connection. A portal whose rows are not all read keeps the
connection it reads from, with its transaction; the session goes on on another.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server import catalog, policy
from retailsql.adapters.server.generation import Generation
from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.warehouse import Warehouse

Configure = Callable[[DuckDBPyConnection, Generation], None]
_TRIES = 20
_UNLIKE = itertools.count(-1, -1)


class Work:
    """Connection and transaction of one session; one thread uses it.

    Args:
        warehouse: where connections come from.
        configure: sets a new connection up.
    """

    def __init__(self, warehouse: Warehouse, configure: Configure) -> None:
        self._warehouse, self._configure = warehouse, configure
        self._generation: Generation | None = None
        self._inside = False
        self._con: DuckDBPyConnection | None = None
        self._kept: list[DuckDBPyConnection] = []
        self.open: bool = False
        self.read_only = True
        self.wrote = 0
        """Statements of the transaction that have written."""
        self.altered = False
        self.seen = 0
        """What had been written when the transaction began: its names are of that time."""

    @property
    def generation(self) -> Generation:
        """The instance the session is in, entered now if it is in none."""
        if not self._inside:
            self._enter(None)
        assert self._generation is not None
        return self._generation

    @property
    def inside(self) -> bool:
        """True while something holds the session in its instance."""
        return self._inside

    @property
    def current(self) -> DuckDBPyConnection | None:
        """The connection there is now, if there is one."""
        return self._con

    def _enter(self, memory: str | None) -> None:
        generation = self._warehouse.enter(memory)
        if generation is not self._generation:
            self._drop()
            self._generation = generation
        self._inside = True

    def connection(self, memory: str | None = None) -> DuckDBPyConnection:
        """The connection, of the newest instance unless the session is in one.

        Raises:
            DatabaseOpenError: there is none.
        """
        if not self._inside:
            self._enter(memory)
        if self._con is None:
            self._con = self._new()
        return self._con

    def begin(self, read_only: bool, memory: str | None = None) -> DuckDBPyConnection:
        """The connection, in a transaction that may do what is asked for."""
        con = self.connection(memory)
        if self.open and self.read_only and not read_only:
            self.commit()  # nothing was changed in it
        if not self.open:
            generation = self.generation
            before = generation.settled()
            con.execute("BEGIN TRANSACTION READ ONLY" if read_only else "BEGIN TRANSACTION")
            if before is not None and generation.settled() == before:
                self.seen = before.writes
                policy.begins(con, generation.names, before.named)
            else:  # a write ended meanwhile: what it sees is like nothing that was read before
                self.seen = next(_UNLIKE)
                policy.begins(con)
            self.open, self.read_only, self.wrote = True, read_only, 0
        return con

    def check_current(self) -> None:
        """Refuse to write into a file that another one has replaced.

        Raises:
            PgError: 55006.
        """
        if self._warehouse.outdated:
            raise PgError(
                "55006", "another file was put in place of this one: what is written now is lost",
                hint="Repeat it soon: the new file is opened once nobody is in a transaction, "
                "cursor or statement.",
            )  # fmt: skip

    def lost(self, error: BaseException) -> bool:
        """True if the error means that DuckDB has given up the session's instance; then the next
        statement finds another.
        """
        return self._generation is not None and self._warehouse.lost(self._generation, error)

    def alter(self) -> None:
        """Before a statement that makes, alters or drops something."""
        self.altered = True
        if self._con is not None:
            policy.alters(self._con)

    def commit(self) -> None:
        """Commit, if a transaction is open."""
        if not self.open or self._con is None:
            return
        if self.wrote and self._warehouse.outdated:
            self.rollback()
            self.check_current()
        wrote, self.open, self.wrote = self.wrote, False, 0
        if not wrote:
            self._con.execute("COMMIT")
            return
        with self.generation.committing(self.altered):
            self._con.execute("COMMIT")
        self.checkpoint()

    def rollback(self) -> None:
        """Roll back, though an interrupt may hit the ROLLBACK itself."""
        self.open, self.wrote, self.altered = False, 0, False
        if self._con is not None and not end_transaction(self._con):
            self._drop_main()

    def checkpoint(self) -> None:
        """After a write: put it into the file now, or when the last statement is done; and tell
        the catalog of new names.
        """
        generation, altered, self.altered = self.generation, self.altered, False
        if altered:
            with generation.telling, generation.root.cursor() as cursor:
                catalog.refresh(cursor)
        generation.checkpoint()

    def set_aside(self) -> None:
        """Leave the connection, with its transaction, to the portal that reads from it."""
        if self._con is None:
            return
        self._kept.append(self._con)
        self._con, self.open = None, False

    def give_back(self, con: DuckDBPyConnection) -> None:
        """A connection that was set aside is no more needed."""
        if con in self._kept:
            self._kept.remove(con)
            _close(con)

    def leave(self) -> None:
        """Let the instance go, if nothing is open: the next statement gets the newest."""
        if self._inside and not self.open and not self._kept:
            self._inside = False
            assert self._generation is not None
            self._warehouse.leave(self._generation)

    def close(self) -> None:
        """End all; safe to call twice."""
        for con in self._kept:
            _close(con)
        self._kept.clear()
        self._drop_main()
        self.open = False
        self.leave()
        self._generation = None

    def _new(self) -> DuckDBPyConnection:
        assert self._generation is not None
        con = self._generation.cursor()
        try:
            self._configure(con, self._generation)
        except BaseException:
            con.close()
            raise
        return con

    def _drop(self) -> None:
        self._drop_main()
        self._generation = None

    def _drop_main(self) -> None:
        if self._con is not None:
            _close(self._con)
        self._con, self.open = None, False


def end_transaction(con: DuckDBPyConnection) -> bool:
    """Roll back; False if the connection is past help."""
    for _ in range(_TRIES):
        try:
            con.execute("ROLLBACK")
        except duckdb.TransactionException:
            return True  # none was open
        except (duckdb.InterruptException, RuntimeError):
            continue
        except duckdb.Error:
            return False
        return True
    return False


def _close(con: DuckDBPyConnection) -> None:
    with suppress(duckdb.Error, RuntimeError):
        con.interrupt()
    end_transaction(con)
    with suppress(duckdb.Error, RuntimeError):
        con.close()
