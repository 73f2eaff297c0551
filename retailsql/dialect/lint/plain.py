"""RS002 of statements without a model, in a text that has others about models."""

from __future__ import annotations

import re

import duckdb

from retailsql.dialect.lint.features import tell_backtick, tell_bind
from retailsql.dialect.lint.statement import Statement

_NEAR = re.compile(r'at or near "(.+?)"', re.DOTALL)
_WRITES = ("UPDATE", "DELETE")


def check_plain(statement: Statement) -> None:
    """Bind a statement, where the database and all that the text makes is known."""
    if not (statement.complete and statement.scratch.known) or "://" in statement.piece.text:
        return  # to bind a file of the net is to read it
    con, text = statement.scratch.con, statement.piece.text
    try:
        con.extract_statements(text)
        if statement.query is not None:
            statement.scratch.describe(statement.text(*statement.query))
        elif statement.words[0] in _WRITES and not {"?", "$"} & set(statement.words):
            con.execute(f"EXPLAIN {text}")
    except duckdb.ParserException as error:
        _tell_parser(statement, error)
    except duckdb.Error as error:
        tell_bind(statement, error)


def _tell_parser(statement: Statement, error: duckdb.ParserException) -> None:
    if tell_backtick(statement):
        return
    said = str(error).split("\n\nLINE")[0].split("\n")[0]
    near = _NEAR.search(said)
    at = statement.piece.text.find(near[1]) if near else 0
    statement.add_at("RS002", max(at, 0), f"{said.rstrip('!.')}.", "Correct it.")
