"""How much a statement reads through views: each stands for its whole query, and views over views
multiply, so that a few short ones make a plan of a million relations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from retailsql.adapters.server.kept import Kept
from retailsql.adapters.server.policy import limits
from retailsql.adapters.server.policy.meant import meant
from retailsql.adapters.server.policy.names import Path, fold
from retailsql.adapters.server.policy.serialize import parse
from retailsql.adapters.server.policy.tree import uses_of
from retailsql.adapters.server.records import PgError

if TYPE_CHECKING:
    from retailsql.adapters.server.policy.context import Asked
    from retailsql.adapters.server.policy.known import Place

LEVELS = 100
"""Views over views over views."""

_BODIES = (
    "SELECT schema_name, view_name, sql FROM system.main.duckdb_views() "
    "WHERE NOT internal AND lower(database_name) = ?"
)
_QUERY = re.compile(
    r'CREATE\s+(?:OR\s+REPLACE\s+)?VIEW\s+(?:"(?:[^"]|"")*"|[^\s"(])+\s*'
    r'(?:\((?:"(?:[^"]|"")*"|[^")])*\)\s*)?AS\b',
    re.IGNORECASE,
)
_Body = tuple[int, int, tuple[Path, ...]]
_read: Kept[str, _Body] = Kept(4_096)
"""Text of a view -> relations and joins in it, and the names of what it reads. The text alone: what
the names mean differs from file to file."""


def add_view(asked: Asked, place: Place) -> None:
    """Add what a view reads to what the statement reads.

    Args:
        asked: who asks.
        place: of the view.

    Raises:
        PgError: 54001 too much; 42P17 the view reads itself.
    """
    relations, joins = _weight(asked, place, asked.making)
    asked.relations += asked.copies * relations
    asked.joins += asked.copies * joins
    limits.check_reads(asked.relations, asked.joins, ", with those of its views")


def _weight(asked: Asked, place: Place, above: Sequence[Place]) -> tuple[int, int]:
    """Relations and joins in a view and in the views below it; more than allowed, if too many."""
    if place in above:
        raise PgError("42P17", f'infinite recursion detected in rules for relation "{place.name}"')
    key = (place, tuple(asked.path))  # names without a schema are looked up on the reader's path
    weights = asked.names.weights
    if key not in weights:
        if len(above) > LEVELS:
            return limits.RELATIONS + 1, 0
        here = [*above, place]
        relations, joins, paths = _body(asked, place)
        for path in paths:
            if relations > limits.RELATIONS:
                break
            below = [p for p in meant(asked, path) if p in asked.names.views and _own(asked, p)]
            more = max((_weight(asked, p, here) for p in below), default=(0, 0))
            relations, joins = relations + more[0], joins + more[1]
        weights[key] = (relations, joins)
    return weights[key]


def _own(asked: Asked, place: Place) -> bool:
    """True for a view of the file; those of the catalog are known not to grow."""
    return fold(place.database) == asked.database


def _body(asked: Asked, place: Place) -> _Body:
    text = _bodies(asked).get((fold(place.schema), fold(place.name)), "")
    found = _read.get(text)
    if found is not None:
        return found
    begin, found = _QUERY.match(text), (1, 0, ())
    if begin is not None:
        with suppress(PgError):  # made elsewhere, of what the door has no name for
            uses = uses_of(parse(asked.con, text[begin.end() :]).tree)
            paths = tuple(use.path for use in uses.tables) * uses.copies
            found = uses.relations, uses.joins, paths
    _read[text] = found
    return found


def _bodies(asked: Asked) -> dict[tuple[str, str], str]:
    """The texts of all views of the file, read when the first of them is asked for."""
    names = asked.names
    if names.bodies is None:
        rows = asked.con.execute(_BODIES, [asked.database]).fetchall()
        names.bodies = {(fold(schema), fold(name)): sql or "" for schema, name, sql in rows}
    return names.bodies
