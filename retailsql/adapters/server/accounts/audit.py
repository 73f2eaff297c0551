"""The audit log: one line of JSON per login and statement, appended, in files of limited size."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from retailsql.adapters.server.accounts.redact import redact
from retailsql.errors import ProjectError

_LONGEST = 20_000  # characters of a statement; one of a megabyte must not fill the log


class _Lines(RotatingFileHandler):
    """A rotating file, readable by its owner only, that never raises."""

    lost = 0

    def _open(self) -> Any:
        """The file at its end; a line that was cut off by a full disk is ended first."""
        stream = open(  # noqa: SIM115 - the handler closes it
            self.baseFilename, self.mode, encoding="utf-8", errors="backslashreplace",
            opener=lambda name, flags: os.open(name, flags, 0o600),
        )  # fmt: skip
        with contextlib.suppress(OSError):  # it may be there already, open to all
            os.fchmod(stream.fileno(), 0o600)
        try:
            with open(self.baseFilename, "rb") as ready:
                ready.seek(0, os.SEEK_END)
                if ready.tell():
                    ready.seek(-1, os.SEEK_END)
                    if ready.read(1) != b"\n":
                        stream.write("\n")
        except OSError:
            stream.close()
            raise
        return stream

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say once that lines are lost; the statement goes on, the next line tries anew."""
        if not self.lost:
            error = sys.exc_info()[1]
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"retailsql: the audit log cannot be written: {error}\n")
        self.lost += 1
        stream: Any = self.stream
        self.stream: Any = None
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()


class Audit:
    """Who did what, when, how long it took and how it ended.

    Args:
        path: of the file; None: nothing is written.
        size: bytes of one file; then it is renamed to ``<path>.1`` and so on.
        files: older ones kept.

    Raises:
        ProjectError: it cannot be written.

    >>> Audit(None).write("login", user="anna", peer="127.0.0.1:5000")
    """

    def __init__(self, path: Path | str | None, size: int = 50_000_000, files: int = 10) -> None:
        self.path = None if path is None else Path(path)
        self._lines = None
        if self.path is not None:
            # Opened here, so that a wrong path is an error at start and not a lost log.
            try:
                self._lines = _Lines(self.path, maxBytes=size, backupCount=files)
            except OSError as error:
                raise ProjectError(
                    "The audit log cannot be written", seen=f"{self.path}: {error.strerror}",
                    todo="its folder must be there, and be writable",
                ) from error  # fmt: skip

    def write(
        self,
        event: str,
        *,
        user: str,
        peer: str,
        statement: str | None = None,
        rows: int | None = None,
        seconds: float | None = None,
        sqlstate: str | None = None,
        detail: str | None = None,
    ) -> None:
        """Append one line; never raises, never waits for more than the disk.

        Args:
            event: ``login``, ``login refused``, ``disconnect``, ``statement``, ``grant``, ...
            user: who; as he named himself if he did not get in.
            peer: address and port he came from.
            statement: as he wrote it; passwords are taken out.
            rows: sent.
            seconds: from its arrival to its end.
            sqlstate: ``00000`` or that of its error.
            detail: more, such as the error's message.
        """
        if self._lines is None:
            return
        line: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "event": event, "user": user, "peer": peer,
        }  # fmt: skip
        if statement is not None:
            line["statement"] = _told(statement)
        for name, value in (("rows", rows), ("sqlstate", sqlstate)):
            if value is not None:
                line[name] = value
        if seconds is not None:
            line["seconds"] = round(seconds, 6)
        if detail:
            line["detail"] = _told(detail)
        self._append(json.dumps(line, ensure_ascii=False))

    def _append(self, line: str) -> None:
        assert self._lines is not None
        self._lines.handle(logging.LogRecord("audit", logging.INFO, "", 0, line, None, None))

    def close(self) -> None:
        """Close the file; writing again opens it again."""
        if self._lines is not None:
            with contextlib.suppress(OSError):
                self._lines.close()


def _told(text: str) -> str:
    """A text without passwords, cut; what will be cut off is not read, which takes seconds."""
    told = redact(text[: 2 * _LONGEST])
    if len(text) <= _LONGEST:
        return told
    return f"{told[:_LONGEST]}... ({len(text)} characters)"
