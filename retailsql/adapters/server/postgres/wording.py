"""What PostgreSQL says of an error and DuckDB does not: found in the user's own text."""

from __future__ import annotations

import re
from typing import Final

from retailsql.adapters.server.postgres.patterns import CASTS
from retailsql.adapters.server.postgres.scan import Scan
from retailsql.adapters.server.records import PgError
from retailsql.dialect.tokens import tokenize

_DATE: Final = re.compile(r'date/time field value out of range: "\s*\d{4,}-(\d+)-(\d+)')
_FUNCTION: Final = re.compile(r"function ([\w.]+) does not exist$")
_CALLED: Final = re.compile(r"function (\w+)(?=\(| does not exist)")
_NAMES: Final = frozenset(["VAR", "REPLACE", "LEFT", "RIGHT", "FORMAT", "UNNEST"])
_RELATION: Final = re.compile(r'relation "([^".]+)" does not exist$')
_WORDS: Final = {"TRUE": "boolean", "FALSE": "boolean", "NULL": "unknown"}


def worded(error: PgError, text: str) -> PgError:
    """The error with types of arguments, the schema the user wrote, or a hint.

    Args:
        error: as DuckDB's message gives it.
        text: the statement as the user wrote it.

    >>> worded(PgError("42883", "function f does not exist", position=8), "select f(1)").message
    'function f(integer) does not exist'
    """
    date = _DATE.match(error.message)
    if date:
        far = int(date[1]) > 12 or int(date[2]) > 31
        hint = 'Perhaps you need a different "datestyle" setting.' if far else error.hint
        return _with(error, hint=hint)
    error = _of_user(error, text)
    if error.position is None:
        return error
    function, relation = _FUNCTION.match(error.message), _RELATION.match(error.message)
    if function:
        types = _types(text, error.position - 1)
        if types is not None:
            message = f"function {function[1]}({types}) does not exist"
            return _with(error, message=message, hint=error.hint or CASTS)
    if relation:
        rest = text[error.position - 1 :]
        written = re.match(rf'"?(\w+)"?\s*\.\s*"?{re.escape(relation[1])}\b', rest)
        if written:
            return _with(error, message=f'relation "{written[1]}.{relation[1]}" does not exist')
    return error


def _of_user(error: PgError, text: str) -> PgError:
    """The name that the user called, for one of DuckDB's that stands in its place."""
    found = _CALLED.match(error.message)
    if found is None or re.search(rf"(?i)\b{found[1]}\b", text):
        return error
    scan = Scan(text, tokenize(text) or [])
    calls = [i for i in range(len(scan.tokens)) if _is_call(scan, i)]
    there = [i for i in calls if error.position == scan.tokens[i].start + 1]
    names = {scan.word(i).lower() for i in there or calls}
    if len(names) != 1:
        return error
    return _with(error, message=f"function {names.pop()}{error.message[found.end() :]}")


def _is_call(scan: Scan, i: int) -> bool:
    return scan.word(i + 1) == "(" and scan.word(i).isidentifier() and scan.kind(i) in _NAMES


def _with(error: PgError, message: str | None = None, hint: str | None = None) -> PgError:
    return PgError(
        error.sqlstate, message or error.message, detail=error.detail, hint=hint or error.hint,
        position=error.position,
    )  # fmt: skip


def _types(text: str, at: int) -> str | None:
    """The types of the arguments of the call there, if all are constants; else None."""
    scan = Scan(text, tokenize(text) or [])
    first = next((i for i, token in enumerate(scan.tokens) if token.start == at), None)
    if first is None:
        return None
    while scan.word(first + 1) == ".":
        first += 2
    close = scan.closing(first + 1) if scan.word(first + 1) == "(" else None
    if close is None:
        return None
    types = [_type(scan, start, stop) for start, stop in scan.parts(first + 2, close)]
    return None if None in types else ", ".join(str(kind) for kind in types)


def _type(scan: Scan, start: int, stop: int) -> str | None:
    """The type of a constant."""
    if stop - start != 1:
        return None
    text = scan.tokens[start].text
    if scan.kind(start) == "STRING":
        return "unknown"
    if scan.kind(start) == "NUMBER":
        if not text.isdigit():
            return "numeric"
        size = int(text)
        return "integer" if size < 1 << 31 else "bigint" if size < 1 << 63 else "numeric"
    return _WORDS.get(scan.word(start))
