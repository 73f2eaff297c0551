"""Long lists behind IN and rows behind VALUES: one token, as a tokenizer in Python takes a third of
a second for the 50,000 values that a BI tool sends, and nobody here reads them one by one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.dialect.tokens import shifted, tokenize

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_LONG = 2_000
"""Characters of a text that may hold such a list."""
_VALUE = r"(?:[+-]?\d{1,100}+(?:\.\d{1,100}+)?|'(?:[^']|'')*+')"
_CELL = rf"(?:{_VALUE}|NULL\b|TRUE\b|FALSE\b)"
_ROW = rf"\(\s*+{_CELL}(?:\s*+,\s*+{_CELL})*+\s*+\)"
# What is quoted comes first, so that a list in a text or in a comment is none. Nothing is tried
# twice, so that a hostile text is read once only.
_PIECES = re.compile(
    rf"'(?:''|[^'])*+(?:'|\Z)|\"(?:\"\"|[^\"])*+(?:\"|\Z)|--[^\n]*+|/\*"
    rf"|\$(?:[^\W\d]\w*)?\$|\bIN\s*+\(\s*+(?P<list>{_VALUE}(?:\s*+,\s*+{_VALUE}){{99,}}+)\s*+\)"
    rf"|\bVALUES\s*+(?P<rows>{_ROW}(?:\s*+,\s*+{_ROW}){{24,}}+)",
    re.IGNORECASE | re.DOTALL,
)
_FIRST = re.compile(rf"{_ROW}|{_VALUE}", re.IGNORECASE | re.DOTALL)


def tokens_of(text: str) -> list[Token] | None:
    """The tokens of a text; one stands for all values of a long list, from the first to the last,
    and the bracket that closes the first of many rows for all those that follow.

    Returns:
        None where the tokenizer gives up.

    >>> text = f"SELECT a IN ({', '.join(map(str, range(500)))}) AS b"
    >>> found = tokens_of(text)
    >>> [token.text for token in found], text[found[4].start : found[4].end + 1][-8:]
    (['SELECT', 'a', 'IN', '(', '0', ')', 'AS', 'b'], '498, 499')
    """
    # A backslash may or may not keep a quote from ending a text.
    spans = _lists(text) if len(text) > _LONG and "\\" not in text else []
    if not spans:
        return tokenize(text)
    kept, cuts = _cut(text, spans)
    found = tokenize(kept)
    return None if found is None else _spread(found, cuts)


def _lists(text: str) -> list[tuple[int, int]]:
    """From where to where the values of each list, or the rows, go; none, where a comment or a
    dollar quote could hide that one is no list.
    """
    spans = []
    for piece in _PIECES.finditer(text):
        if piece.lastgroup is not None:
            spans.append(piece.span(piece.lastgroup))
        elif piece[0][0] in "/$":
            return []
    return spans


def _cut(text: str, spans: Sequence[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """The text with the first value alone of each list; where each was cut, and by how much."""
    parts, cuts, at, short = [], [], 0, 0
    for start, stop in spans:
        first = _FIRST.match(text, start)
        end = first.end() if first else stop
        parts.append(text[at:end])
        cuts.append((end - short, stop - end))
        at, short = stop, short + stop - end
    return "".join([*parts, text[at:]]), cuts


def _spread(tokens: Sequence[Token], cuts: Sequence[tuple[int, int]]) -> list[Token]:
    """The tokens at the places they have in the whole text."""
    from sqlglot.tokenizer_core import Token

    out: list[Token] = []
    ahead, shift = list(reversed(cuts)), 0
    for token in tokens:
        if ahead and token.end + 1 == ahead[-1][0]:
            start, (_, more) = token.start + shift, ahead.pop()
            shift += more
            out.append(Token(
                token.token_type, token.text, token.line, token.col, start, token.end + shift
            ))  # fmt: skip
        else:
            out.append(shifted(token, shift) if shift else token)
    return out
