"""Looking at the tokens of one statement by their place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from retailsql.dialect.tokens import CLOSE, OPEN

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


_SIGNS = frozenset(["COMMA", "NUMBER", "L_PAREN", "R_PAREN", "PLUS", "DASH", "STAR", "DOT", "EQ"])
_CLAUSES = frozenset(
    ["SELECT", "FROM", "WHERE", "GROUP BY", "GROUP", "HAVING", "WINDOW", "QUALIFY", "ORDER BY",
     "ORDER", "LIMIT", "OFFSET", "ON", "USING", "SET", "VALUES", "RETURNING"]
)  # fmt: skip
_NAMING = frozenset(["FROM", "JOIN", "AS", ")"])
_OUTER = frozenset(["LEFT", "RIGHT", "FULL"])
_BEFORE, _BEHIND = frozenset(["COMMA", "L_PAREN"]), frozenset(["COMMA", "R_PAREN"])


def _quoted(kind: str) -> bool:
    """As ``retailsql.dialect.tokens.is_quoted``, of a kind."""
    return kind in ("STRING", "IDENTIFIER") or kind.endswith("_STRING")


class Scan:
    """A statement and its tokens.

    Args:
        text: the statement.
        tokens: its tokens.
    """

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text, self.tokens = text, tokens
        # A name of an enumeration's member takes its time, and lists are long.
        self._kinds = [t.token_type.name for t in tokens]
        self._words = [
            "" if _quoted(kind) else t.text.upper()
            for t, kind in zip(tokens, self._kinds, strict=True)
        ]
        self._closing: dict[int, int] = {}
        self._opening: dict[int, int] = {}
        self._around = self._brackets()

    def _brackets(self) -> list[int]:
        """Which bracket each token stands in, -1: none; and the pairs of them."""
        around, open_ = [], [-1]
        for i, word in enumerate(self._words):
            if word in CLOSE and len(open_) > 1:
                opened = open_.pop()
                self._closing[opened], self._opening[i] = i, opened
            around.append(open_[-1])
            if word in OPEN:
                open_.append(i)
        return around

    def word(self, i: int) -> str:
        """A token in capitals; empty for what is quoted and where there is none."""
        return self._words[i] if 0 <= i < len(self._words) else ""

    def words(self, i: int, *words: str) -> bool:
        """True if these words stand there."""
        return all(self.word(i + k) == word for k, word in enumerate(words))

    def kind(self, i: int) -> str:
        """The tokenizer's kind of a token."""
        return self._kinds[i] if 0 <= i < len(self._kinds) else ""

    def telling(self) -> Iterator[int]:
        """The tokens that may mean another thing here than in PostgreSQL: no signs, no numbers,
        no texts in a list of such, of which BI tools send thousands.
        """
        kinds, last = self._kinds, len(self._kinds) - 1
        for i, kind in enumerate(kinds):
            if kind in _SIGNS:
                continue
            listed = kind == "STRING" and 0 < i < last and kinds[i - 1] in _BEFORE
            if not (listed and kinds[i + 1] in _BEHIND):
                yield i

    def of_view(self) -> bool:
        """True for CREATE VIEW: what it stores must be read without this server's functions."""
        return self.word(0) == "CREATE" and "VIEW" in map(self.word, range(1, 5))

    def source(self, start: int, stop: int) -> str:
        """The text of a range of tokens."""
        return self.text[self.tokens[start].start : self.tokens[stop - 1].end + 1]

    def closing(self, i: int) -> int | None:
        """The token that closes the bracket at ``i``."""
        return self._closing.get(i)

    def opening(self, i: int) -> int | None:
        """The token that opens the bracket closed at ``i``."""
        return self._opening.get(i)

    def around(self, i: int) -> int:
        """The token that opens the innermost bracket around ``i``; -1: there is none."""
        return self._around[i]

    def of_cast(self, i: int) -> int | None:
        """The bracket of ``CAST(x AS type)``, if the token is the type's first word."""
        opened = self.around(i)
        told = self.word(i - 1) == "AS" and self.word(opened) == "("
        return opened if told and self.word(opened - 1) in ("CAST", "TRY_CAST") else None

    def clause(self, i: int) -> int:
        """The last word before ``i``, in the same brackets, that begins a clause; -1: none."""
        return self._clauses[i]

    @cached_property
    def _clauses(self) -> list[int]:
        """:meth:`clause` of all tokens: to look for each anew takes the square of their number."""
        out, last = [], dict[int, int]()
        for i, word in enumerate(self._words):
            out.append(last.get(self._around[i], -1))
            if word in _CLAUSES:
                last[self._around[i]] = i
        return out

    @cached_property
    def outer(self) -> bool:
        """True if there may be an outer join."""
        return not _OUTER.isdisjoint(self._words)

    @cached_property
    def relations(self) -> frozenset[str]:
        """Names, in small letters, that stand before a point or where a relation is named."""
        out = set()
        for i, token in enumerate(self.tokens):
            named = self.word(i - 1) in _NAMING or self.kind(i - 1) in ("VAR", "IDENTIFIER")
            if (named and self.word(self.clause(i)) in ("FROM", "ON", "USING")) or (
                self.word(i + 1) == "." and self.word(i - 1) != "."
            ):
                out.add(token.text.lower())
        return frozenset(out)

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
