"""Tokens of a text in which ``$1,$2`` stands: sqlglot takes ``$1,$`` for the start of a string."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_TAKEN_WRONG = re.compile(r"\$\d[^\s$]*\$")
# What is never closed takes the rest, so that a hostile text is read once only.
_PIECES = re.compile(
    r"[eE]'(?:\\.|''|[^'\\])*(?:'|\Z)|'(?:''|[^'])*(?:'|\Z)|\"(?:\"\"|[^\"])*(?:\"|\Z)"
    r"|--[^\n]*|/\*.*?(?:\*/|\Z)"
    r"|\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z)|(?P<mark>\$\d+)(?!\s|\Z)",
    re.DOTALL,
)


def tokens_of(sql: str) -> list[Token]:
    """The tokens of a text in DuckDB's dialect, by sqlglot.

    Raises:
        sqlglot.errors.TokenError: a string is not closed.

    >>> [token.text for token in tokens_of("f($1,$2)")]
    ['f', '(', '$', '1', ',', '$', '2', ')']
    """
    import sqlglot

    if _TAKEN_WRONG.search(sql) is None:
        return list(sqlglot.tokenize(sql, read="duckdb"))
    # A space behind the number ends what could be a string's tag; the places are moved back.
    marks = [found.end() for found in _PIECES.finditer(sql) if found["mark"]]
    pieces = [sql[a:b] for a, b in zip([0, *marks], [*marks, len(sql)], strict=True)]
    spaces = [at + i for i, at in enumerate(marks)]
    return [
        _moved(token, bisect_right(spaces, token.start), bisect_right(spaces, token.end))
        for token in sqlglot.tokenize(" ".join(pieces), read="duckdb")
    ]


def _moved(token: Token, start: int, end: int) -> Token:
    from sqlglot.tokenizer_core import Token

    return Token(
        token.token_type, token.text, token.line, token.col, token.start - start, token.end - end
    )
