"""SET, RESET and SHOW as statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.adapters.server.backend.lists import LISTS, lists
from retailsql.adapters.server.backend.result import (
    Command,
    Plan,
    Result,
    done,
    text_fields,
    text_rows,
)
from retailsql.adapters.server.backend.script import Part, ended, name_at, syntax_error
from retailsql.adapters.server.backend.setting_table import SETTINGS
from retailsql.adapters.server.records import Notice, PgError
from retailsql.dialect.tokens import Walk, is_string

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context


def set_(ctx: Context, part: Part) -> Plan:
    """``SET [SESSION | LOCAL] name {TO | =} value`` and its older forms."""
    walk = part.walk()
    walk.expect("SET")
    if walk.take("TRANSACTION") or walk.take("LOCAL", "TRANSACTION"):
        modes = transaction_modes(walk)
        return Command(lambda: _transaction(ctx, modes, session=False))
    if walk.take("SESSION", "CHARACTERISTICS", "AS", "TRANSACTION"):
        modes = transaction_modes(walk)
        return Command(lambda: _transaction(ctx, modes, session=True))
    if walk.take("CONSTRAINTS"):
        return Command(lambda: done("SET CONSTRAINTS"))
    local = walk.peek() == "LOCAL" and walk.peek(1) not in ("TO", "=")
    if local or (walk.peek() == "SESSION" and walk.peek(1) not in ("TO", "=")):
        walk.at += 1
    if walk.peek() in ("ROLE", "AUTHORIZATION"):
        return _role(walk)
    name, values = _name_and_values(walk)
    return Command(lambda: _set(ctx, name, values, local))


def reset(ctx: Context, part: Part) -> Plan:
    """``RESET name`` and ``RESET ALL``."""
    walk = part.walk()
    walk.expect("RESET")
    if walk.peek() == "ALL" or walk.peek() in ("ROLE",) or walk.take("SESSION", "AUTHORIZATION"):
        every = walk.take("ALL")
        walk.take("ROLE")
        ended(walk)
        return Command(lambda: _reset(ctx, None) if every else done("RESET"))
    name = _dotted(walk)
    ended(walk)
    return Command(lambda: _reset(ctx, name))


def show(ctx: Context, part: Part) -> Plan | None:
    """``SHOW name``, ``SHOW ALL`` and ``SHOW TABLES``; None: it is not of these."""
    walk = part.walk()
    walk.expect("SHOW")
    if walk.take("ALL"):
        if walk.peek() == "TABLES":
            return lists(ctx, walk)
        ended(walk)
        names = ("name", "setting", "description")
        return Command(lambda: _rows(names, _all(ctx)), text_fields(*names))
    if walk.peek() in LISTS:
        return lists(ctx, walk)
    if walk.peek() == "MODELS":
        if walk.peek(1):
            raise PgError(
                "42601", "SHOW MODELS takes nothing behind it",
                hint="It lists all models that you have a right to.",
            )  # fmt: skip
        return None
    name = _dotted(walk)
    ended(walk)
    spelt = SETTINGS[name.lower()].name if name.lower() in SETTINGS else name
    ctx.settings.show(name)  # an unknown one is told when it is described, not only when run
    return Command(lambda: _rows((spelt,), [(ctx.settings.show(name),)]), text_fields(spelt))


def transaction_modes(walk: Walk) -> dict[str, str]:
    """``ISOLATION LEVEL x, READ ONLY, NOT DEFERRABLE`` as values of settings."""
    modes: dict[str, str] = {}
    while not walk.done:
        if walk.take("ISOLATION", "LEVEL"):
            modes["isolation"] = _level(walk)
        elif walk.take("READ", "ONLY"):
            modes["read_only"] = "on"
        elif walk.take("READ", "WRITE"):
            modes["read_only"] = "off"
        elif walk.take("NOT", "DEFERRABLE") or walk.take("DEFERRABLE"):
            modes["deferrable"] = "on" if walk.tokens[walk.at - 2].text != "not" else "off"
        elif not walk.take(","):
            raise syntax_error(walk)
    return modes


def _level(walk: Walk) -> str:
    for words in ("SERIALIZABLE", "REPEATABLE READ", "READ COMMITTED", "READ UNCOMMITTED"):
        if walk.take(*words.split()):
            return words.lower()
    raise syntax_error(walk)


def _transaction(ctx: Context, modes: dict[str, str], session: bool) -> Result:
    before = "default_transaction" if session else "transaction"
    if not session and not ctx.block.inside:
        ctx.tell(
            Notice("SET TRANSACTION can only be used in transaction blocks", "25P01", "WARNING")
        )
        return done("SET")
    for mode, value in modes.items():
        ctx.settings.set(f"{before}_{mode}", value, local=not session)
    if not session and "read_only" in modes:
        ctx.block.restrict(modes["read_only"] == "on")
    return done("SET")


def _role(walk: Walk) -> Plan:
    walk.at += 1
    if not (walk.take("NONE") or walk.take("DEFAULT")):
        raise PgError("42501", "permission denied to set another role")
    ended(walk)
    return Command(lambda: done("SET"))


def _name_and_values(walk: Walk) -> tuple[str, list[str] | None]:
    """The setting and what it is set to; None: to its default."""
    if walk.take("TIME", "ZONE"):
        return "TimeZone", _values(walk)
    if walk.take("NAMES"):
        return "client_encoding", None if walk.done else _values(walk)
    if walk.take("SCHEMA"):
        return "search_path", _values(walk)
    if walk.take("SESSION_AUTHORIZATION"):
        raise PgError("42501", "permission denied to set session authorization")
    name = _dotted(walk)
    if not (walk.take("TO") or walk.take("=")):
        raise syntax_error(walk)
    return name, _values(walk)


def _dotted(walk: Walk) -> str:
    for words, name in (
        ("TRANSACTION ISOLATION LEVEL", "transaction_isolation"),
        ("SESSION AUTHORIZATION", "session_authorization"),
        ("TIME ZONE", "TimeZone"),
    ):
        if walk.take(*words.split()):
            return name
    name = name_at(walk)
    while walk.take("."):
        name += "." + name_at(walk)
    return name


def _values(walk: Walk) -> list[str] | None:
    if walk.take("DEFAULT") or walk.take("LOCAL"):
        ended(walk)
        return None
    walk.take("INTERVAL")  # SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE
    values: list[str] = []
    while True:
        values.append(_value(walk))
        if walk.take("HOUR", "TO", "MINUTE") or not walk.take(","):
            break
    ended(walk)
    return values


def _value(walk: Walk) -> str:
    sign = "-" if walk.take("-") else ""
    walk.take("+")
    if walk.done or walk.tokens[walk.at].text in (",", ";", "(", ")"):
        raise syntax_error(walk)
    token = walk.tokens[walk.at]
    walk.at += 1
    if is_string(token):
        return str(token.text)
    return sign + str(token.text).lower()


def _set(ctx: Context, name: str, values: list[str] | None, local: bool) -> Result:
    if local and not ctx.block.inside:
        ctx.tell(Notice("SET LOCAL can only be used in transaction blocks", "25P01", "WARNING"))
        return done("SET")
    if values is None:
        ctx.settings.reset(name, local)
    elif name.lower() == "search_path":
        ctx.settings.set(name, ", ".join(map(_as_written, values)), local)
    else:
        ctx.settings.set(name, ", ".join(values), local)
    return done("SET")


def _as_written(schema: str) -> str:
    plain = schema.replace("_", "a").isalnum() and schema == schema.lower()
    return schema if plain or "," in schema else '"' + schema.replace('"', '""') + '"'


def _reset(ctx: Context, name: str | None) -> Result:
    if name is None:
        ctx.settings.reset_all()
    else:
        ctx.settings.reset(name)
    return done("RESET")


def _all(ctx: Context) -> list[tuple[str, str, str]]:
    words = {s.name: s.words for s in SETTINGS.values()}
    return [(name, value, words.get(name, "")) for name, value in ctx.settings.all().items()]


def _rows(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Result:
    return Result(
        "SHOW", text_fields(*names), iter([text_rows(names, rows)]), rows=len(rows), counted=False,
        limited=False,
    )  # fmt: skip
