"""A query, or any statement that DuckDB carries out itself: read, checked, bound and run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.adapters.server import encoding
from retailsql.adapters.server.backend import parameters, session_tables
from retailsql.adapters.server.backend.planning import Planned, Planning
from retailsql.adapters.server.backend.result import Result
from retailsql.adapters.server.backend.said import ENGINE, said
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.backend.streams import BATCH, Stream
from retailsql.adapters.server.backend.tags import tag_of
from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.serialized import forget

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context


_OF_CATALOG = 100_000
"""Rows that a result of the catalog may have whatever the role's limit: lists of tables, columns
and types, for tools. Not more: beside the catalog a statement may name what makes rows."""
_ROWS_ONLY = frozenset({"select", "insert", "update", "delete", "merge_into"})
"""Kinds of statements that leave the names in the database as they are."""


class Query:
    """A plan that DuckDB runs.

    Args:
        ctx: of the session.
        part: the statement as written.
        oids: types of parameters that the client has declared; 0: not declared.
        head: what is put before it when it runs: EXPLAIN.

    Raises:
        PgError: it cannot be read, bound, or is not allowed.
    """

    def __init__(
        self, ctx: Context, part: Part, oids: Sequence[int] = (), *, head: str = ""
    ) -> None:
        self._ctx, self._part, self._head, self._oids = ctx, part, head, oids
        self._planned = Planned(part)
        try:
            con = ctx.connection()
            self.stamp = ctx.stamp()
            self._plan(con)
            made = self._planned
            self.fields, self.parameters, self.targets = made.fields, made.parameters, made.targets
        except ENGINE as error:
            self._raise(error)
        finally:
            forget()

    def _plan(self, con: DuckDBPyConnection) -> None:
        Planning(self._ctx, con, self._planned).run(self._oids)

    def run(self, values: Sequence[Any]) -> Result:
        """Run it."""
        ctx = self._ctx
        try:
            con = ctx.connection(writes=self.writes)
            if ctx.work.altered or self.stamp != ctx.stamp():
                self._anew()
                con = ctx.connection(writes=self.writes)
            made = self._planned
            if made.writes:
                ctx.work.wrote += 1
                if made.bound.kind not in _ROWS_ONLY:
                    ctx.work.alter()
            given = parameters.given(made.found, values)
            tag = tag_of(made.part.words, made.bound.kind, made.bound.result)
            if self.fields is None and not self._head:
                row = con.execute(made.final, given).fetchone()
                n = int(row[0]) if row and made.bound.result == "changed_rows" else 0
                return Result(f"{tag} {n}" if tag.counted else str(tag), rows=n)
            session_tables.tell(ctx, con, made.part.text, made.final)
            con.complete()  # a name looked up with fetchone leaves its result open
            reader = self._reader(con, given)
            if reader is None:
                return Result(str(tag), self.fields, counted=tag.counted)
        except ENGINE as error:
            self._raise(error)
        stream = Stream(ctx, con, reader, self._said)
        ctx.stream = stream
        return Result(
            str(tag), self.fields, iter(stream), close=stream.close, counted=tag.counted,
            free=_OF_CATALOG if made.of_catalog else 0,
        )  # fmt: skip

    def _reader(
        self, con: DuckDBPyConnection, given: dict[str, Any] | None
    ) -> pa.RecordBatchReader | None:
        """Its rows, as they come; None: it has run, and there are none."""
        # Private: runs the text as it is. A relation is parsed and bound once more before it runs,
        # which takes as long as a short query does. A later DuckDB may not have it.
        submit: Any = getattr(con, "_submit", None)
        made = self._planned
        told = () if self._head else made.bound.types
        if submit is not None and made.plain and not self._head:
            wanted = None if given is None else encoding.arrow_types(con, told)
            reader: pa.RecordBatchReader
            reader = submit(made.final, given, "stream", BATCH).arrow_reader()
            # It was bound without values, and they may have made other types of its columns.
            if wanted is None or encoding.fits(reader.schema, wanted):
                return reader
            reader.close()
            con.complete()
        relation = con.sql(self._head + made.final, params=given)
        return None if relation is None else encoding.project(relation, told).to_arrow_reader(BATCH)

    def _anew(self) -> None:
        """Read, check and bind it again: between Bind and Execute rights, search path or names
        have changed, and what runs must be what was checked.

        Raises:
            PgError: it is not allowed any more; 0A000 it takes or returns something else.
        """
        made = self._again()
        if (made.fields, made.targets, made.writes) != (self.fields, self.targets, self.writes):
            raise PgError("0A000", "cached plan must not change result type")
        self.stamp, self._planned = made.stamp, made._planned

    def _again(self) -> Query:
        return Query(self._ctx, self._part, self._oids, head=self._head)

    @property
    def writes(self) -> bool:
        """Whether it changes anything in the database."""
        return self._planned.writes

    def _raise(self, error: BaseException) -> NoReturn:
        found = self._said(error)
        if found is error:
            raise error
        raise found from error

    def _said(self, error: BaseException) -> BaseException:
        made = self._planned
        return said(self._ctx, made.part, error, made.edits, not made.spliced)
