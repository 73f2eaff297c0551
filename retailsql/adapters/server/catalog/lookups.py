"""How much of the catalog's macros one statement may name.

Each holds subqueries, which DuckDB's optimizer joins to all before them: it takes the cube of their
number, and hears no interrupt meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files

from retailsql.adapters.server.catalog.names import SHIM
from retailsql.adapters.server.records import Edit, PgError

MOST = 90
"""Subqueries; of a statement of psql's or JDBC's some twenty."""

_MACRO = re.compile(r"CREATE MACRO \{s\}\.(?:main|private)\.(\w+)\(([^;]*);")
_USED = re.compile(r"\{s\}\.(?:main|private)\.(\w+)\(")
_NAMED = re.compile(rf"\b{SHIM}\.main\.(\w+)")


@lru_cache(maxsize=1)
def subqueries() -> dict[str, int]:
    """Macro -> the subqueries in it, with those of the macros it uses.

    >>> subqueries()["rs_regclass"], subqueries()["format_type"] > 0
    (1, True)
    """
    folder = files(__package__)
    texts = [f.read_text(encoding="utf-8") for f in folder.iterdir() if f.name.endswith(".sql")]
    bodies = {name: body for text in texts for name, body in _MACRO.findall(text)}
    found: dict[str, int] = {}

    def count(name: str) -> int:
        if name not in found:
            found[name] = 0  # a macro never names itself
            body = bodies.get(name, "")
            found[name] = body.count("(SELECT ") + sum(map(count, _USED.findall(body)))
        return found[name]

    for name in bodies:
        count(name)
    return found


def check_lookups(edits: Iterable[Edit]) -> None:
    """Refuse a statement that looks up too many things, each by itself.

    Raises:
        PgError: 54001.
    """
    told = subqueries()
    asked = sum(told.get(name, 0) for edit in edits for name in _NAMED.findall(edit.new))
    if asked > MOST:
        raise PgError(
            "54001", "statement would become too large: too many lookups in the catalog",
            hint="Join pg_class, pg_type or pg_proc once instead of 'name'::regclass or a "
            "function for each thing.",
        )  # fmt: skip
