"""What runs have made: a comment on every table and view, and nothing else is ever replaced.

The comment is the description and, as its last line, ``made by retailsql run: models/a.sql`` with
the fingerprint of what it was made of in brackets. dbt writes the same line without a fingerprint
(macros/retailsql/persist_docs.sql): each engine may replace what the other has made. DuckDB drops
the comment when a table is replaced by hand. That is right: it is no longer ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from retailsql.errors import ProjectError
from retailsql.functions.connection import raw
from retailsql.registry.fetch import first_row
from retailsql.registry.names import literal, quote
from retailsql.runner.node import Node

MARK = "made by retailsql run"
"""How the last line of the comment on what a run has made begins; the file's name follows."""

_FINGERPRINT = re.compile(r" \(([0-9a-f.]+)\)$")


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
        r"""Whether a run made it.

        >>> Relation("a", "VIEW", "All of it.\nmade by retailsql run: models/a.sql").ours
        True
        """
        return self._last.startswith(MARK)

    @property
    def fingerprint(self) -> str:
        """Of what it was made; empty if its maker left none.

        >>> Relation("a", "VIEW", "made by retailsql run: models/a.sql (0f.a1)").fingerprint
        '0f.a1'
        """
        found = _FINGERPRINT.search(self._last) if self.ours else None
        return found[1] if found else ""

    @property
    def _last(self) -> str:
        return (self.comment or "").rpartition("\n")[2]


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


def database(con: Any, schema: str) -> str:
    """The database of a schema: what stands before its dot, or the current one."""
    named = schema.rpartition(".")[0]
    row = None if named else first_row(raw(con), "SELECT current_database()")
    return str(row[0]) if row else named


def column_comments(con: Any, schema: str) -> dict[tuple[str, str], str | None]:
    """Comments on all columns of a schema, by lower-case names of relation and column."""
    rows = raw(con).execute(
        "SELECT lower(table_name), lower(column_name), comment FROM duckdb_columns() "
        "WHERE lower(database_name) = lower(?) AND lower(schema_name) = lower(?)",
        [database(con, schema), schema.rpartition(".")[2]],
    )
    return {(table, column): comment for table, column, comment in rows.fetchall()}


def relation(schema: str, name: str) -> str:
    """A relation of the project as SQL names it.

    >>> relation("main", "my-seed")
    'main."my-seed"'
    """
    return f"{schema}.{quote(name)}"


def check_free(held: dict[str, Relation], schema: str, nodes: Iterable[Node]) -> None:
    """Refuse to replace what no run made.

    Args:
        held: what there is, from :func:`relations`.
        schema: where the nodes' tables and views are made.
        nodes: what is about to be made. What a trained model's view would take is looked at too.

    Raises:
        ProjectError: a table or view of a node's name is somebody else's; the message names it.
    """
    for node in nodes:
        found = held.get(node.name.lower())
        if found is None or found.ours:
            continue
        place = f"{schema}.{found.name}"
        raise ProjectError(
            f"{node.file} would replace the {found.kind.lower()} {place}, which no run made",
            seen=f"its comment is {found.comment!r}" if found.comment else "it has no comment",
            wanted=f"a name that is free, or that a run has marked {MARK!r}",
            todo="rename it or drop it, or run into another schema, load_project(schema='mart'); "
            f"if a run may replace it: COMMENT ON {found.kind} {place} IS '{MARK}'",
        )  # fmt: skip


def comment(node: Node, fingerprint: str = "") -> str:
    r"""What is said on a table or view: the description, then which file it was made of.

    >>> comment(Node("a", "models/a.sql", "view", "", description="All of it."), "0f")
    'All of it.\nmade by retailsql run: models/a.sql (0f)'
    """
    told = f"{node.description.strip()}\n" if node.description.strip() else ""
    return f"{told}{MARK}: {node.file}" + (f" ({fingerprint})" if fingerprint else "")


def mark(con: Any, schema: str, node: Node, kind: str, words: str) -> None:
    """Say on a table or view, and on its columns, what they are.

    Args:
        con: a DuckDB connection or a Session.
        schema: where it is.
        node: what it was made of; columns that its yml file describes and that it lacks are left
            out, as dbt does.
        kind: TABLE or VIEW.
        words: from :func:`comment`.
    """
    place = relation(schema, node.name)
    plain = raw(con)
    plain.execute(f"COMMENT ON {kind} {place} IS {literal(words)}")
    described = [c for c in node.columns if c.description.strip()]
    if described:
        held = {row[0].lower() for row in plain.execute(f"DESCRIBE {place}").fetchall()}
        for c in described:
            if c.name.lower() in held:
                told = literal(c.description.strip())
                plain.execute(f"COMMENT ON COLUMN {place}.{quote(c.name)} IS {told}")
