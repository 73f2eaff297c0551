"""What a user's roles come to, taken together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from retailsql.adapters.server.accounts import amounts
from retailsql.adapters.server.accounts.document import Document
from retailsql.adapters.server.accounts.grants import folded, write_grant
from retailsql.adapters.server.records import Grant, Limits, Rights


def rights_of(document: Document, name: str) -> Rights:
    """The union of a user's grants, the widest of his limits."""
    user = document.users[name]
    roles = [document.roles[role] for role in user.roles]
    grants = frozenset(user.grants).union(*(role.grants for role in roles))
    return Rights(name, user.roles, grants, _widest([role.limits for role in roles]), user.admin)


def still(document: Document, section: str, name: str, grants: Iterable[Grant]) -> list[str]:
    """What a role or user may do yet after a REVOKE, and by which wider grants.

    Args:
        document: the file, after it.
        section: ``roles`` or ``users``.
        name: of whom.
        grants: that were to be taken.

    Returns:
        A sentence for each.
    """
    holders = [(section, name)]
    if section == "users":
        holders += [("roles", role) for role in document.users[name].roles]
    out = []
    for grant in grants:
        for kind, holder in holders:
            held = document.roles[holder] if kind == "roles" else document.users[holder]
            by = f" of role {holder}" if kind != section else ""
            out += [
                f"{name} keeps {write_grant(grant)!r}, by {write_grant(wide)!r}{by}"
                for wide in held.grants
                if _covers(wide, grant)
            ]
    return out


def _covers(wide: Grant, grant: Grant) -> bool:
    """Whether one right holds another one."""
    if wide.privilege != grant.privilege or wide.kind == "database":
        return wide.privilege == grant.privilege
    if grant.kind == "database" or folded(wide.schema) not in (b"*", folded(grant.schema)):
        return False
    if wide.kind == "schema":
        return True
    return wide.kind == grant.kind and folded(wide.name) in (b"*", folded(grant.name))


def _widest(limits: Sequence[Limits]) -> Limits:
    """Per limit the largest; none where one of the roles sets none."""
    return Limits(
        _most([one.rows for one in limits]),
        _most([one.seconds for one in limits]),
        _most([one.memory for one in limits], key=amounts.size),
        _most([one.sessions for one in limits]),
    )


def _most(values: Iterable[Any], key: Callable[[Any], Any] | None = None) -> Any:
    values = list(values)
    return None if not values or None in values else max(values, key=key)
