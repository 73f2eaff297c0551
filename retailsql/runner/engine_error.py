"""An error of the engine, said in the words of the project: file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import duckdb

from retailsql.errors import ProjectError, RetailSQLError
from retailsql.runner.check.result import where
from retailsql.runner.node import Node, Place

MAPPED = "mapped.sql"
"""The macro file of the shipped project that puts the user's own columns into SQL."""

_LINE = re.compile(r"^LINE (\d+): (.*)$", re.MULTILINE)
_COMMENTS = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)


def refused(
    node: Node,
    error: Exception,
    statement: str = "",
    sql: str = "",
    lines: Sequence[Place] = (),
    otherwise: Place | None = None,
) -> ProjectError:
    r"""The error that names the file and, where the engine says a line, that line of it.

    Args:
        node: what was being made.
        error: what the engine, or a model, said.
        statement: what was run.
        sql: the SQL of the node that stands in it.
        lines: the place of every line of ``sql``.
        otherwise: the place of whatever else stands in the statement; None for the first line.

    >>> node = Node("a", "models/a.sql", "view", "")
    >>> error = ValueError('Column "x" not found\n\nLINE 2: SELECT x\n               ^')
    >>> lines = [Place("models/a.sql", 7)]
    >>> print(refused(node, error, "CREATE VIEW a AS\nSELECT x", "SELECT x", lines).fact)
    models/a.sql:7: the engine refuses it
    """
    cause = engine_error(error)
    found = _place(cause, statement, sql, lines)
    place = found or otherwise or Place(node.file)
    if isinstance(error, RetailSQLError):  # it says already what to do
        what = "the model was not trained: " if node.kind == "model" else ""
        return ProjectError(
            f"{place}: {what}{error.fact}", seen=error.seen, wanted=error.wanted,
            todo=error.todo,
        )  # fmt: skip
    by, todo = _of_macro(node, place)
    if not by:
        todo = "correct the file" if found else "correct the file, or what it reads"
    return ProjectError(f"{place}: the engine refuses it{by}", seen=where(cause, ())[1], todo=todo)


def _of_macro(node: Node, place: Place) -> tuple[str, str]:
    """Who uses the macro that the place is in, and what to do; empty if it is in no macro.

    What the project's own tables are mapped to comes out of dbt_project.yml by a macro file of the
    name ``MAPPED``: the mistake is there, not in the macro.
    """
    if place.file == node.file:
        return "", ""
    if PurePosixPath(place.file).name == MAPPED and node.sources:
        tables = ", ".join(dict.fromkeys(table for _, table in node.sources))
        return f" in {node.file}", f"correct the mapping: vars: {tables} in dbt_project.yml"
    return f" in {node.file}", f"correct what {node.file} gives to the macro, or the macro"


def _place(error: BaseException, statement: str, sql: str, lines: Sequence[Place]) -> Place | None:
    """The line of the file, if the engine names one of ``sql``.

    Comments before a statement are lines for its parser, and none once it is bound.
    """
    begin = statement.find(sql)
    before = statement.count("\n", 0, begin)
    head = _COMMENTS.match(statement)
    for skipped in (0, head[0].count("\n") if head else 0):
        if sql and begin >= 0 and _same_line(str(error), statement, skipped):
            return where(error, lines, before - skipped)[0]
    shown = _LINE.search(str(error))
    if statement != sql or shown is None:
        return None
    # Handed on as it is, to be run inside a statement of somebody else's: the line by its words.
    same = [i for i, text in enumerate(sql.split("\n")) if text.strip() == shown[2].strip()]
    return lines[same[0]] if len(same) == 1 and same[0] < len(lines) else None


def engine_error(error: BaseException) -> BaseException:
    """What the engine said, if an error of ours puts it into other words; it knows the line."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, duckdb.Error):
        cause = cause.__cause__
    return cause or error


def _same_line(words: str, statement: str, skipped: int) -> bool:
    """Whether the line that the engine shows is that line of the statement: it may be one of a
    macro or of a view that the statement uses, whose lines are counted apart.
    """
    found = _LINE.search(words)
    lines = statement.splitlines()
    if found is None or int(found[1]) + skipped > len(lines):
        return False
    shown = found[2].strip().removeprefix("...").removesuffix("...").strip()
    return shown in lines[int(found[1]) + skipped - 1]
