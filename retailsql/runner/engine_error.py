"""An error of the engine, said in the words of the project: file and line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from retailsql.errors import ProjectError, RetailSQLError
from retailsql.runner.check.result import where
from retailsql.runner.node import Node, Place

_LINE = re.compile(r"^LINE (\d+): (.*)$", re.MULTILINE)


def refused(
    node: Node, error: Exception, statement: str = "", sql: str = "", lines: Sequence[Place] = ()
) -> ProjectError:
    r"""The error that names the file and, where the engine says a line, that line of it.

    Args:
        node: what was being made.
        error: what the engine, or a model, said.
        statement: what was run.
        sql: the SQL of the node that stands in it.
        lines: the place of every line of ``sql``.

    >>> node = Node("a", "models/a.sql", "view", "")
    >>> error = ValueError('Column "x" not found\n\nLINE 2: SELECT x\n               ^')
    >>> lines = [Place("models/a.sql", 7)]
    >>> print(refused(node, error, "CREATE VIEW a AS\nSELECT x", "SELECT x", lines).fact)
    models/a.sql:7: the engine refuses it
    """
    if isinstance(error, RetailSQLError):  # it says already what to do
        what = "the model was not trained: " if node.kind == "model" else ""
        return ProjectError(
            f"{node.file}:1: {what}{error.fact}", seen=error.seen, wanted=error.wanted,
            todo=error.todo,
        )  # fmt: skip
    before = statement.find(sql)
    place, words = None, str(error).strip()
    if sql and before >= 0 and _same_line(words, statement):
        place, words = where(error, lines, statement.count("\n", 0, before))
    todo = "correct the file" if place else "correct the file, or what it reads"
    return ProjectError(
        f"{place or Place(node.file)}: the engine refuses it", seen=words, todo=todo
    )


def _same_line(words: str, statement: str) -> bool:
    """Whether the line that the engine shows is that line of the statement: it may be one of a
    macro or of a view that the statement uses, whose lines are counted apart.
    """
    found = _LINE.search(words)
    lines = statement.splitlines()
    if found is None or int(found[1]) > len(lines):
        return False
    shown = found[2].strip().removeprefix("...").removesuffix("...").strip()
    return shown in lines[int(found[1]) - 1]
