"""How a query is planned: edited, checked, its parameters typed, bound and described."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import duckdb
from duckdb import DuckDBPyConnection
from duckdb.sqltypes import DuckDBPyType

from retailsql.adapters.server import catalog, encoding, policy, postgres
from retailsql.adapters.server.backend import ml, parameters
from retailsql.adapters.server.backend.bind import Bound, bind
from retailsql.adapters.server.backend.parameters import Found
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.kept import Kept
from retailsql.adapters.server.records import Edit, Field, apply

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

_KEPT_LENGTH = 20_000
_names: Kept[tuple[str, ...], list[str]] = Kept(512)


@dataclass
class Planned:
    """What planning has found so far; nothing of it changes when the query runs, and nothing of it
    is a person's but for the check.

    Args:
        part: the statement as written.
        edits: that make DuckDB's text of it.
        spliced: it calls ``ML.X(...)``.
        found: its parameters.
        checked: by the policy.
        bound: by DuckDB.
        final: DuckDB's text.
        targets: DuckDB's types of the parameters.
        parameters: PostgreSQL's numbers of them.
        fields: its columns; None: it returns no rows.
    """

    part: Part
    edits: list[Edit] = field(default_factory=list)
    spliced: bool = False
    found: Found = field(init=False)
    checked: policy.Checked = field(init=False)
    bound: Bound = field(init=False)
    final: str = field(init=False)
    targets: list[DuckDBPyType | None] = field(init=False)
    parameters: list[int] = field(init=False)
    fields: list[Field] | None = field(init=False)

    @property
    def writes(self) -> bool:
        """Whether it changes anything in the database."""
        return self.checked.writes or self.bound.writes

    @property
    def of_catalog(self) -> bool:
        """True if it reads the catalog and nothing of a person's."""
        own = self.checked.tables or self.checked.models or self.spliced
        return not own and catalog.SHIM in self.final

    @cached_property
    def plain(self) -> bool:
        """True for a query whose columns all reach Arrow as they are."""
        bound = self.bound
        if bound.kind != "select" or bound.writes or not bound.complete:
            return False
        return encoding.carried(bound.types)


class Planning:
    """The steps.

    Args:
        ctx: of the session.
        con: in the transaction it is planned for.
        planned: what they find, up to the one that fails.
    """

    def __init__(self, ctx: Context, con: DuckDBPyConnection, planned: Planned) -> None:
        self._ctx, self._con, self._planned = ctx, con, planned

    def run(self, oids: Sequence[int]) -> None:
        """Take them all.

        Args:
            oids: types of parameters that the client has declared; 0: not declared.

        Raises:
            PgError: it cannot be read, or is not allowed.
            duckdb.Error: it cannot be bound.
        """
        # No step of it heeds an interrupt: what came meanwhile takes effect behind it.
        made, check = self._planned, self._ctx.running.check
        check()
        part = made.part
        made.edits = catalog.after(part.text, postgres.edits(part.text, part.tokens))
        made.found = parameters.read(part, oids)
        check()
        # The policy reads it before anything binds it: a refusal must not tell what there is.
        self._check()
        check()
        made.bound, typed = self._typed()
        made.edits = _joined(made.edits, typed)
        check()
        self._add_sums()
        made.final = self._final()
        made.targets = parameters.targets(made.found, made.bound)
        made.parameters = parameters.announced(made.found, made.targets)
        made.fields = self._describe()
        check()

    def _check(self) -> None:
        ctx, con, made, part = self._ctx, self._con, self._planned, self._planned.part
        made.spliced = ml.holds_calls(part)
        made.checked = policy.check(
            con, part.text, part.tokens, self._final(), ctx.rights,
            spliced=made.spliced, path=ctx.path(con),
        )  # fmt: skip
        ml.glance(ctx, con, part)

    def _final(self, more: Sequence[Edit] = ()) -> str:
        made, written = self._planned, self._planned.part.text
        text = apply(written, _joined(made.edits, more))
        return ml.splice(self._con, text, written, self._ctx.rights) if made.spliced else text

    def _typed(self) -> tuple[Bound, list[Edit]]:
        """Bound, with the casts of its parameters; operators are mended where the binder refuses
        them for types that PostgreSQL's take.
        """
        made, part = self._planned, self._planned.part
        while True:
            try:
                return parameters.typed(made.found, self._bind)
            except duckdb.BinderException as error:
                mended = postgres.mended(part.text, part.tokens, str(error))
                if set(mended) <= set(made.edits):
                    raise
                made.edits = _joined(made.edits, mended)
                self._check()

    def _bind(self, more: Sequence[Edit] = (), placed: bool = True) -> Bound:
        try:
            return bind(self._con, self._final(more), placed=placed)
        except (duckdb.BinderException, duckdb.ConversionException):
            self._ctx.revive(self._con)  # some failures abort the transaction, most do not
            raise

    def _add_sums(self) -> None:
        """Give sums of integers the types they have in PostgreSQL."""
        made, part = self._planned, self._planned.part
        if not postgres.sums_matter(part.text, [str(kind) for kind in made.bound.types]):
            return

        def refusal(edits: list[Edit]) -> str:
            self._ctx.running.check()
            try:
                self._bind(edits, placed=False)
            except duckdb.BinderException as error:
                return str(error)
            return ""

        found = postgres.sums(part.text, part.tokens, refusal)
        if found:
            made.edits = _joined(made.edits, found)
            made.bound = bind(self._con, self._final())

    def _describe(self) -> list[Field] | None:
        con, made, bound = self._con, self._planned, self._planned.bound
        if bound.result != "query_result":
            return None
        written, names = made.part.text, list(bound.names)
        if bound.kind == "select":
            names = _column_names(con, made.final if made.spliced else written, names)
        fields = encoding.describe(names, bound.types)
        if bound.kind == "select":
            fields = postgres.typed(con, written, fields)
        if made.spliced or bound.kind != "select":
            return fields
        return catalog.placed(con, written, made.final, fields, self._ctx.look(con))


def _column_names(con: DuckDBPyConnection, text: str, names: list[str]) -> list[str]:
    """As PostgreSQL calls them; kept, as finding them takes longer than a short query does."""
    key = (text, *names)
    found = _names.get(key)
    if found is None:
        found = postgres.column_names(con, text, names)
        if len(text) < _KEPT_LENGTH:
            _names[key] = found
    return list(found)


def _joined(first: Sequence[Edit], second: Sequence[Edit]) -> list[Edit]:
    """Both, those of the first where two would change the same place."""
    taken = sorted(first)
    free = [
        edit for edit in second if not any(edit.start < t.end and t.start < edit.end for t in taken)
    ]
    return sorted([*taken, *free])
