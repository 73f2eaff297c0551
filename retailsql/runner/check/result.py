"""What came of a check, and how to say where SQL failed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from retailsql.runner.node import Place

Status = Literal["pass", "warn", "fail", "error"]
"""``fail``: the data are wrong; ``error``: it could not be found out."""

_LINE = re.compile(r"\n+LINE (\d+): (.*)", re.DOTALL)


@dataclass(frozen=True)
class TestResult:
    """What became of one test.

    Args:
        name: the test's name.
        kind: unique, not_null, ..., singular, or unit.
        of: the node it is about; empty if none.
        place: where it is asked for.
        status: pass, warn, fail or error.
        failures: rows that are wrong; of a unit test, rows missing and rows not expected.
        columns: of ``rows``.
        rows: a few of those that are wrong; of a unit test all, the first column says whether
            a row is ``missing`` or ``unexpected``.
        seconds: how long it took.
        message: file, line, what is wrong and what to do; empty if it passed.
    """

    __test__: ClassVar[bool] = False  # the name makes pytest think that it is a test

    name: str
    kind: str
    of: str
    place: Place
    status: Status
    failures: int = 0
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    seconds: float = 0.0
    message: str = ""


def where(
    error: BaseException, lines: Sequence[Place], before: int = 0, sql: str = ""
) -> tuple[Place | None, str]:
    r"""The place in a file that DuckDB's ``LINE n:`` means, and its message without that line.

    Args:
        error: what the engine raised.
        lines: the place of every line of the SQL.
        before: lines that stood in front of that SQL when it was run.
        sql: the SQL, if the engine may also mean a line of a view or a macro that it uses: then
            the line shown must be that of the SQL.

    >>> error = ValueError('Column "x" not found\n\nLINE 2: SELECT x\n               ^')
    >>> place, words = where(error, [Place("models/a.sql", 7)], before=1)
    >>> str(place), words
    ('models/a.sql:7', 'Column "x" not found, at: SELECT x')
    """
    text = str(error).strip()
    found = _LINE.search(text)
    if found is None:
        return None, text
    at = found[2].split("\n")[0].strip()
    words = f"{text[: found.start()].strip()}, at: {at}"
    number = int(found[1]) - before
    known = 0 < number <= len(lines)
    if known and sql:
        shown = at.removeprefix("...").removesuffix("...").strip()
        written = sql.split("\n")
        known = number <= len(written) and shown in written[number - 1]
    return (lines[number - 1] if known else None), words
