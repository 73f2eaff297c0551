"""Names as DuckDB reads them, and where they stand in a person's own text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.adapters.server.records import fold as fold

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

Path = tuple[str, ...]

_PART = r'(?:"(?:[^"]|"")+"|[^".]+)'
_DOTTED = re.compile(rf"{_PART}(?:\.{_PART}){{0,2}}")
_ONE = re.compile(_PART)


def read_text_name(text: str) -> Path | None:
    """The parts of a name given as text to ``query_table``; None: DuckDB's reading is not sure.

    >>> read_text_name('raw."my sales"'), read_text_name("a..b"), read_text_name("a.")
    (('raw', 'my sales'), None, None)
    """
    if not _DOTTED.fullmatch(text):
        return None
    return tuple(
        part[1:-1].replace('""', '"') if part[0] == '"' else part for part in _ONE.findall(text)
    )


def shown(path: Path) -> str:
    """A name as PostgreSQL puts it into a message.

    >>> shown(("raw", "sales"))
    'raw.sales'
    """
    return ".".join(path)


def place(tokens: Sequence[Token] | None, name: str) -> int | None:
    """Where a name first stands in the text of the tokens, with the schema before it, counted from
    1; None: nowhere.
    """
    low = name.lower()
    for i, token in enumerate(tokens or ()):
        if tokens and token.text.lower() == low:
            while i >= 2 and tokens[i - 1].text == ".":
                i -= 2
            return tokens[i].start + 1
    return None
