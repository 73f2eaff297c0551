"""Runs a script for a person at a terminal: results drawn, everything else told in short lines."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from retailsql.demo.show import show_csv, show_rows
from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.places import line_and_column, moved, placed, statement_starts
from retailsql.dialect.statements import split_script

if TYPE_CHECKING:
    from retailsql.session import Session

_DONE = {
    "CREATE": "created", "INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted",
    "MERGE": "merged", "COPY": "copied",
}  # fmt: skip
_MADE = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP\s+|TEMPORARY\s+)?(?:RECURSIVE\s+)?"
    r"(?P<what>\w+)\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>(?:\"[^\"]*\"|[\w.])+)",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)


def run_duckdb(con: Session, text: str, csv: bool, file: str | None = None) -> None:
    """Run all statements of a text in DuckDB's dialect and draw what they find.

    Args:
        con: where.
        text: the script.
        csv: draw results as CSV.
        file: where the text is from, for findings.

    Raises:
        StatementError: names line and column of the text.
        duckdb.Error: a statement fails; a note says which.
    """
    statements, starts = split_script(text), statement_starts(text) or [0]
    for i, statement in enumerate(statements):
        with placed(text, i, partial(str, statement)):
            con.execute(statement)
            begin = line_and_column(text, starts[i])
            for finding in con.findings:
                line, column = moved((finding.line, finding.column), begin)
                tell(replace(finding, line=line, column=column), file)
            columns = [c[0] for c in con.description or []]
            rows = con.fetchall() if columns else []
        draw(statement, columns, rows, csv)


def draw(statement: str, columns: list[str], rows: list[tuple[Any, ...]], csv: bool) -> None:
    """The rows of a query; of a statement that makes or changes something, a short line."""
    said = summary(statement, columns, rows)
    if said is None:
        (show_csv if csv else show_rows)(columns, rows)
    elif said:
        sys.stderr.write(f"{said}\n")


def summary(statement: str, columns: list[str], rows: list[tuple[Any, ...]]) -> str | None:
    """What a statement without rows of its own has done; None: its rows are a result.

    Args:
        statement: as written.
        columns: of its result.
        rows: of its result.

    >>> summary("CREATE TABLE mart.scored AS SELECT 1", ["Count"], [(1234,)])
    'created mart.scored, 1,234 rows'
    >>> summary("CREATE SCHEMA s", ["Count"], []), summary("SET threads = 1", ["Success"], [])
    ('created schema s', '')
    >>> summary("SELECT 3 AS Count", ["Count"], [(3,)]) is None
    True
    """
    begin = _COMMENTS.match(statement)
    bare = statement[begin.end() if begin else 0 :]
    head = re.match(r"\w*", bare)
    word = head[0].upper() if head else ""
    if columns == ["Success"] and not rows:
        return ""
    if columns != ["Count"] or word not in _DONE:
        return None
    made = _MADE.match(bare) if word == "CREATE" else None
    if made is None:
        return f"{_DONE[word]} {_count(rows)}" if rows else ""
    if rows:
        return f"created {made['name']}, {_count(rows)}"
    what = "" if made["what"].upper() == "TABLE" else f"{made['what'].lower()} "
    return f"created {what}{made['name']}"


def _count(rows: list[tuple[Any, ...]]) -> str:
    n = int(rows[0][0])
    return f"{n:,} row{'' if n == 1 else 's'}"


def tell(finding: Finding, file: str | None = None) -> None:
    """A finding, on standard error."""
    found = replace(finding, file=file) if file else finding
    sys.stderr.write(f"{found.text}\n")
