"""The text of the file of users, read as it stands there."""

from __future__ import annotations

from pathlib import Path

from retailsql.errors import ProjectError


def read_text(path: Path) -> str:
    """The file's text with its own ends of lines, without the mark some editors put before it.

    Args:
        path: of the file.

    Raises:
        ProjectError: it is not there, or cannot be read, or is not UTF-8.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ProjectError(
            "There is no file of users", seen=str(path), todo="retailsql user add NAME makes one"
        ) from error
    except OSError as error:
        raise ProjectError(
            "The file of users cannot be read", seen=f"{path}: {error.strerror}",
            todo="let it belong to the user that this runs as",
        ) from error  # fmt: skip
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProjectError(
            f"{path}, line {line}: this is not UTF-8 text",
            seen=f"byte 0x{data[error.start]:02x}", todo="save it as UTF-8",
        ) from error  # fmt: skip
