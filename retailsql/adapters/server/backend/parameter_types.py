"""The types of parameters: DuckDB's where it can tell, a search where nothing tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import duckdb
from duckdb.sqltypes import DuckDBPyType

from retailsql.adapters.server import postgres
from retailsql.adapters.server.backend.bind import Bound
from retailsql.adapters.server.records import Edit

if TYPE_CHECKING:
    from retailsql.adapters.server.backend.parameters import Found

_WIDEST_FIRST = ("DOUBLE", "FLOAT", "DECIMAL(38, 10)", "BIGINT", "INTEGER", "SMALLINT")
_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"})
_NUMERIC, _FREE_NUMERIC = postgres.oids.NUMERIC, "DECIMAL(38, 10)"
_TRIES = 40
_ELEMENTS = {**postgres.oids.DUCKDB, _NUMERIC: _FREE_NUMERIC}
_CASTS = postgres.oids.DUCKDB | {
    array: f"{_ELEMENTS.get(element, 'VARCHAR')}[]"
    for array, element in postgres.oids.ARRAYS.items()
}
"""What a parameter is cast to whose type the client has declared. Not numeric, whose scale nobody
has told, and not text: drivers declare that for what they leave to the server."""
_NARROWER = {"DOUBLE": "FLOAT", "DOUBLE[]": "FLOAT[]"}
"""For functions that take nothing wider, and a number that is written: ``approx_quantile``."""
_NUMBER = re.compile(r"(?:tiny|small|big|huge)?int|real|float|double|decimal", re.IGNORECASE)
_WANTS_CONSTANT = re.compile(r"\bNULL\b|\bconstant\b")
_WRITTEN = re.compile(
    r"\s*(::|AS\b)\s*(?:pg_catalog\s*\.\s*)?(bool(?:ean)?|bytea|bigint|int8|smallint|int2"
    r"|int(?:eger|4)?|text|(?:var)?char|character(?:\s+varying)?|real|float[48]|double\s+precision"
    r"|date|timestamptz|timestamp\s+with\s+time\s+zone|timestamp(?!\s+with\b)|uuid)\b(?!\s*\[)",
    re.IGNORECASE,
)
_CAST = re.compile(r"\bCAST\s*\(\s*$", re.IGNORECASE)
"""A cast in the text, to a type both servers have: ``$1::INTEGER``, ``CAST($1 AS date)``."""


def written(text: str, start: int, end: int) -> str | None:
    """The type that a parameter is cast to; None: to none, or to a rare one.

    Args:
        text: of the statement.
        start: of the parameter.
        end: of it.

    >>> written("SELECT $1::INTEGER", 7, 9), written("SELECT $1 AS date", 7, 9)
    ('INTEGER', None)
    """
    found = _WRITTEN.match(text, end)
    if found is None or (found[1] != "::" and not _CAST.search(text, 0, start)):
        return None
    return found[2]


class Typing:
    """The search for types; DuckDB's binder stops at the first parameter it cannot type.

    Some functions (``json_object``, ``error``) are bound only with values: then none of the columns
    has a type, and parameters that the text casts have none either. So, where the binder knows too
    little, a NULL of its type stands for each parameter whose type is known or guessed, or a number
    where a function wants a constant (``round(x, $1)``, ``percentile_cont($1)``).

    Args:
        found: the parameters.
        bind: the statement with these edits.
    """

    def __init__(self, found: Found, bind: Callable[[list[Edit]], Bound]) -> None:
        self._found, self._try = found, bind
        self._left = _TRIES
        self._stood_in = False
        self._told: dict[int, str] = {}
        self._declared = {n: _CASTS[found.oid(n)] for n in found.places if found.oid(n) in _CASTS}

    def result(self) -> tuple[Bound, list[Edit]]:
        """What it returns and takes, and the casts that make it so.

        Raises:
            duckdb.Error: it cannot be bound in any way; the first failure.
        """
        bound = self._bind_declared()
        if bound.complete or not self._found.places:
            return self._with_numerics(bound)
        self._stood_in = True
        known = {**self._found.written, **self._declared}
        bound, casts = self._search(known)
        guessed = [n for n in casts if n not in known and n not in self._told]
        for n in guessed if len(guessed) > 1 else ():
            # It may have been unknown only as another one was.
            fewer = {m: kind for m, kind in casts.items() if m != n}
            try:
                again = self._bind(fewer)
            except duckdb.BinderException:
                continue
            if again.complete:
                bound, casts = again, fewer
        self._stood_in = False
        types = {str(n): DuckDBPyType(kind) for n, kind in casts.items()}
        bound = bound._replace(parameters={**bound.parameters, **types})
        needless = {**self._told, **self._found.written}
        return bound, self._edits(
            {n: k for n, k in casts.items() if n in self._declared or n not in needless}
        )

    def _bind_declared(self) -> Bound:
        try:
            return self._bind(self._declared)
        except duckdb.BinderException as error:
            wide = self._declared
            self._declared = {n: _NARROWER.get(kind, kind) for n, kind in wide.items()}
            if self._declared == wide:
                raise
            try:
                return self._bind(self._declared)
            except duckdb.BinderException:
                self._declared = wide
                raise error from None

    def _with_numerics(self, bound: Bound) -> tuple[Bound, list[Edit]]:
        """A numeric beside whole numbers is taken for one of them; where the type of a column
        depends on it, it stays a numeric.
        """
        numerics = {
            n: _FREE_NUMERIC for n in self._found.places
            if self._found.oid(n) == _NUMERIC and str(bound.parameters.get(str(n))) in _WHOLE
        }  # fmt: skip
        if numerics:
            casts = {**self._declared, **numerics}
            try:
                again = self._bind(casts)
            except duckdb.BinderException:
                return bound, self._edits(self._declared)
            if again.complete and list(again.types) != list(bound.types):
                return again, self._edits(casts)
        return bound, self._edits(self._declared)

    def _search(self, casts: dict[int, str]) -> tuple[Bound, dict[int, str]]:
        bound = self._bind(casts)
        free = [n for n in self._found.places if n not in casts]
        unknown = [n for n in free if bound.parameters.get(str(n)) is None]
        if bound.complete or not free or self._left <= 0:
            return bound, casts
        if not unknown:
            self._told = {n: str(bound.parameters[str(n)]) for n in free}
            casts = {**casts, **self._told}
            return self._bind(casts), casts
        failure: duckdb.BinderException | None = None
        for kind in self._guesses(unknown[0], casts):
            try:
                return self._search({**casts, unknown[0]: kind})
            except duckdb.BinderException as error:
                failure = failure or error
        assert failure is not None
        raise failure

    def _guesses(self, number: int, casts: Mapping[int, str]) -> Iterator[str]:
        """PostgreSQL takes it for text, or beside a number for that number's type."""
        if self._found.oid(number) == _NUMERIC:
            yield from (_FREE_NUMERIC, "DOUBLE")
            return
        yield "VARCHAR"
        if any(word.isdigit() for word in self._found.near.get(number, [])):
            yield "INTEGER"
            return
        yield from self._as_the_other_operand(number, casts)
        yield "DOUBLE"

    def _as_the_other_operand(self, number: int, casts: Mapping[int, str]) -> Iterable[str]:
        """The type of number with which the columns are what they are with a plain NULL."""
        others = {**dict.fromkeys(self._found.places, ""), **casts}
        plain = self._columns({**others, number: ""})
        for kind in _WIDEST_FIRST if plain else ():
            types = self._columns({**others, number: kind})
            if types and all(map(_alike, plain, types)):
                yield kind
                return

    def _columns(self, casts: Mapping[int, str]) -> list[str]:
        try:
            return [str(kind) for kind in self._bind(casts).types]
        except duckdb.BinderException:
            return []

    def _bind(self, casts: Mapping[int, str]) -> Bound:
        self._left -= 1
        try:
            return self._try(self._edits(casts))
        except duckdb.BinderException as error:
            if not self._stood_in or not _WANTS_CONSTANT.search(str(error)):
                raise
            try:
                return self._try(self._edits(casts, constant=True))
            except (duckdb.BinderException, duckdb.ConversionException):
                raise error from None

    def _edits(self, casts: Mapping[int, str], constant: bool = False) -> list[Edit]:
        return sorted(
            Edit(start, stop, self._cast(number, kind, constant))
            for number, kind in casts.items()
            for start, stop in self._found.places[number]
        )

    def _cast(self, number: int, kind: str, constant: bool) -> str:
        if not self._stood_in:
            value = f"${number}"
        elif kind.endswith("[]"):  # for a NULL a quantile fails inside the engine
            value = "[1]" if _NUMBER.match(kind) else "[]"
        else:
            value = "1" if constant and _NUMBER.match(kind) else "NULL"
        return f"CAST({value} AS {kind})" if kind else value


def _alike(plain: str, kind: str) -> bool:
    """A decimal beside a plain NULL has no type."""
    return plain == kind or (plain == '"NULL"' and kind.startswith("DECIMAL"))
