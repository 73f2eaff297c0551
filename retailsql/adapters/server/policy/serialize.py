"""A statement -> DuckDB's own tree of it, with the names of its kind and place."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.adapters.server.policy.limits import too_deep
from retailsql.adapters.server.policy.names import fold, read_text_name
from retailsql.adapters.server.records import PgError
from retailsql.adapters.server.serialized import serialized
from retailsql.registry.names import quote


class Parsed(NamedTuple):
    """What DuckDB says of a text.

    Args:
        tree: of one query; None: it is no query that can be told as a tree.
    """

    tree: Any | None


def parse(con: DuckDBPyConnection, text: str) -> Parsed:
    """The tree of one query.

    Raises:
        PgError: 42601 it cannot be parsed, or is several statements; 54001 too deep.
    """
    try:
        told = serialized(con, text)
    except RecursionError:
        raise too_deep() from None
    except duckdb.ParserException as error:
        raise _syntax(str(error), None) from error
    if not told["error"]:
        if len(told["statements"]) > 1:
            raise several()
        return Parsed(told["statements"])
    message = told.get("error_message", "")
    if told.get("error_type") == "not implemented":
        return Parsed(None)
    if "depth" in message:
        raise too_deep()
    raise _syntax(message, told.get("position"))


def several() -> PgError:
    """42601, as PostgreSQL says it."""
    return PgError("42601", "cannot insert multiple commands into a prepared statement")


def _syntax(message: str, position: str | None) -> PgError:
    first = message.split("\n")[0].removeprefix("Parser Error: ")
    return PgError("42601", first, position=int(position) + 1 if position else None)


_SPACE = r"(?:\s|--[^\r\n]*(?:[\r\n]|$)|/\*(?:[^*]|\*(?!/))*\*/)*"
_WORDS = "analyze|verbose|costs|buffers|timing|summary|settings|format|json|text|html|graphviz"
_EXPLAIN = re.compile(
    rf"{_SPACE}explain\b{_SPACE}(?:analyze\b{_SPACE})?(?:\((?:\s|,|\b(?:{_WORDS}|true|false|on|off)"
    rf"\b)*\){_SPACE})?",
    re.IGNORECASE,
)


def explained(text: str) -> str | None:
    """What stands behind EXPLAIN [ANALYZE] [(options)]; None: it is no EXPLAIN.

    >>> explained("/* a */ EXPLAIN ANALYZE DELETE FROM t"), explained("EXPLAIN (select 1)")
    ('DELETE FROM t', '(select 1)')
    >>> explained("SELECT 1") is None
    True
    """
    found = _EXPLAIN.match(text)
    return text[found.end() :] if found else None


def first_word(text: str) -> str:
    """The first word of a statement, in upper case, behind comments.

    >>> first_word("-- x" + chr(10) + "copy t to 'x'")
    'COPY'
    """
    found = re.match(rf"{_SPACE}\(*{_SPACE}(\w+)", text)
    return found.group(1).upper() if found else ""


def search_path(con: DuckDBPyConnection) -> str:
    """The connection's search path, with the database before each schema."""
    sql = (
        "SELECT system.main.current_setting('search_path'), system.main.current_database(), "
        "system.main.current_schema()"
    )
    path, database, schema = con.execute(sql).fetchall()[0]
    entries = [
        entry if len(read_text_name(entry.strip()) or ()) != 1 else f"{quote(database)}.{entry}"
        for entry in _ENTRY.findall(path)
    ]
    return ",".join(entries) or f"{quote(database)}.{quote(schema)}"


_ENTRY = re.compile(r'(?:"(?:[^"]|"")*"|[^,"])+')


def places(path: str) -> list[tuple[str, str]]:
    """Database and schema of each entry of a search path, in lower case.

    DuckDB looks into ``main`` of the first database at the end, whatever the path says.

    >>> places('shop.raw,"pg".main')
    [('shop', 'raw'), ('pg', 'main'), ('shop', 'main')]
    """
    out: list[tuple[str, str]] = []
    for entry in _ENTRY.findall(path):
        parts = read_text_name(entry.strip())
        if parts is not None and len(parts) == 2:
            out.append((fold(parts[0]), fold(parts[1])))
    if out:
        out.append((out[0][0], "main"))
    return list(dict.fromkeys(out))
