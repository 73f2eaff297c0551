"""Transaction commands, grants, and commands that drivers send and that mean little here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from retailsql.adapters.server import policy
from retailsql.adapters.server.backend.result import Command, Plan, Result, done
from retailsql.adapters.server.backend.script import Part, ended, name_at, syntax_error
from retailsql.adapters.server.backend.set_show import transaction_modes
from retailsql.adapters.server.records import Notice, PgError

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context


def begin(ctx: Context, part: Part) -> Plan:
    """``BEGIN [modes]`` and ``START TRANSACTION [modes]``."""
    walk = part.walk()
    if walk.take("START"):
        walk.expect("TRANSACTION")
        tag = "START TRANSACTION"
    else:
        walk.expect("BEGIN")
        tag = "BEGIN"
        if not walk.take("WORK"):
            walk.take("TRANSACTION")
    modes = transaction_modes(walk)

    def run() -> Result:
        ctx.block.start(modes)
        return done(tag)

    return Command(run)


def commit(ctx: Context, part: Part) -> Plan:
    """``COMMIT`` and ``END``."""
    chain = _chain(part)
    return Command(lambda: done(ctx.block.commit(chain)))


def rollback(ctx: Context, part: Part) -> Plan:
    """``ROLLBACK``, ``ABORT`` and ``ROLLBACK TO [SAVEPOINT] name``."""
    walk = part.walk()
    walk.at = 1
    if not walk.take("WORK"):
        walk.take("TRANSACTION")
    if walk.take("TO"):
        name = _savepoint_name(part, walk.at)
        return Command(lambda: done(ctx.block.rollback_to(name)))
    chain = _chain(part)
    return Command(lambda: done(ctx.block.rollback(chain)))


def savepoint(ctx: Context, part: Part) -> Plan:
    """``SAVEPOINT name``."""
    name = _savepoint_name(part, 1)
    return Command(lambda: done(ctx.block.savepoint(name)))


def release(ctx: Context, part: Part) -> Plan:
    """``RELEASE [SAVEPOINT] name``."""
    name = _savepoint_name(part, 1)
    return Command(lambda: done(ctx.block.release(name)))


_READS = "the file was opened for reading only: rights to train and write hold after a restart"


def grant(ctx: Context, part: Part) -> Plan:
    """GRANT and REVOKE, kept in the file of users."""
    statement = policy.read_grant(part.tokens, part.text, ctx.warehouse.name)
    if statement is None:
        raise syntax_error(part.walk())

    def run() -> Result:
        there = ctx.work.generation.database
        for name in statement.databases:
            if name.lower() != there.lower():
                raise PgError("3D000", f'database "{name}" does not exist')
        if statement.grant:
            ctx.accounts.grant(statement, ctx.rights)
            _tell_of_grant(ctx, statement)
        else:
            for kept in ctx.accounts.revoke(statement, ctx.rights):
                ctx.tell(Notice(kept, severity="WARNING"))
        if statement.grants:
            ctx.audit.write("grant", user=ctx.user, peer=ctx.peer, statement=part.text)
        return done("GRANT" if statement.grant else "REVOKE")

    return Command(run)


def _tell_of_grant(ctx: Context, statement: policy.GrantStatement) -> None:
    """What may surprise whoever grants."""
    if not statement.grants:
        ctx.tell(Notice("USAGE comes with any right in a schema; nothing was changed"))
    con, database = ctx.connection(), ctx.work.generation.database
    for what, near in policy.not_there(con, database, statement.grants):
        ctx.tell(Notice(f"{what} does not exist: the right holds once it does", hint=near))
    changes = any(g.privilege in ("train", "write") for g in statement.grants)
    if changes and not ctx.warehouse.writable:
        ctx.tell(Notice(_READS, severity="WARNING", hint="restart retailsql serve"))


def listen(ctx: Context, part: Part) -> Plan:
    """UNLISTEN and NOTIFY: taken, as on a server where nobody listens.

    Raises:
        PgError: 0A000 for LISTEN, whose client would wait for ever.
    """
    word = part.words[0]
    if word == "LISTEN":
        raise PgError(
            "0A000", "LISTEN is not supported",
            hint="Nothing is ever notified here: ask again from time to time.",
        )  # fmt: skip
    return Command(lambda: done(word))


def lock(ctx: Context, part: Part) -> Plan:
    """LOCK TABLE: only in a block, and nothing to lock out, as readers see a snapshot."""

    def run() -> Result:
        if not ctx.block.inside:
            raise PgError("25P01", "LOCK TABLE can only be used in transaction blocks")
        return done("LOCK TABLE")

    return Command(run)


def maintain(ctx: Context, part: Part) -> Plan:
    """VACUUM and ANALYZE: as PostgreSQL does for tables of others, a warning and no work."""
    word = part.words[0]

    def run() -> Result:
        if word == "VACUUM" and ctx.block.inside:
            raise PgError("25001", "VACUUM cannot run inside a transaction block")
        ctx.tell(Notice(f"{word} has nothing to do here", severity="INFO"))
        return done(word)

    return Command(run)


def refused(ctx: Context, part: Part) -> Plan:
    """What this server has not.

    Raises:
        PgError: 0A000, or 42501 for what would touch the server itself.
    """
    word = part.words[0]
    if word in ("ATTACH", "DETACH", "INSTALL", "LOAD", "IMPORT", "EXPORT", "PRAGMA", "USE"):
        raise PgError("42501", f"permission denied: {word} is not allowed here")
    raise PgError("0A000", f"{word} is not supported")


def extension(ctx: Context, part: Part) -> Plan:
    """CREATE EXTENSION.

    Raises:
        PgError: 42501, as PostgreSQL says it to whoever may not.
    """
    walk = part.walk()
    walk.at = 2
    walk.take("IF", "NOT", "EXISTS")
    raise PgError(
        "42501", f'permission denied to create extension "{name_at(walk)}"',
        hint="There are none here: the functions are DuckDB's and those of the models.",
    )  # fmt: skip


def if_there(ctx: Context, part: Part, make: Callable[[], Plan]) -> Plan:
    """``DROP TABLE IF EXISTS missing`` is told and does nothing."""
    walk = part.walk()
    walk.at = 2
    if not walk.take("IF", "EXISTS"):
        return make()
    try:
        return make()
    except PgError as error:
        if error.sqlstate != "42P01":
            raise
        told = f"{error.message}, skipping".removeprefix("relation ")
    verb, kind = part.words[:2]
    notice = Notice(f"{kind.lower()} {told}" if told.startswith('"') else told, "00000")

    def run() -> Result:
        ctx.tell(notice)
        return done(f"{verb} {kind}")

    return Command(run)


ROLES = ("USER", "ROLE", "GROUP")
_KEPT = "Users and roles are kept in a file on the server: "


def roles(ctx: Context, part: Part) -> Plan:
    """CREATE, ALTER and DROP of users and roles, which the server's file of users holds.

    Raises:
        PgError: 0A000.
    """
    words = part.words
    name = _role_name(part)
    if words[0] == "CREATE":
        todo = f"retailsql user add {name}"
    elif words[0] == "DROP":
        todo = f"retailsql user remove {name}"
    else:
        todo = f"retailsql user password {name}"
    if words[1] != "USER" and words[0] != "ALTER":
        todo = f"write or remove [roles.{name}] there"
    raise PgError("0A000", f"{words[0]} {words[1]} is not supported", hint=f"{_KEPT}{todo}")


def _role_name(part: Part) -> str:
    walk = part.walk()
    walk.at = 2
    walk.take("IF", "EXISTS")
    try:
        return name_at(walk)
    except PgError:
        return "NAME"


def _chain(part: Part) -> bool:
    walk = part.walk()
    walk.at = 1
    if not walk.take("WORK"):
        walk.take("TRANSACTION")
    chain = walk.take("AND", "CHAIN")
    if not chain:
        walk.take("AND", "NO", "CHAIN")
    ended(walk)
    return chain


def _savepoint_name(part: Part, at: int) -> str:
    walk = part.walk()
    walk.at = at
    walk.take("SAVEPOINT")
    name = name_at(walk)
    ended(walk)
    return name
