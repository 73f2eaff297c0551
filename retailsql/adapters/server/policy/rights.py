"""What a person's grants allow."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.records import Grant, PgError, Privilege, Rights

REGISTRY = "retailsql"
"""The registry's schema; its tables are nobody's to read."""

Kind = Literal["table", "model", "schema"]


def may(rights: Rights, privilege: Privilege, schema: str, name: str, kind: Kind) -> bool:
    """True if one of the grants says so; never for the registry's own schema.

    Args:
        rights: of the person.
        privilege: to do what.
        schema: where it is.
        name: of the table or model; anything for a schema.
        kind: of what. A right on a schema needs a grant on the schema or on the database.

    >>> rights = Rights("anna", grants=frozenset({Grant("read", "table", "raw", "sales")}))
    >>> may(rights, "read", "RAW", "Sales", "table"), may(rights, "read", "raw", "costs", "table")
    (True, False)
    """
    return _may(rights.grants, privilege, fold(schema), fold(name), kind)


@lru_cache(maxsize=4096)
def _may(
    grants: frozenset[Grant], privilege: Privilege, schema: str, name: str, kind: Kind
) -> bool:
    if schema == REGISTRY:
        return False
    for grant in grants:
        if grant.privilege != privilege:
            continue
        if grant.kind == "database":
            return True
        if fold(grant.schema) not in ("*", schema):
            continue
        if grant.kind == "schema":
            return True
        if grant.kind == kind and fold(grant.name) in ("*", name):
            return True
    return False


def knows_schema(rights: Rights, schema: str) -> bool:
    """True if any grant is about that schema or something in it.

    >>> knows_schema(Rights("anna", grants=frozenset({Grant("score", "model", "m", "x")})), "m")
    True
    """
    low = fold(schema)
    if low == REGISTRY:
        return False
    return any(g.kind == "database" or fold(g.schema) in ("*", low) for g in rights.grants)


def may_write_at_all(rights: Rights) -> bool:
    """True if any grant is one of writing.

    >>> may_write_at_all(Rights("anna"))
    False
    """
    return any(grant.privilege == "write" for grant in rights.grants)


def require(rights: Rights, privilege: Privilege, schema: str, name: str, kind: Kind) -> None:
    """Return if :func:`may`.

    Raises:
        PgError: 42501, in PostgreSQL's words.

    >>> require(Rights("anna"), "score", "main", "churn", "model")
    Traceback (most recent call last):
    ...
    retailsql.adapters.server.records.PgError: permission denied for model churn...
    """
    if not may(rights, privilege, schema, name, kind):
        raise denied(kind, schema if kind == "schema" else name, privilege)


def denied(
    kind: str, name: str, privilege: Privilege | None = None, position: int | None = None
) -> PgError:
    """42501: ``permission denied for table sales``."""
    hint = f"ask for the right: {privilege}" if privilege else None
    if kind == "schema" and fold(name) == REGISTRY:
        hint = "SHOW MODELS lists the models that you have a right to"
    return PgError("42501", f"permission denied for {kind} {name}", hint=hint, position=position)
