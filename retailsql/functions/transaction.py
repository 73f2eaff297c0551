"""Transactions: is one open, and a block that is done whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.functions import hidden
from retailsql.registry.fetch import first_row


def in_transaction(con: DuckDBPyConnection) -> bool:
    """True if the connection has an open transaction.

    Outside of one every statement has a number of its own. (Asking with BEGIN would abort it.)
    """
    try:
        first, second = (first_row(con, "SELECT txid_current()") for _ in range(2))
    except duckdb.TransactionException:
        return True  # it is open and aborted
    return first == second


@contextmanager
def own_transaction(con: DuckDBPyConnection) -> Iterator[bool]:
    """A transaction around a block, unless the caller already has one: then his decides.

    Yields:
        True if the transaction is the block's own.
    """
    own = not in_transaction(con)
    if own:
        con.begin()
    try:
        yield own
        if own:
            con.commit()
    except BaseException:
        if own:
            roll_back(con)
        raise


def roll_back(con: DuckDBPyConnection) -> None:
    """Roll back, though a failed COMMIT may have ended the transaction already; functions that
    went with it are made again, as they are named by content.
    """
    with suppress(duckdb.TransactionException):
        con.rollback()
    hidden.remake(con)
