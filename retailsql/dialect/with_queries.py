"""The queries that WITH names and that can be seen from some place of a statement."""

from __future__ import annotations

from retailsql.dialect.tokens import CLOSE, OPEN, Walk, tokenize
from retailsql.errors import StatementError


def describable(before: str, select: str) -> str:
    """A SELECT with the WITH clauses it stands behind, so that it can be bound by itself.

    Args:
        before: the text of the statement up to the place of the SELECT.
        select: the SELECT.

    >>> describable("WITH a AS (SELECT 1 AS x), b AS (FROM a) SELECT * FROM f(", "FROM b")
    'WITH a AS (SELECT 1 AS x), b AS (FROM a) FROM b'
    """
    for clause in reversed(_in_sight(before)):
        # Brackets keep apart an outer and an inner query of the same name.
        select = f"{clause} {select if select.startswith('FROM') else f'FROM ({select})'}"
    return select


def _in_sight(text: str) -> list[str]:
    """The WITH clauses whose queries the end of a text can see, the outermost first."""
    tokens = tokenize(text) if "with" in text.lower() else None
    walk = Walk(text, tokens or [])
    open_brackets: list[list[str]] = [[]]
    while not walk.done:
        word = walk.peek()
        walk.at += 1
        if word in OPEN:
            open_brackets.append([])
        elif word in CLOSE and len(open_brackets) > 1:
            open_brackets.pop()
        elif word == "WITH":
            recursive = walk.take("RECURSIVE")
            if queries := _named(walk):
                start = "WITH RECURSIVE" if recursive else "WITH"
                open_brackets[-1].append(f"{start} {', '.join(queries)}")
    return [clause for clauses in open_brackets for clause in clauses]


def _named(walk: Walk) -> list[str]:
    """The queries ``name AS (...), ...`` that are complete; the walk goes on behind them, or
    inside the one that is not.
    """
    queries: list[str] = []
    while True:
        start = walk.at
        try:
            walk.name()
            if walk.peek() == "(":
                walk.group()
            if walk.take("USING", "KEY"):
                walk.group()
            walk.expect("AS")
        except StatementError:  # WITH TIES, WITH ORDINALITY, WITH TIME ZONE
            walk.at = start
            return queries
        walk.take("NOT")
        walk.take("MATERIALIZED")
        body = walk.at
        try:
            walk.group()
        except StatementError:
            walk.at = body
            return queries
        queries.append(walk.slice(start, walk.at))
        if not walk.take(","):
            return queries
