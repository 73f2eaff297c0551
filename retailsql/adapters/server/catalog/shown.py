"""Where ``'orders'::regclass`` is shown as a name: as a whole item of the outermost SELECT.

Inside a statement it is a number, to be compared and joined. Shown, it is announced as text, so
that no driver reads four bytes of a number there.
"""

from __future__ import annotations

from retailsql.adapters.server.catalog.sheet import Sheet
from retailsql.adapters.server.catalog.spans import is_name


def is_item(sheet: Sheet, first: int, last: int) -> bool:
    """True if these tokens are a whole item of the outermost SELECT, with or without a name."""
    end = last + 1
    if sheet.keyword(end) == "as":
        end += 2
    elif end < len(sheet.tokens) and is_name(sheet.tokens[end]) and sheet.keyword(end) != "from":
        end += 1
    closed = end >= len(sheet.tokens) or sheet.mark(end, ",") or sheet.mark(end, ";")
    if not (closed or sheet.keyword(end) == "from") or sheet.keyword(0) != "select":
        return False
    if first != 1 and not sheet.mark(first - 1, ","):
        return False
    return first in sheet.outermost
