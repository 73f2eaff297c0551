"""Moves the places that errors name from a part of a text to the whole of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

from retailsql.dialect.tokens import tokenize
from retailsql.errors import RetailSQLError

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_PLACE = re.compile(r"\bat line (\d+), column (\d+)")
_STATEMENT = "In the statement at "
Place = tuple[int, int]


def line_and_column(text: str, offset: int) -> Place:
    r"""Line and column of an offset, both from 1.

    >>> line_and_column("SELECT\n  x", 9)
    (2, 3)
    """
    offset = max(0, min(offset, len(text)))
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def offset_of(text: str, place: Place) -> int:
    r"""The offset of a line and column.

    >>> offset_of("SELECT\n  x", (2, 3))
    9
    """
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: place[0] - 1])) + place[1] - 1


def moved(place: Place, start: Place) -> Place:
    """A place in a part, as a place in the text whose part begins at ``start``.

    >>> moved((1, 5), (3, 11)), moved((2, 5), (3, 11))
    ((3, 15), (4, 5))
    """
    line, column = place
    return (start[0] + line - 1, column + start[1] - 1 if line == 1 else column)


def replace_place(error: BaseException, change: Callable[[Place], Place]) -> None:
    """Say another place in an error of ours (all it names, its notes too)."""

    def words(found: re.Match[str]) -> str:
        line, column = change((int(found[1]), int(found[2])))
        return f"at line {line}, column {column}"

    if isinstance(error, RetailSQLError):
        fact = _PLACE.sub(words, error.fact)
        error.args = (str(error).replace(error.fact, fact, 1), *error.args[1:])
        error.fact = fact
    notes = getattr(error, "__notes__", None)
    if notes:
        notes[:] = [_PLACE.sub(words, n, count=1) for n in notes]


def statement_starts(text: str) -> list[int]:
    """Where each statement of a text begins; empty where it cannot be taken apart.

    >>> statement_starts("SELECT ';' ; SHOW MODELS;")
    [0, 13]
    """
    starts, fresh = [], True
    for token in tokenize(text) or []:
        if token.token_type.name == "SEMICOLON":
            fresh = True
        elif fresh:
            starts.append(token.start)
            fresh = False
    return starts


@contextmanager
def placed(text: str, which: int, part: Callable[[], str | None] | None = None) -> Iterator[None]:
    """Errors raised inside are about one statement of a text: say places as of the whole.

    A text of several statements gets a note that says which one failed.

    Args:
        text: the whole.
        which: the number of the statement.
        part: gives what the errors name places in, a part of the statement as written; None: they
            name places in the whole text.
    """
    try:
        yield
    except (duckdb.Error, RetailSQLError) as error:
        starts = statement_starts(text)
        if which < len(starts):
            start = starts[which]
            held = part() if part is not None else None
            at = text.find(held, start) if held else -1
            if at > 0:
                begin = line_and_column(text, at)
                replace_place(error, lambda place: moved(place, begin))
            if len(starts) > 1:
                note_statement(error, line_and_column(text, start))
        raise


def note_statement(error: BaseException, place: Place, more: str = "") -> None:
    """A note that says in which statement an error was, unless there is one."""
    if not any(n.startswith(_STATEMENT) for n in getattr(error, "__notes__", [])):
        error.add_note(f"{_STATEMENT}line {place[0]}, column {place[1]}{more}")


def apart(text: str, extract: Callable[[str], list[duckdb.Statement]]) -> list[str]:
    """The statements of a text without ML parts, as DuckDB takes it apart.

    Before each stand as many lines and blanks as before it in the text, so that DuckDB names
    places of the whole.

    Args:
        text: one or more statements.
        extract: DuckDB's ``extract_statements``.
    """
    if ";" not in text.rstrip().rstrip(";"):
        return [text]
    try:
        queries = [statement.query.strip() for statement in extract(text)]
    except duckdb.Error:
        return [text]  # it will say so when it is run
    found, at = [], 0
    for query in queries:
        start = text.find(query, at)
        if start < 0:
            return [text]
        line, column = line_and_column(text, start)
        found.append("\n" * (line - 1) + " " * (column - 1) + query)
        at = start + len(query)
    return found if len(found) > 1 else [text]


@contextmanager
def noted(statement: object, text: object) -> Iterator[None]:
    """Errors raised inside are about a statement of :func:`apart`: a note says which one."""
    try:
        yield
    except (duckdb.Error, RetailSQLError) as error:
        if isinstance(statement, str) and statement != text:
            blanks = len(statement) - len(statement.lstrip())
            note_statement(error, line_and_column(statement, blanks))
        raise


def same_token(made: str, offset: int, tokens: Sequence[Token]) -> int:
    """The offset, in the text it was made of, of what stands at an offset of a made text.

    A token is known again where it is written as often in both. Where it is not, what stands
    nearest to it counts, and the beginning of the statement at last.

    Args:
        made: a translated statement.
        offset: in it.
        tokens: of the statement as written.
    """
    after = tokenize(made) or []
    here = next((i for i, t in enumerate(after) if t.end >= offset), 0)
    olds = [t.text.lower() for t in tokens]
    news = [t.text.lower() for t in after]
    for step in (0, 1, -1, 2, -2, 3, -3, 4, -4):
        i = here + step
        word = news[i] if 0 <= i < len(news) else ""
        if not word or olds.count(word) != news.count(word):
            continue
        nth = news[:i].count(word)
        return tokens[[k for k, old in enumerate(olds) if old == word][nth]].start
    return tokens[0].start
