"""How long and how deep a statement may be, so that no parser or planner runs out of stack."""

from __future__ import annotations

import re

from retailsql.adapters.server.records import PgError

LENGTH = 1_000_000
"""Characters."""

DEPTH = 500
"""Brackets in brackets."""

RELATIONS = 500
"""Tables, subqueries and joins, with those of views."""

JOINS = 100
"""With those of views: if all are on one value, two hundred take DuckDB minutes to put in order."""

_BRACKETS = re.compile(r"[()\[\]{}]")


def check_size(text: str) -> None:
    """Refuse what is too long or too deep; brackets in texts and comments count too.

    Raises:
        PgError: 54000 too long, 54001 too deep.

    >>> check_size("SELECT ((1))")
    >>> check_size("SELECT " + "(" * 600 + "1" + ")" * 600)
    Traceback (most recent call last):
    ...
    retailsql.adapters.server.records.PgError: statement is nested too deeply...
    """
    if len(text) > LENGTH:
        raise PgError("54000", f"statement is too long: {len(text)} characters, {LENGTH} allowed")
    if "\0" in text:
        raise PgError("22021", "invalid byte sequence: a statement cannot hold a zero byte")
    if text.count("(") + text.count("[") + text.count("{") <= DEPTH:
        return
    depth = 0
    for found in _BRACKETS.finditer(text):
        depth += 1 if found.group() in "([{" else -1
        if depth > DEPTH:
            raise too_deep()


def too_deep() -> PgError:
    """54001."""
    return PgError(
        "54001", "statement is nested too deeply", hint=f"at most {DEPTH} levels of brackets"
    )


def check_reads(relations: int, joins: int, through: str = "") -> None:
    """Refuse to read too much in one statement.

    Args:
        relations: that it reads.
        joins: those among them that are joins.
        through: what they are read through.

    Raises:
        PgError: 54001.
    """
    for count, most, what in ((relations, RELATIONS, "relations"), (joins, JOINS, "joins")):
        if count > most:
            raise PgError("54001", f"statement has too many {what}{through}: {most} allowed")
