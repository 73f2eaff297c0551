"""What a user's roles come to, taken together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from retailsql.adapters.server.accounts import amounts
from retailsql.adapters.server.accounts.document import Document
from retailsql.adapters.server.accounts.grants import covers, write_grant
from retailsql.adapters.server.records import Grant, Limits, PgError, Rights
from retailsql.errors import ProjectError, nearest

_NAMED = 10
"""Grants named in one sentence."""


def rights_of(document: Document, name: str) -> Rights:
    """The union of a user's grants, the widest of his limits."""
    user = document.users[name]
    roles = [document.roles[role] for role in user.roles]
    grants = frozenset(user.grants).union(*(role.grants for role in roles))
    return Rights(name, user.roles, grants, _widest([role.limits for role in roles]), user.admin)


def holder(document: Document, name: str) -> tuple[str, str]:
    """Section and name of whom is granted to; SQL's unquoted names may differ in case.

    Raises:
        PgError: 42704, there is none.
    """
    known = [("roles", role) for role in document.roles] + [("users", u) for u in document.users]
    exact = [place for place in known if place[1] == name]
    alike = [place for place in known if place[1].casefold() == name.casefold()]
    if exact or len(alike) == 1:
        return (exact or alike)[0]
    raise PgError(
        "42704", f'role "{name}" does not exist',
        hint=f"Did you mean: {nearest(name, [place[1] for place in known])}?",
    )  # fmt: skip


def kept(document: Document, section: str, name: str, grants: Iterable[Grant]) -> list[str]:
    """What a role or user may do yet after a REVOKE: by wider grants, and by narrower ones.

    Args:
        document: the file, after it.
        section: ``roles`` or ``users``.
        name: of whom.
        grants: that were to be taken.

    Returns:
        A sentence for each.
    """
    held = [("", grant) for grant in getattr(document, section)[name].grants]
    if section == "users":
        for role in document.users[name].roles:
            held += [(f" of role {role}", grant) for grant in document.roles[role].grants]
    out = []
    for grant in grants:
        out += [
            f"{name} keeps {write_grant(grant)!r}, by {write_grant(wide)!r}{by}"
            for by, wide in held
            if covers(wide, grant)
        ]
        narrow = [f"{write_grant(n)!r}{by}" for by, n in held if covers(grant, n)]
        if narrow and not any(covers(wide, grant) for _, wide in held):
            more = f" and {len(narrow) - _NAMED} more" if len(narrow) > _NAMED else ""
            out.append(f"{name} keeps {', '.join(narrow[:_NAMED])}{more}: revoke each as granted")
    return list(dict.fromkeys(out))


def check_memory(document: Document) -> None:
    """Return if no role's memory limit stands beside somebody who may train or write.

    Args:
        document: the file.

    Raises:
        ProjectError: names one of each; DuckDB opens a file that is written only once.
    """
    writes = next(_writers(document), None)
    limited = next((r for r in _all_rights(document) if r.limits.memory is not None), None)
    if writes is None or limited is None:
        return
    raise ProjectError(
        "Where a role has a memory limit nobody may train or write: it needs an instance of its "
        "own, which DuckDB gives only on a file that nobody writes",
        seen=f"memory_limit of role {limited.roles[0]!r} (user {limited.user!r}), and {writes}",
        todo="take the memory_limit out of the role, or train and write from all; "
        "[server] memory_limit holds for all together",
    )


def _all_rights(document: Document) -> Iterator[Rights]:
    return (rights_of(document, user) for user in document.users)


def _writers(document: Document) -> Iterator[str]:
    """Who may train or write and by which grant: users, and roles that somebody has."""
    for name, user in document.users.items():
        for holder, grants in (
            (f"user {name!r}", user.grants),
            *((f"role {r!r} (user {name!r})", document.roles[r].grants) for r in user.roles),
        ):
            for grant in grants:
                if grant.privilege in ("train", "write"):
                    yield f"{write_grant(grant)!r} of {holder}"


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
