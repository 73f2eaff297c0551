"""A right as text, ``read on schema main``, and as a record."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import cast, get_args

from retailsql.adapters.server.records import Grant, Privilege, fold
from retailsql.errors import ProjectError, nearest

# What can be granted on what: no table can be scored with, no model read.
KINDS: dict[str, tuple[str, ...]] = {
    "read": ("database", "schema", "table"),
    "score": ("database", "schema", "model"),
    "train": ("database", "schema", "model"),
    "write": ("database", "schema", "table"),
}
_NAME = r'(?:"(?:[^"]|"")+"|\*|[^\s".]+)'
_TEXT = re.compile(rf"(\w+)\s+on\s+(\w+)(?:\s+({_NAME})(?:\s*\.\s*({_NAME}))?)?", re.IGNORECASE)
_PLAIN = re.compile(r"[^\W\d]\w*|\*")
WANTED = (
    "read or write on database, schema S, table S.T; score or train on database, schema S, model M"
)


def read_grant(text: str) -> Grant:
    """A right from its text; a table or model without a schema is in ``main``.

    Raises:
        ProjectError: it is none; the message says what of it.

    >>> read_grant("score on model churn")
    Grant(privilege='score', kind='model', schema='main', name='churn')
    >>> read_grant('read on table sales."my orders"')
    Grant(privilege='read', kind='table', schema='sales', name='my orders')
    >>> read_grant("read on database")
    Grant(privilege='read', kind='database', schema='*', name='*')
    """
    found = _TEXT.fullmatch(text.strip())
    if found is None:
        raise ProjectError("A grant cannot be read", seen=repr(text), wanted=WANTED)
    privilege, kind, first, second = found.groups()
    privilege, kind = privilege.lower(), kind.lower()
    if privilege not in KINDS:
        raise ProjectError(
            f"There is no privilege {privilege!r}", seen=repr(text),
            wanted=nearest(privilege, get_args(Privilege)),
        )  # fmt: skip
    if kind not in KINDS[privilege]:
        raise ProjectError(
            f"{privilege!r} cannot be granted on a {kind!r}", seen=repr(text),
            wanted=", ".join(KINDS[privilege]),
        )  # fmt: skip
    return Grant(cast(Privilege, privilege), *_place(text, kind, first, second))  # type: ignore[arg-type]


def _place(text: str, kind: str, first: str | None, second: str | None) -> tuple[str, str, str]:
    """Kind, schema and name of what is granted."""
    names = [_unquoted(name) for name in (first, second) if name is not None]
    if kind == "database":
        if len(names) > 1:
            raise ProjectError("A database has one name", seen=repr(text), wanted=WANTED)
        return kind, "*", "*"  # one file is served: its name says nothing more
    if kind == "schema" and len(names) == 1:
        return kind, names[0], "*"
    if kind in ("table", "model") and names:
        return kind, names[0] if len(names) == 2 else "main", names[-1]
    raise ProjectError(f"A grant on a {kind} names it", seen=repr(text), wanted=WANTED)


def read_grants(texts: Iterable[str]) -> tuple[Grant, ...]:
    """Rights from their texts.

    Raises:
        ProjectError: some are none; it tells what of each.
    """
    found: list[Grant] = []
    wrong: dict[str, ProjectError] = {}
    for text in texts:
        try:
            found.append(read_grant(text))
        except ProjectError as error:
            wrong[text] = error
    if not wrong:
        return tuple(found)
    (_, first), *others = wrong.items()
    if not others:
        raise first
    also = "; ".join(f"{text!r}: {error.fact} ({error.wanted})" for text, error in others)
    raise ProjectError(
        first.fact, seen=first.seen, wanted=first.wanted, todo=f"mend it, and also {also}"
    )


def write_grant(grant: Grant) -> str:
    """The text of a right, as :func:`read_grant` reads it.

    >>> write_grant(Grant("read", "table", "sales", "my orders"))
    'read on table sales."my orders"'
    >>> write_grant(Grant("score", "model", "main", "churn"))
    'score on model churn'
    """
    start = f"{grant.privilege} on {grant.kind}"
    if grant.kind == "database":
        return start
    if grant.kind == "schema":
        return f"{start} {_quoted(grant.schema)}"
    if grant.schema == "main":
        return f"{start} {_quoted(grant.name)}"
    return f"{start} {_quoted(grant.schema)}.{_quoted(grant.name)}"


def covers(wide: Grant, grant: Grant) -> bool:
    """Whether one right holds another one, by names as DuckDB compares them.

    >>> covers(Grant("score", "model", "raw", "*"), Grant("score", "schema", "raw"))
    True
    """
    if wide.privilege != grant.privilege:
        return False
    if wide.kind == "table" != grant.kind:
        return False  # in a schema there are macros to read, and tables to be made
    return all(
        fold(ours) in ("*", fold(theirs))
        for ours, theirs in ((wide.schema, grant.schema), (wide.name, grant.name))
    )


def same(one: Grant, other: Grant) -> bool:
    """Whether two rights are one, however written: models ``raw.*`` are ``schema raw``."""
    return covers(one, other) and covers(other, one)


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _quoted(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"'
