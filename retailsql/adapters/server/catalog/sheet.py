"""A statement on which edits are noted, token by token."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from retailsql.adapters.server.catalog.spans import closing, is_mark, is_quoted, word
from retailsql.adapters.server.records import Edit

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


class Sheet:
    """Notes replacements of tokens and texts put before or behind them.

    Args:
        text: of the statement.
        tokens: of the text.
    """

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text, self.tokens = text, tokens
        self.done: set[int] = set()
        self.aliases: dict[str, str] = {}
        self.has_from = any(word(t) == "from" for t in tokens)
        self._replaced: dict[int, tuple[int, str]] = {}
        self._wraps: list[tuple[int, int, str, str]] = []

    def mark(self, i: int, mark: str) -> bool:
        """True if token ``i`` is this bracket or operator."""
        return 0 <= i < len(self.tokens) and is_mark(self.tokens[i], mark)

    def word(self, i: int) -> str:
        """The lower-case word at ``i``; empty outside and for strings."""
        return word(self.tokens[i]) if 0 <= i < len(self.tokens) else ""

    def keyword(self, i: int) -> str:
        """The lower-case word at ``i`` unless it is quoted."""
        inside = 0 <= i < len(self.tokens)
        return word(self.tokens[i]) if inside and not is_quoted(self.tokens[i]) else ""

    @cached_property
    def outermost(self) -> frozenset[int]:
        """The tokens of the list behind the first SELECT that stand in no brackets."""
        out, depth = [], 0
        for i in range(1, len(self.tokens)):
            if depth == 0:
                out.append(i)
            depth += self.mark(i, "(") + self.mark(i, "[") - self.mark(i, ")") - self.mark(i, "]")
            if depth == 0 and self.keyword(i) in ("from", "where", "union"):
                break
        return frozenset(out)

    def replace(self, first: int, last: int, new: str) -> None:
        """Put ``new`` for the tokens ``first`` to ``last``."""
        if self.done.isdisjoint(range(first, last + 1)):
            self.done.update(range(first, last + 1))
            self._replaced[first] = (last, new)

    def wrap(self, first: int, last: int, before: str, behind: str) -> None:
        """Put texts around tokens; of wraps of the same tokens the first is the outer one."""
        self._wraps.append((first, last, before, behind))

    def holds(self, call: int, string: str) -> bool:
        """True if the last argument of a call is this string."""
        end = closing(self.tokens, call + 1)
        token = self.tokens[end - 1]
        return token.token_type.name == "STRING" and token.text == string

    def drop_last_argument(self, bracket: int) -> None:
        """Take away ``, x`` where ``x`` is one token."""
        end = closing(self.tokens, bracket)
        self.replace(end - 2, end - 1, "")

    def edits(self) -> list[Edit]:
        """All that was noted."""
        out = [
            Edit(self.tokens[first].start, self.tokens[last].end + 1, new)
            for first, (last, new) in self._replaced.items()
        ]
        return sorted([*out, *self._insertions()])

    def _insertions(self) -> list[Edit]:
        """What is put between tokens: at one place what closes, inner first, then what opens."""
        opens: dict[int, str] = {}
        closes: dict[int, str] = {}
        numbered = list(enumerate(self._wraps))
        for _, (first, _, before, _) in sorted(numbered, key=lambda w: (w[1][1], -w[0])):
            place = self.tokens[first].start
            opens[place] = before + opens.get(place, "")
        for _, (_, last, _, behind) in sorted(numbered, key=lambda w: (-w[1][0], -w[0])):
            place = self.tokens[last].end + 1
            closes[place] = closes.get(place, "") + behind
        places = {p: closes.get(p, "") + opens.get(p, "") for p in opens | closes}
        return [Edit(place, place, text) for place, text in places.items() if text]
