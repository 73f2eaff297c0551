"""``ORDER BY x DESC``: PostgreSQL has NULL first there, DuckDB last.

Edited in what the user wrote, as a setting would change what the warehouse's own views return.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retailsql.adapters.server.records import Edit

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


def null_orders(tokens: Sequence[Token]) -> list[Edit]:
    """``NULLS FIRST`` behind each ``DESC`` of an ORDER BY that tells nothing of NULL.

    >>> from retailsql.adapters.server.records import apply
    >>> from retailsql.dialect.tokens import tokenize
    >>> sql = "select a from t order by a desc, b desc nulls last"
    >>> apply(sql, null_orders(tokenize(sql)))
    'select a from t order by a desc NULLS FIRST, b desc nulls last'
    """
    out, ordered, last = [], False, len(tokens) - 1
    for i, token in enumerate(tokens):
        kind = token.token_type.name
        ordered |= kind == "ORDER_BY"
        if kind != "DESC" or not ordered or tokens[i - 1].text.upper() in (".", "AS"):
            continue
        if i == last or tokens[i + 1].text.upper() != "NULLS":
            out.append(Edit(token.end + 1, token.end + 1, " NULLS FIRST"))
    return out
