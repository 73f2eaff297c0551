"""Data tests: what they count, what they show, what they say."""

import duckdb
import pytest

from retailsql.runner.check.data_tests import EXAMPLES, run_test
from retailsql.runner.node import DataTest, Place

YML = Place("models/_models.yml", 12)


@pytest.fixture
def con():
    with duckdb.connect() as con:
        con.execute("CREATE TABLE orders AS SELECT range AS id, range % 3 AS kind FROM range(100)")
        yield con


def make(sql, kind="unique", **more):
    return DataTest("unique_orders_kind", kind, "orders", sql, YML, ("orders",), **more)


DUPLICATES = (
    "SELECT kind, count(*) AS n FROM orders GROUP BY kind HAVING count(*) > 1 ORDER BY kind"
)


def test_passes_without_rows(con):
    result = run_test(con, make("SELECT id FROM orders GROUP BY id HAVING count(*) > 1"))
    assert (result.status, result.failures, result.rows, result.message) == ("pass", 0, (), "")
    assert result.seconds > 0


def test_fails_with_count_examples_and_place(con):
    result = run_test(con, make(DUPLICATES))
    assert (result.status, result.failures) == ("fail", 3)
    assert result.columns == ("kind", "n")
    assert result.rows == ((0, 34), (1, 33), (2, 33))
    assert result.message == (
        "models/_models.yml:12: unique_orders_kind: 3 rows are wrong. Seen: first kind = 0, n = 34."
        " What to do: keep one row per key in orders, or leave the test out if the key may repeat; "
        "`severity: warn` in its config lets the rest go on."
    )


def test_all_are_counted_and_few_are_kept(con):
    result = run_test(con, make("SELECT * FROM orders ORDER BY id DESC"))
    assert result.failures == 100
    assert result.rows == tuple((i, i % 3) for i in range(99, 99 - EXAMPLES, -1))


def test_severity_warn_is_told_and_is_no_failure(con):
    result = run_test(con, make(DUPLICATES, warn=True))
    assert (result.status, result.failures) == ("warn", 3)
    assert "severity" not in result.message


def test_the_sql_runs_once(con):
    """A test that costs a minute must not cost two."""
    calls = []
    con.create_function(
        "seen", lambda x: calls.append(x) or x, ["BIGINT"], "BIGINT", side_effects=True
    )
    result = run_test(con, make("SELECT seen(id) AS id FROM orders WHERE id < 7"))
    assert result.failures == 7
    assert sorted(calls) == list(range(7))


@pytest.mark.parametrize(
    "sql",
    [
        "WITH bad AS (FROM orders) SELECT * FROM bad -- a comment at the end",
        "FROM orders",
        "SELECT id, id, id AS ID FROM orders",
        "SELECT NULL AS x, [1, 2] AS y, {'a': id} AS __rs_row FROM orders",
        "VALUES " + ", ".join(["(1)"] * 100),
    ],
)
def test_any_select_will_do(con, sql):
    result = run_test(con, make(sql))
    assert (result.status, result.failures, len(result.rows)) == ("fail", 100, EXAMPLES)


def test_broken_sql_is_an_error_at_its_line_even_with_severity_warn(con):
    lines = (Place("tests/big.sql", 3), Place("tests/big.sql", 4))
    result = run_test(con, make("SELECT *\nFROM orders WHERE nope > 3", lines=lines, warn=True))
    assert result.status == "error"
    assert result.message.startswith(
        "tests/big.sql:4: the test unique_orders_kind cannot be run (asked for at "
        'models/_models.yml:12). Seen: Binder Error: Referenced column "nope" not found'
    )
    assert "What to do: correct the test." in result.message


def test_an_error_while_rows_are_read_names_the_yml_line(con):
    result = run_test(con, make("SELECT CAST('x' || id AS INT) FROM orders"))
    assert result.status == "error"
    assert result.message.startswith("models/_models.yml:12: the test")
    assert "Could not convert string" in result.message


def test_a_table_that_is_not_there_says_build_first(con):
    con.execute("DROP TABLE orders")
    result = run_test(con, make(DUPLICATES))
    assert result.status == "error"
    assert "build what it reads first (orders)" in result.message


def test_a_test_of_a_source_speaks_of_the_source(con):
    test = DataTest("not_null_raw_id", "not_null", "", "SELECT id FROM orders", YML)
    assert "fill the column in what delivers the source" in run_test(con, test).message


def test_an_interrupt_is_no_test_result(con):
    """Ctrl-C must stop the run, not be written down as one more error."""
    con.create_function(
        "stop", lambda x: con.interrupt() or x, ["BIGINT"], "BIGINT", side_effects=True
    )
    with pytest.raises(duckdb.InterruptException):
        run_test(con, make("SELECT stop(a.id) FROM orders a, range(100000) b"))
