"""The file of users, changed: comments and order stay, and it is whole at every moment."""

from __future__ import annotations

import contextlib
import os
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from retailsql.adapters.server.accounts.document import Document, check_name, read_document
from retailsql.adapters.server.accounts.grants import read_grant, read_grants, same, write_grant
from retailsql.adapters.server.accounts.rights_of import check_memory
from retailsql.adapters.server.accounts.text import read_text
from retailsql.adapters.server.records import Grant
from retailsql.errors import MissingExtraError, NameTakenError, ProjectError, nearest

NEW_FILE = """\
# Users of `retailsql serve`. Passwords are not in here: `retailsql user add|password NAME`.
# A grant is `read|write on database|schema S|table S.T` or
# `score|train on database|schema S|model M`.

[roles.analyst]
grants = ["read on database", "score on database"]
time_limit = "5min"   # of one statement; also row_limit, sessions; where nobody writes memory_limit
"""


_FEW = 10


def change_file(path: Path, change: Callable[[Any], None], *, make: bool = False) -> Document:
    """Read the file, change it, write it: one process at a time, and never half a file.

    Args:
        path: of the file.
        change: is given tomlkit's document, and the same as dictionaries.
        make: begin a new file if there is none.

    Returns:
        The file as it is now.

    Raises:
        ProjectError: the file, or what would become of it, has a mistake; nothing was written.
        MissingExtraError: tomlkit is not installed.
        OSError: the file, or its lock beside it, cannot be written.
    """
    path = path.resolve()  # a link goes on being one
    with _locked(path):
        text = NEW_FILE if make and not path.exists() else read_text(path)
        read_document(text, path)
        changed = _changed(text, change, path)
        document = read_document(changed, path)
        check_memory(document)
        if changed != text or not path.exists():
            _replace(path, changed)
    return document


def _changed(text: str, change: Callable[[Any], None], path: Path) -> str:
    """The text after a change, which must come to the same as the change of what it says.

    tomlkit keeps comments, and loses a change here and there where tables are written as
    ``users.anna.roles = []`` or ``anna = {}``: nobody may believe that a right was taken.
    """
    tomlkit = _tomlkit()
    tree, wanted = tomlkit.parse(text), tomllib.loads(text)
    change(wanted)
    change(tree)
    changed = str(tomlkit.dumps(tree))
    with contextlib.suppress(tomllib.TOMLDecodeError):
        if tomllib.loads(changed) == wanted:
            return changed
    raise ProjectError(
        f"{path} cannot be changed as it is written",
        todo="write each role and user as a table of its own, [roles.NAME] and [users.NAME]",
    )


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
    for role in roles:
        if role not in tree.get("roles", {}):
            raise ProjectError(
                "There is no such role", seen=f"--role {role}",
                wanted=nearest(role, tree.get("roles", {})),
                todo=f"give one that the file has, or write [roles.{role}] into it first",
            )  # fmt: skip
    table = tomlkit.table()
    table["verifier"] = verifier
    table["roles"] = list(roles)
    if grants:
        table["grants"] = [write_grant(grant) for grant in read_grants(grants)]
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
    del tree["users"][name]


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
    kept = [read_grant(text) for text in table.get("grants", [])]
    new = [
        grant for i, grant in enumerate(grants)
        if not any(same(grant, other) for other in [*kept, *grants[:i]])
    ]  # fmt: skip
    if new and "grants" not in table:
        table["grants"] = [write_grant(grant) for grant in new]
    else:
        for grant in new:
            table["grants"].append(write_grant(grant))


def remove_grants(tree: Any, section: str, name: str, grants: Sequence[Grant]) -> None:
    """Take out what a role or user has of these; an empty list does not stay behind."""
    table = tree[section][name]
    texts = table.get("grants", [])
    for index in reversed(range(len(texts))):
        if any(same(grant, read_grant(texts[index])) for grant in grants):
            del texts[index]
            if not texts:
                del table["grants"]


def require_user(users: Iterable[str], name: str) -> None:
    """Return if the name is among the users.

    Raises:
        ProjectError: it is not; the nearest are named, or all of a few.
    """
    if name not in users:
        known = sorted(users)
        wanted = ", ".join(known) if 0 < len(known) <= _FEW else nearest(name, known)
        raise ProjectError("There is no such user", seen=repr(name), wanted=wanted)


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
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
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
