"""What a statement may ask of its own session: its text, its prepared statements and cursors.

The catalog's views read it from variables of the connection, which are set only for a statement
that names such a view.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from retailsql.registry.names import literal

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context


def tell(ctx: Context, con: DuckDBPyConnection, text: str, final: str) -> None:
    """Set the variables that a statement reads.

    Args:
        ctx: of the session.
        con: that runs the statement.
        text: the statement as written.
        final: as it is run.
    """
    for view, (name, value) in _VIEWS.items():
        if view in final:
            con.execute(f"SET VARIABLE {name} = {value(ctx, text)}")


def _query(ctx: Context, text: str) -> str:
    return literal(text)


def _prepared(ctx: Context, text: str) -> str:
    """Those with a name: the protocol's and those of PREPARE."""
    rows = []
    for name, held in ctx.statements.items():
        if name and held.part is not None:
            kinds = held.kinds()
            runs = (0, held.runs) if kinds else (held.runs, 0)
            rows.append(
                f"row({literal(name)}, {literal(held.text)}, {_moment(held.made)}, {kinds}, "
                f"{held.from_sql}, {runs[0]}, {runs[1]})"
            )
    return _list(rows)


def _cursors(ctx: Context, text: str) -> str:
    rows = [
        f"row({literal(name)}, {literal(portal.told)}, {portal.hold}, {portal.scrolls}, "
        f"{_moment(portal.made)})"
        for name, portal in ctx.portals.items()
    ]
    return _list(rows)


def _moment(seconds: float) -> str:
    return f"TIMESTAMPTZ '{datetime.fromtimestamp(seconds, UTC).isoformat(' ')}'"


def _list(rows: list[str]) -> str:
    return f"[{', '.join(rows)}]" if rows else "NULL"


_VIEWS: dict[str, tuple[str, Callable[[Context, str], str]]] = {
    "pg_stat_activity": ("rs_query", _query),
    "pg_prepared_statements": ("rs_prepared", _prepared),
    "pg_cursors": ("rs_cursors", _cursors),
}
