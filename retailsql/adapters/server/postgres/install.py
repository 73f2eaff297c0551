"""PostgreSQL's functions that DuckDB lacks, as macros in the shim database."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from retailsql.adapters.server.postgres import formats, guard_macros, guards
from retailsql.adapters.server.postgres.renamed import PREFIX

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
    for statement in guard_macros.macros(shim):  # the files' macros call them
        root.execute(statement)
    for file in _FILES:
        text = resources.files(__package__).joinpath(file).read_text("utf-8")
        for statement in text.split(";\n"):
            for written in _kinds(statement):
                root.execute(written.replace("shim.", f'"{shim}".main.'))


def _kinds(statement: str) -> list[str]:
    """The same for each kind of pattern, if it searches: see :mod:`.searches`."""
    if "{kind}" not in statement:
        return [statement] if statement.strip() else []
    out = []
    for which in ("", guards.WRITTEN, guards.QUICK):
        of = "system.main." if which == guards.QUICK else f"shim.{PREFIX}{which}"
        own = statement.replace("{named}", PREFIX + which if which else "")
        out.append(own.replace("{which}", which).replace("shim.{kind}", of))
    return out
