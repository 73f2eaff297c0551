"""RS302: one model that scores the same rows twice.

DuckDB computes equal calls of one SELECT list once, ORDER BY and HAVING included; a call in WHERE
is computed there and again for the rows that remain. A MATERIALIZED part of a WITH clause computes
it once, and DuckDB still pushes the other conditions into it (tried: DuckDB 2.0).
"""

from __future__ import annotations

from collections import defaultdict

from retailsql.dialect.lint.context import Source
from retailsql.dialect.lint.features import stored_of
from retailsql.dialect.lint.statement import Statement
from retailsql.dialect.lint.uses import Use

_CLAUSES = ("SELECT", "FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT", "WINDOW")
_HARD = {"JOIN", "COLUMNS", "EXCLUDE", "REPLACE", "EXCEPT", "PIVOT", "SAMPLE", "TABLESAMPLE"}


def check_twice(statement: Statement) -> None:
    """The rule."""
    functions: dict[tuple[str, int], list[Use]] = defaultdict(list)
    calls: dict[str, list[Use]] = defaultdict(list)
    for use in statement.uses:
        text = " ".join(t.text for t in statement.piece.tokens[use.start : use.stop])
        if use.ml:
            calls[text.lower()].append(use)
        else:
            functions[text.lower(), _select_of(statement, use)].append(use)
    for uses in functions.values():
        places = {_clause(statement, use) for use in uses}
        if "WHERE" in places and _shown(statement, uses) and stored_of(statement, uses[0]):
            _tell(statement, uses)
    for uses in calls.values():
        if len(uses) > 1:
            _tell_calls(statement, uses)


def _select_of(statement: Statement, use: Use) -> int:
    """The token of the SELECT that a call belongs to."""
    at = use.start
    while True:
        start, stop = statement.context.group(at)
        level = statement.context.parent[start] if start < len(statement.words) else -1
        begin, end = statement.context.branch(start, stop, at)
        for i in range(begin, end):
            if statement.context.parent[i] == level and statement.words[i] == "SELECT":
                return i
        if start == 0:
            return -1
        at = start - 1


def _clause(statement: Statement, use: Use) -> str:
    """The clause of its SELECT that a call stands in."""
    select = _select_of(statement, use)
    level = statement.context.parent[select]
    inside = [
        i for i in range(select, use.start)
        if statement.context.parent[i] == level and statement.words[i] in _CLAUSES
    ]  # fmt: skip
    return statement.words[inside[-1]] if inside else ""


def _shown(statement: Statement, uses: list[Use]) -> bool:
    """True if it stands outside WHERE too."""
    return any(_clause(statement, use) in ("SELECT", "ORDER", "GROUP", "QUALIFY") for use in uses)


def _tell(statement: Statement, uses: list[Use]) -> None:
    use = next(u for u in uses if _clause(statement, u) == "WHERE")
    statement.add(
        "RS302", use.name_at,
        f"{use.called} is computed in WHERE, and again for every row that remains.",
        "Compute it once in a subquery WITH ... AS MATERIALIZED; the statement rewritten so "
        "returns the same rows.",
        _rewritten(statement, uses),
    )  # fmt: skip


def _rewritten(statement: Statement, uses: list[Use]) -> str | None:
    """The statement with its source replaced by one that has the score as a column.

    Only for one source without joins: with a join the score would be computed for rows that the
    join drops.
    """
    use = uses[0]
    start, stop = statement.context.group(use.start)
    select = _select_of(statement, use)
    start, stop = statement.context.group(select)
    sources = statement.context.sources(start, stop, select)
    if len(sources) != 1 or not _simple(statement, select):
        return None
    source = sources[0]
    alias = (
        source.alias if source.end > source.stop else statement.text(source.stop - 1, source.stop)
    )
    once = f"__{use.called.rpartition('.')[2]}".lower()
    edits = [(u.start, u.stop, f"{alias}.{once}") for u in uses]
    edits += _stars(statement, select, source, once)
    call = statement.text(use.start, use.stop)
    body = statement.text(source.start, source.end)
    edits.append((
        source.start, source.end,
        f"(WITH {once}_rows AS MATERIALIZED (SELECT *, {call} AS {once} FROM {body}) "
        f"FROM {once}_rows) AS {alias}",
    ))  # fmt: skip
    return _edited(statement, edits)


def _simple(statement: Statement, select: int) -> bool:
    """False where more than plain stars would have to change."""
    words = statement.words[slice(*statement.context.group(select))]
    return not _HARD & set(words)


def _stars(
    statement: Statement, select: int, source: Source, once: str
) -> list[tuple[int, int, str]]:
    """Stars of the SELECT list, which would show the new column."""
    level = statement.context.parent[select]
    edits = []
    for i in range(select + 1, len(statement.words)):
        if statement.context.parent[i] < level or (
            statement.context.parent[i] == level and statement.words[i] in ("FROM", ";")
        ):
            break
        before = statement.words[i - 1]
        star = statement.words[i] == "*" and statement.context.parent[i] == level
        if star and before in ("SELECT", "DISTINCT", ",", "."):
            edits.append((i, i + 1, f"* EXCLUDE ({once})"))
    return edits


def _edited(statement: Statement, edits: list[tuple[int, int, str]]) -> str:
    """The statement's text with token ranges replaced."""
    tokens, out, last = statement.piece.tokens, [], 0
    for start, stop, text in sorted(edits):
        out += [statement.piece.text[last : tokens[start].start], text]
        last = tokens[stop - 1].end + 1
    return "".join([*out, statement.piece.text[last:]])


def _tell_calls(statement: Statement, uses: list[Use]) -> None:
    """Two equal ML calls in one statement."""
    first = uses[0]
    rewritten = None
    outermost = all(not statement.context.prefix_names(u.start) for u in uses)
    if outermost and statement.words[0] == "SELECT":
        call = statement.text(first.start, first.stop)
        edits = [(u.start, u.stop, "__scored") for u in uses]
        body = _edited(statement, edits)
        rewritten = f"WITH __scored AS MATERIALIZED (SELECT * FROM {call}) {body}"
    statement.add(
        "RS302", uses[1].name_at,
        f"{first.called} stands {len(uses)} times with the same rows, and scores them each time.",
        "Score once in WITH scored AS MATERIALIZED (SELECT * FROM ML...), and use scored.",
        rewritten,
    )  # fmt: skip
