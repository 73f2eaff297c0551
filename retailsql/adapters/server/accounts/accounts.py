"""Who may come in, and what each may do: the file of users as the running server sees it."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Protocol

from retailsql.adapters.server.accounts import edit
from retailsql.adapters.server.accounts.document import (
    Document,
    Role,
    ServerOptions,
    User,
    check_name,
    read_document,
)
from retailsql.adapters.server.accounts.rights_of import check_memory, holder, kept, rights_of
from retailsql.adapters.server.accounts.text import read_text
from retailsql.adapters.server.accounts.verifiers import ITERATIONS, iterations, make_verifier
from retailsql.adapters.server.records import Grant, PgError, Rights
from retailsql.errors import ProjectError, RetailSQLError

log = logging.getLogger("retailsql.server")


class GrantStatement(Protocol):
    """GRANT or REVOKE, as the policy reads it."""

    @property
    def grants(self) -> Sequence[Grant]:
        """The rights given or taken."""

    @property
    def grantees(self) -> Sequence[str]:
        """The roles and users."""


class Accounts:
    """Users, roles and grants; the file is read again whenever it has changed.

    Made by :meth:`open` or :meth:`single`; safe to use from many threads.

    >>> accounts = Accounts.single("analyst", "rosebud")
    >>> accounts.rights("analyst").admin, accounts.needs_write
    (False, False)
    """

    def __init__(self, document: Document, path: Path | None = None) -> None:
        self.path = path
        self._document, self._started = document, document.server
        self._seen: tuple[int, ...] | None = None
        self._lock = threading.Lock()
        self._rights: dict[str, Rights] = {}

    @classmethod
    def open(cls, path: Path | str) -> Accounts:
        """The accounts of a file.

        Raises:
            ProjectError: there is no such file, or it has mistakes; all are told.
        """
        accounts = cls(Document(), Path(path))
        accounts._seen = accounts._stamp()
        accounts._document = accounts._read()
        accounts._started = accounts._document.server
        return accounts

    @classmethod
    def single(cls, user: str, password: str) -> Accounts:
        """One user, without a file, who may read everything and score with every model.

        Raises:
            ProjectError: the name or the password cannot be used.
        """
        grants = (Grant("read", "database"), Grant("score", "database"))
        one = User(make_verifier(password), ("analyst",) if user != "analyst" else ())
        if one.roles:
            return cls(Document({"analyst": Role(grants)}, {check_name(user): one}))
        return cls(Document({}, {user: User(one.verifier, (), grants)}))

    @property
    def server(self) -> ServerOptions:
        """The section ``[server]``."""
        return self._now().server

    @property
    def users(self) -> dict[str, User]:
        """All users by name."""
        return dict(self._now().users)

    @property
    def needs_write(self) -> bool:
        """Whether somebody may train or write, so that the file is opened for writing."""
        return any(
            grant.privilege in ("train", "write")
            for rights in self.all_rights()
            for grant in rights.grants
        )

    @property
    def iterations(self) -> list[int]:
        """All counts of verifiers, each once; a user who does not exist is shown one of them."""
        found = {iterations(user.verifier) for user in self._now().users.values()}
        return sorted(found) or [ITERATIONS]

    def verifier(self, user: str) -> str | None:
        """What proves a user's password; None: no such user."""
        found = self._now().users.get(user)
        return None if found is None else found.verifier

    def rights(self, user: str) -> Rights:
        """What a user may do now.

        Raises:
            PgError: 28000, there is no such user any more.
        """
        document = self._now()
        # Taken after `_now`, which empties it when the file changed.
        known = self._rights.get(user)
        if known is not None:
            return known
        if user not in document.users:
            raise PgError("28000", f'role "{user}" does not exist', severity="FATAL")
        rights = rights_of(document, user)
        with self._lock:
            if document is self._document:
                self._rights[user] = rights
        return rights

    def all_rights(self) -> list[Rights]:
        """The rights of every user."""
        document = self._now()
        return [rights_of(document, user) for user in document.users]

    def grant(self, statement: GrantStatement, by: Rights) -> None:
        """Give rights to roles and users, in the file.

        Raises:
            PgError: 42501 by no admin, 42704 no such role or user, F0000 the file has mistakes.
        """
        self._change_grants(statement, by, edit.add_grants)

    def revoke(self, statement: GrantStatement, by: Rights) -> list[str]:
        """Take rights from roles and users, in the file.

        Returns:
            What they keep by wider or narrower grants, their own or their roles', a sentence each.

        Raises:
            PgError: as for :meth:`grant`.
        """
        self._change_grants(statement, by, edit.remove_grants)
        now = self._now()
        places = [holder(now, name) for name in statement.grantees]
        return [told for place in places for told in kept(now, *place, statement.grants)]

    def reload(self) -> bool:
        """Read the file again; False: it has mistakes, the log tells them, the old stays."""
        if self.path is None:
            return True
        with self._lock:
            return self._load(self._stamp())

    def _now(self) -> Document:
        """The file as it is on disk."""
        if self.path is not None:
            stamp = self._stamp()
            if stamp != self._seen:
                with self._lock:  # who comes meanwhile waits for the new rights
                    if stamp != self._seen:
                        self._load(stamp)
        return self._document

    def _load(self, stamp: tuple[int, ...]) -> bool:
        try:
            document = self._read()
        except ProjectError as error:
            told = "\n".join([str(error), *getattr(error, "__notes__", [])])
            if isinstance(error.__cause__, FileNotFoundError):
                told = f"{self.path} was there and is gone. What to do: put it back."
            log.error("%s\nThe users of before stay.", told)
            self._seen = stamp  # it is told once, not at each statement
            return False
        self._document, self._rights = document, {}
        self._seen = stamp  # now, and not before: others go on with what is here
        log.info("%s: %d users, %d roles", self.path, len(document.users), len(document.roles))
        self._tell_server(document.server)
        return True

    def _tell_server(self, now: ServerOptions) -> None:
        """Log which settings are others than at the start, but for those that SIGHUP reads."""
        then = self._started
        names = [f.name for f in fields(now) if f.name not in ("tls_certificate", "tls_key")]
        changed = [name for name in names if getattr(now, name) != getattr(then, name)]
        if changed:
            log.warning("[server] %s: a change that holds after a restart", ", ".join(changed))

    def _read(self) -> Document:
        assert self.path is not None
        text = read_text(self.path)
        with contextlib.suppress(OSError):
            if self.path.stat().st_mode & 0o007:
                log.warning("Everybody on this machine can read %s: chmod 600 it", self.path)
        if not text:
            # An editor that writes in place leaves it so for a moment; nobody is thrown out.
            raise ProjectError("The file of users is empty", seen=str(self.path))
        document = read_document(text, self.path)
        check_memory(document)
        return document

    def _stamp(self) -> tuple[int, ...]:
        assert self.path is not None
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def _change(self, change: Callable[[Any], None]) -> None:
        if self.path is None:
            raise ProjectError(
                "There is no file of users to change",
                todo="serve with --users FILE; retailsql user add NAME --users FILE makes one",
            )
        edit.change_file(self.path, change)
        self.reload()

    def _change_grants(
        self,
        statement: GrantStatement,
        by: Rights,
        change: Callable[[Any, str, str, Sequence[Grant]], None],
    ) -> None:
        if not by.admin:
            raise PgError(
                "42501", "permission denied to grant or revoke", detail="Only admins may.",
                hint="an admin has `admin = true` in the file of users",
            )  # fmt: skip
        places = [holder(self._now(), name) for name in statement.grantees]

        def all_of_it(tree: Any) -> None:
            for section, name in places:
                change(tree, section, name, statement.grants)

        try:
            self._change(all_of_it)
        except RetailSQLError as error:
            told = [f"{k}: {v}." for k, v in (("Seen", error.seen), ("Wanted", error.wanted)) if v]
            raise PgError(
                "F0000", error.fact, detail=" ".join(told) or None, hint=error.todo
            ) from error
        except OSError as error:
            raise PgError("58030", f"the file of users cannot be written: {error}") from error
