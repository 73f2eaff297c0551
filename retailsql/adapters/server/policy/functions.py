"""May this person call the function a name means?"""

from __future__ import annotations

from typing import Any

from retailsql.adapters.server.policy import reviewed
from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.known import Function
from retailsql.adapters.server.policy.names import read_text_name, shown
from retailsql.adapters.server.policy.rights import REGISTRY, denied, may
from retailsql.adapters.server.policy.tables import check_table, meant
from retailsql.adapters.server.policy.tree import FunctionUse
from retailsql.adapters.server.records import PgError

_SCALARS = frozenset(
    name.lower() for name in reviewed.SCALARS | reviewed.WINDOWS | reviewed.SPECIAL
)
_BUILT_IN = frozenset(["main", "system", "pg_catalog"])
HIDDEN = "__rs_"


def check_function(asked: Asked, use: FunctionUse) -> None:
    """Refuse a function that this person has no right to call, or that nobody has.

    Raises:
        PgError: 42501 no right, 42883 there is none, 0A000 an argument that cannot be checked.
    """
    name = use.path[-1].lower()
    if name.startswith(HIDDEN) and asked.spliced:
        return  # it may have been made this moment; the person's own words do not name it
    own = _own(asked, use)
    if own:
        for function in own:
            _check_own(asked, use, function)
        return
    if len(use.path) > 2 or (len(use.path) == 2 and not _built_in_place(asked, use)):
        raise _unknown(asked, use)
    if use.table:
        if name in reviewed.CHECKED_TABLES:
            _check_texts(asked, use)
        elif name not in reviewed.TABLES:
            raise _unknown(asked, use)
    elif name not in _SCALARS:
        raise _unknown(asked, use)


def _built_in_place(asked: Asked, use: FunctionUse) -> bool:
    """True for ``pg_catalog.lower(x)``; and for ``x.lower()``, which DuckDB reads as a call of
    ``lower`` if there is no schema or database ``x``.
    """
    first = use.path[0].lower()
    return first in _BUILT_IN or first not in asked.names.schemas | asked.names.databases


def _own(asked: Asked, use: FunctionUse) -> list[Function]:
    """The functions by that name that are not built in, those DuckDB finds first."""
    name, *before = (part.lower() for part in reversed(use.path))
    found = [f for f in asked.names.functions.get(name, ()) if f.table == use.table]
    if len(before) == 2:
        return [f for f in found if f.place.schema.lower() == before[0]
                and f.place.database.lower() == before[1]]  # fmt: skip
    if before:
        return [f for f in found
                if before[0] in (f.place.schema.lower(), f.place.database.lower())
                or before[0] not in asked.names.schemas | asked.names.databases]  # fmt: skip
    for database, schema in asked.path:
        here = [f for f in found if f.place.database.lower() == database
                and f.place.schema.lower() == schema]  # fmt: skip
        if here:
            return here
    # A Python function lives in the engine's own place.
    return [f for f in found if f.place.database.lower() in ("system", "temp")]


def _check_own(asked: Asked, use: FunctionUse, function: Function) -> None:
    database, schema, name = function.place
    if name.lower().startswith(HIDDEN) or schema.lower() == REGISTRY:
        if asked.spliced:
            return
        raise denied("function", name, position=asked.place(use.path))
    if asked.shim.holds(database):
        if schema.lower() == "main" or asked.shim.readable(database, schema):
            return
        raise denied("function", name, position=asked.place(use.path))
    if database.lower() != asked.database:
        raise denied("function", name, position=asked.place(use.path))
    if function.model is not None:
        model_schema, model = function.model
        if not may(asked.rights, "score", model_schema, model, "model"):
            raise denied("function", name, "score", position=asked.place(use.path))
        asked.models.append(f"{model_schema}.{model}")
    elif not may(asked.rights, "read", schema, name, "schema"):
        raise denied("function", name, "read", position=asked.place(use.path))
    if function.table and function.texts:
        _check_texts(asked, use)


def _check_texts(asked: Asked, use: FunctionUse) -> None:
    """Check every text argument as the name of a relation."""
    for argument in use.arguments:
        for text in _texts(use, argument["expression"]):
            _check_text(asked, use, text)


def _texts(use: FunctionUse, node: dict[str, Any]) -> list[str]:
    """The texts of an argument: one, a list of them, or none (a number, true).

    Raises:
        PgError: 0A000 the argument is anything else, a parameter too: only its value would tell.
    """
    if node.get("class") == "CONSTANT":
        literal = node["literal"]
        if literal["kind"] == "STRING":
            return [literal["text"]]
        if literal["kind"] in ("INTEGER", "DECIMAL", "DOUBLE", "FLOAT", "BOOLEAN", "NULL"):
            return []
    if node.get("class") == "FUNCTION" and node["function_name"].lower() == "list_value":
        return [text for item in node["arguments"] for text in _texts(use, item["expression"])]
    raise PgError(
        "0A000", f"{use.path[-1]} takes names of tables as plain text here",
        hint=f"write {use.path[-1]}('schema.table'); nothing else can be checked",
    )  # fmt: skip


def _check_text(asked: Asked, use: FunctionUse, text: str) -> None:
    path = read_text_name(text)
    if path is None:
        raise PgError("42602", f'invalid name syntax: "{text[:60]}"')
    if any(part.lower() == REGISTRY or part.lower().startswith(HIDDEN) for part in path):
        raise denied("table", path[-1])  # nothing that ML.X(...) becomes names relations by text
    if path[-1].lower() in use.scope:
        # DuckDB takes the query behind WITH, whatever schema is written before it. Should it ever
        # take the table, that must be a readable one.
        if meant(asked, path):
            check_table(asked, path)
        return
    check_table(asked, path)


def _unknown(asked: Asked, use: FunctionUse) -> PgError:
    """42501 for a function that there is, 42883 for none."""
    name = use.path[-1]
    at = asked.place(use.path)
    lists = reviewed.REFUSED_TABLES if use.table else reviewed.REFUSED_SCALARS
    if name.lower() in lists or name.lower().startswith(reviewed.REFUSED_PREFIXES):
        return denied("function", name, position=at)
    sql = "SELECT 1 FROM system.main.duckdb_functions() WHERE function_name = ? AND internal"
    if asked.con.execute(sql, [name.lower()]).fetchall():
        return denied("function", name, position=at)
    return PgError("42883", f"function {shown(use.path)} does not exist", position=at)
