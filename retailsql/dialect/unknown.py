"""An ``ML.NAME`` that does not exist, told in words once DuckDB has refused it.

Only then: ``ml.name(x)`` may be a function of the user's own, or a column called ``ml``.
"""

from __future__ import annotations

import re

import duckdb

from retailsql.dialect.tokens import Walk, may_hold_ml, tokenize
from retailsql.errors import StatementError, nearest

_AI = re.compile(r"\bAI\s*\.", re.IGNORECASE)


def unknown_function(sql: str, error: duckdb.Error) -> StatementError | None:
    """The error about the first ML function nobody has, or None if there is none.

    Args:
        sql: the statement that failed.
        error: what DuckDB said.
    """
    if not isinstance(error, duckdb.CatalogException | duckdb.ParserException):
        return None
    tokens = tokenize(sql) if may_hold_ml(sql) or _AI.search(sql) else None
    if tokens is None:
        return None
    from retailsql.dialect.scalars.table import SCALARS
    from retailsql.dialect.verbs.table import MODEL_FIRST, NAMES

    known = sorted({*NAMES, *SCALARS})
    walk = Walk(sql, tokens)
    for i in range(len(tokens) - 3):
        walk.at = i
        words = [walk.peek(k) for k in range(4)]
        missing = f"name {words[2].lower()} does not exist" in str(error).lower()
        first = [*words[:2], words[3]] == ["ML", ".", "("] and words[2] in MODEL_FIRST
        if first and walk.peek(4) != "MODEL":
            return _no_model(walk, words[2])
        called = words[0] in ("ML", "AI") and [words[1], words[3]] == [".", "("]
        if not called or (words[0] == "ML" and words[2] in known):
            continue
        if missing or isinstance(error, duckdb.ParserException):
            return walk.error(
                f"There is no function {words[0]}.{words[2]}", seen=f"{words[0]}.{words[2]}",
                wanted=nearest(words[2], known), todo="sql/README.md lists all of them",
            )  # fmt: skip
    return None


def _no_model(walk: Walk, verb: str) -> StatementError:
    """``ML.PREDICT(churn, ...)``: the word MODEL was forgotten, or there is no model at all."""
    at = walk.at
    walk.at += 4
    try:
        name = walk.name() if walk.peek() not in ("TABLE", "STRUCT", "(") else ""
    except StatementError:
        name = ""
    behind = walk.peek()
    walk.at = at + 4 if name else at
    named = bool(name) and behind in (",", ")")
    return walk.error(
        f"ML.{verb} takes a model first", seen=name if named else f"ML.{verb}",
        wanted=f"ML.{verb}(MODEL {name if named else 'name'}, ...)",
        todo=f"write MODEL {name}" if named else None,
    )  # fmt: skip
