"""The parameters ``$1``, ``$2`` of a statement: their types, before and after binding."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from duckdb.sqltypes import DuckDBPyType

from retailsql.adapters.server import postgres
from retailsql.adapters.server.backend.bind import Bound
from retailsql.adapters.server.backend.parameter_types import Typing, written
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.records import Edit, PgError

_CATALOG_TYPES = {
    ("oid", False): 26,
    ("oid", True): 1028,
    ("name", False): 19,
    ("name", True): 1003,
}
"""Types that DuckDB has not: a driver that is told another asks for them again and again."""
_CATALOG_CAST = re.compile(r"\s*::\s*(?:pg_catalog\.)?(oid|name)\b(\s*\[\s*\])?", re.IGNORECASE)
MOST = 65_535


@dataclass
class Found:
    """The parameters of a statement.

    Args:
        places: number -> where it stands in the text, each time.
        near: number -> the word on either side.
        declared: types by number, 0 where the client leaves it to the server.
        told: number -> a type of the catalog that it is cast to in the text.
        written: number -> another type that it is cast to in the text.
    """

    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    near: dict[int, list[str]] = field(default_factory=dict)
    declared: list[int] = field(default_factory=list)
    told: dict[int, int] = field(default_factory=dict)
    written: dict[int, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many values a client must send."""
        return max([len(self.declared), *self.places])

    def oid(self, number: int) -> int:
        """The declared type of one, or 0."""
        return self.declared[number - 1] if number <= len(self.declared) else 0


def read(part: Part, oids: Sequence[int]) -> Found:
    """Find them.

    Raises:
        PgError: a number is out of range.

    >>> from retailsql.adapters.server.backend.script import split
    >>> read(split("SELECT $2 + 1")[0], [23]).count
    2
    """
    found, tokens = Found(declared=list(oids)), part.tokens
    for i in range(len(tokens) - 1):
        mark, number = tokens[i], tokens[i + 1]
        if mark.token_type.name != "PARAMETER" or number.token_type.name != "NUMBER":
            continue
        if part.text[mark.start] != "$" or not number.text.isdigit():
            continue
        n = int(number.text)
        if not 0 < n <= MOST:
            raise PgError("42P02", f"there is no parameter ${n}", position=mark.start + 1)
        if n not in found.told and (cast := _CATALOG_CAST.match(part.text, number.end + 1)):
            found.told[n] = _CATALOG_TYPES[cast[1].lower(), bool(cast[2])]
        if n not in found.written and (kind := written(part.text, mark.start, number.end + 1)):
            found.written[n] = kind
        found.places.setdefault(n, []).append((mark.start, number.end + 1))
        around = [tokens[j].text for j in (i - 2, i + 3) if 0 <= j < len(tokens)]
        found.near.setdefault(n, []).extend(around)
    return found


def no_parameter(part: Part) -> PgError:
    """The error of a parameter in a statement that nobody sends values for."""
    walk = part.walk()
    while not walk.done and not (walk.peek() == "$" and walk.peek(1).isdigit()):
        walk.at += 1
    if walk.done:
        return PgError("42P02", "there is no parameter $1")
    place = walk.tokens[walk.at].start + 1
    return PgError("42P02", f"there is no parameter ${walk.peek(1)}", position=place)


def typed(found: Found, bind: Callable[[list[Edit]], Bound]) -> tuple[Bound, list[Edit]]:
    """Bind with the declared types, and with guesses for what neither client nor text tells.

    Args:
        found: the parameters.
        bind: the statement with these edits.

    Raises:
        duckdb.Error: it cannot be bound in any way; the first failure.
    """
    return Typing(found, bind).result()


def targets(found: Found, bound: Bound) -> list[DuckDBPyType | None]:
    """What DuckDB makes of each value."""
    return [bound.parameters.get(str(n)) for n in range(1, found.count + 1)]


def announced(found: Found, kinds: Sequence[DuckDBPyType | None]) -> list[int]:
    """PostgreSQL's numbers of the types, as Describe tells them."""
    numbers = range(1, found.count + 1)
    return [
        found.oid(n) or found.told.get(n) or (25 if kind is None else postgres.oid_of(kind))
        for n, kind in zip(numbers, kinds, strict=True)
    ]


def given(found: Found, values: Sequence[Any]) -> dict[str, Any] | None:
    """The values as DuckDB wants them: those that stand in the text.

    Raises:
        PgError: there are none for them.
    """
    if not found.places:
        return None
    missing = [n for n in sorted(found.places) if n > len(values)]
    if missing:
        raise PgError("42P02", f"there is no parameter ${missing[0]}")
    return {str(n): values[n - 1] for n in found.places}
