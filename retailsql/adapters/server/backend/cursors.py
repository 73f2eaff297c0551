"""DECLARE, FETCH, MOVE and CLOSE: rows of a query some at a time."""

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
from retailsql.adapters.server.backend.scrolling import Scrolling, Way
from retailsql.adapters.server.records import Field, PgError
from retailsql.dialect.tokens import Walk

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

_ONE = {
    "NEXT": Way(), "PRIOR": Way(-1), "FIRST": Way(1, single="absolute"),
    "LAST": Way(-1, single="absolute"),
}  # fmt: skip


@dataclass
class Declared:
    """DECLARE: its parameters are those of its query."""

    ctx: Context
    name: str
    query: Query
    hold: bool
    scroll: bool
    text: str
    told: str
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
        kind = Scrolling if self.scroll else Portal
        portal = kind(ctx, self.query, values, hold=self.hold, text=self.text)
        portal.told = self.told
        portal.start()
        ctx.portals[self.name] = portal
        return done("DECLARE CURSOR")


def declare(ctx: Context, part: Part, oids: Sequence[int] = ()) -> Plan:
    """``DECLARE name [options] CURSOR [WITH HOLD] FOR query``."""
    walk = part.walk()
    walk.expect("DECLARE")
    name = name_at(walk)
    scroll = False
    while walk.peek() in ("BINARY", "INSENSITIVE", "ASENSITIVE", "NO", "SCROLL"):
        if walk.take("BINARY"):
            raise PgError("0A000", "binary cursors are not supported")
        if not walk.take("NO", "SCROLL"):
            scroll = scroll or walk.peek() == "SCROLL"
            walk.at += 1
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
    return Declared(ctx, name, query, hold, scroll, rest.text, part.text)


def fetch(ctx: Context, part: Part) -> Plan:
    """``FETCH [direction] [FROM | IN] name``."""
    walk = part.walk()
    walk.expect("FETCH")
    way, name = _way_and_name(walk)
    portal = find(ctx, name)
    return Command(lambda: _fetch(portal, way), portal.fields)


def move(ctx: Context, part: Part) -> Plan:
    """``MOVE [direction] [FROM | IN] name``."""
    walk = part.walk()
    walk.expect("MOVE")
    way, name = _way_and_name(walk)
    portal = find(ctx, name)
    return Command(lambda: _move(portal, way))


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


def _go(portal: Portal, way: Way) -> Iterator[pa.RecordBatch]:
    """The rows on the way.

    Raises:
        PgError: 55000 the cursor would have to go back, and was not declared so.
    """
    if isinstance(portal, Scrolling):
        return portal.go(way)
    if not way.forward:
        raise PgError(
            "55000", "cursor can only scan forward",
            hint="Declare it with SCROLL option to enable backward scan.",
        )  # fmt: skip
    return portal.take(way.number)


def _fetch(portal: Portal, way: Way) -> Result:
    # The cursor's own portal counts.
    return Result("FETCH", portal.fields, _go(portal, way), limited=False)


def _move(portal: Portal, way: Way) -> Result:
    return done(f"MOVE {sum(batch.num_rows for batch in _go(portal, way))}")


def _close(ctx: Context, name: str) -> Result:
    find(ctx, name).close()
    del ctx.portals[name]
    return done("CLOSE CURSOR")


def _close_all(ctx: Context) -> Result:
    for portal in ctx.portals.values():
        portal.close()
    ctx.portals.clear()
    return done("CLOSE CURSOR ALL")


def _way_and_name(walk: Walk) -> tuple[Way, str]:
    """Which rows, and of which cursor."""
    way = _way(walk)
    if not walk.take("FROM"):
        walk.take("IN")
    name = name_at(walk)
    ended(walk)
    return way, name


def _way(walk: Walk) -> Way:
    """``NEXT``, ``ABSOLUTE -2``, ``BACKWARD ALL``, ``10``: which rows; nothing: the next one."""
    word = walk.peek()
    if walk.at == len(walk.tokens) - 1:
        return Way()  # a cursor may be called like a direction
    if word in _ONE:
        walk.at += 1
        return _ONE[word]
    if walk.take("ALL"):
        return Way(None)
    if word not in ("ABSOLUTE", "RELATIVE", "FORWARD", "BACKWARD"):
        count = _count(walk)
        return Way() if count is None else Way(count)
    walk.at += 1
    if word in ("FORWARD", "BACKWARD") and walk.take("ALL"):
        return Way(None, back=word == "BACKWARD")
    count = _count(walk)
    if word in ("ABSOLUTE", "RELATIVE"):
        if count is None:
            raise syntax_error(walk)
        return Way(count, single=word.lower())
    count = 1 if count is None else count
    return Way(count if word == "FORWARD" else -count)


def _count(walk: Walk) -> int | None:
    """A whole number, with its sign; None: there is none."""
    sign = -1 if walk.peek() == "-" else 1
    at = walk.at + (walk.peek() in ("-", "+"))
    if not walk.peek(at - walk.at).isdigit():
        return None
    count = int(walk.peek(at - walk.at))
    walk.at = at + 1
    return sign * count
