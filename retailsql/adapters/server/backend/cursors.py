"""DECLARE, FETCH, MOVE and CLOSE: rows of a query some at a time, forward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType

from retailsql.adapters.server.backend.portals import Portal
from retailsql.adapters.server.backend.prepare import QUERIES
from retailsql.adapters.server.backend.query import Query
from retailsql.adapters.server.backend.result import Command, Plan, Result, done
from retailsql.adapters.server.backend.script import Part, ended, name_at, syntax_error
from retailsql.adapters.server.records import Field, PgError
from retailsql.dialect.tokens import Walk

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

_BACKWARD = ("PRIOR", "FIRST", "LAST", "ABSOLUTE", "RELATIVE", "BACKWARD")


@dataclass
class Declared:
    """DECLARE: its parameters are those of its query."""

    ctx: Context
    name: str
    query: Query
    hold: bool
    text: str
    fields: list[Field] | None = None
    parameters: list[int] = field(init=False)
    targets: list[DuckDBPyType | None] = field(init=False)

    def __post_init__(self) -> None:
        self.parameters, self.targets = self.query.parameters, self.query.targets

    def run(self, values: Sequence[Any]) -> Result:
        """Begin to read: what FETCH gets is what the database holds at this moment."""
        ctx = self.ctx
        if not self.hold and not ctx.block.inside and not ctx.several:
            raise PgError("25P01", "DECLARE CURSOR can only be used in transaction blocks")
        if self.name in ctx.portals:
            raise PgError("42P03", f'cursor "{self.name}" already exists')
        portal = Portal(ctx, self.query, values, hold=self.hold, text=self.text)
        portal.start()
        ctx.portals[self.name] = portal
        return done("DECLARE CURSOR")


def declare(ctx: Context, part: Part, oids: Sequence[int] = ()) -> Plan:
    """``DECLARE name [options] CURSOR [WITH HOLD] FOR query``."""
    walk = part.walk()
    walk.expect("DECLARE")
    name = name_at(walk)
    while walk.peek() in ("BINARY", "INSENSITIVE", "ASENSITIVE", "NO", "SCROLL"):
        if walk.take("BINARY"):
            raise PgError("0A000", "binary cursors are not supported")
        walk.at += 1  # SCROLL is taken: whoever scrolls back is told when he does
    walk.expect("CURSOR")
    hold = walk.take("WITH", "HOLD")
    if not hold:
        walk.take("WITHOUT", "HOLD")
    walk.expect("FOR")
    if walk.peek() not in QUERIES:
        raise syntax_error(walk)
    rest = part.rest(walk.at)
    query = Query(ctx, rest, oids)
    if query.writes or query.fields is None:
        raise PgError("0A000", "a cursor must be declared for a query that only reads")
    return Declared(ctx, name, query, hold, rest.text)


def fetch(ctx: Context, part: Part) -> Plan:
    """``FETCH [direction] [FROM | IN] name``."""
    walk = part.walk()
    walk.expect("FETCH")
    count, name = _count_and_name(walk)
    portal = find(ctx, name)
    return Command(lambda: _fetch(portal, count), portal.fields)


def move(ctx: Context, part: Part) -> Plan:
    """``MOVE [direction] [FROM | IN] name``."""
    walk = part.walk()
    walk.expect("MOVE")
    count, name = _count_and_name(walk)
    portal = find(ctx, name)
    return Command(lambda: _move(portal, count))


def close(ctx: Context, part: Part) -> Plan:
    """``CLOSE name | ALL``."""
    walk = part.walk()
    walk.expect("CLOSE")
    if walk.take("ALL"):
        ended(walk)
        return Command(lambda: _close_all(ctx))
    name = name_at(walk)
    ended(walk)
    return Command(lambda: _close(ctx, name))


def find(ctx: Context, name: str) -> Portal:
    """A cursor.

    Raises:
        PgError: 34000 there is none of that name.
    """
    portal = ctx.portals.get(name)
    if portal is None:
        raise PgError("34000", f'cursor "{name}" does not exist')
    return portal


def _fetch(portal: Portal, count: int | None) -> Result:
    rows: Iterator[pa.RecordBatch] = portal.take(count) if count != 0 else iter(())
    return Result("FETCH", portal.fields, rows, limited=False)  # the cursor's own portal counts


def _move(portal: Portal, count: int | None) -> Result:
    moved = sum(batch.num_rows for batch in portal.take(count)) if count != 0 else 0
    return done(f"MOVE {moved}")


def _close(ctx: Context, name: str) -> Result:
    find(ctx, name).close()
    del ctx.portals[name]
    return done("CLOSE CURSOR")


def _close_all(ctx: Context) -> Result:
    for portal in ctx.portals.values():
        portal.close()
    ctx.portals.clear()
    return done("CLOSE CURSOR ALL")


def _count_and_name(walk: Walk) -> tuple[int | None, str]:
    """How many rows, None for all, and of which cursor.

    Raises:
        PgError: 55000 the cursor would have to go back.
    """
    count: int | None = 1
    if walk.peek() in _BACKWARD and walk.peek(1) != "":
        raise PgError(
            "55000", "cursor can only scan forward",
            hint="Declare it with NO SCROLL and read each row once.",
        )  # fmt: skip
    forward = walk.take("FORWARD")
    if walk.take("NEXT") and not forward:
        count = 1
    elif walk.take("ALL"):
        count = None
    elif walk.peek().isdigit():
        count = int(walk.peek())
        walk.at += 1
    elif walk.peek() == "-":
        raise PgError("55000", "cursor can only scan forward")
    if not walk.take("FROM"):
        walk.take("IN")
    name = name_at(walk)
    ended(walk)
    return count, name
