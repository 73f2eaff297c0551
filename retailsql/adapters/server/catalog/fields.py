"""The types that a result of the catalog is announced with: PostgreSQL's own, not DuckDB's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from retailsql.adapters.server.catalog.names import sql_file
from retailsql.adapters.server.records import Field

_BY_KIND = {"UINTEGER": (26, 4), "UINTEGER[]": (1028, -1)}
_BY_TYPE = {"name": (19, 64), "char": (18, 1)}
_OF_ASYNCPG = {"kind": "char", "elemdelim": "char"}
"""Columns of asyncpg's introspection, which reads "char" as bytes."""


@lru_cache(maxsize=1)
def _columns() -> dict[str, str]:
    """Column of pg_catalog -> its type, where the type is ``name`` or ``"char"``."""
    text = sql_file("system_relations.sql")
    return {**dict(re.findall(r"(\w+):(name|char)\b", text)), **_OF_ASYNCPG}


def typed(fields: Sequence[Field]) -> list[Field]:
    """The fields of a result that asked the catalog, with the types drivers wait for.

    A driver that meets ``oid[]`` as ``int8[]`` asks for the type again and again.

    Args:
        fields: as the encoder describes them.

    >>> [f.oid for f in typed([Field("oid", 20, 8, kind="UINTEGER"), Field("relname", 25, -1)])]
    [26, 19]
    """
    return [_typed(field) for field in fields]


def _typed(field: Field) -> Field:
    found = _BY_KIND.get(field.kind)
    if found is None and field.kind == "VARCHAR":
        found = _BY_TYPE.get(_columns().get(field.name, ""))
    return field if found is None else replace(field, oid=found[0], typlen=found[1])
