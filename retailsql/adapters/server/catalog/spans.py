"""Where an operand begins and ends, in tokens: what ``::type`` or an operator belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_NO_CALL = frozenset(
    re.findall(
        r"\w+",
        "IN AND OR NOT WHERE ON HAVING SELECT FROM JOIN BY THEN ELSE WHEN CASE AS ANY ALL SOME "
        "VALUES USING RETURNING LIMIT OFFSET UNION EXCEPT INTERSECT BETWEEN LIKE ILIKE IS "
        "DISTINCT EXISTS",
    )
)
"""Words before a bracket that is no call's."""


def word(token: Token) -> str:
    """The lower-case text of a name or key word; a string has none."""
    return "" if token.token_type.name.endswith("STRING") else token.text.lower()


def is_quoted(token: Token) -> bool:
    """True for a name in double quotes."""
    return token.token_type.name == "IDENTIFIER"


def is_mark(token: Token, mark: str) -> bool:
    """True for a bracket, comma or operator that is not inside quotes."""
    return token.text == mark and token.token_type.name not in ("STRING", "IDENTIFIER")


def is_name(token: Token) -> bool:
    """True for what may be part of a name, quoted or not."""
    kind = token.token_type.name
    if kind in ("STRING", "NUMBER") or kind.endswith("_STRING"):
        return False
    return kind == "IDENTIFIER" or token.text[:1].isalpha() or token.text[:1] == "_"


def opening(tokens: Sequence[Token], at: int) -> int:
    """The bracket that the closing one at ``at`` belongs to; 0 if there is none."""
    depth = 0
    for i in range(at, -1, -1):
        if is_mark(tokens[i], ")") or is_mark(tokens[i], "]"):
            depth += 1
        elif is_mark(tokens[i], "(") or is_mark(tokens[i], "["):
            depth -= 1
            if depth == 0:
                return i
    return 0


def closing(tokens: Sequence[Token], at: int) -> int:
    """The bracket that closes the one at ``at``; the last token if there is none."""
    depth = 0
    for i in range(at, len(tokens)):
        if is_mark(tokens[i], "(") or is_mark(tokens[i], "["):
            depth += 1
        elif is_mark(tokens[i], ")") or is_mark(tokens[i], "]"):
            depth -= 1
            if depth == 0:
                return i
    return len(tokens) - 1


def chain_start(tokens: Sequence[Token], at: int) -> int:
    """The first part of ``a.b.c`` whose last part is at ``at``."""
    while at >= 2 and is_mark(tokens[at - 1], ".") and is_name(tokens[at - 2]):
        at -= 2
    return at


def operand_start(tokens: Sequence[Token], end: int) -> int:
    """The first token of the operand whose last is at ``end``: ``f(x)``, ``a.b[1]``, ``'x'::t``."""
    at = end
    while at >= 0 and is_mark(tokens[at], "]"):
        at = opening(tokens, at)
        if at == 0 or word(tokens[at - 1]) == "array":
            return max(at - 1, 0)
        at -= 1
    if is_mark(tokens[at], ")"):
        at = opening(tokens, at)
        if at > 0 and is_name(tokens[at - 1]) and tokens[at - 1].text.upper() not in _NO_CALL:
            at = chain_start(tokens, at - 1)
    elif word(tokens[at]) == "end" and not is_quoted(tokens[at]):
        at = _case(tokens, at)
    elif is_name(tokens[at]):
        at = chain_start(tokens, at)
    elif at > 0 and tokens[at].token_type.name == "NUMBER" and is_mark(tokens[at - 1], "$"):
        at -= 1
    if at > 1 and is_mark(tokens[at - 1], "::"):
        return operand_start(tokens, at - 2)
    return at


def _case(tokens: Sequence[Token], at: int) -> int:
    depth = 0
    for i in range(at, -1, -1):
        depth += (word(tokens[i]) == "end") - (word(tokens[i]) == "case")
        if depth == 0:
            return i
    return at


def operand_end(tokens: Sequence[Token], start: int) -> int:
    """The last token of the operand that begins at ``start``, casts and COLLATE with it."""
    at = start
    if is_mark(tokens[at], "$") and at + 1 < len(tokens):
        at += 1
    while at + 1 < len(tokens):
        after = tokens[at + 1]
        if is_mark(tokens[at], "(") or is_mark(tokens[at], "["):
            at = closing(tokens, at)
        elif is_mark(after, "(") or is_mark(after, "["):
            at = closing(tokens, at + 1)
        elif _goes_on(after) and at + 2 < len(tokens):
            at += 2
        else:
            break
    return at


def _goes_on(token: Token) -> bool:
    collate = word(token) == "collate" and not is_quoted(token)
    return collate or is_mark(token, ".") or is_mark(token, "::")
