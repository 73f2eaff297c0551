"""A file of a project as the statement it stands for, with the place of every line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from retailsql.registry.names import literal, quote
from retailsql.runner.made import relation
from retailsql.runner.materialize.config_place import config_place
from retailsql.runner.materialize.model import model_name, model_options
from retailsql.runner.materialize.seed import types
from retailsql.runner.node import Node, Place, Project

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Text:
    """SQL to be judged.

    Args:
        file: the file it stands for, inside the project.
        head: what is put before the file's own SQL, with the line's end; may be empty.
        body: the file's own SQL, Jinja done.
        tail: what is put behind it.
        lines: the place of every line of the body; empty if it is not known.
    """

    file: str
    head: str
    body: str
    tail: str = ""
    lines: Sequence[Place] = ()

    @property
    def sql(self) -> str:
        """All of it."""
        return f"{self.head}{self.body}{self.tail}"

    def place(self, project: Project, line: int, column: int) -> tuple[Place, bool]:
        """Where a line of it comes from, and whether that is a line of the file's own SQL.

        What stands before that comes from config(): the place is where the word is said there.
        """
        before = self.head.count("\n")
        if line > before:
            if not self.lines:
                return Place(self.file, line - before), True
            return self.lines[min(line - before, len(self.lines)) - 1], True
        node = Node("", self.file, "query", "")
        word = _WORD.match(self.head.split("\n")[line - 1], max(column - 1, 0))
        for key in (word[0] if word else "materialized", "options", "materialized"):
            found = config_place(project, node, key)
            if found.line > 1:
                break
        return found, False


def texts_of(project: Project, node: Node) -> list[Text]:
    """The statement that a file stands for; two where a second run has SQL of its own.

    Raises:
        ProjectError: a seed cannot be read.
    """
    if node.kind == "query":
        return [Text(node.file, "", node.sql, "", node.lines)]
    name = relation(project.schema, node.name)
    if node.kind == "seed":
        return [Text(node.file, f"CREATE TABLE {name} AS\n", _seed(project, node))]
    if node.kind == "model":
        given = {k: v for k, v in model_options(node).items() if k != "description"}
        listed = ", ".join(f"{k} = {_value(v)}" for k, v in given.items())
        model = model_name(project, node)
        head = f"CREATE OR REPLACE MODEL {model} OPTIONS (\n{listed}\n) AS\n"
        return [Text(node.file, head, node.sql, "", node.lines)]
    if node.kind == "score":
        head = f"CREATE OR REPLACE TABLE {name} AS\nSELECT {_scores(node)} FROM (\n"
        return [Text(node.file, head, node.sql, "\n) AS r", node.lines)]
    head = f"CREATE OR REPLACE {'VIEW' if node.kind == 'view' else 'TABLE'} {name} AS\n"
    found = [Text(node.file, head, node.sql, "", node.lines)]
    if node.again is not None:
        found.append(Text(node.file, "", node.again, "", node.lines_again))
    return found


def _scores(node: Node) -> str:
    """The columns of a score table, on one line."""
    options = node.options
    keys = [*_names(options.get("unique_key")), *_names(options.get("keep"))]
    scores = options.get("scores")
    asked = scores.items() if isinstance(scores, dict) else ()
    return ", ".join([
        *(f"r.{quote(key)}" for key in keys),
        *(f"{' '.join(str(sql).split())} AS {quote(str(name))}" for name, sql in asked),
        "CAST(1 AS INTEGER) AS model_version", "TIMESTAMP '2000-01-01' AS scored_at",
        "CAST(0 AS UBIGINT) AS row_hash",
    ])  # fmt: skip


def _seed(project: Project, node: Node) -> str:
    options = node.options
    columns = types(
        project.path / node.file, node.file, options.get("column_types") or {},
        str(options.get("delimiter", ",")),
    )  # fmt: skip
    return "SELECT " + ", ".join(f"CAST(NULL AS {t}) AS {quote(c)}" for c, t in columns.items())


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(v) for v in value or ()]


def _value(value: Any) -> str:
    """An option as CREATE MODEL writes it.

    >>> _value({"a": [1, "it's", True]})
    "{'a': [1, 'it''s', true]}"
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(str(k))}: {_value(v)}" for k, v in value.items()) + "}"
    return repr(value) if isinstance(value, float) else literal(value)
