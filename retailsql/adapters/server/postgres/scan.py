"""Looking at the tokens of one statement by their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.dialect.tokens import CLOSE, OPEN, is_quoted

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


class Scan:
    """A statement and its tokens.

    Args:
        text: the statement.
        tokens: its tokens.
    """

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text, self.tokens = text, tokens
        self._words = ["" if is_quoted(t) else t.text.upper() for t in tokens]
        self._closing = self._brackets()

    def _brackets(self) -> dict[int, int]:
        """Which token closes the bracket that another opens."""
        out, open_ = {}, []
        for i, word in enumerate(self._words):
            if word in OPEN:
                open_.append(i)
            elif word in CLOSE and open_:
                out[open_.pop()] = i
        return out

    def word(self, i: int) -> str:
        """A token in capitals; empty for what is quoted and where there is none."""
        return self._words[i] if 0 <= i < len(self._words) else ""

    def words(self, i: int, *words: str) -> bool:
        """True if these words stand there."""
        return all(self.word(i + k) == word for k, word in enumerate(words))

    def kind(self, i: int) -> str:
        """The tokenizer's kind of a token."""
        return self.tokens[i].token_type.name if 0 <= i < len(self.tokens) else ""

    def source(self, start: int, stop: int) -> str:
        """The text of a range of tokens."""
        return self.text[self.tokens[start].start : self.tokens[stop - 1].end + 1]

    def closing(self, i: int) -> int | None:
        """The token that closes the bracket at ``i``."""
        return self._closing.get(i)

    def call_end(self, close: int) -> int:
        """The last token of a call that ends with this bracket, with its FILTER and OVER."""
        for word in ("FILTER", "OVER"):
            if self.word(close + 1) == word:
                close = self.closing(close + 2) or close + 2
        return close

    def parts(self, start: int, stop: int) -> list[tuple[int, int]]:
        """The comma-separated parts of a range of tokens, brackets kept whole."""
        out, begin, i = [], start, start
        while i < stop:
            if self.word(i) == ",":
                out.append((begin, i))
                begin = i + 1
            i = self._closing.get(i, i) + 1
        return [*out, (begin, stop)] if stop > start else []
