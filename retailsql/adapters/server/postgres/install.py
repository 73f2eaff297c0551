"""PostgreSQL's functions that DuckDB lacks, as macros in the shim database."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from retailsql.adapters.server.postgres import formats, guards

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_FILES = ("texts.sql", "times.sql", "formats.sql")


def install(root: DuckDBPyConnection, shim: str) -> None:
    """Put the macros into ``<shim>.main``; one that is there already stays.

    Args:
        root: the connection that holds the instance; it must outlive all its cursors.
        shim: the name of the attached database.
    """
    formats.register(root)
    for statement in guards.macros(shim):  # the files' macros call them
        root.execute(statement)
    for file in _FILES:
        text = resources.files(__package__).joinpath(file).read_text("utf-8")
        for statement in text.split(";\n"):
            if statement.strip():
                root.execute(statement.replace("shim.", f'"{shim}".main.'))
