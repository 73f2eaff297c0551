"""What stands in for a relation in a unit test: the rows given, typed like the real one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from retailsql.errors import ProjectError, nearest
from retailsql.functions.connection import raw
from retailsql.functions.transaction import in_transaction, roll_back
from retailsql.registry.names import quote
from retailsql.runner.graph import order
from retailsql.runner.node import Column, Node, Project, Source, UnitTest
from retailsql.runner.read.relation import Relation

CTE = "__dbt__cte__"
"""How the names of what stands in begin, as in dbt."""


def stand_in(con: Any, name: str, test: UnitTest, project: Project) -> str:
    """The SELECT that stands in for one relation.

    Args:
        con: a DuckDB connection or a Session.
        name: its name in ``test.given``.
        test: the unit test.
        project: the project.

    Raises:
        ProjectError: no such relation, a column that it does not have, or types nobody knows.
    """
    if name in test.written:  # dbt takes it as it is too, whatever the real relation is
        return f"\n{test.given[name]}\n"
    real = _behind(name, test, project)
    relation = real.relation if isinstance(real, Source) else Relation.of(project.schema, real.name)
    types, rows = _types(con, real, relation, test, project), test.given[name]
    if not rows:
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {quote(n)}" for n, kind in types.items())
        return f"SELECT {nothing} LIMIT 0"
    known = {column.lower() for column in types}
    given = {column.lower(): column for column in describe(con, rows)}
    for lower, column in given.items():
        if lower not in known:
            raise ProjectError(
                f"{test.place}: the unit test {test.name} gives a column that {relation} does "
                "not have", seen=column, wanted=nearest(column, types),
                todo="correct the name under given",
            )  # fmt: skip
    casts = (
        f"CAST({quote(given[n.lower()]) if n.lower() in given else 'NULL'} AS {kind}) AS {quote(n)}"
        for n, kind in types.items()
    )
    return f"SELECT {', '.join(casts)} FROM (\n{rows}\n)"


def describe(con: Any, sql: str, given: str = "") -> dict[str, str]:
    """Types by name of what a SELECT makes, with a WITH in front of it; nothing is run."""
    rows = con.execute(f"DESCRIBE {given}\nSELECT * FROM (\n{sql}\n)").fetchall()
    return {row[0]: row[1] for row in rows}


def _behind(name: str, test: UnitTest, project: Project) -> Node | Source:
    """The node or source that a name in ``given`` means."""
    plain = name.strip('"').removeprefix(CTE)
    names: dict[str, Node | Source] = {
        **{f"{s}__{t}": source for (s, t), source in project.sources.items()},
        **project.nodes,
    }
    if plain not in names:
        raise ProjectError(
            f"{test.place}: the unit test {test.name} gives rows for what the project does not "
            "have", seen=plain, wanted=nearest(plain, names), todo="correct the name of the input",
        )  # fmt: skip
    return names[plain]


def _types(
    con: Any, real: Node | Source, relation: str, test: UnitTest, project: Project
) -> dict[str, str]:
    """Types of the real relation, or those that it will have."""
    try:
        return describe(con, f"FROM {relation}")
    except (duckdb.CatalogException, duckdb.IOException) as error:  # it does not exist
        found = _declared(con, real) or _as_if_built(con, real, project)
        if found:
            return found
        raise ProjectError(
            f"{test.place}: the unit test {test.name} needs the types of {relation}, which does "
            "not exist", seen=str(error).split("\n")[0],
            todo="load the source, or describe its columns with data_type in the yml file"
            if isinstance(real, Source)
            else f"build what it reads first: retailsql build --select +{test.of}",
        ) from error  # fmt: skip


def _declared(con: Any, real: Node | Source) -> dict[str, str]:
    """Types of the yml file, if it is bound to name all columns: a contract, or a source."""
    columns: Iterable[Column] = real.columns
    whole = isinstance(real, Source) or real.contract
    if not (whole and real.columns and all(column.type for column in columns)):
        return {}
    parts = ", ".join(f"CAST(NULL AS {c.type}) AS {quote(c.name)}" for c in columns)
    return describe(con, f"SELECT {parts}")


def _as_if_built(con: Any, real: Node | Source, project: Project) -> dict[str, str]:
    """Types a node will have: as a view over views of all it needs, made and rolled back."""
    connection = raw(con)
    if isinstance(real, Source) or in_transaction(connection):
        return {}
    needed = _upstream(real, project)
    connection.begin()
    try:
        con.execute(f"CREATE SCHEMA IF NOT EXISTS {project.schema}")
        for node in order(project.nodes):
            if node.name in needed and node.sql and node.kind != "model":
                # a view of that name stays; a table of that name would be an error
                con.execute(
                    f"CREATE VIEW IF NOT EXISTS {project.schema}.{quote(node.name)} AS\n{node.sql}"
                )
        return describe(con, f"FROM {project.schema}.{quote(real.name)}")
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        return {}  # a source or a model is not there either
    finally:
        roll_back(connection)


def _upstream(node: Node, project: Project) -> set[str]:
    """The node and all that it needs."""
    found: set[str] = set()
    todo = [node.name]
    while todo:
        name = todo.pop()
        if name not in found and name in project.nodes:
            found.add(name)
            todo += project.nodes[name].needs
    return found
