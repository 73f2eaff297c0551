"""What is kept of a password: PostgreSQL's verifier, from which it cannot be read back.

``SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>``, the text that PostgreSQL keeps in
``pg_authid``: one made there works here, and the other way round.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import importlib
import os
import re
from typing import Any

from retailsql.errors import MissingExtraError, ProjectError

ITERATIONS = 4096  # PostgreSQL's; more would slow each login of drivers that count in Java or JS
_SALT = 16
_SHAPE = re.compile(r"SCRAM-SHA-256\$(\d{1,8}):([^$:]+)\$([^$:]+):([^$:]+)")
WANTED = "SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>"


def make_verifier(password: str) -> str:
    """The verifier of a password, with a salt of its own.

    Raises:
        ProjectError: the password is empty, or holds characters that no login can send.
        MissingExtraError: scramp is not installed.

    >>> matches("rosebud", make_verifier("rosebud"))
    True
    """
    if not password:
        raise ProjectError("The password is empty", todo="give one")
    return _verifier(password, os.urandom(_SALT), ITERATIONS)


def matches(password: str, verifier: str) -> bool:
    """Whether a password is the one a verifier was made of."""
    iterations, salt, _, _ = _parts(verifier)
    return hmac.compare_digest(_verifier(password, salt, iterations), verifier)


def check_verifier(text: str) -> str:
    """The verifier itself, if it is one.

    Raises:
        ProjectError: it is none; what it is stays out of the message, as it may be a password.
    """
    _parts(text)
    return text


def iterations(verifier: str) -> int:
    """How often its password was hashed."""
    return _parts(verifier)[0]


def _verifier(password: str, salt: bytes, iterations: int) -> str:
    scramp: Any = _scramp()
    try:
        _, stored, server, _ = scramp.ScramMechanism("SCRAM-SHA-256").make_auth_info(
            password, iteration_count=iterations, salt=salt
        )
    except scramp.ScramException as error:
        raise ProjectError(
            "The password cannot be used", seen=str(error),
            todo="use letters, digits and signs that a keyboard types",
        ) from error  # fmt: skip
    return f"SCRAM-SHA-256${iterations}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _parts(verifier: str) -> tuple[int, bytes, bytes, bytes]:
    """Iterations, salt, stored key, server key."""
    found = _SHAPE.fullmatch(verifier)
    try:
        if found is not None and 4096 <= int(found[1]) <= 10_000_000:
            parts = [base64.b64decode(part, validate=True) for part in found.groups()[1:]]
            salt, stored, server = parts
            if len(salt) >= 12 and len(stored) == len(server) == 32:
                return int(found[1]), salt, stored, server
    except binascii.Error:
        pass
    raise ProjectError(
        "This is no verifier of a password", wanted=WANTED,
        todo="set it by `retailsql user password NAME`; a password itself never stands in the file",
    )  # fmt: skip


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _scramp() -> Any:
    try:
        return importlib.import_module("scramp")  # it has no types
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("serve", "scramp") from error
