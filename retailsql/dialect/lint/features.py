"""RS0xx and RS1xx: does every statement about models bind, and if not, what is missing?

DuckDB's DESCRIBE decides. Only if it refuses are the rows of each call described on their own, so
that all missing columns are told and not just the first.
"""

from __future__ import annotations

import re

import duckdb

from retailsql.dialect.lint.columns import tell_missing, token_of
from retailsql.dialect.lint.models import UnknownShapeError
from retailsql.dialect.lint.sentences import duckdb_sentence, sentence
from retailsql.dialect.lint.statement import Statement
from retailsql.dialect.lint.uses import Use
from retailsql.dialect.splice import splice
from retailsql.dialect.tokens import is_string
from retailsql.dialect.unknown import unknown_function
from retailsql.errors import (
    ModelNotFoundError,
    NameTakenError,
    RetailSQLError,
    SignatureError,
    StatementError,
    nearest,
)
from retailsql.functions.diagnose import diagnose
from retailsql.functions.macros import ALL_VERBS, VERBS
from retailsql.registry.store import StoredVersion

_ENDINGS = tuple(f"_{verb}" for verb in ALL_VERBS)


def check_names(statement: Statement) -> bool:
    """RS101, RS102: models and functions that are not there.

    Returns:
        True if every name is known, so that the statement can be bound.
    """
    results = [_check_name(statement, use) for use in statement.uses]
    return all(results + _check_lookalikes(statement))


def _check_lookalikes(statement: Statement) -> list[bool]:
    """RS102 of calls such as ``churn_scor(c)``: a model's name, and no verb."""
    names = [n.name for n, s in statement.models.held.items() if s is not None]
    results = []
    for i, token in enumerate(statement.piece.tokens[:-1]):
        text = token.text.lower()
        if statement.words[i + 1] != "(" or is_string(token) or text.endswith(_ENDINGS):
            continue
        model = next((n for n in names if text.startswith(f"{n}_")), None)
        if model and statement.complete and not _exists(statement, text):
            known = [
                f"{n.name}_{v}" for n, s in statement.models.held.items()
                if s and n.name == model for v in VERBS[s.signature.kind]
            ]  # fmt: skip
            _unknown(statement, i, token.text, known)
            results.append(False)
    return results


def _unknown(statement: Statement, at: int, called: str, known: list[str]) -> None:
    statement.add(
        "RS102", at, f"There is no function {called}.",
        f"The nearest is {nearest(called, known)}; SHOW MODELS lists all models.",
    )  # fmt: skip


def _check_name(statement: Statement, use: Use) -> bool:
    if not use.ml:
        return _check_function(statement, use)
    return check_model(statement, use.model, use.name_at)


def check_model(statement: Statement, name: str, at: int) -> bool:
    """RS101 at a token.

    Returns:
        True if the model is there, and what it takes is known.
    """
    try:
        return statement.models.find(name) is not None
    except (ModelNotFoundError, NameTakenError) as error:
        if statement.complete and statement.scratch.known:
            statement.add("RS101", at, *sentence(error))
        return False


def spliced_query(statement: Statement) -> str:
    """The query of a statement, its ML calls spliced.

    Raises:
        RetailSQLError: it cannot be spliced.
    """
    start, stop = statement.query or (0, len(statement.piece.tokens))
    return splice(statement.walk.sub(start, stop), statement.models)


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
        known = [
            f"{n.name}_{v}" for n, s in models.held.items() if s for v in VERBS[s.signature.kind]
        ]
        _unknown(statement, use.name_at, called, known)
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
            refused(statement, error)
            return
        try:
            statement.scratch.describe(text)
            return
        except duckdb.Error as error:
            unknown = unknown_function(statement.piece.text, error)
            if unknown is not None and statement.complete and statement.scratch.known:
                refused(statement, unknown)
                return
            told = [tell_missing(statement, use) for use in statement.uses]
            if not any(told):
                _said(statement, query, text, error)
            return
    for use in statement.uses:
        tell_missing(statement, use)


def refused(statement: Statement, error: RetailSQLError) -> None:
    """What the splicer refuses: it names line and column of the statement in its words."""
    use = next((u for u in statement.uses if u.ml), None)
    at = use.start if use else 0
    if isinstance(error, StatementError) and (place := error.fact.rpartition(" at line ")[2]):
        line, _, column = place.partition(", column ")
        if line.isdigit() and column.isdigit():
            lines = statement.piece.text.split("\n")[: int(line) - 1]
            offset = sum(len(x) + 1 for x in lines) + int(column) - 1
            statement.add_at(
                "RS001", offset, *sentence(error, error.fact.rpartition(" at line ")[0])
            )
            return
    statement.add("RS001" if isinstance(error, StatementError) else "RS002", at, *sentence(error))


def _said(statement: Statement, query: tuple[int, int], text: str, error: duckdb.Error) -> None:
    """DuckDB's refusal: of a model's columns, or of anything else in a statement about models."""
    models = [s for s in statement.models.held.values() if s is not None]
    said = diagnose(statement.scratch.con, text, error, models)
    if isinstance(said, SignatureError):
        column = said.fact.split("'")[1] if "'" in said.fact else ""
        code = "RS104" if "wrong type" in said.fact else "RS103"
        at = token_of(statement, column, query) or _use_of(statement, said)
        statement.add(code, at, *sentence(said))
    elif said is not None and not isinstance(said, ModelNotFoundError):
        statement.add("RS002", _use_of(statement, said), *sentence(said))
    else:
        tell_bind(statement, error)


def tell_bind(statement: Statement, error: duckdb.Error) -> None:
    """RS002: DuckDB's own words, where it finds the statement wrong."""
    if not (statement.complete and statement.scratch.known):
        return
    if tell_backtick(statement) or _unsure(statement, error):
        return
    statement.add_at(
        "RS002", _place(statement, statement.query or (0, len(statement.piece.tokens))),
        *duckdb_sentence(
            statement.scratch, error, "Correct it: DuckDB would refuse the statement."
        ),
    )  # fmt: skip


def tell_backtick(statement: Statement) -> bool:
    """RS002 of a backtick, if there is one: no name can be judged then."""
    at = next((i for i, t in enumerate(statement.piece.tokens) if t.text == "`"), None)
    if at is not None:
        statement.add(
            "RS002", at, "DuckDB quotes names with \", not with backticks.",
            "BigQuery's dialect? Use --dialect bigquery.",
        )  # fmt: skip
    return at is not None


_NOT_COPIED = re.compile(
    r"Error: (?:(?:Type|Sequence|Schema|Setting|Secret|Catalog|Collation)\b.*does not exist|"
    r"unrecognized configuration|Extension)", re.IGNORECASE,
)  # fmt: skip


_REFUSALS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)


def _unsure(statement: Statement, error: duckdb.Error) -> bool:
    """True for what the scratch database lacks and the person's may have."""
    if not isinstance(error, _REFUSALS):
        return True
    if any(t.text.lower() == "retailsql" for t in statement.piece.tokens):
        return True  # the registry's own tables
    return _NOT_COPIED.search(str(error).split("\n")[0]) is not None


def _place(statement: Statement, query: tuple[int, int]) -> int:
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
    at, name = statement.scratch.position_of_error(spliced)
    mark = spliced.rfind("/*@", 0, (at or 0) + 1)
    if at is not None and mark >= 0:
        end = spliced.index("*/", mark) + 2
        offset = int(spliced[mark + 3 : end - 2]) + max(0, at - end)
        word = statement.piece.text[offset:].lstrip('"`')[: len(name)]
        if word.lower() == name.lower():
            return offset
    named = token_of(statement, name, query)  # it stands at the very beginning of a call's rows
    return first if named is None else statement.piece.tokens[named].start


def _use_of(statement: Statement, said: RetailSQLError) -> int:
    """The call that an error is about."""
    for use in statement.uses:
        if f"'{use.model}'" in said.fact or use.called in said.fact:
            return use.name_at
    return statement.uses[0].name_at if statement.uses else 0


def stored_of(statement: Statement, use: Use) -> StoredVersion | None:
    """The model of a call, if it is known with its columns."""
    try:
        return statement.models.find(use.model)
    except RetailSQLError:
        return None
