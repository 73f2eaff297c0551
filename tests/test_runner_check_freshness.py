"""Freshness of sources: ages, time zones, and sources that cannot be judged."""

from datetime import UTC, datetime

import duckdb
import pytest

from retailsql.runner.check.freshness import check_freshness
from retailsql.runner.node import Freshness, Place, Source

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR = 3600.0
LIMITS = Freshness("at_", warn_after=2 * HOUR, error_after=5 * HOUR)


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


def source(relation, limits=LIMITS):
    return Source("raw", "orders", relation, Place("models/_sources.yml", 7), limits)


def rows(*values):
    return "(SELECT * FROM (VALUES " + ", ".join(f"({v})" for v in values) + ") v(at_))"


@pytest.mark.parametrize(
    ("newest", "status", "hours"),
    [("11:00", "pass", 1), ("10:00", "pass", 2), ("09:59", "warn", None), ("07:00", "warn", 5),
     ("06:59", "error", None), ("13:00", "pass", -1)],
)  # fmt: skip
def test_age_decides(con, newest, status, hours):
    """A limit that is just reached is not yet passed, as in dbt."""
    result = check_freshness(con, source(rows(
        "TIMESTAMP '2026-03-01'", f"TIMESTAMP '2026-03-10 {newest}'", "NULL")), NOW)  # fmt: skip
    assert result.status == status
    assert hours is None or result.age == hours * HOUR
    assert result.rows == 3


def test_a_stale_source_names_line_age_and_what_to_do(con):
    result = check_freshness(con, source(rows("TIMESTAMP '2026-03-01 12:00'")), NOW)
    assert result.newest == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert result.message == (
        "models/_sources.yml:7: the source raw.orders is stale. Seen: its newest row is of "
        "2026-03-01 12:00 UTC, 9 days old. Wanted: at most 5 hours. What to do: load newer rows, "
        "or allow a greater age under freshness."
    )


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_the_time_zone_of_the_session_changes_nothing(con, zone):
    con.execute(f"SET TimeZone = '{zone}'")
    for value in ("TIMESTAMP '2026-03-10 11:00'", "TIMESTAMPTZ '2026-03-10 06:00-05'",
                  "TIMESTAMPTZ '2026-03-10 20:00:00+09'", "TIMESTAMP_NS '2026-03-10 11:00'",
                  "TIMESTAMP_S '2026-03-10 11:00'"):  # fmt: skip
        assert check_freshness(con, source(rows(value)), NOW).age == HOUR
    naive = NOW.replace(tzinfo=None)
    assert check_freshness(con, source(rows("TIMESTAMP '2026-03-10 11:00'")), naive).age == HOUR


def test_the_clock_is_the_default(con):
    result = check_freshness(con, source("(SELECT now() - INTERVAL 1 HOUR AS at_)"))
    assert result.status == "pass"
    assert 3590 < result.age < 3660


def test_filter_and_expression(con):
    limits = Freshness("CAST(at_ AS TIMESTAMP)", error_after=HOUR, where="at_ < '2026-02'")
    result = check_freshness(con, source(rows("'2026-01-10 12:00'", "'2026-03-10'"), limits), NOW)
    assert result.status == "error"
    assert result.newest == datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("relation", "limits", "said"),
    [
        (rows("NULL::TIMESTAMP") + " WHERE false", LIMITS, "the source raw.orders has no rows"),
        (rows("1") + " WHERE false", None, "the source raw.orders has no rows"),
        (rows("TIMESTAMP '2026-03-10'"), Freshness("at_", 1, where="at_ IS NULL"),
         "has no rows where at_ IS NULL"),
        ("raw.orders", LIMITS, "cannot be read. Seen: Catalog Error"),
        ("'nowhere/*.parquet'", None, "cannot be read. Seen: IO Error"),
        (rows("TIMESTAMP '2026-03-10'"), Freshness("loaded_at", 1), "correct loaded_at_field"),
        (rows("DATE '2026-03-10'"), LIMITS, "not a point in time. Seen: at_, a DATE"),
        (rows("'2026-03-10'"), LIMITS, 'write loaded_at_field: "CAST(at_ AS TIMESTAMP)"'),
        (rows("NULL::TIMESTAMP"), LIMITS, "at_ is NULL in all 1 rows of raw.orders"),
        (rows("'infinity'::TIMESTAMP"), LIMITS, "the newest at_ of raw.orders is no date"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_judged_is_an_error_at_its_line(con, relation, limits, said):
    result = check_freshness(con, source(relation, limits), NOW)
    assert result.status == "error"
    assert result.age is None
    assert result.message.startswith("models/_sources.yml:7: ")
    assert said in result.message
    assert "What to do: " in result.message


def test_without_limits_rows_are_enough(con):
    result = check_freshness(con, source("(FROM range(3))", None))
    assert (result.status, result.rows, result.message) == ("pass", 1, "")
