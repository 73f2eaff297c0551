"""Plans of a session's queries, kept for when the same text comes again, as of a dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.adapters.server import catalog
from retailsql.adapters.server.backend.asked import Asked
from retailsql.adapters.server.backend.query import Query
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.records import PgError
from retailsql.dialect.lint.uses import may_call

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

_LENGTH = 20_000


def query(ctx: Context, part: Part, oids: Sequence[int] = ()) -> Query:
    """The plan of a query: the one of before if nothing that it rests on has changed.

    Args:
        ctx: of the session.
        part: the statement.
        oids: types of parameters that the client has declared.

    Raises:
        PgError: it cannot be read, bound, or is not allowed.
    """
    key = (part.text, *oids)
    held = ctx.plans.get(key)
    if held is not None and not ctx.work.wrote:
        ctx.connection()  # what a plan will see is known once its transaction has begun
        if held.stamp == ctx.stamp():
            return held
    made = _of_the_catalog(ctx, part, oids) or Query(ctx, part, oids)
    # A call of a model is looked at each time, as the linter tells of it each time.
    kept = not made.writes and not ctx.work.wrote  # what was written may be undone
    if kept and len(part.text) < _LENGTH and not may_call(part.text):
        ctx.plans[key] = made
    return made


def _of_the_catalog(ctx: Context, part: Part, oids: Sequence[int]) -> Query | None:
    """The plan that asks the same of every table; None: it must be planned as it is written."""
    if ctx.work.wrote or may_call(part.text):
        return None
    lifted = catalog.lifted(part.text, part.tokens, len(oids))
    if lifted is None:
        return None
    try:
        return Asked(ctx, part, oids, lifted)
    except PgError:
        if ctx.work.open and ctx.work.current is not None:
            ctx.revive(ctx.work.current)
        return None  # told of the statement as it is written
