"""Which statement is planned by what: the table of first words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from retailsql.adapters.server.backend import (
    cursors,
    ml,
    prepare,
    set_config,
    set_show,
    sundry,
)
from retailsql.adapters.server.backend.copy import copy
from retailsql.adapters.server.backend.explain import explain
from retailsql.adapters.server.backend.plans import query
from retailsql.adapters.server.backend.portals import IN_FAILED
from retailsql.adapters.server.backend.result import Plan
from retailsql.adapters.server.backend.said import told
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.records import PgError

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.context import Context

_CHANGES = ("ALTER", "CREATE", "DROP")
Planner = Callable[["Context", Part], Plan | None]

_COMMANDS: dict[str, Planner] = {
    "ABORT": sundry.rollback,
    "ANALYZE": sundry.maintain,
    "ATTACH": sundry.refused,
    "BEGIN": sundry.begin,
    "CHECKPOINT": sundry.refused,
    "CLOSE": cursors.close,
    "CLUSTER": sundry.refused,
    "COMMIT": sundry.commit,
    "COPY": copy,
    "DEALLOCATE": prepare.deallocate,
    "DETACH": sundry.refused,
    "DISCARD": prepare.discard,
    "DO": sundry.refused,
    "END": sundry.commit,
    "EXECUTE": prepare.execute,
    "FETCH": cursors.fetch,
    "FORCE": sundry.refused,
    "GRANT": sundry.grant,
    "IMPORT": sundry.refused,
    "INSTALL": sundry.refused,
    "LISTEN": sundry.listen,
    "LOAD": sundry.refused,
    "LOCK": sundry.lock,
    "MOVE": cursors.move,
    "NOTIFY": sundry.listen,
    "PRAGMA": sundry.refused,
    "PREPARE": prepare.prepare,
    "REASSIGN": sundry.refused,
    "REINDEX": sundry.refused,
    "RELEASE": sundry.release,
    "RESET": set_show.reset,
    "REVOKE": sundry.grant,
    "ROLLBACK": sundry.rollback,
    "SAVEPOINT": sundry.savepoint,
    "SECURITY": sundry.refused,
    "SET": set_show.set_,
    "SHOW": set_show.show,
    "START": sundry.begin,
    "UNLISTEN": sundry.listen,
    "USE": sundry.refused,
    "VACUUM": sundry.maintain,
}


def plan(ctx: Context, part: Part, oids: Sequence[int] = ()) -> Plan:
    """How a statement is run.

    Args:
        ctx: of the session.
        part: the statement.
        oids: types of its parameters that the client has declared.

    Raises:
        PgError: it cannot be read, is not allowed, or the block has failed.
    """
    word = part.words[0]
    if ctx.block.failed and word not in IN_FAILED:
        raise failed_block()
    with told(ctx, part):
        if (model := ml.plan(ctx, part)) is not None:
            return model
        if (setting := set_config.plan(ctx, part, oids)) is not None:
            return setting
        if word in _CHANGES and part.words[1] in sundry.ROLES:
            return sundry.roles(ctx, part)
        if word == "CREATE" and part.words[1] == "EXTENSION":
            return sundry.extension(ctx, part)
        if word == "EXPLAIN":
            return explain(ctx, part, oids)
        if word == "DECLARE":
            return cursors.declare(ctx, part, oids)
        command = _COMMANDS.get(word)
        found = None if command is None else command(ctx, part)
        if found is None and word in ("DROP", "ALTER"):
            return sundry.if_there(ctx, part, lambda: query(ctx, part, oids))
        return query(ctx, part, oids) if found is None else found


def failed_block() -> PgError:
    """The error of anything in a failed block but its end."""
    return PgError(
        "25P02",
        "current transaction is aborted, commands ignored until end of transaction block",
    )
