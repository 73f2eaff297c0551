"""Function names of a BigQuery text, marked before parsing: sqlglot gives many another meaning.

``DATE_DIFF(`` at offset 17 becomes ``__bq_17_0_DATE_DIFF(``, which the parser takes for a function
it does not know; the name says where it stood, for errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from retailsql.dialect.bigquery.lexing import renamed
from retailsql.dialect.bigquery.table import FUNCTIONS
from retailsql.dialect.tokens import Walk

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

PLAIN, SAFE, USERS = "0", "1", "2"
_MARK = re.compile(r"__bq_(\d+)_([012])_(\w+)", re.IGNORECASE)
_TYPES = frozenset({"STRING", "TIME", "DATE", "DATETIME", "TIMESTAMP"})
_NAMED_BEHIND = frozenset({"INTO", "TABLE", "UPDATE", "INSERT", "FUNCTION", "VIEW", "WITH"})
_BEFORE_STAR = frozenset({"SELECT", "DISTINCT", "ALL", ",", ".", "STRUCT", "VALUE"})


def marked(node: Any) -> tuple[int, str, str] | None:
    """Offset, flag and name of a function that was marked, or None."""
    found = _MARK.fullmatch(str(node.this)) if isinstance(node.this, str) else None
    return (int(found[1]), found[2], found[3]) if found else None


def unmarked(text: str) -> str:
    """A text with the names as they were."""
    return _MARK.sub(r"\3", text)


def mark_calls(text: str, tokens: Sequence[Token], users: Callable[[str], bool]) -> list[Token]:
    """Tokens with every call of a known function, and of the user's own, marked."""
    out: list[Token] = []
    walk = Walk(text, tokens)
    for i, token in enumerate(tokens):
        walk.at = i
        name = walk.peek()
        before = out[-1].text.upper() if out else ""
        if walk.peek(1) != "(" or not name[:1].isidentifier() or before in _NAMED_BEHIND:
            out.append(token)
        elif before == "." and len(out) > 1 and out[-2].text.upper() == "SAFE":
            out[-2:] = [renamed(token, f"__bq_{token.start}_{SAFE}_{name}")]
        elif before == "." or _is_syntax(name, out):
            out.append(token)
        elif users(name.lower()) and token.token_type.name == "VAR":
            out.append(renamed(token, f"__bq_{token.start}_{USERS}_{token.text}"))
        elif name in FUNCTIONS:
            out.append(renamed(token, f"__bq_{token.start}_{PLAIN}_{name}"))
        else:
            out.append(token)
    return out


def _is_syntax(name: str, before: list[Token]) -> bool:
    """True for the words of ``* REPLACE (...)`` and of types with a length."""
    last = before[-1] if before else None
    if last is None:
        return False
    if name == "REPLACE" and last.text == ")":
        return True
    if name == "REPLACE" and last.text == "*":
        return len(before) > 1 and before[-2].text.upper() in _BEFORE_STAR
    return name in _TYPES and last.token_type.name in ("VAR", "IDENTIFIER")
