"""Errors of the engine and of our own parts, as a client reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from retailsql.adapters.server import policy, postgres
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.backend.taught import about_model
from retailsql.adapters.server.records import Edit, PgError
from retailsql.errors import RetailSQLError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retailsql.adapters.server.backend.context import Context

_KIND = re.compile(r"([A-Z][A-Za-z ]*?) Error: ")
_KINDS: dict[str, type[duckdb.Error]] = {
    name.removesuffix("Exception").lower(): kind
    for name, kind in vars(duckdb).items()
    if name.endswith("Exception") and issubclass(kind, duckdb.Error)
}
"""By what DuckDB's texts call them: ``INTERNAL Error``, ``Out of Memory Error``."""
ENGINE = (
    duckdb.Error, RetailSQLError, OSError, RuntimeError, ValueError, MemoryError,
    OverflowError, pa.ArrowException,
)  # fmt: skip
"""What may come out of the engine and of our own reading of a statement."""
_SUSPECT = (
    duckdb.InternalException, duckdb.FatalException, duckdb.IOException, duckdb.ConnectionException,
    duckdb.InterruptException, pa.ArrowException,
)  # fmt: skip
"""What may mean that DuckDB has given up its instance."""


def said(
    ctx: Context, part: Part, error: BaseException, edits: Sequence[Edit] = (), placed: bool = True
) -> BaseException:
    """What a client is told of an error; the error itself if it is none of a statement's.

    Args:
        ctx: of the session.
        part: the statement.
        error: what was raised.
        edits: that made the engine's text of it.
        placed: whether the place that the engine names can be found in the statement.
    """
    if isinstance(error, PgError):
        return postgres.worded(error, part.text)
    if not isinstance(error, ENGINE):
        return error
    if isinstance(error, OSError):
        error = as_engine_error(error)
    lost = isinstance(error, _SUSPECT) and not ctx.running.cancelled and ctx.work.lost(error)
    if lost and not isinstance(error, duckdb.InternalException):
        return PgError(
            "57P02", "the engine was started anew after an error inside it",
            hint="Repeat the statement, and the transaction it was in.",
        )  # fmt: skip
    if isinstance(error, duckdb.InterruptException) or "Interrupted!" in str(error):
        if ctx.running.cancelled:
            return ctx.running.error()
        return PgError("57P01", "the database was closed under this statement")
    if ctx.running.cancelled and isinstance(error, (duckdb.OutOfMemoryException, MemoryError)):
        return ctx.running.error()  # it went on meanwhile, and took all there was
    taught = about_model(ctx, part, error)
    found = postgres.pg_error(taught or error, part.text, edits, visible=_visible(ctx))
    if not placed:
        found.position = None
    if found.sqlstate == "53200" and ctx.memory is not None:
        found.hint = f"The memory limit of your role is {ctx.memory}."
    return found


def _visible(ctx: Context) -> Callable[[str], bool] | None:
    """Which names an error may propose; None, so none: nobody can tell now."""
    con = ctx.work.current
    if con is None or not ctx.work.inside:
        return None
    try:
        return policy.visible(con, ctx.rights)
    except duckdb.Error:
        return None  # the transaction was aborted, and names have changed since they were read


def as_engine_error(error: OSError) -> BaseException:
    """Errors in the middle of a result come through Arrow, which keeps only their words.

    >>> type(as_engine_error(OSError("Conversion Error: no"))).__name__
    'ConversionException'
    """
    found = _KIND.match(str(error))
    if found is None:
        return error
    kind = _KINDS.get("".join(found[1].split()).lower(), duckdb.Error)
    return kind(str(error))


@contextmanager
def told(
    ctx: Context, part: Part, edits: Sequence[Edit] = (), placed: bool = True
) -> Iterator[None]:
    """Errors in it are said as PostgreSQL says them."""
    try:
        yield
    except ENGINE as error:
        found = said(ctx, part, error, edits, placed)
        if found is error:
            raise
        raise found from error
