"""What a user's roles come to, taken together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from retailsql.adapters.server.accounts import amounts
from retailsql.adapters.server.accounts.document import Document
from retailsql.adapters.server.records import Limits, Rights


def rights_of(document: Document, name: str) -> Rights:
    """The union of a user's grants, the widest of his limits."""
    user = document.users[name]
    roles = [document.roles[role] for role in user.roles]
    grants = frozenset(user.grants).union(*(role.grants for role in roles))
    return Rights(name, user.roles, grants, _widest([role.limits for role in roles]), user.admin)


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
