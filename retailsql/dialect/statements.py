"""Split a SQL text into statements and read those about models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retailsql.dialect.tokens import Walk, may_hold_ml, shifted, tokenize
from retailsql.dialect.values import read_options
from retailsql.registry.names import split_name
from retailsql.registry.notes import NOTES, WITHOUT_EFFECT

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token


@dataclass(frozen=True)
class CreateModel:
    """``CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name TRANSFORM(...) OPTIONS(...) AS SELECT ...``.

    Args:
        name: the model's name as written.
        options: of OPTIONS(...).
        query: the training SELECT, as written; empty for an imported model.
        replace: OR REPLACE stood there.
        if_not_exists: IF NOT EXISTS stood there.
        transform: what stands in the brackets of TRANSFORM(...), as written; None without one.
        extra: the other queries of ``AS (training_data AS (...), custom_holiday AS (...))``, by
            their names in lower case.
        inputs: INPUT(name type, ...) of an imported model.
        outputs: OUTPUT(name type, ...) of an imported model.
    """

    name: str
    options: dict[str, Any]
    query: str
    replace: bool
    if_not_exists: bool
    transform: str | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] | None = None
    outputs: Mapping[str, str] | None = None


@dataclass(frozen=True)
class DropModel:
    """``DROP MODEL [IF EXISTS] name [VERSION n]``."""

    name: str
    if_exists: bool
    version: int | None


@dataclass(frozen=True)
class AlterModel:
    """``ALTER MODEL [IF EXISTS] name SET OPTIONS(...)`` or ``... ROLLBACK``.

    Args:
        name: the model's name as written.
        if_exists: IF EXISTS stood there.
        options: to set; None: roll back.
    """

    name: str
    if_exists: bool
    options: Mapping[str, Any] | None


@dataclass(frozen=True)
class ExportModel:
    """``EXPORT MODEL name [VERSION n] OPTIONS(uri = 'folder/name.onnx')``."""

    name: str
    version: int | None
    uri: str


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


Statement = CreateModel | DropModel | AlterModel | ExportModel | ShowModels | Query


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
    from retailsql.dialect.scalars.expand import may_be_scalar
    from retailsql.dialect.splice import find_call

    walk = Walk(query.sql, query.tokens)
    return find_call(walk) is not None or may_be_scalar(walk)


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
    if walk.take("EXPORT", "MODEL"):
        return _export(walk)
    if [walk.peek(), walk.peek(1), walk.peek(2)] == ["SHOW", "MODELS", ""]:
        return ShowModels()
    return Query(walk.slice(0, len(walk.tokens)), _rebased(walk))


def _rebased(walk: Walk) -> Sequence[Token]:
    """Tokens with offsets into the statement's own text."""
    base = walk.tokens[0].start
    return [shifted(t, -base) for t in walk.tokens]


def _create(walk: Walk, replace: bool) -> CreateModel:
    if_not_exists = walk.take("IF", "NOT", "EXISTS")
    if replace and if_not_exists:
        walk.at -= 3
        raise walk.error(
            "OR REPLACE and IF NOT EXISTS exclude each other", todo="leave one of the two out"
        )
    name = walk.name()
    transform, inputs, outputs = None, None, None
    if walk.take("TRANSFORM"):
        transform = walk.slice(*walk.group())
    if walk.take("INPUT"):
        inputs = _read_columns(walk)
    if walk.take("OUTPUT"):
        outputs = _read_columns(walk)
    if walk.peek() == "REMOTE":
        raise walk.error(
            "A REMOTE model is scored by a server elsewhere, and retailsql works offline",
            todo="import an ONNX file: OPTIONS(model_type = 'ONNX', model_path = 'model.onnx')",
        )
    options = read_options(walk) if walk.take("OPTIONS") else {}
    query, extra = "", dict[str, str]()
    if not walk.done or str(options.get("model_type", "")).upper() != "ONNX":
        if walk.done and "model_path" in options:
            raise walk.error("Only ONNX files can be imported", wanted="model_type = 'ONNX'")
        query, extra = _read_queries(walk)
    return CreateModel(
        name, options, query, replace, if_not_exists, transform, extra, inputs, outputs
    )


def _read_queries(walk: Walk) -> tuple[str, dict[str, str]]:
    """``AS SELECT ...`` or ``AS (training_data AS (SELECT ...), name AS (SELECT ...))``."""
    walk.expect("AS")
    if walk.peek() == "(" and walk.peek(2) == "AS" and walk.peek(3) == "(":
        queries: dict[str, str] = {}
        for start, stop in walk.split(*walk.group()):
            part = walk.sub(start, stop)
            name = part.name().lower()
            part.expect("AS")
            if name in queries:
                raise walk.sub(start, stop).error(f"{name} stands twice", todo="keep one of them")
            queries[name] = part.slice(*part.group())
            _end(part)
        _end(walk)
        if "training_data" not in queries:
            raise walk.error(
                "The queries behind AS lack one", seen=", ".join(queries),
                wanted="AS (training_data AS (SELECT ...), custom_holiday AS (SELECT ...))",
            )  # fmt: skip
        return queries.pop("training_data"), queries
    start = walk.at
    if walk.peek() not in ("SELECT", "WITH", "FROM", "(", "VALUES", "TABLE", "PIVOT"):
        raise walk.error("Expected a query behind AS", wanted="SELECT ...")
    return walk.slice(start, len(walk.tokens)), {}


def _read_columns(walk: Walk) -> dict[str, str]:
    """``(name type, ...)`` behind INPUT or OUTPUT."""
    columns: dict[str, str] = {}
    for start, stop in walk.split(*walk.group()):
        part = walk.sub(start, stop)
        name = split_name(part.name())[-1]
        if part.done:
            raise part.error(f"Column {name} has no type", wanted="name type, such as age DOUBLE")
        columns[name] = part.slice(part.at, len(part.tokens))
    return columns


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
    start = walk.at
    options = read_options(walk)
    _end(walk)
    walk.at = start
    if unknown := [o for o in options if o not in (*SETTABLE, *WITHOUT_EFFECT)]:
        raise walk.error(
            f"ALTER MODEL cannot set option {unknown[0]!r}", seen=unknown[0],
            wanted=f"{', '.join(SETTABLE)}, or ALTER MODEL name ROLLBACK",
        )  # fmt: skip
    version = options.get("deployed_version", 1)
    if not options or not isinstance(version, int) or isinstance(version, bool):
        raise walk.error(
            "ALTER MODEL sets no version", wanted="SET OPTIONS(deployed_version = 2)"
        )  # fmt: skip
    return AlterModel(name, if_exists, options)


SETTABLE = ("deployed_version", *NOTES)
"""What ALTER MODEL can set; all else about a version never changes."""


def _export(walk: Walk) -> ExportModel:
    name = walk.name()
    version = _whole_number(walk) if walk.take("VERSION") else None
    walk.expect("OPTIONS")
    options = read_options(walk)
    _end(walk)
    uri = options.pop("uri", None)
    if options or not isinstance(uri, str) or not uri:
        raise walk.error(
            "EXPORT MODEL takes one option", seen=", ".join(options) or repr(uri),
            wanted="OPTIONS(uri = 'folder/model.onnx')",
        )  # fmt: skip
    return ExportModel(name, version, uri)


def _whole_number(walk: Walk) -> int:
    text = walk.peek()
    if not text.isdigit():
        raise walk.error("Expected a version number", wanted="a whole number such as 2")
    walk.at += 1
    return int(text)


def _end(walk: Walk) -> None:
    if not walk.done:
        raise walk.error("Did not expect more here", wanted="the end of the statement")
