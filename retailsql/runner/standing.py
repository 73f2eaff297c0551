"""How the trained models of a project stand: against a trivial rule, and versions that wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from retailsql.registry import store
from retailsql.registry.names import resolve
from retailsql.runner.node import Node

_SQL = """
SELECT m.model_name, d.version, d.beats_baseline, max(n.version)
FROM {registry}.models m
JOIN {registry}.versions d ON d.model_schema = m.model_schema AND d.model_name = m.model_name
 AND d.version = m.deployed_version
LEFT JOIN {registry}.versions n ON n.model_schema = m.model_schema AND n.model_name = m.model_name
 AND n.version > d.version
WHERE lower(m.model_schema) = lower(?) AND lower(m.model_name) = ANY(?)
GROUP BY ALL ORDER BY m.model_name
"""


@dataclass(frozen=True)
class Standing:
    """How a model stands.

    Args:
        model: its name without the schema.
        version: the deployed one.
        beats_baseline: whether it is better than the best trivial rule; None if that is not known.
        waiting: the newest version, if it is newer than the deployed one and so waits.
    """

    model: str
    version: int
    beats_baseline: bool | None = None
    waiting: int | None = None


def standings(con: DuckDBPyConnection, schema: str, nodes: Iterable[Node]) -> tuple[Standing, ...]:
    """How the models among some nodes stand; those without a deployed version are left out.

    Args:
        con: a DuckDB connection.
        schema: the project's.
        nodes: of the project.

    >>> import duckdb
    >>> standings(duckdb.connect(), "main", [Node("churn", "training/churn.sql", "model", "")])
    ()
    """
    names = [node.name.lower() for node in nodes if node.kind == "model"]
    place = resolve(con, ("m",) if schema == "main" else (*schema.split("."), "m"))
    if not names or not store.exists(con, place.database):
        return ()
    rows = con.execute(_SQL.format(registry=place.registry), [place.schema, names]).fetchall()
    return tuple(Standing(*row) for row in rows)
