"""Split a SQL text into statements and read those about models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from retailsql.dialect.tokens import Walk, may_hold_ml, shifted, tokenize
from retailsql.dialect.values import read_options

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


@dataclass(frozen=True)
class CreateModel:
    """``CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name OPTIONS(...) AS SELECT ...``."""

    name: str
    options: dict[str, Any]
    query: str
    replace: bool
    if_not_exists: bool


@dataclass(frozen=True)
class DropModel:
    """``DROP MODEL [IF EXISTS] name [VERSION n]``."""

    name: str
    if_exists: bool
    version: int | None


@dataclass(frozen=True)
class AlterModel:
    """``ALTER MODEL [IF EXISTS] name SET OPTIONS(deployed_version = n)`` or ``... ROLLBACK``."""

    name: str
    if_exists: bool
    deployed_version: int | None  # None: roll back


@dataclass(frozen=True)
class ShowModels:
    """``SHOW MODELS``.

    Only these two words are read so. Whether a table called ``models`` is in sight, which DuckDB's
    ``SHOW models`` describes, no parser can know: who carries the statement out asks the catalog.
    ``SHOW "models"`` is always DuckDB's.
    """


@dataclass(frozen=True)
class Query:
    """Any other statement; it may hold ``ML.X(...)`` calls."""

    sql: str
    tokens: Sequence[Token]


Statement = CreateModel | DropModel | AlterModel | ShowModels | Query


def read_script(sql: str) -> list[Statement] | None:
    """The statements of a text, or None if nothing in it concerns models.

    None means: hand the text to DuckDB as it is.

    Raises:
        StatementError: a statement about models is malformed; names line and column.

    >>> read_script("SELECT 'CREATE MODEL'") is None
    True
    >>> read_script("DROP MODEL IF EXISTS churn")
    [DropModel(name='churn', if_exists=True, version=None)]
    """
    tokens = tokenize(sql) if may_hold_ml(sql) else None
    if tokens is None:
        return None
    statements = [_read(Walk(sql, part)) for part in _split(tokens)]
    if all(isinstance(s, Query) and not holds_ml_call(s) for s in statements):
        return None
    return statements


def split_script(sql: str) -> list[str]:
    """The statements of a text, each as written; the whole text where it cannot be taken apart.

    >>> split_script("SELECT ';' ; SHOW MODELS;")
    ["SELECT ';'", 'SHOW MODELS']
    """
    tokens = tokenize(sql)
    if tokens is None:
        return [sql]
    return [sql[part[0].start : part[-1].end + 1] for part in _split(tokens)]


def holds_ml_call(query: Query) -> bool:
    """True if ``ML.NAME(MODEL`` or ``ML.NAME(`` of a known name stands somewhere in it."""
    from retailsql.dialect.splice import find_call

    return find_call(Walk(query.sql, query.tokens)) is not None


def _split(tokens: Sequence[Token]) -> list[list[Token]]:
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type.name == "SEMICOLON":
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _read(walk: Walk) -> Statement:
    if walk.take("CREATE", "MODEL"):
        return _create(walk, replace=False)
    if walk.take("CREATE", "OR", "REPLACE", "MODEL"):
        return _create(walk, replace=True)
    if walk.take("DROP", "MODEL"):
        return _drop(walk)
    if walk.take("ALTER", "MODEL"):
        return _alter(walk)
    if [walk.peek(), walk.peek(1), walk.peek(2)] == ["SHOW", "MODELS", ""]:
        return ShowModels()
    return Query(walk.slice(0, len(walk.tokens)), _rebased(walk))


def _rebased(walk: Walk) -> Sequence[Token]:
    """Tokens with offsets into the statement's own text."""
    base = walk.tokens[0].start
    return [shifted(t, -base) for t in walk.tokens]


def _create(walk: Walk, replace: bool) -> CreateModel:
    if_not_exists = walk.take("IF", "NOT", "EXISTS")
    name = walk.name()
    if walk.peek() == "TRANSFORM":
        raise walk.error(
            "TRANSFORM is not supported yet", todo="compute the features in the SELECT instead"
        )
    options = read_options(walk) if walk.take("OPTIONS") else {}
    walk.expect("AS")
    start = walk.at
    if walk.peek() == "(" and walk.peek(2) == "AS":
        raise walk.error("AS (training_data AS (...)) is not supported yet", wanted="AS SELECT ...")
    if walk.peek() not in ("SELECT", "WITH", "FROM", "(", "VALUES", "TABLE", "PIVOT"):
        raise walk.error("Expected a query behind AS", wanted="SELECT ...")
    query = walk.slice(start, len(walk.tokens))
    return CreateModel(name, options, query, replace, if_not_exists)


def _drop(walk: Walk) -> DropModel:
    if_exists = walk.take("IF", "EXISTS")
    name = walk.name()
    version = _whole_number(walk) if walk.take("VERSION") else None
    _end(walk)
    return DropModel(name, if_exists, version)


def _alter(walk: Walk) -> AlterModel:
    if_exists = walk.take("IF", "EXISTS")
    name = walk.name()
    if walk.take("ROLLBACK"):
        _end(walk)
        return AlterModel(name, if_exists, None)
    walk.expect("SET", "OPTIONS")
    options = read_options(walk)
    version = options.get("deployed_version")
    if set(options) != {"deployed_version"} or not isinstance(version, int):
        raise walk.error(
            "ALTER MODEL can set one option so far",
            wanted="SET OPTIONS(deployed_version = 2), or ALTER MODEL name ROLLBACK",
        )
    _end(walk)
    return AlterModel(name, if_exists, version)


def _whole_number(walk: Walk) -> int:
    text = walk.peek()
    if not text.isdigit():
        raise walk.error("Expected a version number", wanted="a whole number such as 2")
    walk.at += 1
    return int(text)


def _end(walk: Walk) -> None:
    if not walk.done:
        raise walk.error("Did not expect more here", wanted="the end of the statement")
