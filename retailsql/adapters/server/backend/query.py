"""A query, or any statement that DuckDB carries out itself: read, checked, bound and run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import duckdb
import pyarrow as pa
from duckdb import DuckDBPyConnection

from retailsql.adapters.server import catalog, encoding, policy, postgres
from retailsql.adapters.server.backend import ml, parameters, session_tables
from retailsql.adapters.server.backend.bind import Bound, bind
from retailsql.adapters.server.backend.result import Result
from retailsql.adapters.server.backend.said import ENGINE, said
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.backend.streams import BATCH, Stream
from retailsql.adapters.server.backend.tags import tag_of
from retailsql.adapters.server.records import Edit, Field, PgError, apply
from retailsql.adapters.server.serialized import forget

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context


_KEPT, _KEPT_LENGTH = 512, 20_000
_names: dict[tuple[str, ...], list[str]] = {}
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
        self._edits: list[Edit] = []
        self._spliced = False
        try:
            con = ctx.connection()
            self.stamp = ctx.stamp()
            self._plan(con)
        except ENGINE as error:
            self._raise(error)
        finally:
            forget()

    def _plan(self, con: DuckDBPyConnection) -> None:
        # No step of it heeds an interrupt: what came meanwhile takes effect behind it.
        part, check = self._part, self._ctx.running.check
        check()
        self._edits = catalog.after(part.text, postgres.edits(part.text, part.tokens))
        self._found = parameters.read(part, self._oids)
        check()
        # The policy reads it before anything binds it: a refusal must not tell what there is.
        self._check(con)
        check()
        self._bound, typed = self._bind(con)
        self._edits = _joined(self._edits, typed)
        check()
        self._with_sums(con)
        self.final = self._final(con)
        self.targets = parameters.targets(self._found, self._bound)
        self.parameters = parameters.announced(self._found, self.targets)
        self.fields = self._describe(con)
        check()

    def run(self, values: Sequence[Any]) -> Result:
        """Run it."""
        ctx = self._ctx
        try:
            con = ctx.connection(writes=self.writes)
            if ctx.work.altered or self.stamp != ctx.stamp():
                self._anew()
                con = ctx.connection(writes=self.writes)
            if self.writes:
                ctx.work.wrote += 1
                ctx.work.altered |= self._bound.kind not in _ROWS_ONLY
            given = parameters.given(self._found, values)
            tag = tag_of(self._part.words, self._bound.kind, self._bound.result)
            if self.fields is None and not self._head:
                row = con.execute(self.final, given).fetchone()
                n = int(row[0]) if row and self._bound.result == "changed_rows" else 0
                return Result(f"{tag} {n}" if tag.counted else str(tag), rows=n)
            session_tables.tell(ctx, con, self._part.text, self.final)
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
            free=_OF_CATALOG if self._of_catalog else 0,
        )  # fmt: skip

    def _reader(
        self, con: DuckDBPyConnection, given: dict[str, Any] | None
    ) -> pa.RecordBatchReader | None:
        """Its rows, as they come; None: it has run, and there are none."""
        # Private: runs the text as it is. A relation is parsed and bound once more before it runs,
        # which takes as long as a short query does. A later DuckDB may not have it.
        submit: Any = getattr(con, "_submit", None)
        told = () if self._head else self._bound.types
        if submit is not None and self._plain:
            wanted = None if given is None else encoding.arrow_types(con, told)
            reader: pa.RecordBatchReader
            reader = submit(self.final, given, "stream", BATCH).arrow_reader()
            # It was bound without values, and they may have made other types of its columns.
            if wanted is None or encoding.fits(reader.schema, wanted):
                return reader
            reader.close()
            con.complete()
        relation = con.sql(self._head + self.final, params=given)
        return None if relation is None else encoding.project(relation, told).to_arrow_reader(BATCH)

    @cached_property
    def _plain(self) -> bool:
        """True for a query whose columns all reach Arrow as they are."""
        bound = self._bound
        if self._head or bound.kind != "select" or bound.writes or not bound.complete:
            return False
        return encoding.carried(bound.types)

    def _anew(self) -> None:
        """Read, check and bind it again: between Bind and Execute rights, search path or names
        have changed, and what runs must be what was checked.

        Raises:
            PgError: it is not allowed any more; 0A000 it takes or returns something else.
        """
        made = self._again()
        if (made.fields, made.targets, made.writes) != (self.fields, self.targets, self.writes):
            raise PgError("0A000", "cached plan must not change result type")
        self.__dict__.update(made.__dict__)

    def _again(self) -> Query:
        return Query(self._ctx, self._part, self._oids, head=self._head)

    @property
    def writes(self) -> bool:
        """Whether it changes anything in the database."""
        return self._checked.writes or self._bound.writes

    @property
    def _of_catalog(self) -> bool:
        """True if it reads the catalog and nothing of a person's."""
        own = self._checked.tables or self._checked.models or self._spliced
        return not own and catalog.SHIM in self.final

    def _check(self, con: DuckDBPyConnection) -> None:
        part, rights = self._part, self._ctx.rights
        self._spliced = ml.holds_calls(part)
        final = self._final(con)
        self._checked = policy.check(
            con, part.text, part.tokens, final, rights,
            spliced=self._spliced, path=self._ctx.path(con),
        )  # fmt: skip
        ml.glance(self._ctx, con, part)

    def _final(self, con: DuckDBPyConnection) -> str:
        text = apply(self._part.text, self._edits)
        return ml.splice(con, text, self._part.text, self._ctx.rights) if self._spliced else text

    def _bind(self, con: DuckDBPyConnection) -> tuple[Bound, list[Edit]]:
        before = self._edits

        def with_casts(edits: list[Edit]) -> Bound:
            self._edits = _joined(before, edits)
            try:
                return bind(con, self._final(con))
            except (duckdb.BinderException, duckdb.ConversionException):
                self._ctx.revive(con)  # some failures abort the transaction, most do not
                raise

        try:
            return parameters.typed(self._found, with_casts)
        finally:
            self._edits = before

    def _describe(self, con: DuckDBPyConnection) -> list[Field] | None:
        bound = self._bound
        if bound.result != "query_result":
            return None
        names = list(bound.names)
        if bound.kind == "select":
            names = _column_names(con, self.final if self._spliced else self._part.text, names)
        fields = encoding.describe(names, bound.types)
        if bound.kind == "select":
            fields = postgres.typed(con, self._part.text, fields)
        if self._spliced or bound.kind != "select":
            return fields
        return catalog.placed(con, self._part.text, self.final, fields, self._ctx.look(con))

    def _with_sums(self, con: DuckDBPyConnection) -> None:
        """Give sums of integers the types they have in PostgreSQL."""
        part, before = self._part, self._edits
        if not postgres.sums_matter(part.text, [str(kind) for kind in self._bound.types]):
            return

        def refusal(edits: list[Edit]) -> str:
            self._edits = _joined(before, edits)
            self._ctx.running.check()
            try:
                bind(con, self._final(con), placed=False)
            except duckdb.BinderException as error:
                self._ctx.revive(con)
                return str(error)
            finally:
                self._edits = before
            return ""

        found = postgres.sums(part.text, part.tokens, refusal)
        if found:
            self._edits = _joined(before, found)
            self._bound = bind(con, self._final(con))

    def _raise(self, error: BaseException) -> NoReturn:
        found = self._said(error)
        if found is error:
            raise error
        raise found from error

    def _said(self, error: BaseException) -> BaseException:
        return said(self._ctx, self._part, error, self._edits, not self._spliced)


def _column_names(con: DuckDBPyConnection, text: str, names: list[str]) -> list[str]:
    """As PostgreSQL calls them; kept, as finding them takes longer than a short query does."""
    key = (text, *names)
    found = _names.get(key)
    if found is None:
        found = postgres.column_names(con, text, names)
        if len(text) < _KEPT_LENGTH:
            if len(_names) >= _KEPT:
                _names.clear()
            _names[key] = found
    return list(found)


def _joined(first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """Both, those of the first where two would change the same place."""
    taken = sorted(first)
    free = [
        edit for edit in second if not any(edit.start < t.end and t.start < edit.end for t in taken)
    ]
    return sorted([*taken, *free])
