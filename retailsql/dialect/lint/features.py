"""RS0xx and RS1xx: does every statement about models bind, and if not, what is missing?

DuckDB's DESCRIBE decides. Only if it refuses are the rows of each call described on their own, so
that all missing columns are told and not just the first.
"""

from __future__ import annotations

import difflib

import duckdb

from retailsql.dialect.lint.models import UnknownShapeError
from retailsql.dialect.lint.scratch import Columns
from retailsql.dialect.lint.statement import Statement
from retailsql.dialect.lint.uses import ROW_VERBS, Use
from retailsql.dialect.splice import splice
from retailsql.dialect.tokens import is_string
from retailsql.errors import (
    ModelNotFoundError,
    NameTakenError,
    RetailSQLError,
    SignatureError,
    StatementError,
    nearest,
)
from retailsql.functions.diagnose import diagnose
from retailsql.functions.macros import VERBS
from retailsql.functions.parameters import input_type
from retailsql.registry.names import literal
from retailsql.registry.store import StoredVersion


def check_names(statement: Statement) -> bool:
    """RS101, RS102: models and functions that are not there.

    Returns:
        True if every name is known, so that the statement can be bound.
    """
    results = [_check_name(statement, use) for use in statement.uses]
    return all(results)


def _check_name(statement: Statement, use: Use) -> bool:
    if not use.ml:
        return _check_function(statement, use)
    try:
        return statement.models.find(use.model) is not None
    except (ModelNotFoundError, NameTakenError) as error:
        if statement.complete and statement.scratch.known:
            said = _sentence(error)
            statement.add("RS101", use.name_at, *said)
        return False


def _check_function(statement: Statement, use: Use) -> bool:
    """A function ``m_verb`` that is none: neither a model's nor anybody's."""
    models = statement.models
    try:
        stored = models.find(use.model)
        if stored is None or use.verb in VERBS[stored.signature.kind]:
            return stored is not None
    except RetailSQLError:
        pass
    called = use.called.rpartition(".")[2]
    if statement.complete and statement.scratch.known and not _exists(statement, called):
        known = [f"{n.name}_{v}" for n, s in models.held.items() if s for v in VERBS[s.signature.kind]]
        if not known:  # no model at all: DuckDB's own words, if it is a statement about models
            return True
        statement.add(
            "RS102", use.name_at, f"There is no function {called}.",
            f"The nearest is {nearest(called, known)}; SHOW MODELS lists all models.",
        )  # fmt: skip
        return False
    return True


def _exists(statement: Statement, function: str) -> bool:
    sql = "SELECT 1 FROM duckdb_functions() WHERE lower(function_name) = lower(?) LIMIT 1"
    return bool(statement.scratch.con.execute(sql, [function]).fetchall())


def check_bind(statement: Statement, bindable: bool) -> None:
    """RS001, RS002, RS103, RS104: what DuckDB says of the statement, in the model's words."""
    query = statement.query
    if query is None:
        return
    walk = statement.walk.sub(*query)
    if bindable:
        try:
            text = splice(walk, statement.models)
        except UnknownShapeError:
            return
        except RetailSQLError as error:
            _refused(statement, error)
            return
        try:
            statement.scratch.describe(text)
            return
        except duckdb.Error as error:
            if any([_missing(statement, use) for use in statement.uses]):
                return
            _said(statement, query, text, error)
            return
    for use in statement.uses:
        _missing(statement, use)


def _refused(statement: Statement, error: RetailSQLError) -> None:
    """What the splicer refuses: it names line and column of the statement in its words."""
    use = next((u for u in statement.uses if u.ml), None)
    at = use.start if use else 0
    if isinstance(error, StatementError) and (place := error.fact.rpartition(" at line ")[2]):
        line, _, column = place.partition(", column ")
        if line.isdigit() and column.isdigit():
            lines = statement.piece.text.split("\n")[: int(line) - 1]
            offset = sum(len(x) + 1 for x in lines) + int(column) - 1
            statement.add_at("RS001", offset, *_sentence(error, error.fact.rpartition(" at line ")[0]))
            return
    statement.add("RS001" if isinstance(error, StatementError) else "RS002", at, *_sentence(error))


def _said(statement: Statement, query: tuple[int, int], text: str, error: duckdb.Error) -> None:
    """DuckDB's refusal: of a model's columns, or of anything else in a statement about models."""
    models = [s for s in statement.models.held.values() if s is not None]
    said = diagnose(statement.scratch.con, text, error, models)
    if isinstance(said, SignatureError):
        column = said.fact.split("'")[1] if "'" in said.fact else ""
        code = "RS104" if "wrong type" in said.fact else "RS103"
        at = _token_of(statement, column, query) or _use_of(statement, said)
        statement.add(code, at, *_sentence(said))
    elif said is not None and not isinstance(said, ModelNotFoundError):
        statement.add("RS002", _use_of(statement, said), *_sentence(said))
    elif statement.uses and statement.complete and statement.scratch.known:
        words = str(error).split("\n\nLINE")[0].split("\n")[0].removesuffix("!")
        offset = _place(statement, query, text)
        statement.add_at("RS002", offset, f"{words.rstrip('.')}.", _advice(str(error)))


def _advice(words: str) -> str:
    near = [w for w in words.split("\n") if "andidate" in w or "Did you mean" in w]
    return near[0] if near else "Correct it: DuckDB would refuse the statement."


def _place(statement: Statement, query: tuple[int, int], text: str) -> int:
    """The offset in the statement at which DuckDB finds the spliced text wrong.

    The text is spliced a second time with a comment before every word that holds its offset, so
    that the nearest one before the error tells where in the statement it is.
    """
    tokens = statement.piece.tokens[query[0] : query[1]]
    first = tokens[0].start if tokens else 0
    marked, last = [], first
    for token in tokens:
        if token.token_type.name in ("VAR", "IDENTIFIER") and token.start > last:
            marked += [statement.piece.text[last : token.start], f"/*@{token.start}*/"]
            last = token.start
    stop = tokens[-1].end + 1 if tokens else 0
    marked.append(statement.piece.text[last:stop])
    from retailsql.dialect.tokens import Walk, tokenize

    again = "".join(marked)
    try:
        spliced = splice(Walk(again, tokenize(again) or []), statement.models)
    except RetailSQLError:
        return first
    at = statement.scratch.position_of_error(spliced)
    mark = spliced.rfind("/*@", 0, (at or 0) + 1)
    if at is None or mark < 0:
        return first
    end = spliced.index("*/", mark)
    offset = int(spliced[mark + 3 : end]) + max(0, at - end - 2)
    return offset if offset < len(statement.piece.text) else first


def _missing(statement: Statement, use: Use) -> bool:
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
        at = _token_of(statement, near, span) if near else None
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


def _token_of(statement: Statement, name: str | None, span: tuple[int, int]) -> int | None:
    """The last token of that name in a range: where a SELECT gives the column its name."""
    for i in range(span[1] - 1, span[0] - 1, -1):
        if name and statement.piece.tokens[i].text.lower() == name.lower():
            return i
    return None


def _use_of(statement: Statement, said: RetailSQLError) -> int:
    """The call that an error is about."""
    for use in statement.uses:
        if f"'{use.model}'" in said.fact or use.called in said.fact:
            return use.name_at
    return statement.uses[0].name_at if statement.uses else 0


def _sentence(error: RetailSQLError, fact: str | None = None) -> tuple[str, str]:
    """An error's parts as a sentence and a fix."""
    seen = f" (seen: {error.seen})" if error.seen is not None else ""
    wanted = f"Wanted: {error.wanted}. " if error.wanted is not None else ""
    todo = (error.todo or "").rstrip(".")
    fix = f"{wanted}{todo[:1].upper()}{todo[1:]}".strip()
    return f"{(fact or error.fact).rstrip('.')}{seen}.", f"{fix.rstrip('.')}." if fix else "Correct it."


def stored_of(statement: Statement, use: Use) -> StoredVersion | None:
    """The model of a call, if it is known with its columns."""
    try:
        return statement.models.find(use.model)
    except RetailSQLError:
        return None
