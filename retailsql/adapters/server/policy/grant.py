"""GRANT and REVOKE: rights on schemas, tables, models and the whole database, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, get_args

from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.policy.rights import REGISTRY
from retailsql.adapters.server.records import Grant, PgError, Privilege
from retailsql.dialect.tokens import Walk
from retailsql.errors import StatementError
from retailsql.functions.macros import ALL_VERBS
from retailsql.registry.names import split_name

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


class GrantStatement(NamedTuple):
    """A GRANT or REVOKE.

    Args:
        grant: False: REVOKE.
        grants: what; empty for USAGE, which is accepted and means nothing here.
        to: roles or users.
        databases: that names begin with, as written; the file's is the only one there is.
    """

    grant: bool
    grants: tuple[Grant, ...]
    to: tuple[str, ...]
    databases: tuple[str, ...] = ()

    @property
    def grantees(self) -> tuple[str, ...]:
        """The same as ``to``."""
        return self.to


_WORDS: dict[str, tuple[Privilege, ...]] = {
    "READ": ("read",),
    "SELECT": ("read",),
    "SCORE": ("score",),
    "EXECUTE": ("score",),
    "TRAIN": ("train",),
    "WRITE": ("write",),
    "USAGE": (),
    "CONNECT": (),
}
_REFUSED = {
    **dict.fromkeys(("INSERT", "UPDATE", "DELETE", "TRUNCATE", "CREATE"), "grant write"),
    **dict.fromkeys(("REFERENCES", "TRIGGER", "TEMPORARY", "TEMP"), None),
}
"""PostgreSQL's privileges that are none here, with what to do."""
_KINDS = ("SCHEMA", "TABLE", "VIEW", "MODEL", "FUNCTION", "DATABASE")
_FITS = {
    "database": get_args(Privilege),
    "schema": get_args(Privilege),
    "table": ("read", "write"),
    "model": ("score", "train"),
}
_FORM = "read|score|train|write ON SCHEMA s|TABLE s.t|MODEL s.m|DATABASE {database}"


def read_grant(tokens: Sequence[Token], text: str, database: str = "shop") -> GrantStatement | None:
    """The GRANT or REVOKE that a text is; None if it is something else.

    Args:
        tokens: of the text.
        text: as written.
        database: the file's, for hints.

    Raises:
        PgError: 42601 it cannot be read, 0LP01 or 0A000 it cannot be granted.

    >>> from retailsql.dialect.tokens import tokenize
    >>> text = "GRANT SELECT ON TABLE raw.sales TO anna"
    >>> read_grant(tokenize(text), text)
    ... # doctest: +NORMALIZE_WHITESPACE
    GrantStatement(grant=True, grants=(Grant(privilege='read', kind='table', schema='raw',
    name='sales'),), to=('anna',), databases=())
    """
    walk = Walk(text, tokens)
    if walk.peek() not in ("GRANT", "REVOKE"):
        return None
    try:
        return _statement(walk)
    except StatementError as error:
        position = tokens[min(walk.at, len(tokens) - 1)].start + 1
        form = f"{tokens[0].text.upper()} {_FORM.format(database=database)} "
        form += "TO name" if tokens[0].text.upper() == "GRANT" else "FROM name"
        raise PgError("42601", error.fact, hint=form, position=position) from error


def _statement(walk: Walk) -> GrantStatement:
    giving = walk.take("GRANT")
    if not giving:
        walk.expect("REVOKE")
        if walk.take("GRANT", "OPTION", "FOR"):
            raise PgError("0A000", "grant options are not supported")
    words = _privileges(walk)
    objects = _objects(walk)
    grants = [grant for _, *place in objects for grant in _grants(words, *place)]
    walk.expect("TO" if giving else "FROM")
    if walk.peek() in ("PUBLIC", "CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"):
        raise PgError("0A000", f"{walk.peek()} cannot be granted to", hint="name a role or a user")
    to = _names(walk)
    if walk.take("WITH", "GRANT", "OPTION"):
        raise PgError("0A000", "grant options are not supported")
    if not giving and not walk.take("CASCADE"):
        walk.take("RESTRICT")
    walk.take(";")
    if not walk.done:
        raise walk.error("Did not expect more")
    databases = [database for database, *_ in objects if database]
    return GrantStatement(giving, tuple(dict.fromkeys(grants)), tuple(to), tuple(databases))


def _privileges(walk: Walk) -> list[Privilege] | None:
    """The privileges named; None: all that fit."""
    if walk.take("ALL"):
        walk.take("PRIVILEGES")
        walk.expect("ON")
        return None
    found: list[Privilege] = []
    while True:
        word = walk.peek()
        if word in _REFUSED:
            raise PgError("0A000", f"{word} cannot be granted alone", hint=_REFUSED[word])
        if word not in _WORDS:
            if walk.peek(1) in ("TO", "FROM", ","):
                hint = "roles = [...] under [users.NAME] in the file of users gives them"
                raise PgError("0A000", "roles are not granted in SQL", hint=hint)
            raise walk.error("Expected a privilege")
        found += _WORDS[word]
        walk.at += 1
        if walk.peek() == "(":
            hint = "grant a right on a view of these columns"
            raise PgError("0A000", "rights on columns are not supported", hint=hint)
        if walk.take("ON"):
            return found
        walk.expect(",")


def _objects(walk: Walk) -> list[tuple[str, str, str, str]]:
    """Database, empty if none is named, kind, schema and name of each object."""
    for word, kind in (("TABLES", "table"), ("FUNCTIONS", "model")):
        if walk.take("ALL", word, "IN", "SCHEMA"):
            return [("", kind, name, "*") for name in _names(walk)]
    kind = walk.peek() if walk.peek() in _KINDS else ""
    # ``ON table TO`` may be a table of that name, yet the word is the language's own.
    if kind:
        walk.at += 1
    out = [_object(walk, kind or "TABLE")]
    while walk.take(","):
        out.append(_object(walk, kind or "TABLE"))
    return out


def _object(walk: Walk, kind: str) -> tuple[str, str, str, str]:
    if walk.peek() in ("TO", "FROM"):
        raise walk.error(f"Expected the name of a {kind.lower()}")
    parts = _dotted(walk)
    most = {"DATABASE": 1, "SCHEMA": 2}.get(kind, 3)
    if len(parts) > most:
        raise walk.error(f"The name of a {kind.lower()} has no more than {most} parts")
    database = parts[0] if len(parts) == most else ""
    if kind == "DATABASE":
        return database, "database", "*", "*"
    if kind == "SCHEMA":
        return database, "schema", parts[-1], "*"
    schema, name = parts[-2] if len(parts) > 1 else "main", parts[-1]
    if kind == "FUNCTION":
        if walk.peek() == "(":
            walk.group()
        return database, "model", schema, _model_of(name)
    return database, ("model" if kind == "MODEL" else "table"), schema, name


def _model_of(function: str) -> str:
    """The model of ``churn_score``.

    Raises:
        PgError: 42883 it is no name of a model's function.
    """
    model, _, verb = function.rpartition("_")
    if not model or verb not in ALL_VERBS:
        raise PgError(
            "42883", f"function {function} is not one of a model",
            hint="models have functions such as churn_score; GRANT score ON MODEL churn",
        )  # fmt: skip
    return model


def _grants(words: list[Privilege] | None, kind: str, schema: str, name: str) -> list[Grant]:
    if fold(schema) == REGISTRY:
        raise PgError("0LP01", "the registry's own schema cannot be granted")
    fits = _FITS[kind]
    found = list(fits) if words is None else words
    for word in found:
        if word not in fits:
            raise PgError("0LP01", f"invalid privilege type {word} for {kind}")
    return [Grant(word, kind, schema, name) for word in found]  # type: ignore[arg-type]


def _dotted(walk: Walk) -> list[str]:
    """The parts of a name, folded to lower case unless quoted, as PostgreSQL folds them."""
    written = walk.name()
    parts = split_name(written)
    return parts if '"' in written else [part.lower() for part in parts]


def _names(walk: Walk) -> list[str]:
    out = []
    while True:
        walk.take("GROUP")
        parts = _dotted(walk)
        if len(parts) != 1:
            raise walk.error("Expected a name of one part")
        out.append(parts[0])
        if not walk.take(","):
            return out
