"""A walk over the tokens of a SQL text, each with its place in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.dialect.parameter_marks import tokens_of
from retailsql.errors import StatementError

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_MAY_HOLD_ML = re.compile(r"\b(?:MODELS?|ML)\b", re.IGNORECASE)
OPEN, CLOSE = {"(", "[", "{"}, {")", "]", "}"}


def may_hold_ml(sql: str) -> bool:
    """A quick look: False means that the text holds no ML part and needs no tokenizing.

    >>> may_hold_ml("SELECT 1"), may_hold_ml("DROP MODEL m"), may_hold_ml("SELECT 'html'")
    (False, True, False)
    """
    return _MAY_HOLD_ML.search(sql) is not None


def tokenize(sql: str) -> list[Token] | None:
    """The tokens of a text, or None where the tokenizer gives up: then the text is DuckDB's."""
    from sqlglot.errors import TokenError

    try:
        return _unfold(sql, tokens_of(sql))
    except TokenError:
        return None


def _unfold(sql: str, tokens: list[Token]) -> list[Token]:
    """Tokens with the text behind EXPLAIN, PREPARE and their like taken apart.

    The tokenizer hands over what follows such a word as one string, up to the semicolon.
    """
    out: list[Token] = []
    for token in tokens:
        if out and out[-1].token_type.name == "COMMAND" and token.token_type.name == "STRING":
            start = out[-1].end + 1  # the string's own start is not where it begins
            rest = tokens_of(sql[start : token.end + 1])
            out += [shifted(t, start) for t in rest]
            continue
        out.append(token)
    return out


def shifted(token: Token, by: int) -> Token:
    """A token with its offsets moved."""
    from sqlglot.tokenizer_core import Token

    return Token(
        token.token_type, token.text, token.line, token.col, token.start + by, token.end + by
    )


def is_string(token: Token) -> bool:
    """True for 'text' and, as BigQuery has it, for "text"."""
    return token.token_type.name in ("STRING", "IDENTIFIER", "RAW_STRING", "HEREDOC_STRING")


def is_quoted(token: Token) -> bool:
    """True for tokens whose text is a person's, not the language's."""
    return is_string(token) or token.token_type.name.endswith("_STRING")


class Walk:
    """A position in a range of tokens.

    Args:
        sql: the whole text.
        tokens: the tokens of one statement, or of a part of it.
    """

    def __init__(self, sql: str, tokens: Sequence[Token]) -> None:
        self.sql, self.tokens, self.at = sql, tokens, 0

    @property
    def done(self) -> bool:
        """True behind the last token."""
        return self.at >= len(self.tokens)

    def peek(self, ahead: int = 0) -> str:
        """The upper-case text of a token; empty behind the end and for quoted text."""
        i = self.at + ahead
        if i >= len(self.tokens) or is_quoted(self.tokens[i]):
            return ""
        return self.tokens[i].text.upper()

    def take(self, *words: str) -> bool:
        """Step over these words if they come next."""
        if all(self.peek(i) == w for i, w in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def expect(self, *words: str) -> None:
        """Step over these words or raise."""
        for word in words:
            if not self.take(word):
                raise self.error(f"Expected {word}", wanted=word)

    def name(self) -> str:
        """A dotted name, as written."""
        start = self.at
        self._name_part()
        while self.peek() == ".":
            self.at += 1
            self._name_part()
        if start == self.at:
            raise self.error("Expected a name", wanted="a model name such as churn or shop.churn")
        return self.slice(start, self.at)

    def _name_part(self) -> None:
        if self.peek() == "`":
            self.at += 1
            while not self.done and self.peek() != "`":
                self.at += 1
            if self.done:
                raise self.error("A backtick is not closed", wanted="`")
            self.at += 1
        elif not self.done and (is_string(self.tokens[self.at]) or self.peek()[:1].isidentifier()):
            self.at += 1
        else:
            raise self.error("Expected a name", wanted="a model name such as churn or shop.churn")

    def group(self) -> tuple[int, int]:
        """Step over ``( ... )`` and return the token range inside the brackets."""
        self.expect("(")
        start, depth = self.at, 1
        while not self.done:
            text = self.peek()
            depth += (text in OPEN) - (text in CLOSE)
            self.at += 1
            if depth == 0:
                return start, self.at - 1
        raise self.error("A bracket is not closed", wanted=")")

    def split(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The comma-separated parts of a token range; empty for an empty range."""
        parts, depth, begin = [], 0, start
        for i in range(start, stop):
            token = self.tokens[i]
            text = "" if is_quoted(token) else token.text
            depth += (text in OPEN) - (text in CLOSE)
            if text == "," and depth == 0:
                parts.append((begin, i))
                begin = i + 1
        return [*parts, (begin, stop)] if stop > start else []

    def sub(self, start: int, stop: int) -> Walk:
        """A walk over a part."""
        return Walk(self.sql, self.tokens[start:stop])

    def slice(self, start: int, stop: int) -> str:
        """The text of a token range, as written."""
        if stop <= start:
            return ""
        return self.sql[self.tokens[start].start : self.tokens[stop - 1].end + 1]

    def error(
        self,
        fact: str,
        wanted: str | None = None,
        todo: str | None = None,
        seen: str | None = None,
    ) -> StatementError:
        """An error at the present position, with line and column; seen is the token there unless
        something else is given.
        """
        if not self.tokens:
            return StatementError(fact, seen=seen, wanted=wanted, todo=todo)
        token = self.tokens[min(self.at, len(self.tokens) - 1)]
        line = self.sql.count("\n", 0, token.start) + 1
        column = token.start - (self.sql.rfind("\n", 0, token.start) + 1) + 1
        if seen is None:
            seen = self.sql[token.start : token.end + 1] if not self.done else "the end"
        return StatementError(
            f"{fact} at line {line}, column {column}", seen=seen, wanted=wanted, todo=todo
        )
