"""The secret that the salts of users who do not exist are made of.

A client is shown a salt before he proves who he is. If the salt of a user who does not exist
changed with each start of the server, while those of others stay, it would tell who exists.
"""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from retailsql.adapters.server.accounts.edit import own_as

_LOG = logging.getLogger("retailsql.server")
_SIZE = 32


def kept_secret(users: Path | None) -> bytes:
    """The secret beside the file of users, made if there is none.

    Without a file of users it is a new one, as the one user's own salt is new at each start too.

    Args:
        users: the file of users.

    >>> len(kept_secret(None))
    32
    """
    if users is None:
        return secrets.token_bytes(_SIZE)
    path = users.with_name(f"{users.name}.secret")
    try:
        found = _read(path) or _make(path, users)
    except OSError as error:
        _LOG.warning("%s cannot be kept, so it is new at each start: %s", path, error)
        return secrets.token_bytes(_SIZE)
    return found


def _read(path: Path) -> bytes | None:
    try:
        found = bytes.fromhex(path.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return found if len(found) == _SIZE else None


def _make(path: Path, users: Path) -> bytes:
    """Written beside and renamed, so that no other server reads half of it."""
    made = secrets.token_bytes(_SIZE)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        own_as(file.fileno(), users)
        file.write(made.hex() + "\n")
    os.replace(beside, path)
    return made
