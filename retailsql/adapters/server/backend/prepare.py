"""PREPARE, EXECUTE, DEALLOCATE and DISCARD as statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from retailsql.adapters.server.backend import parameters
from retailsql.adapters.server.backend.prepared import Prepared
from retailsql.adapters.server.backend.result import Command, Plan, Result, done
from retailsql.adapters.server.backend.script import Part, ended, name_at, split, syntax_error
from retailsql.adapters.server.records import Edit, PgError, apply

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

QUERIES = ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "VALUES", "FROM", "TABLE", "(", "MERGE")


def prepare(ctx: Context, part: Part) -> Plan:
    """``PREPARE name [(type, ...)] AS query``."""
    walk = part.walk()
    walk.expect("PREPARE")
    name = name_at(walk)
    types: list[str] = []
    if walk.peek() == "(":
        types = [walk.slice(*span) for span in walk.split(*walk.group())]
    walk.expect("AS")
    if walk.peek() not in QUERIES:
        raise syntax_error(walk)
    query = part.rest(walk.at)
    return Command(lambda: _prepare(ctx, name, query, types, part.text))


def execute(ctx: Context, part: Part) -> Plan:
    """``EXECUTE name [(value, ...)]``: the values are put into the statement's text."""
    walk = part.walk()
    walk.expect("EXECUTE")
    name = name_at(walk)
    values: list[str] = []
    if walk.peek() == "(":
        values = [walk.slice(*span) for span in walk.split(*walk.group())]
    ended(walk)
    held = find(ctx, name)
    if held.part is None:
        raise PgError("42601", "an empty statement cannot be executed")
    held.runs += 1
    return _planned(ctx, name, held.part, held.types, values)


def deallocate(ctx: Context, part: Part) -> Plan:
    """``DEALLOCATE [PREPARE] name | ALL``."""
    walk = part.walk()
    walk.expect("DEALLOCATE")
    walk.take("PREPARE")
    if walk.take("ALL"):
        ended(walk)
        return Command(lambda: _forget_all(ctx))
    name = name_at(walk)
    ended(walk)
    return Command(lambda: _forget(ctx, name))


def discard(ctx: Context, part: Part) -> Plan:
    """``DISCARD ALL | PLANS | SEQUENCES | TEMP``."""
    walk = part.walk()
    walk.expect("DISCARD")
    what = walk.peek()
    if what not in ("ALL", "PLANS", "SEQUENCES", "TEMP", "TEMPORARY"):
        raise syntax_error(walk)
    walk.at += 1
    ended(walk)
    if what == "ALL":
        return Command(lambda: _discard_all(ctx))
    return Command(lambda: done(f"DISCARD {'TEMP' if what == 'TEMPORARY' else what}"))


def find(ctx: Context, name: str) -> Prepared:
    """A prepared statement.

    Raises:
        PgError: 26000 there is none of that name.
    """
    held = ctx.statements.get(name)
    if held is None:
        shown = f'prepared statement "{name}"' if name else "unnamed prepared statement"
        raise PgError("26000", f"{shown} does not exist")
    return held


def text_of(ctx: Context, name: str) -> str:
    """What a prepared statement says, for the audit log; '' if there is none."""
    held = ctx.statements.get(name)
    return "" if held is None or held.part is None else held.part.text


def _prepare(ctx: Context, name: str, query: Part, types: list[str], told: str) -> Result:
    if name in ctx.statements:
        raise PgError("42P05", f'prepared statement "{name}" already exists')
    held = Prepared(ctx, query, [], told)
    held.types = types
    held.plan()
    ctx.statements[name] = held
    return done("PREPARE")


def _planned(ctx: Context, name: str, query: Part, types: list[str], values: list[str]) -> Plan:
    """The statement with its values, read and checked like one that was written so."""
    from retailsql.adapters.server.backend.commands import plan

    found = parameters.read(query, [])
    wanted = max([len(types), *found.places])
    if len(values) != wanted:
        raise PgError(
            "42601", f'wrong number of parameters for prepared statement "{name}"',
            detail=f"Expected {wanted} parameters but got {len(values)}.",
        )  # fmt: skip
    edits = [
        Edit(start, stop, _cast(values[n - 1], types[n - 1] if n <= len(types) else ""))
        for n, places in found.places.items()
        for start, stop in places
    ]
    parts = split(apply(query.text, edits))
    if len(parts) != 1:
        raise PgError("42601", "a parameter is one value")
    return plan(ctx, parts[0])


def _cast(value: str, kind: str) -> str:
    return f"CAST(({value}) AS {kind})" if kind else f"({value})"


def _forget(ctx: Context, name: str) -> Result:
    find(ctx, name)
    del ctx.statements[name]
    return done("DEALLOCATE")


def _forget_all(ctx: Context) -> Result:
    ctx.statements.clear()
    return done("DEALLOCATE ALL")


def _discard_all(ctx: Context) -> Result:
    if ctx.block.inside:
        raise PgError("25001", "DISCARD ALL cannot run inside a transaction block")
    ctx.statements.clear()
    ctx.end_portals(keep_hold=False)
    ctx.settings.reset_all()
    return done("DISCARD ALL")
