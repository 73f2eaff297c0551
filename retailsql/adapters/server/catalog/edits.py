"""What becomes of a statement that asks the catalog: names of PostgreSQL's point into the shim."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from retailsql.adapters.server.catalog.lookups import check_lookups
from retailsql.adapters.server.catalog.names import (
    SCHEMAS,
    SHIM,
    functions,
    relations,
    trigger,
)
from retailsql.adapters.server.catalog.operands import (
    cast_edits,
    format_edits,
    operator_edits,
    vector_edits,
)
from retailsql.adapters.server.catalog.sheet import Sheet
from retailsql.adapters.server.catalog.spans import closing, is_mark, is_name, word
from retailsql.adapters.server.records import Edit

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

_WORDS = {
    "current_user": "rs_user",
    "session_user": "rs_user",
    "current_role": "rs_user",
    "current_catalog": "rs_database",
}


def edits(text: str, tokens: Sequence[Token]) -> list[Edit]:
    """The edits that point a statement at the shim.

    Args:
        text: of the statement.
        tokens: of the text.

    Returns:
        Edits that do not overlap; none, quickly, if the statement mentions nothing of the catalog.

    Raises:
        PgError: 54001.

    >>> from retailsql.dialect.tokens import tokenize
    >>> sql = "SELECT c.oid FROM pg_class c"
    >>> edits(sql, tokenize(sql))
    [Edit(start=18, end=26, new='__rs_catalog.pg.pg_class')]
    >>> edits("SELECT a FROM t", tokenize("SELECT a FROM t"))
    []
    """
    if trigger().search(text) is None:
        return []
    sheet = Sheet(text, tokens)
    steps: tuple[Callable[[Sheet, int], None], ...] = (
        cast_edits,
        operator_edits,
        vector_edits,
        format_edits,
        _tableoid,
        _name_edits,
        _word_edits,
    )
    for i in range(len(tokens)):
        for step in steps:
            if i in sheet.done:
                break
            step(sheet, i)
    found = sheet.edits()
    check_lookups(found)
    return found


def _name_edits(sheet: Sheet, i: int) -> None:
    """``pg_catalog.x``, ``information_schema.x``, and names of pg_catalog without it."""
    tokens, name = sheet.tokens, word(sheet.tokens[i])
    if not is_name(tokens[i]) or (
        i > 0 and is_mark(tokens[i - 1], ".") and not _of_database(sheet, i)
    ):
        return
    if name in SCHEMAS and sheet.mark(i + 1, ".") and i + 2 < len(tokens):
        _qualified(sheet, i, name)
    elif name in functions() and sheet.mark(i + 1, "("):
        _function(sheet, i, i)
    elif (
        name in relations()["pg_catalog"]
        and not sheet.mark(i + 1, ".")
        and not sheet.mark(i + 1, "(")
        and _in_from(sheet, i)
    ):
        sheet.replace(i, i, f"{SHIM}.pg.{name}")


def _of_database(sheet: Sheet, i: int) -> bool:
    """True for ``shop.pg_catalog.pg_class``: the database's name is dropped then."""
    return word(sheet.tokens[i]) in SCHEMAS and i >= 2 and not (i >= 3 and sheet.mark(i - 3, "."))


def _qualified(sheet: Sheet, i: int, schema: str) -> None:
    start = i - 2 if i >= 2 and sheet.mark(i - 1, ".") else i
    name = word(sheet.tokens[i + 2])
    if sheet.mark(i + 3, "("):
        if name in functions():
            _function(sheet, start, i + 2)
        else:
            sheet.replace(start, i + 1, "")
    elif name in relations()[schema]:
        sheet.replace(start, i + 2, f"{SHIM}.{SCHEMAS[schema]}.{name}")
    elif sheet.mark(i + 3, ".") or name in ("default", "c", "posix"):
        return
    elif not _in_from(sheet, i):
        sheet.replace(start, i + 1, "")


def _function(sheet: Sheet, start: int, at: int) -> None:
    """A call: a name in the shim, or for some another one."""
    name = word(sheet.tokens[at])
    if name == "pg_partition_ancestors" and _ordinality(sheet, at):
        name = "rs_partition_ancestors"
    if name == "obj_description" and sheet.holds(at, "pg_proc"):
        name = "rs_function_description"
        sheet.drop_last_argument(at + 1)
    sheet.replace(start, at, f"{SHIM}.main.{name}")


def _ordinality(sheet: Sheet, at: int) -> bool:
    """Take ``WITH ORDINALITY`` away, which macros do not have."""
    end = closing(sheet.tokens, at + 1)
    if sheet.word(end + 1) == "with" and sheet.word(end + 2) == "ordinality":
        sheet.replace(end + 1, end + 2, "")
        return True
    return False


def _tableoid(sheet: Sheet, i: int) -> None:
    """``c.tableoid``: the number of the relation that ``c`` stands for."""
    if sheet.word(i) != "tableoid" or not sheet.mark(i - 1, "."):
        return
    if not sheet.aliases:
        known = relations()["pg_catalog"]
        for k in range(1, len(sheet.tokens)):
            before = sheet.word(k - 2 if sheet.word(k - 1) == "as" else k - 1)
            if before in known:
                sheet.aliases.setdefault(sheet.word(k), before)
        sheet.aliases.setdefault("", "")  # they have been looked for
    name = sheet.aliases.get(sheet.word(i - 2))
    if name:
        sheet.replace(i - 2, i, f"{SHIM}.main.rs_regclass('pg_catalog.{name}')")


def _in_from(sheet: Sheet, i: int) -> bool:
    """True where a relation may stand: behind FROM, JOIN or a comma."""
    before = word(sheet.tokens[i - 1]) if i else ""
    return before in ("from", "join", ",", "only", "table", "(", "describe", "update", "into")


def _word_edits(sheet: Sheet, i: int) -> None:
    """``current_user`` and its like, which are no calls."""
    tokens, name = sheet.tokens, word(sheet.tokens[i])
    if tokens[i].token_type.name == "IDENTIFIER" or (i and sheet.mark(i - 1, ".")):
        return
    if name == "user":
        if sheet.has_from or (i and word(tokens[i - 1]) not in ("select", ",", "=", "(")):
            return
    elif name not in _WORDS:
        return
    if i and word(tokens[i - 1]) == "as":
        return
    end = i + 2 if sheet.mark(i + 1, "(") and sheet.mark(i + 2, ")") else i
    if not sheet.mark(i + 1, ".") and (end > i or not sheet.mark(i + 1, "(")):
        sheet.replace(i, end, f"{SHIM}.main.{_WORDS.get(name, 'rs_user')}()")
