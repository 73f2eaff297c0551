"""Several texts, each of which sees what those before it would have made: files of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb
from duckdb import DuckDBPyConnection

from retailsql.dialect.lint.check import Script
from retailsql.dialect.lint.finding import Finding
from retailsql.dialect.lint.options import OptionChecker
from retailsql.dialect.lint.scratch import Scratch
from retailsql.dialect.lint.source import Source
from retailsql.dialect.tokens import may_hold_ml
from retailsql.registry.names import split_name


def lint_in_order(
    con: DuckDBPyConnection | None,
    texts: Sequence[str],
    options: OptionChecker | None = None,
) -> list[list[Finding]]:
    """Check texts without running them; what is wrong in one hides nothing in another.

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
    if may_hold_ml(source.sql):
        return
    try:
        duckdb.extract_statements(source.sql)
    except duckdb.ParserException as error:
        said, _, rest = str(error).partition("\n\nLINE ")
        source.add("RS002", 0, f"{said.splitlines()[0].rstrip('!.')}.", "Correct it.")
        number, _, shown = rest.partition(": ")
        if number.isdigit() and source.findings:
            line = int(number)
            caret = len(shown.splitlines()[-1]) - 1 - len(f"LINE {number}: ")
            source.findings[-1] = replace(source.findings[-1], line=line, column=max(caret, 0) + 1)
