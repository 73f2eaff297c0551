"""Several texts, each of which sees what those before it would have made: files of a project."""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.dialect.lint.check import Script
from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.options import OptionChecker
from retailsql.dialect.lint.scratch import Scratch
from retailsql.dialect.lint.source import Source
from retailsql.dialect.statements import CreateModel, read_script
from retailsql.dialect.tokens import may_hold_ml
from retailsql.errors import RetailSQLError
from retailsql.registry.names import split_name

_ML = re.compile(r"\bML\s*\.", re.IGNORECASE)
"""Functions of BigQuery ML, whose arguments DuckDB cannot read."""


def lint_in_order(
    con: DuckDBPyConnection | None,
    texts: Sequence[str],
    options: OptionChecker | None = None,
) -> list[list[Finding]]:
    """Check texts without running them; of what needs a text that is wrong, names are not judged.

    Args:
        con: the database they are for, as for :func:`retailsql.dialect.lint.check.lint`.
        texts: SQL, in the order in which it would run.
        options: what training says of options; None: they are not judged.

    Returns:
        The findings of each text, without a file, in its order. Syntax is judged without a
        database too.

    >>> found = lint_in_order(None, ["SELECT 1", "SELECT 'a", "SELECT 1 FRM t"])
    >>> [[(f.line, f.column) for f in of_one] for of_one in found]
    [[], [(1, 8)], [(1, 14)]]
    """
    sources = [Source(text) for text in texts]
    words = {t.text.lower() for s in sources for p in s.pieces for t in p.tokens}
    words |= {part.lower() for w in words if "." in w for part in split_name(w)}
    scratch = Scratch(con, words)
    try:
        script = Script(con, Source(""), scratch, words, options)
        script.about_models = True
        for source in sources:
            script.source = source
            script.check()
            if not any(f.code == "RS002" for f in source.findings):
                _check_syntax(source)
    finally:
        scratch.close()
    return [sorted(s.findings, key=lambda f: (f.line, f.column, f.code)) for s in sources]


def _check_syntax(source: Source) -> None:
    """RS002 of a text that DuckDB cannot read; one that cannot be cut into words among them."""
    text, start = source.sql, 0
    if may_hold_ml(text):
        try:
            creates = [s for s in read_script(text) or () if isinstance(s, CreateModel)]
        except RetailSQLError:
            return  # told already
        if creates:
            text = creates[0].query or "SELECT 1"
            start = max(source.sql.rfind(text), 0)
    if _ML.search(text):
        return
    try:
        duckdb.extract_statements(text)
    except duckdb.ParserException as error:
        said, _, rest = str(error).partition("\n\nLINE ")
        at = start + _offset(text, rest)
        source.add("RS002", at, f"{said.splitlines()[0].rstrip('!.')}.", "Correct it.")


def _offset(text: str, told: str) -> int:
    """The offset into a text of what DuckDB shows: a line's number, the line, ^ below the place."""
    number, _, shown = told.partition(": ")
    if not number.isdigit():
        return 0
    lines = text.split("\n")[: int(number)]
    before = sum(len(line) + 1 for line in lines[:-1])
    caret = len(shown.splitlines()[-1]) - 1 - len(f"LINE {number}: ")
    return before + min(max(caret, 0), max(len(lines[-1]) - 1, 0))
