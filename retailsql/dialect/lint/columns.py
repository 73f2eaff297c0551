"""RS103: the columns that a call's rows, or its named arguments, lack."""

from __future__ import annotations

import difflib

from retailsql.dialect.lint.scratch import Columns
from retailsql.dialect.lint.statement import Statement
from retailsql.dialect.lint.uses import ROW_VERBS, Use
from retailsql.dialect.splice import splice
from retailsql.dialect.tokens import is_string
from retailsql.errors import RetailSQLError
from retailsql.functions.parameters import input_type
from retailsql.registry.names import literal


def tell_missing(statement: Statement, use: Use) -> bool:
    """RS103 for every column that a call's rows, or its named arguments, lack."""
    try:
        stored = statement.models.find(use.model)
    except RetailSQLError:
        return False
    if stored is None or not stored.signature.inputs:
        return False
    if not use.ml and use.verb not in ROW_VERBS:
        return False
    given = _given(statement, use)
    if given is None:
        return False
    columns, where, span = given
    names = {c.lower() for c in columns}
    wanted = {f.name: input_type(f, stored.signature) for f in stored.signature.inputs}
    lacking = [name for name in wanted if name.lower() not in names]
    spare = [c for c in columns if c.lower() not in {w.lower() for w in wanted}]
    for name in lacking:
        close = difflib.get_close_matches(name.lower(), [c.lower() for c in spare], 1, 0.6)
        near = next((c for c in spare if close and c.lower() == close[0]), None)
        at = token_of(statement, near, span) if near else None
        fix = (
            f"Write {name} for {near}, or name it so: {near} AS {name}." if near
            else f"Add a column {name} ({wanted[name]}) to {where}."
        )  # fmt: skip
        statement.add(
            "RS103", use.name_at if at is None else at,
            f"Model {stored.name.text} needs a column {name!r}, which {where} lack"
            f"{'' if where.endswith('s') else 's'}" + (f" (they have {near!r})." if near else "."),
            fix,
        )  # fmt: skip
    return bool(lacking)


def _given(statement: Statement, use: Use) -> tuple[Columns, str, tuple[int, int]] | None:
    """The columns a call gets, in words what they are of, and where in the statement."""
    prefix = _prefix(statement, use)
    if use.ml:
        return _relation(statement, use, prefix)
    if len(use.arguments) == 1:
        start, stop = use.arguments[0]
        token = statement.piece.tokens[start]
        if stop - start == 1 and token.token_type.name == "STRING":
            rows = statement.scratch.try_describe(
                f"{prefix}SELECT * FROM query_table({literal(token.text)})"
            )
            return None if rows is None else (rows, "its rows", (start, stop))
        source = statement.context.source(use.start, token.text) if stop - start == 1 else None
        if source is None or _is_column(statement, use):
            return None
        text = _spliced(statement, source.start, source.stop)
        rows = statement.scratch.try_describe(f"{prefix}SELECT * FROM {text}") if text else None
        whole = (0, len(statement.piece.tokens))
        return None if rows is None else (rows, "its rows", whole)
    names = {}
    for start, _ in use.arguments:
        sign = statement.words[start + 1] if start + 1 < len(statement.words) else ""
        if sign not in (":=", "=>"):
            return None
        names[statement.piece.tokens[start].text] = "ANY"
    return names, "its arguments", (use.start, use.stop)


def _is_column(statement: Statement, use: Use) -> bool:
    """True if the single argument is no bare word, ``c``, but a value."""
    token = statement.piece.tokens[use.arguments[0][0]]
    return not (is_string(token) or token.text[:1].isidentifier())


def _relation(
    statement: Statement, use: Use, prefix: str
) -> tuple[Columns, str, tuple[int, int]] | None:
    for start, stop in use.arguments:
        word = statement.words[start]
        if word in ("TABLE", "("):
            text = _spliced(statement, start + (word == "TABLE"), stop)
            rows = statement.scratch.try_describe(f"{prefix}SELECT * FROM {text}") if text else None
            return None if rows is None else (rows, "its rows", (start, stop))
    return None


def _prefix(statement: Statement, use: Use) -> str:
    try:
        return statement.context.prefix(use.start, statement.models)
    except RetailSQLError:
        return ""


def _spliced(statement: Statement, start: int, stop: int) -> str | None:
    try:
        return splice(statement.walk.sub(start, stop), statement.models)
    except RetailSQLError:
        return None


def token_of(statement: Statement, name: str | None, span: tuple[int, int]) -> int | None:
    """The last token of that name in a range: where a SELECT gives the column its name."""
    for i in range(span[1] - 1, span[0] - 1, -1):
        if name and statement.piece.tokens[i].text.lower() == name.lower():
            return i
    return None
