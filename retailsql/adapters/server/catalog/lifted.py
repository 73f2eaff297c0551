"""Numbers of things in a statement become parameters: a tool asks the same of every table.

``WHERE c.oid = '16385'`` and ``WHERE c.oid = '16390'`` are one statement then, planned once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from retailsql.adapters.server.catalog.after import LONG
from retailsql.adapters.server.catalog.spans import is_mark, word
from retailsql.adapters.server.records import Edit, apply

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_ASKS = re.compile(r"\bpg_[a-z]|\binformation_schema\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d{4,10}")
_BEHIND = frozenset({"", ")", "and", "or", "order", "group", "limit", "union"})
"""What may follow a comparison, so that the number alone is its right side."""


class Lifted(NamedTuple):
    """A statement without its numbers of things.

    Args:
        text: with parameters for them, numbered on from its own.
        edits: that made it.
        first: the number of the first of them.
        values: of them.
    """

    text: str
    edits: list[Edit]
    first: int
    values: list[str]


def lifted(text: str, tokens: Sequence[Token], declared: int = 0) -> Lifted | None:
    """The statement with parameters where it compares with a number of a thing.

    Only what is compared, or handed to one of the catalog's functions, is lifted: there the type of
    a column cannot depend on it, and no name can stand in its place.

    Args:
        text: of the statement.
        tokens: of the text.
        declared: how many types of parameters the client has declared.

    Returns:
        None, quickly, if the statement names nothing of the catalog.

    >>> from retailsql.dialect.tokens import tokenize
    >>> sql = "SELECT relname FROM pg_class WHERE oid = '16385' AND relkind = $1"
    >>> lifted(sql, tokenize(sql)).text
    'SELECT relname FROM pg_class WHERE oid = $2 AND relkind = $1'
    """
    if len(text) > LONG or _ASKS.search(text) is None or "pg_stat_activity" in text:
        return None  # there a statement sees its own text
    first = 1 + max([declared, *_own(tokens)])
    edits: list[Edit] = []
    values: list[str] = []
    for i, token in enumerate(tokens):
        kind = token.token_type.name
        if kind not in ("STRING", "NUMBER") or not _NUMBER.fullmatch(token.text):
            continue
        if kind == "STRING" and text[token.start] != "'":
            continue
        mark = _mark(tokens, i, first + len(values), kind)
        if mark is not None:
            edits.append(Edit(token.start, token.end + 1, mark))
            values.append(token.text)
    return Lifted(apply(text, edits), edits, first, values)


def _own(tokens: Sequence[Token]) -> list[int]:
    """The numbers of the statement's own parameters."""
    return [
        int(tokens[i].text)
        for i in range(1, len(tokens))
        if tokens[i].token_type.name == "NUMBER"
        and tokens[i - 1].token_type.name == "PARAMETER"
        and tokens[i].text.isdigit()
    ]


def _mark(tokens: Sequence[Token], i: int, number: int, kind: str) -> str | None:
    """What stands for a number; None: it is not one of a thing."""
    if i < 2 or tokens[i - 1].token_type.name == "PARAMETER":
        return None
    behind = word(tokens[i + 1]).partition(" ")[0] if i + 1 < len(tokens) else ""
    if is_mark(tokens[i - 1], "=") and behind in _BEHIND:
        return f"${number}"
    called = word(tokens[i - 2])
    if (
        kind == "STRING"
        and is_mark(tokens[i - 1], "(")
        and behind == ")"
        and called.startswith("pg_")
    ):
        return f"${number}::VARCHAR"
    return None
