"""What is to be made, of what, and where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb

from retailsql.errors import ProjectError, RetailSQLError
from retailsql.functions.connection import raw
from retailsql.functions.diagnose import diagnose
from retailsql.registry.fetch import first_row
from retailsql.runner import made
from retailsql.runner.check.contract import null_refused
from retailsql.runner.engine_error import refused
from retailsql.runner.node import Node, Place, Project
from retailsql.runner.which_connection import connection_for

Train = Callable[..., Mapping[str, Any]]
"""``train(con, name, options, query, full_refresh=...)``, as ``train_once`` has it."""


class Made(NamedTuple):
    """What came of it.

    Args:
        rows: rows of the table; None for a view.
        detail: what training returned.
        kind: TABLE or VIEW; empty if nothing is there that could be marked.
    """

    rows: int | None
    detail: Mapping[str, Any]
    kind: str


@dataclass(frozen=True)
class Job:
    """One node on its way into the database.

    Args:
        con: a DuckDB connection or a Session.
        project: the node's project.
        node: the node.
        before: what is there under its name, which a run has made; None if nothing is.
        full_refresh: make it anew though something is there.
        train: trains a model.
    """

    con: Any
    project: Project
    node: Node
    before: made.Relation | None
    full_refresh: bool = False
    train: Train | None = None

    @property
    def relation(self) -> str:
        """The qualified name of what is made."""
        return made.relation(self.project.schema, self.node.name)

    def execute(
        self, statement: str, sql: str, lines: Sequence[Place], otherwise: Place | None = None
    ) -> None:
        """Run a statement in which SQL of the node stands.

        Args:
            statement: what is run.
            sql: the SQL of the node in it.
            lines: the place of every line of ``sql``.
            otherwise: the place of what else stands in it; None for the file's first line.

        Raises:
            ProjectError: the engine refuses it; file and line are named.
        """
        try:
            # an unread result would block the connection
            connection_for(self.con, statement).execute(statement).fetchall()
        except (duckdb.InterruptException, ProjectError):
            raise
        except duckdb.ConstraintException as error:
            said = null_refused(self.node, error) if self.node.contract else None
            raise said or refused(self.node, error, statement, sql, lines, otherwise) from error
        except duckdb.Error as error:
            about_model = diagnose(raw(self.con).cursor(), statement, error)
            if about_model is not None:
                about_model.__cause__ = error  # which knows the line
            raise refused(
                self.node, about_model or error, statement, sql, lines, otherwise
            ) from error
        except RetailSQLError as error:
            raise refused(self.node, error, statement, sql, lines, otherwise) from error

    def make_room(self, kind: str) -> None:
        """Drop what is there if it is of another kind: CREATE OR REPLACE would refuse it."""
        if self.before is not None and self.before.kind != kind:
            raw(self.con).execute(f"DROP {self.before.kind} {self.relation}")

    def count(self) -> int:
        """Rows that are there now."""
        row = first_row(raw(self.con), f"SELECT count(*) FROM {self.relation}")
        return int(row[0]) if row else 0
