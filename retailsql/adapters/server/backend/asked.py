"""Queries of the catalog: planned once for all sessions and all things they ask about.

A tool asks the same of every table, psql in a new connection for each person; planning takes longer
than running. What is shared holds nothing of a person's: it is kept by his grants, and the rows are
picked when it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from duckdb import DuckDBPyConnection

from retailsql.adapters.server.backend.query import Query
from retailsql.adapters.server.backend.result import Result
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.records import PgError, original
from retailsql.dialect.tokens import tokenize

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context
    from retailsql.adapters.server.catalog import Lifted


class Asked(Query):
    """A query that names the catalog.

    Args:
        ctx: of the session.
        part: the statement as written.
        oids: types of parameters that the client has declared; 0: not declared.
        lifted: the statement with parameters for the numbers of things.

    Raises:
        PgError: as for :class:`Query`; places are those of the statement as written.
    """

    def __init__(self, ctx: Context, part: Part, oids: Sequence[int], lifted: Lifted) -> None:
        self._lifted = lifted
        super().__init__(ctx, part, oids)

    def run(self, values: Sequence[Any]) -> Result:
        """Run it."""
        own = self._lifted.first - 1
        if len(values) < own:
            return super().run(values)  # tells which is missing
        return super().run([*values[:own], *self._lifted.values])

    def _plan(self, con: DuckDBPyConnection) -> None:
        ctx = self._ctx
        kept, path = ctx.work.generation.asked, ctx.path(con)
        # The generation's number of writes is in the stamp: it stands for all names there are.
        key = (self._lifted.text, tuple(self._oids), ctx.rights.grants, path, self.stamp[1])
        found = kept.get(key)
        if found is not None:
            self._planned = found
            return
        made = self._planned
        if self._lifted.edits:
            made.part = Part(self._lifted.text, tokenize(self._lifted.text) or [])
        super()._plan(con)
        own = self._lifted.first - 1
        made.targets, made.parameters = made.targets[:own], made.parameters[:own]
        if made.of_catalog and not made.writes:
            kept[key] = made

    def _again(self) -> Query:
        return Asked(self._ctx, self._part, self._oids, self._lifted)

    def _said(self, error: BaseException) -> BaseException:
        found = super()._said(error)
        if isinstance(found, PgError) and found.position is not None:
            found.position = original(found.position - 1, self._lifted.edits) + 1
        return found
