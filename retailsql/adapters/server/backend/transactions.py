"""Transaction blocks as PostgreSQL has them, on DuckDB's transactions.

DuckDB knows no savepoints. Where nothing was written since one they need none: after an error in
a block that only read, a new transaction stands for the one that was rolled back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from duckdb import DuckDBPyConnection

from retailsql.adapters.server.records import Notice, PgError

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context
    from retailsql.adapters.server.backend.portals import Portal
    from retailsql.adapters.server.backend.settings import Saved


class _Savepoint(NamedTuple):
    """A place to come back to.

    Args:
        name: of it.
        wrote: how many statements of the block had written.
        settings: as they were.
        portals: that were open: cursors of later are closed.
    """

    name: str
    wrote: int
    settings: Saved
    portals: list[Portal]


class Block:
    """The transaction block of a session, or none.

    Args:
        ctx: of the session.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self.inside = self.failed = False
        self._read_only = False
        self._savepoints: list[_Savepoint] = []

    @property
    def status(self) -> Literal["I", "T", "E"]:
        """Idle, in a block, in a failed one."""
        if not self.inside:
            return "I"
        return "E" if self.failed else "T"

    @property
    def read_only(self) -> bool:
        """Whether a write is refused now."""
        if not self._ctx.may_write:
            return True
        name = "transaction_read_only" if self.inside else "default_transaction_read_only"
        return self._read_only if self.inside else self._ctx.settings.show(name) == "on"

    def begin(self, writes: bool) -> DuckDBPyConnection:
        """The session's connection, in a transaction.

        Raises:
            PgError: 25006 it is to write and may not.
        """
        if writes and self.read_only:
            raise PgError(
                "25006", "cannot write in a read-only transaction", hint=self._ctx.why_read_only
            )
        read_only = self.read_only if self.inside else not writes
        con = self._ctx.work.begin(read_only, self._ctx.memory)
        if writes:
            self._ctx.work.check_current()
        return con

    def start(self, modes: dict[str, str]) -> str:
        """BEGIN; the command's tag."""
        ctx = self._ctx
        if self.inside:
            ctx.tell(Notice("there is already a transaction in progress", "25001", "WARNING"))
            return "BEGIN"
        ctx.free()
        if not ctx.work.wrote and ctx.work.open and ctx.may_write:
            ctx.work.commit()  # of the same message, read only: the block may write
        ctx.settings.begin()
        default = ctx.settings.show("default_transaction_read_only")
        read_only = modes.get("read_only", default) if ctx.may_write else "on"
        level = modes.get("isolation", ctx.settings.show("default_transaction_isolation"))
        self.inside, self.failed, self._savepoints = True, False, []
        self._read_only = read_only == "on"
        ctx.settings.set("transaction_read_only", read_only, local=True)
        ctx.settings.set("transaction_isolation", level, local=True)
        return "BEGIN"

    def restrict(self, read_only: bool) -> None:
        """SET TRANSACTION READ ONLY, or READ WRITE again."""
        if self._ctx.work.open and not read_only and self._read_only and self._ctx.may_write:
            raise PgError("25001", "transaction read-write mode must be set before any query")
        self._read_only = read_only

    def commit(self, chain: bool = False) -> str:
        """COMMIT; the tag: ROLLBACK if the block had failed."""
        if not self.inside:
            self._ctx.tell(Notice("there is no transaction in progress", "25P01", "WARNING"))
            self._ctx.end_portals(keep_hold=True)
            self._ctx.work.commit()
            return "COMMIT"
        if self.failed:
            return self.rollback(chain)
        self._ctx.end_portals(keep_hold=True)
        self.inside, self._savepoints = False, []
        try:
            self._ctx.work.commit()
        except BaseException:
            self._ctx.work.rollback()
            self._ctx.settings.end(committed=False)
            raise
        self._ctx.settings.end(committed=True)
        return self._chained(chain, "COMMIT")

    def rollback(self, chain: bool = False) -> str:
        """ROLLBACK; the tag."""
        if not self.inside:
            self._ctx.tell(Notice("there is no transaction in progress", "25P01", "WARNING"))
        self._ctx.end_portals(keep_hold=not self.inside)
        self._ctx.work.rollback()
        self.inside, self.failed, self._savepoints = False, False, []
        self._ctx.settings.end(committed=False)
        return self._chained(chain, "ROLLBACK")

    def _chained(self, chain: bool, tag: str) -> str:
        if chain:
            self.start({"read_only": "on" if self._read_only else "off"})
        return tag

    def savepoint(self, name: str) -> str:
        """SAVEPOINT; the tag.

        Raises:
            PgError: 25P01 outside of a block.
        """
        self._inside("SAVEPOINT")
        ctx = self._ctx
        self._savepoints.append(
            _Savepoint(name, ctx.work.wrote, ctx.settings.saved(), list(ctx.portals.values()))
        )
        return "SAVEPOINT"

    def release(self, name: str) -> str:
        """RELEASE SAVEPOINT; the tag."""
        self._inside("RELEASE SAVEPOINT")
        del self._savepoints[self._find(name) :]
        return "RELEASE"

    def rollback_to(self, name: str) -> str:
        """ROLLBACK TO SAVEPOINT; the tag.

        Raises:
            PgError: 3B001 there is none, 0A000 something was written since.
        """
        self._inside("ROLLBACK TO SAVEPOINT")
        at, ctx = self._find(name), self._ctx
        to = self._savepoints[at]
        if ctx.work.wrote != to.wrote:  # after an error none is left
            raise PgError(
                "0A000", "what was written in a transaction block can only be rolled back whole",
                hint="ROLLBACK, and begin again: nothing of the block was written.",
            )  # fmt: skip
        del self._savepoints[at + 1 :]
        self.failed = False
        ctx.settings.back(to.settings)
        for called, portal in list(ctx.portals.items()):
            if called and portal not in to.portals:
                portal.close()
                del ctx.portals[called]
        return "ROLLBACK"

    def fail(self) -> None:
        """After an error: the block is failed, what was done in it is undone."""
        work = self._ctx.work
        self.failed = self.inside
        if self._ctx.stream is not None:
            self._ctx.stream.close()
        work.rollback()
        if not self.inside:
            self._ctx.end_portals(keep_hold=True)
            self._ctx.settings.end(committed=False)

    def sync(self) -> None:
        """At the end of what one message, or a pipeline, has asked for.

        Raises:
            PgError: the implicit transaction cannot be committed.
        """
        if not self.inside:
            self._ctx.end_portals(keep_hold=True)
            self._ctx.work.commit()
            self._ctx.work.leave()

    def _inside(self, command: str) -> None:
        if not self.inside:
            raise PgError("25P01", f"{command} can only be used in transaction blocks")

    def _find(self, name: str) -> int:
        for i in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[i].name == name:
                return i
        raise PgError("3B001", f'savepoint "{name}" does not exist')
