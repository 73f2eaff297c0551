"""A file of a project as the statement it stands for, with the place of every line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from retailsql.registry.names import literal, quote
from retailsql.runner.made import relation
from retailsql.runner.materialize.config_place import config_place
from retailsql.runner.materialize.model import model_name, model_options
from retailsql.runner.materialize.seed import types
from retailsql.runner.node import Node, Place, Project

Head = Sequence[tuple[str, str]]
"""Lines of SQL, each with the key of config() that it says."""


@dataclass(frozen=True)
class Text:
    """SQL to be judged.

    Args:
        file: the file it stands for, inside the project.
        head: what is put before the file's own SQL.
        body: the file's own SQL, Jinja done.
        tail: what is put behind it.
        lines: the place of every line of the body; empty if it is not known.
    """

    file: str
    head: Head
    body: str
    tail: str = ""
    lines: Sequence[Place] = ()

    @property
    def sql(self) -> str:
        """All of it."""
        return "\n".join([*(line for line, _ in self.head), f"{self.body}{self.tail}"])

    def place(self, project: Project, line: int) -> tuple[Place, bool]:
        """Where a line of it comes from, and whether that is a line of the file's own SQL: what
        stands before comes from config().
        """
        own = line - len(self.head)
        if own > 0:
            known = self.lines[min(own, len(self.lines)) - 1] if self.lines else None
            return known or Place(self.file, own), True
        node, key = Node("", self.file, "query", ""), self.head[line - 1][1]
        found = config_place(project, node, key)
        return (found if found.line > 1 else config_place(project, node, "materialized")), False


def texts_of(project: Project, node: Node) -> list[Text]:
    """The statement that a file stands for; two where a second run has SQL of its own.

    Raises:
        ProjectError: a seed cannot be read.
    """
    if node.kind == "query":
        return [Text(node.file, (), node.sql, "", node.lines)]
    name = relation(project.schema, node.name)
    if node.kind == "seed":
        head = [(f"CREATE OR REPLACE TABLE {name} AS", "")]
        return [Text(node.file, head, _seed(project, node))]
    if node.kind == "model":
        return [Text(node.file, _training(project, node), node.sql, "", node.lines)]
    if node.kind == "score":
        return [Text(node.file, _scoring(name, node), node.sql, "\n) AS r", node.lines)]
    kind = "VIEW" if node.kind == "view" else "TABLE"
    head = [(f"CREATE OR REPLACE {kind} {name} AS", "materialized")]
    found = [Text(node.file, head, node.sql, "", node.lines)]
    if node.again is not None:
        found.append(Text(node.file, (), node.again, "", node.lines_again))
    return found


def _training(project: Project, node: Node) -> Head:
    """CREATE MODEL, an option on each line."""
    given = {k: v for k, v in model_options(node).items() if k != "description"}
    words = {"input_label_cols": "label"} if "label" in node.options else {}
    listed = [(f"{k} = {_value(v)},", words.get(k, k)) for k, v in given.items()]
    if listed:
        listed[-1] = listed[-1][0].removesuffix(","), listed[-1][1]
    start = f"CREATE OR REPLACE MODEL {model_name(project, node)} OPTIONS ("
    return [(start, "model_type"), *listed, (") AS", "materialized")]


def _scoring(name: str, node: Node) -> Head:
    """The columns of a score table, each on a line."""
    options = node.options
    scores = options.get("scores")
    asked = scores.items() if isinstance(scores, dict) else ()
    return [
        (f"CREATE OR REPLACE TABLE {name} AS SELECT", "materialized"),
        *((f"r.{quote(c)},", "unique_key") for c in _names(options.get("unique_key"))),
        *((f"r.{quote(c)},", "keep") for c in _names(options.get("keep"))),
        *((f"{' '.join(str(s).split())} AS {quote(str(c))},", str(c)) for c, s in asked),
        ("CAST(1 AS INTEGER) AS model_version, TIMESTAMP '2000-01-01' AS scored_at,", ""),
        ("CAST(0 AS UBIGINT) AS row_hash FROM (", "scores"),
    ]


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
