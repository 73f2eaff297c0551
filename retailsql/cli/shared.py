"""What every command needs: a session, a progress bar, texts read from files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import retailsql
from retailsql.errors import RetailSQLError, StatementError
from retailsql.session import Session


def open_session(db: str, say: Callable[[str, float], None], read_only: bool = False) -> Session:
    """A session that reads tables only: a name that is none must not be looked for among the
    variables of this program.
    """
    con = retailsql.connect(db, read_only=read_only, progress=say)
    con.execute("SET python_enable_replacements = false")
    return con


def decoded(data: bytes, source: str) -> str:
    """SQL from bytes, without the mark that some editors put before it.

    Raises:
        StatementError: it is not UTF-8; names the first line that is not.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise StatementError(
            f"{source} is not UTF-8 text", seen=f"byte 0x{data[error.start]:02x} on line {line}",
            todo="save it as UTF-8",
        ) from error  # fmt: skip


@contextmanager
def named(source: str | None) -> Iterator[None]:
    """Errors raised inside say which file they are about."""
    import duckdb

    try:
        yield
    except (RetailSQLError, duckdb.Error) as error:
        if source is not None:
            error.add_note(f"In file {source}")
        raise


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """A progress bar on standard error; results on standard output stay clean."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: list[Any] = [
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
    ]  # fmt: skip
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0, visible=False)
        yield lambda words, share: bar.update(
            task, description=words, completed=share, visible=True
        )
