"""Data tests: a SELECT that finds what is wrong; no rows are good."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import duckdb

from retailsql.errors import ProjectError
from retailsql.functions.connection import raw
from retailsql.functions.stopped import stopped
from retailsql.runner.check.result import Status, TestResult, where
from retailsql.runner.node import DataTest

EXAMPLES = 5
"""How many of the rows that are wrong are kept."""

# Counted and shown in one pass: row_number() streams, so nothing but the examples is kept.
_COUNT = (
    "SELECT count(*), list(__rs_row) FILTER (__rs_n <= {n}) FROM "
    "(SELECT row_number() OVER () AS __rs_n, __rs_row FROM (\n{sql}\n) AS __rs_row)"
)
_TODO = {
    "unique": "keep one row per key in {of}, or leave the test out if the key may repeat",
    "not_null": "fill the column in {of} or leave such rows out",
    "accepted_values": "add the value to the list if it is right, else mend it in {of}",
    "relationships": "find out why the other table lacks these keys, or leave them out of {of}",
    "parity": "train {of} again (--full-refresh), try another model_type, or write in the test's "
    "arguments what difference is small enough for you: within, over",
    "no_drift": "find out why the rows differ; if they are right, train again on newer ones",
    **dict.fromkeys(
        ("beats_baseline", "metric_at_least", "metric_at_most"),
        "give {of} better features or more rows, or try another model_type",
    ),
}
_SAID = ("fact", "seen", "wanted")
"""Columns of tests that say themselves what is wrong, those of models among them."""


def run_test(con: Any, test: DataTest) -> TestResult:
    """Run a data test; its SQL runs once.

    Args:
        con: a DuckDB connection or a Session.
        test: the test.

    Returns:
        ``pass`` without rows; with rows ``fail``, or ``warn`` if that is its severity; ``error``
        if the SQL cannot be run, whatever its severity (dbt does the same).

    Raises:
        KeyboardInterrupt, duckdb.InterruptException: as they came.

    >>> from retailsql.runner.node import Place
    >>> test = DataTest("positive", "singular", "", "SELECT -1 AS x", Place("tests/positive.sql"))
    >>> done = run_test(duckdb.connect(), test)
    >>> done.status, done.failures, done.rows
    ('fail', 1, ((-1,),))
    """
    start = time.perf_counter()
    result = TestResult(test.name, test.kind, test.of, test.place, "pass")
    try:
        # past the Session, which would look for ML statements: that takes longer than most tests
        count, found = raw(con).execute(_COUNT.format(n=EXAMPLES, sql=test.sql)).fetchall()[0]
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        if stopped(error):
            raise KeyboardInterrupt from error
        message = _broken(test, error)
        return replace(result, status="error", message=message, seconds=time.perf_counter() - start)
    seconds = time.perf_counter() - start
    if not count:
        return replace(result, seconds=seconds)
    status: Status = "warn" if test.warn else "fail"
    return replace(
        result, status=status, failures=count, seconds=seconds,
        columns=tuple(found[0]), rows=tuple(tuple(row.values()) for row in found),
        message=_failing(test, count, found[0]),
    )  # fmt: skip


def _failing(test: DataTest, count: int, example: Mapping[str, Any]) -> str:
    """What to say of rows that are wrong."""
    rows = "1 row is" if count == 1 else f"{count} rows are"
    fact, wanted = f"{rows} wrong", None
    seen = "first " + ", ".join(f"{k} = {_short(v)}" for k, v in list(example.items())[:6])
    if tuple(example) == _SAID:
        fact, seen, wanted = (str(value) for value in example.values())
        fact += f" (and {count - 1} more)" if count > 1 else ""
    other = "correct {of}" if test.of else "correct the rows, or the condition"
    todo = _TODO.get(test.kind, other).format(of=test.of or "what delivers the source")
    if not test.warn:
        todo += "; `severity: warn` in its config lets the rest go on"
    return str(
        ProjectError(f"{test.place}: {test.name}: {fact}", seen=seen, wanted=wanted, todo=todo)
    )


def _broken(test: DataTest, error: Exception) -> str:
    """What to say of SQL that cannot be run."""
    place, words = where(error, test.lines, 1, test.sql)
    asked = f" (asked for at {test.place})" if place and place != test.place else ""
    todo = "correct the test"
    if isinstance(error, duckdb.CatalogException):
        things = " and ".join(test.needs) or "its source"
        todo = f"build what it reads first ({things}), or correct the name"
    return str(
        ProjectError(
            f"{place or test.place}: the test {test.name} cannot be run{asked}",
            seen=words,
            todo=todo,
        )
    )


def _short(value: Any, most: int = 60) -> str:
    """A value as text, not too long."""
    text = "NULL" if value is None else str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
