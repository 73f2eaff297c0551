"""Unit tests: rows given in place of what a node reads, and the rows it must then make.

One statement does it all, nothing is stored and no real row is read:

    WITH <each relation> AS (rows given, cast to the types of the real one; NULL where not given),
         actual AS (the node's SQL), expected AS (cast to the types of actual)
    SELECT 'missing',    * FROM (expected EXCEPT ALL actual)
    UNION ALL
    SELECT 'unexpected', * FROM (actual EXCEPT ALL expected)

dbt compares likewise: expected is cast to the types that the node makes, values must be equal
(floating point to the last bit, NULL equals NULL), order does not count, repeated rows do.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import duckdb

from retailsql.errors import ProjectError, RetailSQLError, nearest
from retailsql.functions.stopped import stopped
from retailsql.registry.names import quote
from retailsql.runner.check.result import TestResult, where
from retailsql.runner.check.stand_ins import describe, stand_in
from retailsql.runner.node import Place, Project, UnitTest

DIFFERENCE = "difference"
"""The first column of a unit test's rows: ``missing`` or ``unexpected``."""

_COMPARE = """{given}
__rs_actual AS MATERIALIZED (SELECT {names} FROM (
{sql}
)),
__rs_expected AS MATERIALIZED (SELECT {cast} FROM (
{expect}
))
SELECT * FROM (
    SELECT 'missing', * FROM (FROM __rs_expected EXCEPT ALL FROM __rs_actual)
    UNION ALL SELECT 'unexpected', * FROM (FROM __rs_actual EXCEPT ALL FROM __rs_expected)
) ORDER BY ALL"""


def run_unit_test(con: Any, unit_test: UnitTest, project: Project) -> TestResult:
    """Run a unit test.

    Args:
        con: a DuckDB connection or a Session.
        unit_test: the test.
        project: where types of relations that do not exist yet are looked up.

    Returns:
        ``pass``, ``fail`` with the rows that differ, or ``error`` if it cannot be run.

    Raises:
        KeyboardInterrupt, duckdb.InterruptException: as they came.
    """
    start = time.perf_counter()
    result = TestResult(unit_test.name, "unit", unit_test.of, unit_test.place, "pass")
    try:
        columns, rows = _compare(con, unit_test, project)
    except duckdb.InterruptException:
        raise
    except ProjectError as error:
        result = replace(result, status="error", message=str(error))
    except (duckdb.Error, RetailSQLError) as error:  # of the rows given or expected
        said = _broken(unit_test, error, None, where(error, ())[1])
        result = replace(result, status="error", message=str(said))
    else:
        if rows:
            result = replace(
                result, status="fail", failures=len(rows), columns=columns, rows=rows,
                message=_differing(unit_test, columns, rows, project),
            )  # fmt: skip
    return replace(result, seconds=time.perf_counter() - start)


_Rows = tuple[tuple[Any, ...], ...]


def _compare(con: Any, test: UnitTest, project: Project) -> tuple[tuple[str, ...], _Rows]:
    """Names of columns, and the rows that differ."""
    parts = [f"{name} AS ({stand_in(con, name, test, project)})" for name in test.given]
    given = "WITH " + ",\n".join(parts) if parts else ""
    makes = {r[0]: r[1] for r in _run(con, f"DESCRIBE {given}\nFROM (\n{test.sql}\n)", test)}
    expect = test.expect or f"SELECT {', '.join('NULL AS ' + quote(n) for n in makes)} LIMIT 0"
    names = _names(test, list(describe(con, expect)), makes)
    sql = _COMPARE.format(
        given=f"{given}," if given else "WITH", sql=test.sql, expect=expect,
        names=", ".join(map(quote, names)),
        cast=", ".join(f"CAST({quote(n)} AS {makes[n]}) AS {quote(n)}" for n in names),
    )  # fmt: skip
    return (DIFFERENCE, *names), tuple(_run(con, sql, test))


def _run(con: Any, statement: str, test: UnitTest) -> list[tuple[Any, ...]]:
    """The rows of a statement in which the node's SQL stands."""
    try:
        rows: list[tuple[Any, ...]] = con.execute(statement).fetchall()
    except duckdb.InterruptException:
        raise
    except (duckdb.Error, RetailSQLError) as error:
        if stopped(error):
            raise KeyboardInterrupt from error
        before = statement.count("\n", 0, statement.find(test.sql))
        place, words = where(error, test.lines, before, test.sql)
        raise _broken(test, error, place, words) from error
    return rows


def _names(test: UnitTest, expected: list[str], makes: dict[str, str]) -> list[str]:
    """The columns to compare, as the node spells them."""
    spelled = {name.lower(): name for name in makes}
    for name in expected:
        if name.lower() not in spelled:
            raise ProjectError(
                f"{test.place}: the unit test {test.name} expects a column that {test.of} does "
                "not make", seen=name, wanted=nearest(name, makes),
                todo="correct the name under expect",
            )  # fmt: skip
    return [spelled[name.lower()] for name in expected]


def _differing(test: UnitTest, columns: tuple[str, ...], rows: _Rows, project: Project) -> str:
    """What to say of rows that differ."""
    missing = sum(row[0] == "missing" for row in rows)
    counts = f"{missing} missing, {len(rows) - missing} unexpected"
    first = ", ".join(f"{n} = {v}" for n, v in zip(columns[1:], rows[0][1:], strict=True))
    file = project.nodes[test.of].file if test.of in project.nodes else test.of
    return str(
        ProjectError(
            f"{test.place}: the unit test {test.name} fails, rows: {counts}",
            seen=f"{rows[0][0]} {first}",
            todo=f"correct {file}, or the rows expected",
        )
    )


def _broken(test: UnitTest, error: Exception, place: Place | None, words: str) -> ProjectError:
    """The error for a unit test that cannot be run."""
    asked = f" (asked for at {test.place})" if place else ""
    todo = "check the values under given and expect against the types of the columns"
    if place:
        todo = "correct the file"
    if isinstance(error, duckdb.CatalogException):
        todo = f"build what it needs first: retailsql build --select +{test.of}"
    return ProjectError(
        f"{place or test.place}: the unit test {test.name} of {test.of} cannot be run{asked}",
        seen=words, todo=todo,
    )  # fmt: skip
