"""From what stands after --from to a proposal whose paths are relative to the project's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from retailsql.errors import ProjectError, nearest
from retailsql.runner.made import MARK
from retailsql.starter.origins import origin
from retailsql.starter.proposal import Proposal
from retailsql.starter.propose import propose
from retailsql.starter.vocabulary import VOCABULARY


def propose_sources(con: Any, sources: Sequence[str], folder: Path) -> Proposal:
    """Propose a mapping of files or tables, written as seen from the project's folder.

    Args:
        con: a DuckDB connection or a Session; tables are looked for in it.
        sources: paths, patterns, or tables.
        folder: of the project.

    Raises:
        ProjectError: a file or table is not there or cannot be read, or none holds order lines.
    """
    origins = [origin(con, name) for name in sources]
    swaps = {o.seen_from(): o.seen_from(folder) for o in origins}
    proposal = propose(con, list(swaps))

    def moved(text: str) -> str:
        for seen, written in swaps.items():
            text = text.replace(seen, written)
        return text

    tables = tuple(replace(t, relation=moved(t.relation)) for t in proposal.tables)
    return replace(
        proposal, tables=tables, notes=tuple(moved(n) for n in proposal.notes),
        rows={moved(r): n for r, n in proposal.rows.items()},
    )  # fmt: skip


def own_tables(con: Any, project: Path) -> tuple[str, tuple[str, ...]]:
    """A schema of the user's database in which the project's tables are in nobody's way.

    Args:
        con: the user's database.
        project: folder of the project.

    Returns:
        the schema, and in words why it is not ``main`` (empty if it is).
    """
    rows = con.execute(
        "SELECT lower(table_name), coalesce(comment, '') FROM duckdb_tables() WHERE schema_name ="
        " 'main' UNION ALL SELECT lower(view_name), coalesce(comment, '') FROM duckdb_views()"
        " WHERE schema_name = 'main' AND NOT internal"
    ).fetchall()
    theirs = {name for name, comment in rows if MARK not in comment}
    ours = {
        f.stem.lower() for top in ("models", "training", "seeds")
        for f in (project / top).rglob("*") if f.suffix in (".sql", ".csv")
    }  # fmt: skip
    if clash := sorted(theirs & ours):
        names = ", ".join(clash)
        return "retail", (f"tables are made in schema retail: main has {names} already",)
    return "main", ()


def check_vocabulary(con: Any, db: str) -> None:
    """Refuse a database given without --from that has not the vocabulary's tables.

    Raises:
        ProjectError: a table is missing; the message names those that are there.
    """
    rows = con.execute(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() UNION ALL"
        " SELECT schema_name || '.' || view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1"
    ).fetchall()
    there = [str(row[0]) for row in rows]
    missing = [f"raw.{table}" for table in VOCABULARY if f"raw.{table}" not in there]
    if missing:
        raise ProjectError(
            f"{db} has no table {missing[0]}", seen=", ".join(there[:10]) or "no tables",
            wanted=nearest(missing[0], there),
            todo="say with --from which table, or file, holds the order lines",
        )  # fmt: skip
