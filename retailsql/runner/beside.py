"""Files that a project names are those beside it, from wherever it is run; as in dbt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb

from retailsql.functions.connection import raw
from retailsql.registry.fetch import first_row
from retailsql.registry.names import literal


@contextmanager
def files_beside(con: Any, folder: Path) -> Iterator[None]:
    """While it lasts, relative file names are looked for in a folder, too.

    Args:
        con: a DuckDB connection or a Session. Where its configuration is locked, names stay
            relative to the working directory.
        folder: the project's.
    """
    plain = raw(con)
    row = first_row(plain, "SELECT current_setting('file_search_path')")
    before = str(row[0] or "") if row else ""
    place = str(folder.resolve())
    if place in before.split(","):
        yield
        return
    with suppress(duckdb.InvalidInputException):
        plain.execute(f"SET file_search_path = {literal(','.join(filter(None, [before, place])))}")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # the transaction of the caller may be aborted
            plain.execute(f"SET file_search_path = {literal(before)}")
