"""The file of users, changed: comments and order stay, and it is whole at every moment."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retailsql.adapters.server.accounts.document import Document, check_name, read_document
from retailsql.adapters.server.accounts.grants import read_grant, same, write_grant
from retailsql.adapters.server.records import Grant
from retailsql.errors import MissingExtraError, NameTakenError, ProjectError, nearest

NEW_FILE = """\
# Users of `retailsql serve`. Passwords are not in here: `retailsql user add|password NAME`.
# A grant is `read|write on database|schema S|table S.T` or
# `score|train on database|schema S|model M`.

[roles.analyst]
grants = ["read on database", "score on database"]
time_limit = "5min"   # of one statement; also row_limit, memory_limit = "1GB", sessions
"""


def change_file(path: Path, change: Callable[[Any], None], *, make: bool = False) -> Document:
    """Read the file, change it, write it: one process at a time, and never half a file.

    Args:
        path: of the file.
        change: is given tomlkit's document.
        make: begin a new file if there is none.

    Returns:
        The file as it is now.

    Raises:
        ProjectError: the file, or what would become of it, has a mistake; nothing was written.
        MissingExtraError: tomlkit is not installed.
    """
    tomlkit = _tomlkit()
    path = path.resolve()  # a link goes on being one
    with _locked(path):
        text = _text(path, make)
        read_document(text, path)
        tree = tomlkit.parse(text)
        change(tree)
        changed = tomlkit.dumps(tree)
        document = read_document(changed, path)
        _replace(path, changed)
    return document


def _text(path: Path, make: bool) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if make:
            return NEW_FILE
        raise ProjectError(
            "There is no file of users", seen=str(path), todo="retailsql user add NAME makes one"
        ) from error


def add_user(
    tree: Any, name: str, verifier: str, roles: Sequence[str], grants: Sequence[str], admin: bool
) -> None:
    """Add a user at the end of the file.

    Raises:
        NameTakenError: there is one of that name.
        ProjectError: the name, a role or a grant cannot be.
    """
    tomlkit = _tomlkit()
    check_name(name)
    if name in tree.get("users", {}) or name in tree.get("roles", {}):
        raise NameTakenError(
            f"There is a user or role {name!r}", todo="retailsql user password NAME changes one"
        )
    table = tomlkit.table()
    table["verifier"] = verifier
    table["roles"] = list(roles)
    if grants:
        table["grants"] = [write_grant(read_grant(grant)) for grant in grants]
    if admin:
        table["admin"] = True
    if "users" not in tree:
        tree["users"] = tomlkit.table(is_super_table=True)
    tree["users"][name] = table


def remove_user(tree: Any, name: str) -> None:
    """Take a user out.

    Raises:
        ProjectError: there is none of that name.
    """
    require_user(tree.get("users", {}), name)
    tree["users"].remove(name)


def set_verifier(tree: Any, name: str, verifier: str) -> None:
    """Give a user another password.

    Raises:
        ProjectError: there is none of that name.
    """
    require_user(tree.get("users", {}), name)
    tree["users"][name]["verifier"] = verifier


def add_grants(tree: Any, section: str, name: str, grants: Sequence[Grant]) -> None:
    """Add what a role or user has not yet."""
    table = tree[section][name]
    if "grants" not in table:
        table["grants"] = []
    kept = [read_grant(text) for text in table["grants"]]
    for grant in grants:
        if not any(same(grant, other) for other in kept):
            table["grants"].append(write_grant(grant))
            kept.append(grant)


def remove_grants(tree: Any, section: str, name: str, grants: Sequence[Grant]) -> None:
    """Take out what a role or user has of these."""
    texts = tree[section][name].get("grants", [])
    for index in reversed(range(len(texts))):
        if any(same(grant, read_grant(texts[index])) for grant in grants):
            del texts[index]


def require_user(users: Iterable[str], name: str) -> None:
    """Return if the name is among the users.

    Raises:
        ProjectError: it is not; the nearest is named.
    """
    if name not in users:
        raise ProjectError("There is no such user", seen=repr(name), wanted=nearest(name, users))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock beside the file: it cannot be on the file, which is replaced."""
    import fcntl

    lock = path.with_name(f".{path.name}.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        own_as(handle, path)
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, text: str) -> None:
    """Write a whole new file and put it in the place of the old one, readable by its owner."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # its mode is 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            own_as(handle, path)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise


def own_as(handle: int, path: Path) -> None:
    """Give an open file to the owner of another: what root makes beside the file of users must
    stay usable for the user that the server runs as.

    Args:
        handle: of the open file.
        path: of the other; if it is not there, nothing is changed.
    """
    with contextlib.suppress(PermissionError, FileNotFoundError):
        os.fchown(handle, path.stat().st_uid, path.stat().st_gid)


def _tomlkit() -> Any:
    try:
        import tomlkit
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("serve", "tomlkit") from error
    return tomlkit
