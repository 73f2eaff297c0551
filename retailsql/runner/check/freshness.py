"""How old the newest row of a source is."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from retailsql.errors import ProjectError, RetailSQLError
from retailsql.runner.check.result import Status, where
from retailsql.runner.node import Place, Source

_TIMES = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")


@dataclass(frozen=True)
class FreshnessResult:
    """How fresh one source is.

    Args:
        source: name of the source.
        table: name of the table in it.
        place: where the yml file names it.
        status: ``pass``, ``warn`` or ``error``; a source that cannot be judged is an ``error``.
        age: seconds between its newest row and now; None if there is none.
        newest: time of its newest row, in UTC; None if there is none.
        rows: rows looked at; 1 is enough where no age is asked for.
        seconds: how long it took.
        message: file, line, what is wrong and what to do; empty if it passed.
    """

    source: str
    table: str
    place: Place
    status: Status
    age: float | None = None
    newest: datetime | None = None
    rows: int = 0
    seconds: float = 0.0
    message: str = ""


def check_freshness(con: Any, source: Source, now: datetime | None = None) -> FreshnessResult:
    """Look how old the newest row of a source is.

    A TIMESTAMP without time zone is taken as UTC, one with a time zone is put into UTC, and both
    are compared with the time now, as dbt does. A source that says nothing about freshness only
    has to exist and to have rows.

    Args:
        con: a DuckDB connection or a Session.
        source: the source.
        now: the time to compare with; without time zone it is UTC. None for the clock's.

    Raises:
        KeyboardInterrupt, duckdb.InterruptException: as they came.

    >>> from retailsql.runner.node import Freshness
    >>> rows = "(SELECT TIMESTAMP '2026-01-01 09:00' AS loaded)"
    >>> limit = Freshness("loaded", warn_after=3600)
    >>> source = Source("raw", "orders", rows, Place("models/_sources.yml", 4), limit)
    >>> done = check_freshness(duckdb.connect(), source, datetime(2026, 1, 1, 12))
    >>> done.status, done.age
    ('warn', 10800.0)
    """
    start = time.perf_counter()
    blank = FreshnessResult(source.source, source.table, source.place, "error")
    try:
        result = _judge(con, source, now or datetime.now(UTC), blank)
    except duckdb.InterruptException:
        raise
    except ProjectError as error:
        result = replace(blank, message=str(error))
    except (duckdb.Error, RetailSQLError) as error:
        result = replace(blank, message=str(_unreadable(source, error)))
    return replace(result, seconds=time.perf_counter() - start)


def _judge(con: Any, source: Source, now: datetime, blank: FreshnessResult) -> FreshnessResult:
    """The result without its seconds."""
    name, limits = f"{source.source}.{source.table}", source.freshness
    rows, kind, newest, micros = _look(con, source)
    if not rows:
        where_ = f" where {limits.where}" if limits and limits.where else ""
        raise ProjectError(
            f"{source.place}: the source {name} has no rows{where_}", seen=source.relation,
            todo="load it, or let the source stand for the table or files that have the rows",
        )  # fmt: skip
    if limits is None:
        return replace(blank, status="pass", rows=rows)
    if kind not in _TIMES:
        raise ProjectError(
            f"{source.place}: loaded_at_field of {name} is not a point in time",
            seen=f"{limits.loaded_at}, a {kind}", wanted="a TIMESTAMP",
            todo=f'write loaded_at_field: "CAST({limits.loaded_at} AS TIMESTAMP)"',
        )  # fmt: skip
    if newest is None:
        raise ProjectError(
            f"{source.place}: {limits.loaded_at} is NULL in all {rows} rows of {name}",
            todo="name the column that says when a row was loaded in loaded_at_field, or in the"
            " variable that it takes (vars in dbt_project.yml)",
        )
    if micros is None:
        raise ProjectError(
            f"{source.place}: the newest {limits.loaded_at} of {name} is no date", seen=newest,
            todo="leave such rows out with filter",
        )  # fmt: skip
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    age = ((now if now.tzinfo else now.replace(tzinfo=UTC)) - moment).total_seconds()
    status, limit = _status(age, limits.warn_after, limits.error_after)
    message = "" if limit is None else _stale(source, age, moment, limit)
    return replace(blank, status=status, age=age, newest=moment, rows=rows, message=message)


def _look(con: Any, source: Source) -> tuple[int, str, str | None, int | None]:
    """Rows, type of loaded_at, the newest as text and as microseconds since 1970 in UTC."""
    limits = source.freshness
    if limits is None:  # files are not read to the end only to see that they have rows
        found = con.execute(f"SELECT 1 FROM {source.relation} LIMIT 1").fetchall()
        return len(found), "", None, None
    inner = f"SELECT count(*) AS n, max(\n{limits.loaded_at}\n) AS newest FROM {source.relation}"
    if limits.where:
        inner += f"\nWHERE {limits.where}"
    rows, kind, newest = con.execute(
        f"SELECT n, typeof(newest), CAST(newest AS VARCHAR) FROM (\n{inner}\n)"
    ).fetchall()[0]
    if newest is None or kind not in _TIMES:
        return rows, kind, newest, None
    # epoch_us: NULL for infinity; a TIMESTAMP is UTC to it, whatever the session's time zone
    micros = con.execute(f"SELECT epoch_us(CAST(? AS {kind}))", [newest]).fetchall()[0][0]
    return rows, kind, newest, micros


def _status(
    age: float, warn_after: float | None, error_after: float | None
) -> tuple[Status, float | None]:
    """The status, and the limit that was passed."""
    if error_after is not None and age > error_after:
        return "error", error_after
    if warn_after is not None and age > warn_after:
        return "warn", warn_after
    return "pass", None


def _stale(source: Source, age: float, newest: datetime, limit: float) -> str:
    """What to say of a source that is too old."""
    return str(
        ProjectError(
            f"{source.place}: the source {source.source}.{source.table} is stale",
            seen=f"its newest row is of {newest:%Y-%m-%d %H:%M} UTC, {spell(age)} old",
            wanted=f"at most {spell(limit)}",
            todo="load newer rows, or allow a greater age under freshness",
        )
    )


def _unreadable(source: Source, error: Exception) -> ProjectError:
    """The error for a source that cannot be read."""
    missing = isinstance(error, duckdb.CatalogException | duckdb.IOException)
    return ProjectError(
        f"{source.place}: the source {source.source}.{source.table} cannot be read",
        seen=where(error, ())[1],
        todo="load it, or let the source stand for a table or files that exist"
        if missing
        else "correct loaded_at_field and filter under freshness, or the variables in them (vars in"
        " dbt_project.yml)",
    )


def spell(seconds: float) -> str:
    """Seconds as people say them.

    >>> spell(90), spell(3 * 3600), spell(864000)
    ('90 seconds', '3 hours', '10 days')
    """
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {word}s"
    return f"{seconds:.0f} seconds"
