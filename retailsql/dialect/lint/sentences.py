"""Errors of the run said as findings: a sentence and a fix."""

from __future__ import annotations

import re

import duckdb

from retailsql.dialect.lint.scratch import Scratch
from retailsql.errors import RetailSQLError, nearest

_NO_TABLE = re.compile(r"Table with name \"?(.+?)\"? does not exist")


def sentence(error: RetailSQLError, fact: str | None = None) -> tuple[str, str]:
    """An error's parts as a sentence and a fix."""
    seen = f" (seen: {error.seen})" if error.seen is not None else ""
    wanted = f"Wanted: {error.wanted}. " if error.wanted is not None else ""
    todo = (error.todo or "").rstrip(".")
    fix = f"{wanted}{todo[:1].upper()}{todo[1:]}".strip()
    return (
        f"{(fact or error.fact).rstrip('.')}{seen}.",
        f"{fix.rstrip('.')}." if fix else "Correct it.",
    )


def duckdb_sentence(scratch: Scratch, error: duckdb.Error, todo: str) -> tuple[str, str]:
    """DuckDB's words about a name or a type, and what it has instead.

    Args:
        scratch: knows the tables there are; it holds itself only those that the text names.
        error: what DuckDB said.
        todo: the fix where DuckDB names none.
    """
    said = str(error).split("\n\nLINE")[0].split("\n")
    if found := _NO_TABLE.search(said[0]):
        tables = scratch.table_names()
        near = nearest(found[1].rpartition(".")[2], tables)
        fix = f"Did you mean {near}?" if tables else todo
    else:
        fix = next((w for w in said[1:] if "andidate" in w or "Did you mean" in w), todo)
    return f"{said[0].rstrip('!.')}.", fix
