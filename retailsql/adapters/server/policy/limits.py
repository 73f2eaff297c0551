"""How long and how deep a statement may be, so that no parser or planner runs out of stack."""

from __future__ import annotations

import re

from retailsql.adapters.server.records import PgError

LENGTH = 1_000_000
"""Characters."""

DEPTH = 500
"""Brackets in brackets."""

RELATIONS = 500
"""Tables, subqueries and joins: five hundred cross joins take DuckDB seconds to plan."""

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


def too_many() -> PgError:
    """54001, for relations."""
    return PgError("54001", f"statement names too many relations: {RELATIONS} allowed")
