"""Unit tests of a project: what is given, what is compared, what is said."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from retailsql.runner.check.unit_tests import run_unit_test
from retailsql.runner.node import Column, Node, Place, Project, Source, UnitTest

YML = Place("models/_unit.yml", 21)
ORDERS = Node("stg_orders", "models/stg_orders.sql", "view",
              "SELECT id, customer, total, day FROM raw.orders")  # fmt: skip
TOTALS = Node(
    "totals", "models/totals.sql", "table",
    "SELECT customer, sum(total) AS spend, max(day) AS last FROM main.stg_orders GROUP BY ALL",
    needs=("stg_orders",),
)  # fmt: skip
RAW = Source("raw", "orders", "raw.orders", Place("models/_sources.yml", 4))
PROJECT = Project(
    "p", Path(), "main", {"stg_orders": ORDERS, "totals": TOTALS}, {}, {},
    sources={("raw", "orders"): RAW},
)  # fmt: skip
TEST = UnitTest(
    "spend_adds_up", "totals",
    {"__dbt__cte__stg_orders": "SELECT 1 AS customer, '2.50' AS total UNION ALL SELECT 1, '1' "
                               "UNION ALL SELECT 2, NULL"},
    TOTALS.sql.replace("main.stg_orders", "__dbt__cte__stg_orders"),
    "SELECT 1 AS customer, 3.5 AS spend UNION ALL SELECT 2, NULL",
    YML,
)  # fmt: skip


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA raw")
        con.execute("CREATE TABLE raw.orders (id INT, customer INT, total DECIMAL(9, 2), day DATE)")
        con.execute(f"CREATE VIEW main.stg_orders AS {ORDERS.sql}")
        yield con


def test_rows_given_stand_in_typed_like_the_real_ones(con):
    """Text becomes the DECIMAL it stands for, columns not given are NULL, real rows unseen."""
    con.execute("INSERT INTO raw.orders VALUES (1, 1, 1000, NULL)")
    result = run_unit_test(con, TEST, PROJECT)
    assert (result.status, result.message, result.kind, result.of) == ("pass", "", "unit", "totals")


def test_a_difference_is_rows_missing_and_rows_unexpected(con):
    expect = "SELECT 1 AS customer, 4 AS spend UNION ALL SELECT 2, NULL"
    result = run_unit_test(con, replace(TEST, expect=expect), PROJECT)
    assert (result.status, result.failures) == ("fail", 2)
    assert result.columns == ("difference", "customer", "spend")
    assert [(r[0], r[1], float(r[2])) for r in result.rows] == [
        ("missing", 1, 4.0), ("unexpected", 1, 3.5)
    ]  # fmt: skip
    assert result.message == (
        "models/_unit.yml:21: the unit test spend_adds_up fails, rows: 1 missing, 1 unexpected. "
        "Seen: missing customer = 1, spend = 4.00. What to do: correct "
        "models/totals.sql, or the rows expected."
    )


def test_repeated_rows_count(con):
    one = "SELECT 2 AS customer"
    test = replace(TEST, sql="SELECT customer FROM __dbt__cte__stg_orders", expect=one,
                   given={"__dbt__cte__stg_orders": f"{one} UNION ALL {one}"})  # fmt: skip
    result = run_unit_test(con, test, PROJECT)
    assert result.rows == (("unexpected", 2),)
    assert run_unit_test(con, replace(test, expect=f"{one} UNION ALL {one}"), PROJECT).rows == ()


def test_doubles_are_compared_to_the_last_bit(con):
    test = replace(TEST, sql="SELECT 0.1::DOUBLE + 0.2::DOUBLE AS x", given={})
    assert run_unit_test(con, replace(test, expect="SELECT 0.3 AS x"), PROJECT).status == "fail"
    exact = replace(test, expect="SELECT '0.30000000000000004' AS X")
    assert run_unit_test(con, exact, PROJECT).status == "pass"


@pytest.mark.parametrize("expect", ["", "SELECT 1 AS customer LIMIT 0"])
def test_no_rows_given_no_rows_expected(con, expect):
    test = replace(TEST, given={"__dbt__cte__stg_orders": ""}, expect=expect)
    assert run_unit_test(con, test, PROJECT).status == "pass"
    given = {"__dbt__cte__stg_orders": "SELECT 1 AS customer"}
    assert run_unit_test(con, replace(test, given=given), PROJECT).status == "fail"


def test_nested_values_and_sources(con):
    con.execute("CREATE TABLE raw.baskets (items STRUCT(sku VARCHAR, n INT)[])")
    project = replace(PROJECT, sources={
        ("raw", "baskets"): Source("raw", "baskets", "(FROM raw.baskets)", YML)})  # fmt: skip
    rows = "SELECT [{'sku': 'a', 'n': '3'}] AS items"
    test = replace(TEST, given={"__dbt__cte__raw__baskets": rows},
                   sql="SELECT items, items[1].n AS n FROM __dbt__cte__raw__baskets",
                   expect="SELECT [{'sku': 'a', 'n': 3}] AS items, 3 AS n")  # fmt: skip
    assert run_unit_test(con, test, project).status == "pass"


def test_rows_written_in_sql_are_taken_as_they_are(con):
    """As dbt does with ``format: sql``: other columns, other types, no real relation needed."""
    con.execute("DROP VIEW main.stg_orders; DROP TABLE raw.orders")
    test = replace(
        TEST, given={"__dbt__cte__stg_orders": "SELECT 7::TINYINT AS other -- a comment"},
        sql="SELECT typeof(other) AS kind FROM __dbt__cte__stg_orders",
        expect="SELECT 'TINYINT' AS kind", written=frozenset({"__dbt__cte__stg_orders"}),
    )  # fmt: skip
    assert run_unit_test(con, test, PROJECT).status == "pass"


def test_a_later_run_of_an_incremental_model_reads_itself(con):
    """``this`` is an input like any other."""
    con.execute("CREATE TABLE totals AS SELECT 1 AS customer, DATE '2026-01-01' AS last LIMIT 0")
    test = replace(
        TEST,
        given={"__dbt__cte__stg_orders": "SELECT '2026-01-01' AS day UNION SELECT '2026-01-03'",
               "__dbt__cte__totals": "SELECT 1 AS customer, '2026-01-02' AS last"},
        sql="SELECT day FROM __dbt__cte__stg_orders "
            "WHERE day > (SELECT max(last) FROM __dbt__cte__totals)",
        expect="SELECT '2026-01-03' AS day",
    )  # fmt: skip
    assert run_unit_test(con, test, PROJECT).status == "pass"


def test_before_anything_is_built_types_come_from_the_sql(con):
    """Views over views of all that is missing, made and rolled back: nothing stays."""
    con.execute("DROP VIEW main.stg_orders")
    assert run_unit_test(con, TEST, PROJECT).status == "pass"
    assert con.execute("SELECT count(*) FROM duckdb_views() WHERE NOT internal").fetchall() == [
        (0,)
    ]


def test_types_come_from_the_yml_file_of_a_source_or_a_contract(con):
    con.execute("DROP VIEW main.stg_orders; DROP TABLE raw.orders")
    columns = tuple(
        Column(n, t) for n, t in (("id", "INT"), ("customer", "INT"), ("total", "DECIMAL(9, 2)"),
                                  ("day", "DATE"))
    )  # fmt: skip
    contract = replace(ORDERS, columns=columns, contract=True)
    project = replace(PROJECT, nodes={**PROJECT.nodes, "stg_orders": contract})
    assert run_unit_test(con, TEST, project).status == "pass"
    source = replace(PROJECT, sources={("raw", "orders"): replace(RAW, columns=columns)})
    test = replace(TEST, of="stg_orders", sql="SELECT total FROM __dbt__cte__raw__orders",
                   given={"__dbt__cte__raw__orders": "SELECT '1.5' AS total"},
                   expect="SELECT 1.5 AS total")  # fmt: skip
    assert run_unit_test(con, test, source).status == "pass"


def failing(con, **changes):
    result = run_unit_test(con, replace(TEST, **changes), PROJECT)
    assert result.status == "error"
    assert result.message.startswith("models/_unit.yml:21: the unit test spend_adds_up ")
    return result.message


def test_types_that_nobody_knows_say_build_first(con):
    con.execute("DROP VIEW main.stg_orders; DROP TABLE raw.orders")
    said = failing(con)
    assert "needs the types of main.stg_orders, which does not exist" in said
    assert "What to do: build what it reads first: retailsql build --select +totals" in said
    said = failing(con, given={"__dbt__cte__raw__orders": ""})
    assert "What to do: load the source, or describe its columns with data_type" in said


def test_names_that_do_not_fit_are_told_with_the_nearest(con):
    said = failing(con, given={"__dbt__cte__stg_orders": "SELECT 1 AS custmer"})
    assert (
        "gives a column that main.stg_orders does not have. Seen: custmer. Wanted: customer" in said
    )
    said = failing(con, expect="SELECT 1 AS spent")
    assert "expects a column that totals does not make. Seen: spent. Wanted: spend" in said
    said = failing(con, given={"__dbt__cte__stg_order": ""})
    assert "rows for what the project does not have. Seen: stg_order. Wanted: stg_orders" in said


def test_values_of_the_wrong_type_are_an_error_not_a_difference(con):
    said = failing(con, given={"__dbt__cte__stg_orders": "SELECT 'x' AS customer"})
    assert "cannot be run. Seen: Conversion Error: Could not convert string 'x' to INT32" in said


def test_sql_that_does_not_bind_names_its_own_line(con):
    lines = (Place("models/totals.sql", 2), Place("models/totals.sql", 9))
    test = replace(TEST, sql="SELECT\nnope FROM __dbt__cte__stg_orders", lines=lines)
    result = run_unit_test(con, test, PROJECT)
    assert result.status == "error"
    assert result.message.startswith(
        "models/totals.sql:9: the unit test spend_adds_up of totals cannot be run (asked for at "
        'models/_unit.yml:21). Seen: Binder Error: Referenced column "nope" not found'
    )
