"""TRANSFORM(...) of CREATE MODEL: its preprocessing functions read, its columns bound."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial

import duckdb

from retailsql.dialect.lint.columns import token_of
from retailsql.dialect.lint.scratch import Columns
from retailsql.dialect.lint.sentences import duckdb_sentence, sentence
from retailsql.dialect.lint.statement import Statement
from retailsql.dialect.scalars.expand import Found, Taken, find_scalar, plan_of, replaced
from retailsql.dialect.scalars.function import Given
from retailsql.dialect.tokens import Walk, tokenize
from retailsql.dialect.unknown import unknown_function
from retailsql.errors import RetailSQLError, StatementError
from retailsql.registry.names import quote

_ROWS = "__rs_training_rows"


def check_transform(statement: Statement, clause: str, columns: Columns | None) -> None:
    """RS001 and RS002 of the list.

    Args:
        statement: the CREATE MODEL.
        clause: what stands between the brackets of TRANSFORM.
        columns: of the training SELECT; None if they are not known: then the functions are read
            and nothing is bound.
    """
    offset = statement.piece.text.find(clause)
    start = next((i for i, t in enumerate(statement.piece.tokens) if t.start >= offset), 0)
    tokens = [t for t in statement.piece.tokens[start:] if t.end < offset + len(clause)]
    span = (start, start + len(tokens))
    walk = Walk(statement.piece.text, tokens)
    try:
        listed = _expanded(walk, partial(statement.models.has_function, "ml"))
    except RetailSQLError as error:
        _tell(statement, error, offset)
        return
    if columns is None:
        return
    nothing = ", ".join(f"CAST(NULL AS {kind}) AS {quote(c)}" for c, kind in columns.items())
    try:
        statement.scratch.describe(f"WITH {_ROWS} AS (SELECT {nothing}) {_select(listed)}")
    except duckdb.Error as error:
        _tell_bind(statement, error, clause, offset, span)


def _expanded(walk: Walk, taken: Taken) -> str:
    """The list with each function's SQL; statistics are those of all training rows."""
    return replaced(walk, _calls(walk, taken))


def _calls(walk: Walk, taken: Taken) -> Iterator[tuple[Found, str]]:
    at = 0
    while found := find_scalar(walk, taken, at):
        texts = [_expanded(walk.sub(*r), taken) for r in found.arguments]
        plan = plan_of(walk, found, texts)
        known = {k: f"(SELECT {s.frozen} FROM {_ROWS})" for k, s in plan.statistics.items()}
        yield found, plan.value(Given(known, False))
        at = found.stop


def _select(listed: str) -> str:
    """The SELECT of a list, BigQuery's ``* EXCEPT`` as DuckDB has it."""
    out, last = [], 0
    tokens = tokenize(listed) or []
    for before, token in itertools.pairwise(tokens):
        if before.text == "*" and token.text.upper() == "EXCEPT":
            out += [listed[last : token.start], "EXCLUDE"]
            last = token.end + 1
    return f"SELECT {''.join([*out, listed[last:]])} FROM {_ROWS}"


def _tell(statement: Statement, error: RetailSQLError, offset: int) -> None:
    """An error of the list; one of its reader's tells line and column of the statement."""
    from retailsql.dialect.lint.features import refused

    if isinstance(error, StatementError) and " at line " in error.fact:
        refused(statement, error)
    else:
        statement.add_at("RS001", offset, *sentence(error))


def _tell_bind(
    statement: Statement, error: duckdb.Error, clause: str, offset: int, span: tuple[int, int]
) -> None:
    known = statement.complete and statement.scratch.known
    said = unknown_function(clause, error)
    if said is not None and known:
        fact, _, place = said.fact.rpartition(" at line ")
        name = str(said.seen or "").rpartition(".")[2]
        at = token_of(statement, name, span)
        statement.add("RS001", span[0] if at is None else at - 2, *sentence(said, fact or place))
        return
    words = str(error)
    if known or "Referenced column" in words:
        name = words.split('"')[1] if words.count('"') > 1 else ""
        at = token_of(statement, name, span)
        found = duckdb_sentence(statement.scratch, error, "Correct it: training would refuse it.")
        statement.add("RS002", span[0] if at is None else at, *found)
