"""A SQL text taken apart into statements that know where they stand in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.rules import RULES
from retailsql.dialect.tokens import Walk, shifted, tokenize

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_ALLOW = re.compile(r"--\s*lint:\s*allow\s+(RS\d{3}(?:\s*,\s*RS\d{3})*)", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """One statement.

    Args:
        text: as written, without the semicolon.
        start: its offset in the source.
        tokens: with offsets into ``text``.
    """

    text: str
    start: int
    tokens: Sequence[Token]

    @property
    def walk(self) -> Walk:
        """A walk over all of it."""
        return Walk(self.text, self.tokens)


class Source:
    """A text, its statements and the findings about it.

    Args:
        sql: the whole text.
        file: its name, for findings.

    >>> [piece.text for piece in Source("SELECT ';' ; SELECT 2;").pieces]
    ["SELECT ';'", 'SELECT 2']
    """

    def __init__(self, sql: str, file: str | None = None) -> None:
        self.sql, self.file = sql, file or ""
        self.pieces = _pieces(sql)
        self.findings: list[Finding] = []

    def add(
        self, code: str, at: int, sentence: str, fix: str, rewritten: str | None = None
    ) -> None:
        """Note a finding, unless the text allows it there.

        Args:
            code: of the rule.
            at: offset in the text.
            sentence: what is wrong.
            fix: what to do.
            rewritten: the statement mended.
        """
        line = self.sql.count("\n", 0, at) + 1
        column = at - (self.sql.rfind("\n", 0, at) + 1) + 1
        found = Finding(
            code, RULES[code].severity, self.file, line, column, sentence, fix, rewritten
        )
        if found not in self.findings and not self._allowed(code, line):
            self.findings.append(found)

    def _allowed(self, code: str, line: int) -> bool:
        """True if ``-- lint: allow CODE`` stands on the line or on the one above."""
        lines = self.sql.split("\n")
        near = "\n".join(lines[max(0, line - 2) : line])
        return any(code in m[1].upper() for m in _ALLOW.finditer(near))


def _pieces(sql: str) -> list[Piece]:
    tokens = tokenize(sql)
    parts: list[list[Token]] = [[]]
    for token in tokens or []:
        if token.token_type.name == "SEMICOLON":
            parts.append([])
        else:
            parts[-1].append(token)
    return [_piece(sql, part) for part in parts if part]


def _piece(sql: str, tokens: Sequence[Token]) -> Piece:
    start = tokens[0].start
    text = sql[start : tokens[-1].end + 1]
    return Piece(text, start, [shifted(t, -start) for t in tokens])
