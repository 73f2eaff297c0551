"""The file of users, read: roles, users, the server's own settings. Every mistake is told."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from retailsql.adapters.server.accounts import amounts
from retailsql.adapters.server.accounts.grants import read_grants
from retailsql.adapters.server.accounts.lines import line_of
from retailsql.adapters.server.accounts.verifiers import check_verifier
from retailsql.adapters.server.records import Grant, Limits
from retailsql.errors import ProjectError, nearest


@dataclass(frozen=True)
class Role:
    """What everybody who has the role may do, and how much of it."""

    grants: tuple[Grant, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class User:
    """One person: how he proves who he is, his roles, and grants of his own."""

    verifier: str
    roles: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    admin: bool = False


@dataclass(frozen=True)
class ServerOptions:
    """What ``retailsql serve`` does where its command line says nothing.

    Args:
        host: to listen on.
        port: to listen on.
        tls_certificate: a PEM file.
        tls_key: a PEM file.
        require_tls: whoever comes without TLS is refused.
        audit: the file of the audit log.
        audit_size: bytes of one file of it.
        audit_files: older files kept.
        max_connections: at once.
        memory_limit: of DuckDB.
        threads: of DuckDB.
    """

    host: str | None = None
    port: int | None = None
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    require_tls: bool = False
    audit: Path | None = None
    audit_size: int = 50_000_000
    audit_files: int = 10
    max_connections: int | None = None
    memory_limit: str | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Document:
    """The whole file."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    server: ServerOptions = field(default_factory=ServerOptions)


def read_document(text: str, source: Path) -> Document:
    """The file's text, read and checked.

    Args:
        text: of the file.
        source: its path, for messages; paths in it are from its folder.

    Raises:
        ProjectError: of the first mistake; the others are its notes.
    """
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProjectError(
            f"{source} is not TOML", seen=str(error), todo="mend the line it names"
        ) from error
    return _Reader(text, source).document(tree)


_Parse = Callable[[Any], Any]


class _Reader:
    """Reads one file and gathers its mistakes."""

    def __init__(self, text: str, source: Path) -> None:
        self.text, self.source = text, source
        self.mistakes: list[ProjectError] = []

    def document(self, tree: dict[str, Any]) -> Document:
        """All of it, or the first mistake raised with the others as notes."""
        self._known(tree, ("server", "roles", "users"), [])
        roles = {n: self._role(t, ["roles", n]) for n, t in self._tables(tree, "roles")}
        users = {n: self._user(t, ["users", n], roles) for n, t in self._tables(tree, "users")}
        server = self._server(tree.get("server", {}))
        for name in roles.keys() & users.keys():
            self._tell(ProjectError(
                "A user and a role have one name", seen=repr(name), todo="rename the role"
            ), ["users", name])  # fmt: skip
        if self.mistakes:
            first, *others = self.mistakes
            for other in others:
                first.add_note(str(other))
            raise first
        return Document(roles, users, server)

    def _role(self, table: dict[str, Any], path: list[str]) -> Role:
        values = self._values(table, path, {
            "grants": _grants, "row_limit": _count, "time_limit": _seconds,
            "memory_limit": _memory, "sessions": _count,
        })  # fmt: skip
        limits = Limits(
            values.get("row_limit"), values.get("time_limit"),
            values.get("memory_limit"), values.get("sessions"),
        )  # fmt: skip
        return Role(values.get("grants", ()), limits)

    def _user(self, table: dict[str, Any], path: list[str], roles: dict[str, Role]) -> User:
        values = self._values(table, path, {
            "verifier": _verifier, "roles": _texts, "grants": _grants, "admin": _flag,
        })  # fmt: skip
        self._check_name(path)
        if "verifier" not in table:
            self._tell(ProjectError(
                f"User {path[-1]!r} has no verifier",
                todo=f"retailsql user password {path[-1]}",
            ), path)  # fmt: skip
        for role in values.get("roles", ()):
            if role not in roles:
                self._tell(ProjectError(
                    "There is no such role", seen=repr(role), wanted=nearest(role, roles),
                    todo=f"write [roles.{role}] or take it out",
                ), [*path, "roles"])  # fmt: skip
        return User(
            values.get("verifier", ""), values.get("roles", ()),
            values.get("grants", ()), values.get("admin", False),
        )  # fmt: skip

    def _server(self, table: Any) -> ServerOptions:
        path = ["server"]
        if not isinstance(table, dict):
            self._tell(ProjectError("[server] is a table", seen=repr(table)), path)
            return ServerOptions()
        values = self._values(table, path, {
            "host": _text, "port": _port, "tls_certificate": self._file, "tls_key": self._file,
            "require_tls": _flag, "audit": self._file, "audit_size": _size,
            "audit_files": _count, "max_connections": _count, "memory_limit": _memory,
            "threads": _count,
        })  # fmt: skip
        if ("tls_certificate" in table) != ("tls_key" in table):
            self._tell(ProjectError(
                "tls_certificate and tls_key belong together", todo="give both, or none"
            ), path)  # fmt: skip
        return ServerOptions(**values)

    def _tables(self, tree: dict[str, Any], section: str) -> list[tuple[str, dict[str, Any]]]:
        """The named tables of a section."""
        found = tree.get(section, {})
        if not isinstance(found, dict):
            self._tell(ProjectError(
                f"{section!r} holds one table for each name", seen=repr(found),
                wanted=f"[{section}.NAME]",
            ), [section])  # fmt: skip
            return []
        for name, table in found.items():
            if not isinstance(table, dict):
                self._tell(ProjectError(
                    f"{section}.{name} is a table", seen=repr(table),
                    wanted=f"[{section}.{name}]",
                ), [section, name])  # fmt: skip
        return [(name, table) for name, table in found.items() if isinstance(table, dict)]

    def _values(
        self, table: dict[str, Any], path: list[str], parsers: dict[str, _Parse]
    ) -> dict[str, Any]:
        """Each value of a table, read by the function of its key."""
        self._known(table, parsers, path)
        values = {}
        for key, parse in parsers.items():
            if key in table:
                try:
                    values[key] = parse(table[key])
                except ProjectError as error:
                    self._tell(error, [*path, key])
        return values

    def _known(self, table: dict[str, Any], keys: Any, path: list[str]) -> None:
        for key in table.keys() - set(keys):
            where = f" in [{'.'.join(path)}]" if path else ""
            self._tell(ProjectError(
                f"There is no setting {key!r}{where}", wanted=nearest(key, keys),
                todo="mend its name, or take it out",
            ), [*path, key])  # fmt: skip

    def _check_name(self, path: list[str]) -> None:
        try:
            check_name(path[-1])
        except ProjectError as error:
            self._tell(error, path)

    def _file(self, value: Any) -> Path:
        return self.source.parent / _text(value)

    def _tell(self, error: ProjectError, path: list[str]) -> None:
        """Keep a mistake, with its place before the fact."""
        line = line_of(self.text, path)
        place = f"{self.source}" + (f", line {line}" if line else "")
        what = ".".join(path) + ": " if path else ""
        self.mistakes.append(ProjectError(
            f"{place}: {what}{error.fact}", seen=error.seen, wanted=error.wanted, todo=error.todo
        ))  # fmt: skip


def check_name(name: str) -> str:
    """The name of a user or role, if it can be one.

    Raises:
        ProjectError: it is empty, too long, has control characters, or is PostgreSQL's own.
    """
    if name.lower() in ("public", "none", "current_user", "session_user") or name.startswith("pg_"):
        raise ProjectError("This name is PostgreSQL's own", seen=repr(name), todo="take another")
    if not 1 <= len(name.encode()) <= 63 or not name.isprintable():
        raise ProjectError(
            "This is no name", seen=repr(name), wanted="1 to 63 bytes of printable characters"
        )
    return name


def _wrong(value: Any, wanted: str) -> NoReturn:
    raise ProjectError("The value is of the wrong kind", seen=repr(value), wanted=wanted)


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value else _wrong(value, 'a text in "quotes"')


def _flag(value: Any) -> bool:
    return value if isinstance(value, bool) else _wrong(value, "true or false")


def _count(value: Any) -> int:
    # A bool is an int in Python, and `sessions = true` means nothing.
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    _wrong(value, "a whole number above 0")


def _port(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 65536 else _wrong(value, "0 to 65535")


def _seconds(value: Any) -> float:
    return amounts.seconds(_text(value))


def _size(value: Any) -> int:
    return amounts.size(_text(value))


def _memory(value: Any) -> str:
    amounts.size(_text(value))
    return str(value).strip()


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    _wrong(value, 'a list: ["a", "b"]')


def _grants(value: Any) -> tuple[Grant, ...]:
    return read_grants(_texts(value))


def _verifier(value: Any) -> str:
    # What is no text may be a password typed without quotes, so it is not shown.
    return check_verifier(value if isinstance(value, str) else "")
