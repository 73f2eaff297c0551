"""Projects with one mistake that shows while they run: file and line are named, and what to do.

A file that fails stops what depends on it and nothing else, and leaves what was there as it was.
"""

from datetime import UTC, datetime, timedelta

import pytest

from retailsql.errors import ProjectError
from retailsql.runner.build import build, run_tests
from retailsql.runner.project import load_project
from tests.bad_project import GOOD, check, held, make_orders, replaced, write

NOW = datetime(2026, 1, 10, tzinfo=UTC)
CONTRACT_NOT_NULL = {
    **replaced("models/totals.sql", "sum(total)", "nullif(sum(total), 7.5)"),
    "models/_models.yml": GOOD["models/_models.yml"] + "        constraints: [{type: not_null}]\n",
}
UNIT = """\
unit_tests:
  - name: adds_up
    model: totals
    given:
      - input: ref('stg_orders')
        rows:
          - {customer: 1, total: 1.5}
          - {customer: 1, total: 2}
    expect:
      rows:
        - {customer: 1, spend: SPEND}
"""

FAILING = {
    "a column that does not exist": (
        replaced("models/stg_orders.sql", "customer,", "custmer,"),
        "stg_orders", "models/stg_orders.sql:1", 'Binder Error.*"custmer".*"customer"',
        {"totals", "best", "days"},
    ),
    "a column that does not exist, below Jinja": (
        replaced("models/best.sql", "spend >=", "spent >="),
        "best", "models/best.sql:3", "Binder Error.*spent", set(),
    ),
    "SQL that is no SQL": (
        replaced("models/totals.sql", "GROUP BY customer", "GROUPED BY customer"),
        "totals", "models/totals.sql:5", "syntax error", {"best"},
    ),
    "two statements": (
        replaced("models/days.sql", "}}\n", "}}\nSELECT 1 AS day;\n"),
        "days", "models/days.sql:2", "syntax error", set(),
    ),
    "a function that does not exist": (
        replaced("models/best.sql", "SELECT customer", "SELECT churn_score(customer)"),
        "best", "models/best.sql:[12]", "churn_score", set(),
    ),
    "SQL that fails half way": (
        {"models/days.sql": "{{ config(materialized='table') }}\nSELECT\n"
         "    CAST(CASE WHEN range = 700000 THEN 'x' ELSE '1' END AS INTEGER) AS day\n"
         "FROM range(1000000)\n"},
        "days", "models/days.sql:[1-3]", "Could not convert string 'x'", set(),
    ),
    "SQL that fails half way into a table under contract": (
        {"models/totals.sql": "{{ config(materialized='table') }}\nSELECT 1 AS customer,\n"
         "    CASE WHEN range = 700000 THEN 'x' ELSE '1' END::DECIMAL(18, 2) AS spend\n"
         "FROM range(1000000)\n"},
        "totals", "models/totals.sql:[1-3]", "Could not convert string .x", {"best"},
    ),
    "a source whose table does not exist": (
        replaced("models/days.sql", "ref('stg_orders')", "source('raw', 'nowhere')"),
        "raw.nowhere", "models/_sources.yml:11", "nowhere does not exist", {"days"},
    ),
    "a type that breaks the contract": (
        replaced("models/totals.sql", "DECIMAL(18, 2)", "DOUBLE"),
        "totals", "models/_models.yml:12", "Seen: DOUBLE.*Wanted: DECIMAL", {"best"},
    ),
    "a column that breaks the contract": (
        replaced("models/totals.sql", "SELECT customer,", "SELECT customer, 1 AS more,"),
        "totals", "models/_models.yml:7", "makes a column more", {"best"},
    ),
    "a NULL that breaks the contract": (
        CONTRACT_NOT_NULL, "totals", "models/_models.yml:12", "NULL in column spend", {"best"},
    ),
    "a line of a seed that is too short": (
        {"seeds/kinds.csv": "kind,name\n1,plate\n2\n3,bowl\n"},
        "kinds", "seeds/kinds.csv:3", "column", {"named"},
    ),
    "a value of a seed that has not the type it should": (
        {"seeds/kinds.csv": "kind,name\n1,plate\nx,bowl\n",
         "seeds/_seeds.yml": "seeds:\n  - name: kinds\n    config:\n"
                             "      column_types: {kind: INTEGER}\n"},
        "kinds", "seeds/kinds.csv:3", 'string "x"', {"named"},
    ),
    "rows that fail a test": (
        replaced("models/_models.yml", "- name: id", "- name: customer"),
        "unique_stg_orders_customer", "models/_models.yml:6", "3 rows are wrong",
        {"totals", "best", "days"},
    ),
    "a test that cannot be run": (
        {"models/_models.yml": GOOD["models/_models.yml"].replace("name: id\n", "name: idd\n")
         .replace("[unique, not_null]", "[unique]")},
        "unique_stg_orders_idd", "models/_models.yml:6", "Binder Error.*idd",
        {"totals", "best", "days"},
    ),
    "a singular test": (
        {"tests/few.sql": "SELECT *\nFROM {{ ref('totals') }}\nWHERE spend > 5"},
        "few", "tests/few.sql:1", "3 rows are wrong", {"best"},
    ),
    "a unit test": (
        {"models/_unit.yml": UNIT.replace("SPEND", "4")},
        "adds_up", "models/_unit.yml:2", "rows: 1 missing, 1 unexpected", {"totals", "best"},
    ),
}  # fmt: skip
"""What is wrong -> changed files, what fails, the place, words, and which files are skipped."""


@pytest.mark.parametrize("mistake", FAILING)
def test_what_fails_stops_what_depends_on_it_and_nothing_else(con, tmp_path, mistake):
    """In an empty database: the rest is made, and nothing half."""
    changes, *expected = FAILING[mistake]
    make_orders(con)
    report = build(con, load_project(write(tmp_path, GOOD | changes)))
    check(report, *expected)
    failed, skipped = expected[0], expected[3]
    files = {r.name for r in report.files}
    assert set(held(con)) == files - skipped - {failed}


@pytest.mark.parametrize("mistake", FAILING)
def test_what_fails_leaves_what_was_there_as_it_was(con, tmp_path, mistake):
    """On top of a good run: every table has the rows it had."""
    changes, *expected = FAILING[mistake]
    make_orders(con)
    assert build(con, load_project(write(tmp_path, GOOD))).exit_status == 0
    before = held(con)
    check(build(con, load_project(write(tmp_path, GOOD | changes))), *expected)
    assert held(con) == before
    mended = write(tmp_path, GOOD)  # and when the mistake is mended, all is well again
    for name in changes.keys() - GOOD.keys():
        (mended / name).unlink()
    report = build(con, load_project(mended))
    assert report.exit_status == 0
    assert held(con) == before


def test_a_test_that_only_warns_stops_nothing(con, tmp_path):
    make_orders(con)
    yml = (
        GOOD["models/_models.yml"]
        .replace("- name: id", "- name: customer")
        .replace("[unique, not_null]", "[{unique: {config: {severity: warn}}}]")
    )
    report = build(con, load_project(write(tmp_path, GOOD | {"models/_models.yml": yml})))
    assert report.exit_status == 0
    (warned,) = [r for r in report if r.status == "warned"]
    assert warned.reason.startswith("models/_models.yml:6: unique_stg_orders_customer: 3 rows")


def test_a_unit_test_that_holds_lets_its_model_be_made(con, tmp_path):
    make_orders(con)
    report = build(
        con,
        load_project(write(tmp_path, GOOD | {"models/_unit.yml": UNIT.replace("SPEND", "3.5")})),
    )
    assert report.exit_status == 0
    assert report.counts == {"ok": len(report.results)}


def test_a_table_of_somebody_else_is_not_replaced(con, tmp_path):
    """Nothing at all is run: the name has to be settled first."""
    make_orders(con)
    con.execute("CREATE TABLE days AS SELECT 'mine' AS mine")
    with pytest.raises(ProjectError, match=r"models/days\.sql would replace the table main\.days"):
        build(con, load_project(write(tmp_path, GOOD)))
    assert held(con) == {"days": [("mine",)]}


STALE = replaced("models/_sources.yml", "36501", "2")


@pytest.mark.parametrize(
    ("prepare", "files", "words"),
    [
        ("SELECT 1", STALE, r"is stale\. Seen: its newest row is of 2026-01-01.* 9 days old"),
        ("DELETE FROM raw.orders", GOOD, "has no rows"),
        ("UPDATE raw.orders SET day = NULL", GOOD, "NULL in all 10"),
        ("ALTER TABLE raw.orders ALTER day TYPE DATE", GOOD, "not a point in time"),
        ("DROP TABLE raw.orders", GOOD, "orders does not exist"),
    ],
)  # fmt: skip
def test_sources_that_are_stale_empty_or_missing_stop_what_reads_them(
    con, tmp_path, prepare, files, words
):
    """On top of a good run; every table keeps its rows. What reads no source is made."""
    make_orders(con)
    project = load_project(write(tmp_path, GOOD | files))
    assert build(con, load_project(write(tmp_path, GOOD)), now=NOW).exit_status == 0
    con.execute(prepare)
    totals = con.execute("FROM totals ORDER BY ALL").fetchall()
    report = build(con, project, now=NOW)
    skipped = {"stg_orders", "totals", "best", "days"}
    check(report, "raw.orders", "models/_sources.yml:5", words, skipped)
    assert report.failed[0].kind == "source"
    assert con.execute("FROM totals ORDER BY ALL").fetchall() == totals
    (named,) = [r for r in report.files if r.name == "named"]
    assert named.status == "unchanged"
    told = run_tests(con, project, now=NOW)
    assert [r.name for r in told.failed][:1] == ["raw.orders"]


def test_a_source_that_gets_old_is_told_though_nothing_has_changed(con, tmp_path):
    """warn_after stops nothing; a source's age is looked at anew in every run."""
    make_orders(con)
    yml = replaced("models/_sources.yml", "warn_after: {count: 36500", "warn_after: {count: 20")
    project = load_project(write(tmp_path, GOOD | yml))
    for now, status in ((NOW, "ok"), (NOW + timedelta(days=20), "warned")):
        report = build(con, project, now=now)
        assert report.exit_status == 0
        (source,) = [r for r in report if r.kind == "source"]
        assert (source.name, source.status) == ("raw.orders", status)
    assert source.reason.startswith("models/_sources.yml:5: the source raw.orders is stale")
    assert report.counts.keys() == {"unchanged", "warned"}


def test_only_sources_that_are_read_are_looked_at(con, tmp_path):
    make_orders(con)
    project = load_project(write(tmp_path, GOOD))
    assert [r.name for r in build(con, project, now=NOW) if r.kind == "source"] == ["raw.orders"]
    assert [r for r in build(con, project, "named", now=NOW) if r.kind == "source"] == []
    assert [r for r in build(con, project, tests=False, now=NOW) if r.kind == "source"] == []
