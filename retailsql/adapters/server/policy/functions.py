"""May this person call the function a name means?"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from retailsql.adapters.server.policy import reviewed
from retailsql.adapters.server.policy.context import Asked
from retailsql.adapters.server.policy.known import Function
from retailsql.adapters.server.policy.meant import meant
from retailsql.adapters.server.policy.names import fold, read_text_name, shown
from retailsql.adapters.server.policy.rights import REGISTRY, denied, may
from retailsql.adapters.server.policy.sizes import GROWING, LIKES, check_growth, told_by_rows
from retailsql.adapters.server.policy.tables import (
    check_search_path,
    check_table,
    only_here,
    unqualified,
)
from retailsql.adapters.server.policy.tree import FunctionUse
from retailsql.adapters.server.policy.types import TAKE_TYPES, check_type_text
from retailsql.adapters.server.records import PgError

_SCALARS = frozenset(fold(name) for name in reviewed.SCALARS | reviewed.WINDOWS | reviewed.SPECIAL)
_BUILT_IN = frozenset(["main", "system", "pg_catalog"])
HIDDEN = "__rs_"


def check_function(asked: Asked, use: FunctionUse) -> None:
    """Refuse a function that this person has no right to call, or that nobody has.

    Raises:
        PgError: 42501 no right, 42883 there is none, 0A000 an argument that cannot be checked.
    """
    name = fold(use.path[-1])
    if name in GROWING and not use.table:
        check_growth(name, use.arguments)
        if (
            not (asked.defining or asked.spliced)
            and (name in LIKES or asked.names.functions.keys() & {f"__pg_{name}", f"@{name}"})
            and told_by_rows(name, use.arguments)
        ):
            # Written plainly it would have become the guarded one.
            if name in LIKES:
                raise PgError(
                    "0A000",
                    "LIKE is supported here with a written pattern only",
                    hint="contains(text, part) and starts_with(text, part) take any",
                )
            raise PgError(
                "0A000", f"{name} is supported only as {name}(...)", position=asked.place(use.path),
                hint="with plain arguments; a template with * or a long separator is not",
            )  # fmt: skip
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
    elif name in TAKE_TYPES:
        check_type_text(asked, use)


def _built_in_place(asked: Asked, use: FunctionUse) -> bool:
    """True for ``pg_catalog.lower(x)``; and for ``x.lower()``, which DuckDB reads as a call of
    ``lower`` if there is no schema or database ``x``.
    """
    first = fold(use.path[0])
    return first in _BUILT_IN or first not in asked.names.schemas | asked.names.databases


def _own(asked: Asked, use: FunctionUse) -> list[Function]:
    """The functions by that name that are not built in, those DuckDB finds first."""
    name, *before = (fold(part) for part in reversed(use.path))
    found = [f for f in asked.names.functions.get(name, ()) if f.table == use.table]
    if len(before) == 2:
        return [f for f in found if fold(f.place.schema) == before[0]
                and fold(f.place.database) == before[1]]  # fmt: skip
    if before:
        return [f for f in found
                if before[0] in (fold(f.place.schema), fold(f.place.database))
                or before[0] not in asked.names.schemas | asked.names.databases]  # fmt: skip
    for database, schema in asked.path:
        here = [f for f in found if fold(f.place.database) == database
                and fold(f.place.schema) == schema]  # fmt: skip
        if here:
            return here
    # A Python function lives in the engine's own place.
    return [f for f in found if fold(f.place.database) in ("system", "temp")]


def _shown(name: str) -> str:
    """A macro's name as people know it: ``~`` of ``@^~``."""
    shown_name = name.removeprefix("__pg_").removeprefix("written_")
    shown_name = shown_name.removeprefix("quick_").lstrip("@")
    return shown_name.lstrip("^&") if "~" in shown_name else shown_name


def _check_own(asked: Asked, use: FunctionUse, function: Function) -> None:
    database, schema, name = function.place
    if fold(name).startswith(HIDDEN) or fold(schema) == REGISTRY:
        if asked.spliced:
            return
        raise denied("function", name, position=asked.place(use.path))
    if asked.shim.holds(database):
        if asked.defining:
            raise only_here(_shown(name), asked.place(use.path))
        if fold(schema) == "main" or asked.shim.readable(database, schema):
            return
        raise denied("function", name, position=asked.place(use.path))
    if fold(database) != asked.database:
        raise denied("function", name, position=asked.place(use.path))
    if function.model is not None:
        model_schema, model = function.model
        if not may(asked.rights, "score", model_schema, model, "model"):
            raise denied("function", name, "score", position=asked.place(use.path))
        asked.models.append(f"{model_schema}.{model}")
    elif not may(asked.rights, "read", schema, name, "schema"):
        raise denied("function", name, "read", position=asked.place(use.path))
    else:
        check_search_path(asked, f"function {name}")
        asked.tables.append(function.place)  # it may read any: such a result has its rows counted
    if asked.defining and len(use.path) == 1:
        raise unqualified(asked, use.path, schema)
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
    if node.get("class") == "FUNCTION" and fold(node["function_name"]) == "list_value":
        return [text for item in node["arguments"] for text in _texts(use, item["expression"])]
    raise PgError(
        "0A000", f"{use.path[-1]} takes names of tables as plain text here",
        hint=f"write {use.path[-1]}('schema.table'); nothing else can be checked",
    )  # fmt: skip


def _check_text(asked: Asked, use: FunctionUse, text: str) -> None:
    path = read_text_name(text)
    if path is None:
        raise PgError("42602", f'invalid name syntax: "{text[:60]}"')
    if any(fold(part) == REGISTRY or fold(part).startswith(HIDDEN) for part in path):
        raise denied("table", path[-1])  # nothing that ML.X(...) becomes names relations by text
    if fold(path[-1]) in use.scope:
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
    if fold(name) in lists or fold(name).startswith(reviewed.REFUSED_PREFIXES):
        return denied("function", name, position=at)
    sql = "SELECT 1 FROM system.main.duckdb_functions() WHERE function_name = ? AND internal"
    if asked.con.execute(sql, [fold(name)]).fetchall():
        return denied("function", name, position=at)
    return PgError(
        "42883", f"function {shown(use.path)} does not exist", hint=_near(asked, name), position=at
    )


def _near(asked: Asked, name: str) -> str | None:
    """The models' functions that he may have meant, of those he may use."""
    mine = [
        function
        for function, bearers in asked.names.functions.items()
        for model in [bearers[0].model if bearers else None]
        if model and not function.startswith("__") and may(asked.rights, "score", *model, "model")
    ]
    if fold(name) in mine:
        return f"It gives a value and no rows: SELECT {name}(...), with unnest(...) around a list."
    close = get_close_matches(fold(name), sorted(mine))
    return f"Did you mean: {', '.join(close)}?" if close else None
