"""Names of a project that DuckDB would take for something else; refused before anything is made."""

from __future__ import annotations

from typing import Any

from duckdb import DuckDBPyConnection

from retailsql.errors import ProjectError
from retailsql.functions.connection import raw
from retailsql.registry.names import quote
from retailsql.runner.node import Project
from retailsql.runner.state.uses import uses_of_all


def check_names(con: Any, project: Project) -> None:
    """Refuse a connection on which the project's names would mean other tables.

    Temporary tables, and DataFrames that were registered, come before the tables of schema main:
    a notebook that has a ``customers`` of its own would build on that. And where a database is
    called like a schema in it, ``raw.orders`` is ambiguous.

    Raises:
        ProjectError: it names what is in the way.
    """
    plain = raw(con)
    if project.schema.rpartition(".")[2].lower() == "main":
        _check_temporary(plain, project)
    _check_schemas(plain, project)


def _check_temporary(con: DuckDBPyConnection, project: Project) -> None:
    rows = con.execute(
        "SELECT table_name, 'TABLE' FROM duckdb_tables() WHERE temporary "
        "UNION ALL SELECT view_name, 'VIEW' FROM duckdb_views() WHERE temporary AND NOT internal"
    ).fetchall()
    ours = {name.lower(): node for name, node in project.nodes.items()}
    for name, kind in rows:
        if node := ours.get(name.lower()):
            raise ProjectError(
                f"A temporary {kind.lower()} of this connection hides {node.name} of {node.file}",
                seen=f"temp.{name}", wanted=f"{project.schema}.{node.name} and nothing before it",
                todo=f"DROP {kind} temp.{quote(name)}; (of a DataFrame: con.unregister({name!r})), "
                "or build on a connection of its own",
            )  # fmt: skip


def _check_schemas(con: DuckDBPyConnection, project: Project) -> None:
    made = {project.schema.lower()}  # by a build, if they are not there
    if any(node.kind == "model" for node in project.nodes.values()):
        made.add("retailsql")
    both = con.execute(
        "SELECT lower(database_name) AS name, path FROM duckdb_databases() WHERE NOT internal "
        "AND name <> 'main' AND (list_contains(?, name) OR name IN (SELECT lower(schema_name) "
        "FROM duckdb_schemas() WHERE database_name = current_database()))", [list(made)],
    ).fetchall()  # fmt: skip
    if not both:
        return
    relations = [source.relation for source in project.sources.values()]
    found = uses_of_all(con, [f"FROM {r}" for r in relations]).values() if relations else ()
    named = made | {table[0] for uses in found for table in uses.tables if len(table) == 2}
    for name, path in both:
        if name in named:
            raise ProjectError(
                f"The database {name} is called like a schema in it that the project names",
                seen=path or "a database in memory",
                todo="rename the file, or attach it AS something else",
            )  # fmt: skip
