"""The door: one file, its users, their sessions."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet

from duckdb import DuckDBPyConnection

from retailsql.adapters.server import catalog, postgres
from retailsql.adapters.server.backend import Context, Deadlines, Session
from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.warehouse import Warehouse

if TYPE_CHECKING:
    from retailsql.adapters.server.accounts import Accounts, Audit

_LOG = logging.getLogger("retailsql.server")


class Door:
    """Implements ``protocols.Login``.

    Args:
        path: of the DuckDB file.
        accounts: who may come in and what each may do.
        audit: where it is noted.
        memory: DuckDB's limit for those whose role has none; None: its own.
        threads: of DuckDB; None: its own.

    Raises:
        DatabaseOpenError: the file cannot be opened.
    """

    def __init__(
        self,
        path: str | Path,
        accounts: Accounts,
        audit: Audit,
        *,
        memory: str | None = None,
        threads: int | None = None,
    ) -> None:
        self._accounts, self._audit = accounts, audit
        writable = accounts.needs_write
        self.warehouse = Warehouse(
            path,
            writable=writable,
            prepare=partial(_prepare, accounts),
            memory=memory,
            threads=threads,
        )
        self._deadlines = Deadlines()
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        self._sessions: WeakSet[Session] = WeakSet()

    def verifier(self, user: str) -> str | None:
        """What proves a user's password; None: no such user."""
        return self._accounts.verifier(user)

    def session(self, user: str, parameters: dict[str, str], peer: str) -> Session:
        """A session for somebody who has proved who he is.

        Raises:
            PgError: 3D000 no such database, 53300 too many sessions, 28000 no such user, 22023 or
            42704 a parameter is none, 58000 the file cannot be opened.
        """
        self._check_database(parameters.get("database") or user, user)
        limit = self._accounts.rights(user).limits.sessions
        with self._lock:
            if limit is not None and self._open[user] >= limit:
                raise PgError(
                    "53300", f'too many connections for role "{user}"',
                    detail=f"Its limit is {limit} at a time.", severity="FATAL",
                )  # fmt: skip
            self._open[user] += 1
        try:
            ctx = Context(
                self.warehouse, self._accounts, self._audit, user, parameters, peer, self._deadlines
            )
        except PgError:
            self._left(user)
            raise
        except BaseException as error:
            self._left(user)
            raise PgError("58000", str(error).splitlines()[0], severity="FATAL") from error
        session = _Counted(self, ctx)
        self._sessions.add(session)
        return session

    def told(self, event: str, user: str, peer: str, detail: str = "") -> None:
        """Note in the audit log."""
        self._audit.write(event, user=user, peer=peer, detail=detail or None)

    def close(self) -> None:
        """End all sessions and close the file; safe to call twice."""
        for session in list(self._sessions):
            session.cancel()
        self._deadlines.close()
        self.warehouse.close()

    def _check_database(self, database: str, user: str) -> None:
        """Any of the file's name, the user's own and PostgreSQL's usual one is this database."""
        known = {self.warehouse.name.lower(), "postgres", user.lower()}
        if database.lower() not in known:
            raise PgError(
                "3D000", f'database "{database}" does not exist',
                hint=f"The database here is called {self.warehouse.name}.", severity="FATAL",
            )  # fmt: skip

    def _left(self, user: str) -> None:
        with self._lock:
            self._open[user] -= 1


class _Counted(Session):
    """A session that is counted while it is open."""

    def __init__(self, door: Door, ctx: Context) -> None:
        super().__init__(ctx)
        self._door = door

    def close(self) -> None:
        """End everything; safe to call twice."""
        if self._closed:
            return
        try:
            with suppress(RuntimeError):
                super().close()
        finally:
            self._door._left(self._ctx.user)


def _prepare(accounts: Accounts, root: DuckDBPyConnection, database: str) -> None:
    """Put into a new instance what the door adds to a file."""
    found = root.execute("SELECT current_setting('temp_directory')").fetchone()
    folder = found[0] if found else None
    catalog.install(root, database, folder, postgres.install, accounts.all_rights())
    postgres.register(root)  # a function in Python is of one instance, and in no file
