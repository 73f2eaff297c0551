"""The parameters ``$1``, ``$2`` of a statement: their types, before and after binding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
from duckdb.sqltypes import DuckDBPyType

from retailsql.adapters.server import postgres
from retailsql.adapters.server.backend.bind import Bound
from retailsql.adapters.server.backend.script import Part
from retailsql.adapters.server.records import Edit, PgError

_CASTS = {
    16: "BOOLEAN", 17: "BLOB", 20: "BIGINT", 21: "SMALLINT", 23: "INTEGER", 700: "FLOAT",
    701: "DOUBLE", 1082: "DATE", 1083: "TIME", 1114: "TIMESTAMP", 1184: "TIMESTAMPTZ",
    2950: "UUID",
}  # fmt: skip
"""What a parameter is cast to whose type the client has declared. Not numeric, whose scale nobody
has told, and not text: drivers declare that for what they leave to the server."""
_CATALOG_TYPES = {
    ("oid", False): 26,
    ("oid", True): 1028,
    ("name", False): 19,
    ("name", True): 1003,
}
"""Types that DuckDB has not: a driver that is told another asks for them again and again."""
_CATALOG_CAST = re.compile(r"\s*::\s*(?:pg_catalog\.)?(oid|name)\b(\s*\[\s*\])?", re.IGNORECASE)
_NUMERIC = 1700
_TRIES = 32
MOST = 65_535


@dataclass
class Found:
    """The parameters of a statement.

    Args:
        places: number -> where it stands in the text, each time.
        near: number -> the word on either side.
        declared: types by number, 0 where the client leaves it to the server.
        told: number -> a type of the catalog that it is cast to in the text.
    """

    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    near: dict[int, list[str]] = field(default_factory=dict)
    declared: list[int] = field(default_factory=list)
    told: dict[int, int] = field(default_factory=dict)

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
        found.places.setdefault(n, []).append((mark.start, number.end + 1))
        around = [tokens[j].text for j in (i - 2, i + 3) if 0 <= j < len(tokens)]
        found.near.setdefault(n, []).extend(around)
    return found


def typed(found: Found, bind: Callable[[list[Edit]], Bound]) -> tuple[Bound, list[Edit]]:
    """Bind with the declared types, and with guesses for what neither client nor text tells.

    PostgreSQL takes a parameter that nothing types for text, and beside a number for a number.

    Args:
        found: the parameters.
        bind: the statement with these edits.

    Raises:
        duckdb.Error: it cannot be bound in any way; the first failure.
    """
    return _Typing(found, bind).result()


class _Typing:
    """The search for types; DuckDB's binder stops at the first parameter it cannot type."""

    def __init__(self, found: Found, bind: Callable[[list[Edit]], Bound]) -> None:
        self._found, self._try = found, bind
        self._left = _TRIES
        self._declared = {n: _CASTS[found.oid(n)] for n in found.places if found.oid(n) in _CASTS}

    def result(self) -> tuple[Bound, list[Edit]]:
        bound, casts = self._search(self._declared)
        guessed = [n for n in casts if n not in self._declared]
        for n in guessed if len(guessed) > 1 else ():
            # It may have been unknown only as another one was.
            fewer = {m: kind for m, kind in casts.items() if m != n}
            try:
                again = self._bind(fewer)
            except duckdb.BinderException:
                continue
            if again.complete:
                bound, casts = again, fewer
        return bound, self._edits(casts)

    def _search(self, casts: dict[int, str]) -> tuple[Bound, dict[int, str]]:
        bound = self._bind(casts)
        free = [n for n in self._found.places if n not in casts]
        unknown = [n for n in free if bound.parameters.get(str(n)) is None]
        if bound.complete or not unknown or self._left <= 0:
            return bound, casts
        failure: duckdb.BinderException | None = None
        for kind in _guesses(self._found, unknown[0]):
            try:
                return self._search({**casts, unknown[0]: kind})
            except duckdb.BinderException as error:
                failure = failure or error
        assert failure is not None
        raise failure

    def _bind(self, casts: dict[int, str]) -> Bound:
        self._left -= 1
        return self._try(self._edits(casts))

    def _edits(self, casts: dict[int, str]) -> list[Edit]:
        return sorted(e for n, kind in casts.items() for e in _cast(self._found, n, kind))


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


def _guesses(found: Found, number: int) -> Iterable[str]:
    if found.oid(number) == _NUMERIC:
        return ("DECIMAL(38, 10)", "DOUBLE")
    near = found.near.get(number, [])
    if any(word.isdigit() for word in near):
        return ("VARCHAR", "INTEGER")
    return ("VARCHAR", "DOUBLE")


def _cast(found: Found, number: int, kind: str) -> list[Edit]:
    return [Edit(start, stop, f"CAST(${number} AS {kind})") for start, stop in found.places[number]]
