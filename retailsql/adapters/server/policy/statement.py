"""Is this statement allowed for this person? All that a session runs passes here first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from duckdb import DuckDBPyConnection

from retailsql.adapters.server.policy import writes
from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.copies import check_copies_of_macros
from retailsql.adapters.server.policy.functions import check_function
from retailsql.adapters.server.policy.known import known
from retailsql.adapters.server.policy.limits import check_size
from retailsql.adapters.server.policy.rights import may_write_at_all
from retailsql.adapters.server.policy.serialize import explained, parse, places, search_path
from retailsql.adapters.server.policy.shim import DOOR, Shim
from retailsql.adapters.server.policy.tables import check_table
from retailsql.adapters.server.policy.tree import Uses, uses_of
from retailsql.adapters.server.policy.types import check_type
from retailsql.adapters.server.records import PgError, Rights

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


class Checked(NamedTuple):
    """A statement that is allowed.

    Args:
        writes: it changes something, so it must not run in a read-only transaction.
        tables: it reads or writes, as ``schema.name``.
        models: whose functions it calls; those of ML.X(...) are told by the catalog given to it.
    """

    writes: bool
    tables: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


_HIDDEN = re.compile(r"__rs_|retailsql", re.IGNORECASE)
_CACHED_LENGTH = 20_000


def check(
    con: DuckDBPyConnection,
    text: str,
    tokens: Sequence[Token] | None,
    final: str,
    rights: Rights,
    *,
    spliced: bool,
    shim: Shim = DOOR,
    path: str | None = None,
) -> Checked:
    """Return if a person may run a statement.

    Args:
        con: a cursor of the instance, with no result open that is still wanted: names are looked
            up on it. In a transaction, the one that runs it.
        text: the statement as he wrote it.
        tokens: of it, to tell positions; None if there are none.
        final: the statement as DuckDB will run it.
        rights: of the person.
        spliced: ``final`` holds what an ``ML.X(...)`` became, which may use the registry's tables
            and hidden functions; then ``text`` must not name them anywhere.
        shim: the catalog's database.
        path: the search path of the connection that will run it, databases before schemas; read
            from ``con`` without it, which takes a quarter of a millisecond.

    Raises:
        PgError: it may not, or cannot be parsed: 25006, 42501, 42P01, 42883, 42601, 42602,
            54000, 54001, 0A000.
    """
    check_size(text)
    if final is not text:
        check_size(final)
    if spliced:
        check_words(text)
    path = search_path(con) if path is None else path
    names = known(con, check=True)
    key = (text, final, rights, spliced, shim, path)  # names may be those of many sessions
    held = names.passed.get(key)
    if held is not None:
        return cast(Checked, held)
    at = places(path)
    database = _database(at, shim)
    asked = Asked(con, rights, tokens, at, database, shim, spliced, names)
    checked = _checked(asked, final)
    if not checked.writes and len(final) < _CACHED_LENGTH:
        names.passed[key] = checked
    return checked


def check_words(text: str) -> None:
    """Refuse a text that names the registry's schema or a hidden function, be it in a comment.

    Raises:
        PgError: 42501.

    >>> check_words("SELECT * FROM ML.PREDICT(MODEL churn, TABLE customers)")
    """
    found = _HIDDEN.search(text)
    if found:
        raise PgError(
            "42501", f"permission denied for {found.group()}", position=found.start() + 1,
            hint="statements with ML functions cannot name what retailsql keeps for itself",
        )  # fmt: skip


def _database(at: Sequence[tuple[str, str]], shim: Shim) -> str:
    """The file's database: the first of the path that is not the catalog's."""
    for database, _ in at:
        if not shim.holds(database) and database not in ("system", "temp"):
            return database
    return ""


def _checked(asked: Asked, final: str) -> Checked:
    inner = explained(final)
    text = final if inner is None else inner
    parsed = parse(asked.con, text)
    if parsed.tree is not None:
        uses = uses_of(parsed.tree)
        _check_writes(asked, uses)
        check_uses(asked, uses)
        check_copies_of_macros(asked, parsed.tree, uses.functions)
        return _result(asked, bool(uses.writes))
    writes.check_other(asked, text, check_query)
    return _result(asked, True)


def _check_writes(asked: Asked, uses: Uses) -> None:
    for write in uses.writes:
        if not may_write_at_all(asked.rights):
            raise writes.read_only(write.word)
        check_table(asked, write.path, "write")


def check_uses(asked: Asked, uses: Uses) -> None:
    """Refuse a relation or function that this person has no right to.

    Raises:
        PgError: as for :func:`check`.
    """
    asked.relations += uses.relations
    asked.joins += uses.joins
    asked.copies = uses.copies
    for table in uses.tables:
        check_table(asked, table.path)
    for function in uses.functions:
        check_function(asked, function)
    for kind in uses.types:
        check_type(asked, kind.path)


def check_query(asked: Asked, text: str, writing: bool) -> None:
    """Check a query that is part of another statement, or a writing one in brackets behind WITH.

    Raises:
        PgError: as for :func:`check`; 42501 also for a write where none belongs.
    """
    parsed = parse(asked.con, text)
    if parsed.tree is None:
        raise PgError("0A000", "this statement is not supported")
    uses = uses_of(parsed.tree)
    if bool(uses.writes) != writing:
        raise PgError("0A000", "this statement is not supported")
    _check_writes(asked, uses)
    check_uses(asked, uses)
    check_copies_of_macros(asked, parsed.tree, uses.functions)


def _result(asked: Asked, writing: bool) -> Checked:
    tables = tuple(dict.fromkeys(f"{place.schema}.{place.name}" for place in asked.tables))
    return Checked(writing, tables, tuple(dict.fromkeys(asked.models)))
