"""What a rule is given: one statement, what is known so far, and where findings go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from retailsql.dialect.lint.context import Context
from retailsql.dialect.lint.models import Models
from retailsql.dialect.lint.scratch import Scratch
from retailsql.dialect.lint.source import Piece, Source
from retailsql.dialect.lint.uses import Use, find_uses
from retailsql.dialect.tokens import Walk

QUERY_WORDS = ("SELECT", "WITH", "FROM", "VALUES", "TABLE", "PIVOT", "UNPIVOT", "(")


@dataclass
class Statement:
    """One statement, or the query inside one.

    Args:
        source: the text, which takes the findings.
        piece: the statement.
        scratch: where it is bound.
        models: what it may name.
        complete: False if something before it could not be followed: then a name that is missing
            may be there when it runs.
    """

    source: Source
    piece: Piece
    scratch: Scratch
    models: Models
    complete: bool

    @property
    def walk(self) -> Walk:
        """A walk over its tokens."""
        return self.piece.walk

    @cached_property
    def context(self) -> Context:
        """Its brackets and WITH clauses."""
        return Context(self.walk)

    @cached_property
    def uses(self) -> list[Use]:
        """The calls of models in it."""
        return find_uses(self.walk)

    @property
    def may_call(self) -> bool:
        """True if a word begins as the functions of a model do."""
        names = tuple(f"{n.name}_" for n in self.models.held)
        return any(t.text.lower().startswith(names) for t in self.piece.tokens)

    @cached_property
    def words(self) -> list[str]:
        """Its tokens in upper case; empty text for quoted ones."""
        return self.context.words

    def add(
        self, code: str, token: int, sentence: str, fix: str, rewritten: str | None = None
    ) -> None:
        """Note a finding at a token."""
        at = self.piece.tokens[min(token, len(self.piece.tokens) - 1)].start
        self.source.add(code, self.piece.start + at, sentence, fix, rewritten)

    def add_at(self, code: str, offset: int, sentence: str, fix: str) -> None:
        """Note a finding at an offset of the statement's text."""
        self.source.add(code, self.piece.start + offset, sentence, fix)

    def text(self, start: int, stop: int) -> str:
        """The text of a token range."""
        return self.walk.slice(start, stop)

    @cached_property
    def query(self) -> tuple[int, int] | None:
        """The token range of the query inside it: all of a SELECT, what follows AS or INTO t of
        CREATE TABLE, INSERT and COPY. None if there is none.
        """
        words = self.words
        if words[0] in QUERY_WORDS:
            return 0, len(words)
        if words[0] == "EXPLAIN":
            at = next((i for i in range(1, 4) if i < len(words) and words[i] in QUERY_WORDS[:4]), 0)
            return (at, len(words)) if at else None
        if words[0] == "COPY" and len(words) > 1 and words[1] == "(":
            return 2, self.context.close.get(1, len(words))
        if words[0] in ("CREATE", "INSERT"):
            return self._behind_head()
        return None

    def _behind_head(self) -> tuple[int, int] | None:
        """The query of CREATE TABLE, CREATE VIEW or INSERT, without WITH NO DATA."""
        words, parent = self.words, self.context.parent
        insert = words[0] == "INSERT"
        for i in range(2, len(words)):
            if parent[i] >= 0 or words[i] not in QUERY_WORDS:
                continue
            if not insert and words[i - 1] != "AS" and words[i - 1] != "MATERIALIZED":
                continue
            if (
                insert
                and words[i] == "("
                and words[i + 1 : i + 2] not in (["SELECT"], ["WITH"], ["FROM"])
            ):
                continue
            stop = len(words)
            if words[-3:] == ["WITH", "NO", "DATA"]:
                stop -= 3
            for end in range(i, stop):
                if parent[end] < 0 and insert and words[end] in ("RETURNING",):
                    return i, end
            return i, stop
        return None
