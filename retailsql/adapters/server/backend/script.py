"""A text from a client -> its statements, each with its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from retailsql.adapters.server.backend.long_lists import tokens_of
from retailsql.adapters.server.policy import check_size
from retailsql.adapters.server.records import PgError
from retailsql.dialect.tokens import Walk, is_string, shifted, tokenize

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_DIGITS = 131_072
"""Of a number: PostgreSQL's limit; to read one takes the square of that."""
_FOLDED = ("FETCH", "EXECUTE")
"""Words behind which the tokenizer hands over the rest of the statement as one string."""


@dataclass(frozen=True)
class Part:
    """One statement.

    Args:
        text: as written, without its semicolon.
        tokens: with their places in ``text``.
        start: where it begins in what the client sent.
    """

    text: str
    tokens: Sequence[Token]
    start: int = 0

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The first five words, in capitals; quoted text is none."""
        walk = self.walk()
        return tuple(walk.peek(i) for i in range(5))

    def walk(self) -> Walk:
        """A walk over its tokens."""
        return Walk(self.text, self.tokens)

    def rest(self, at: int, stop: int | None = None) -> Part:
        """The part from one token up to another.

        Raises:
            PgError: there is nothing.
        """
        tokens = list(self.tokens[at:stop])
        if not tokens:
            raise PgError("42601", "syntax error at end of input", position=len(self.text) + 1)
        begin, end = tokens[0].start, tokens[-1].end + 1
        return Part(self.text[begin:end], [shifted(t, -begin) for t in tokens], self.start + begin)


def split(text: str) -> list[Part]:
    """The statements of a text; empty ones are left out.

    Raises:
        PgError: 42601 a quotation is not closed; 54000 it is too long, 54001 too deep.

    >>> [part.text for part in split("SELECT ';' ; ; FETCH 5 IN c;")]
    ["SELECT ';'", 'FETCH 5 IN c']
    """
    check_size(text)  # before it is taken apart, which would hold up everybody else
    tokens = _tokens(text)
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type.name == "SEMICOLON":
            parts.append([])
        else:
            parts[-1].append(token)
    return [_part(text, part) for part in parts if part]


def name_at(walk: Walk) -> str:
    """Step over a name of one part: folded to lower case unless it is quoted.

    Raises:
        PgError: there is none.

    >>> name_at(split('FETCH')[0].walk())
    'fetch'
    """
    if walk.done:
        raise syntax_error(walk)
    token = walk.tokens[walk.at]
    if is_string(token):
        if token.token_type.name != "IDENTIFIER":
            raise syntax_error(walk)
        walk.at += 1
        return str(token.text)
    if not (token.text[:1].isidentifier()):
        raise syntax_error(walk)
    walk.at += 1
    return str(token.text).lower()


def syntax_error(walk: Walk) -> PgError:
    """The error of a word that does not belong where it stands."""
    if walk.done:
        return PgError("42601", "syntax error at end of input", position=len(walk.sql) + 1)
    token = walk.tokens[walk.at]
    seen = walk.sql[token.start : token.end + 1]
    return PgError("42601", f'syntax error at or near "{seen}"', position=token.start + 1)


def ended(walk: Walk) -> None:
    """Make sure that nothing follows.

    Raises:
        PgError: something does.
    """
    if not walk.done:
        raise syntax_error(walk)


def _tokens(text: str) -> list[Token]:
    found = tokens_of(text)
    if found is None:
        raise PgError("42601", "unterminated quoted string", position=len(text) + 1)
    out: list[Token] = []
    for token in found:
        if len(token.text) > _DIGITS and token.token_type.name == "NUMBER":
            raise PgError("22003", "value overflows numeric format", position=token.start + 1)
        folded = out and out[-1].token_type.name in _FOLDED
        if folded and token.token_type.name == "STRING" and text[token.start] != "'":
            start = out[-1].end + 1
            inner = tokenize(text[start : token.end + 1])
            if inner is None:
                raise PgError("42601", "unterminated quoted string", position=start + 1)
            out += [shifted(t, start) for t in inner]
        else:
            out.append(token)
    return out


def _part(text: str, tokens: list[Token]) -> Part:
    begin, end = tokens[0].start, tokens[-1].end + 1
    moved = [shifted(t, -begin) for t in tokens] if begin else tokens
    return Part(text[begin:end], moved, begin)
