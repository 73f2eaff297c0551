"""May a person know of a name? Asked before an error proposes one to him."""

from __future__ import annotations

from collections.abc import Callable

from duckdb import DuckDBPyConnection

from retailsql.adapters.server.policy.known import Function, Place, known
from retailsql.adapters.server.policy.names import fold
from retailsql.adapters.server.policy.rights import knows_schema, may
from retailsql.adapters.server.records import Rights


def visible(con: DuckDBPyConnection, rights: Rights) -> Callable[[str], bool]:
    """A test of names, as ``name`` or ``schema.name``; what is built in, everybody may know.

    Args:
        con: a cursor of the instance.
        rights: of the person.

    >>> import duckdb
    >>> told = visible(duckdb.connect(), Rights("anna"))
    >>> told("lower"), told("main")
    (True, False)
    """
    names = known(con)

    def told(name: str) -> bool:
        *before, last = [fold(part.strip('"')) for part in name.split(".")]
        found = [
            p for p in names.tables.get(last, ()) if not before or fold(p.schema) == before[-1]
        ]
        if found:
            return any(_may_read(rights, place) for place in found)
        if before and before[-1] in names.schemas and not knows_schema(rights, before[-1]):
            return False
        if last in names.functions:
            return any(_may_call(rights, function) for function in names.functions[last])
        if last in names.types:
            return any(knows_schema(rights, place.schema) for place in names.types[last])
        return last not in names.databases and (
            last not in names.schemas or knows_schema(rights, last)
        )

    return told


def _may_read(rights: Rights, place: Place) -> bool:
    schema, name = place.schema, place.name
    return may(rights, "read", schema, name, "table") or may(rights, "write", schema, name, "table")


def _may_call(rights: Rights, function: Function) -> bool:
    if function.model is not None:
        return may(rights, "score", *function.model, "model")
    return knows_schema(rights, function.place.schema)
