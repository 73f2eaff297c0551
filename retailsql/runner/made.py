"""What runs have made: a comment on every table and view, and nothing else is ever replaced.

DuckDB drops the comment when a table is replaced by hand. That is right: it is no longer ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from retailsql.errors import ProjectError
from retailsql.functions.connection import raw
from retailsql.runner.node import Node

MARK = "made by retailsql run"
"""How the comment on what a run has made begins; the file's name follows."""


@dataclass(frozen=True)
class Relation:
    """A table or view that exists.

    Args:
        name: as the catalog spells it.
        kind: TABLE or VIEW.
        comment: its COMMENT.
    """

    name: str
    kind: str
    comment: str | None

    @property
    def ours(self) -> bool:
        """Whether a run made it.

        >>> Relation("a", "VIEW", "made by retailsql run: models/a.sql").ours
        True
        """
        return (self.comment or "").startswith(MARK)


def relations(con: Any, schema: str) -> dict[str, Relation]:
    """Tables and views of a schema by lower-case name, as DuckDB compares names without case.

    Args:
        con: a DuckDB connection or a Session.
        schema: ``schema`` of the current database, or ``database.schema``.
    """
    database, _, name = schema.rpartition(".")
    rows = raw(con).execute(
        "WITH held AS (SELECT database_name, schema_name, table_name, 'TABLE', comment "
        "FROM duckdb_tables() UNION ALL SELECT database_name, schema_name, view_name, 'VIEW', "
        "comment FROM duckdb_views()) SELECT * EXCLUDE (database_name, schema_name) FROM held "
        "WHERE lower(database_name) = lower(coalesce(nullif(?, ''), current_database())) "
        "AND lower(schema_name) = lower(?)",
        [database, name],
    )
    return {row[0].lower(): Relation(*row) for row in rows.fetchall()}


def check_free(con: Any, schema: str, nodes: Iterable[Node]) -> None:
    """Refuse to replace what no run made.

    Args:
        con: a DuckDB connection or a Session.
        schema: where the nodes' tables and views are made.
        nodes: what is about to be made; models are not looked at, they have versions.

    Raises:
        ProjectError: a table or view of a node's name is somebody else's; the message names it.
    """
    held = relations(con, schema)
    for node in nodes:
        found = held.get(node.name.lower())
        if node.kind == "model" or found is None or found.ours:
            continue
        place = f"{schema}.{found.name}"
        raise ProjectError(
            f"{node.file} would replace the {found.kind.lower()} {place}, which no run made",
            seen=f"its comment is {found.comment!r}" if found.comment else "it has no comment",
            wanted=f"a name that is free, or that a run has marked {MARK!r}",
            todo="rename it or drop it, or run into another schema, load_project(schema='mart'); "
            f"if a run may replace it: COMMENT ON {found.kind} {place} IS '{MARK}'",
        )  # fmt: skip


def mark(con: Any, schema: str, node: Node) -> None:
    """Say on a table or view that a run made it, and of which file."""
    words = f"{MARK}: {node.file}".replace("'", "''")
    con.execute(f"COMMENT ON {node.kind.upper()} {schema}.{node.name} IS '{words}'")
