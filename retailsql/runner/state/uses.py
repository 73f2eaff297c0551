"""What a SELECT uses, found by DuckDB's own parser; nothing is bound or run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection

NOW = frozenset({
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp",
    "current_user", "session_user", "current_role", "user", "current_localtime",
    "current_localtimestamp",
})  # fmt: skip
"""Functions that are written without brackets: the parser takes them for columns. The last two are
written with them, and DuckDB says that they are always the same.
"""


@dataclass
class Uses:
    """What a SQL text names.

    Args:
        tables: database, schema and name as far as they were written, lower case; no CTEs. Of
            files the name, as it is.
        functions: names of functions, lower case.
        table_functions: those that stand after FROM.
        places: schema and name of each function; the schema is empty where none was written.
        texts: string literals.
        sampled: rows are chosen by chance.
        known: False if the parser could not read it: then it may use anything.
    """

    tables: set[tuple[str, ...]] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    table_functions: set[str] = field(default_factory=set)
    places: set[tuple[str, str]] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    sampled: bool = False
    known: bool = True

    def add(self, other: Uses) -> None:
        """What ``other`` uses too."""
        self.tables |= other.tables
        self.functions |= other.functions
        self.table_functions |= other.table_functions
        self.places |= other.places
        self.texts |= other.texts
        self.sampled |= other.sampled
        self.known &= other.known


def uses(con: DuckDBPyConnection, sql: str) -> Uses:
    """What a SELECT uses.

    Args:
        con: any connection.
        sql: one SELECT. PIVOT and what only a Session understands cannot be read: ``known`` is
            then False.

    >>> found = uses(duckdb.connect(), "WITH a AS (FROM raw.t) SELECT now() FROM a, 'x.csv'")
    >>> sorted(found.tables), sorted(found.functions)
    ([('raw', 't'), ('x.csv',)], ['now'])
    """
    return uses_of_all(con, [sql])[sql]


def uses_of_all(con: DuckDBPyConnection, texts: Sequence[str]) -> dict[str, Uses]:
    """The same for many texts in one query, which takes a fifth of the time."""
    try:
        rows = con.execute(
            "SELECT json_serialize_sql(sql) FROM (SELECT unnest(?::VARCHAR[]) AS sql)", [texts]
        ).fetchall()
    except duckdb.InterruptException:
        raise
    except duckdb.Error:
        if len(texts) > 1:  # one of them
            return {sql: uses_of_all(con, [sql])[sql] for sql in texts}
        rows = [('{"error": true}',)]
    return {sql: _of_tree(json.loads(row[0])) for sql, row in zip(texts, rows, strict=True)}


def _of_tree(tree: dict[str, Any]) -> Uses:
    """What DuckDB's tree of a statement names."""
    found = Uses()
    if tree.get("error"):
        found.known = False
        return found
    ctes: set[str] = set()
    _walk(tree["statements"], found, ctes)
    found.tables -= {(name,) for name in ctes}
    return found


def names_file(parts: tuple[str, ...]) -> bool:
    """Whether a table's name is a file's.

    >>> names_file(("orders/*.parquet",)), names_file(("raw", "orders"))
    (True, False)
    """
    return len(parts) == 1 and any(c in parts[0] for c in "./*")


def _walk(tree: Any, found: Uses, ctes: set[str]) -> None:
    """Every node of the parser's tree; a list instead of recursion, as expressions nest deep."""
    todo = [tree]
    while todo:
        here = todo.pop()
        if isinstance(here, list):
            todo += here
        elif isinstance(here, dict):
            todo += _look(here, found, ctes)


def _look(here: dict[str, Any], found: Uses, ctes: set[str]) -> list[Any]:
    """One node of the tree; what is below it."""
    kind, below = here.get("type"), list(here.values())
    if kind == "BASE_TABLE":
        named = (here.get("catalog_name"), here.get("schema_name"), here["table_name"])
        parts = tuple(p for p in named if p)
        found.tables.add(parts if names_file(parts) else tuple(p.lower() for p in parts))
    elif kind == "TABLE_FUNCTION" and isinstance(here.get("function"), dict):
        found.table_functions.add(_called(here["function"], found))
        below = [v for k, v in here.items() if k != "function"]
        below += [v for k, v in here["function"].items() if k != "function_name"]
    elif kind == "COLUMN_REF" and len(here.get("column_names", ())) == 1:
        name = str(here["column_names"][0]).lower()
        if name in NOW:
            found.functions.add(name)
    elif kind == "VALUE_CONSTANT" and here.get("literal", {}).get("kind") == "STRING":
        found.texts.add(here["literal"]["text"])
    elif here.get("function_name"):
        name = _called(here, found)
        clock = name == "age" and len(here.get("arguments", ())) == 1  # age(born) is up to today
        found.functions |= {name, "now"} if clock else {name}
    if "cte_map" in here:
        ctes.update(entry["key"].lower() for entry in here["cte_map"].get("map", ()))
    if here.get("sample"):
        found.sampled = True
    return below


def _called(function: dict[str, Any], found: Uses) -> str:
    """The name of a function that is called."""
    name = str(function.get("function_name", "")).lower()
    found.places.add((str(function.get("schema") or "").lower(), name))
    return name
