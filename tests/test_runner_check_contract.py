"""Contracts: what is compared, and what is said of the columns that differ."""

from dataclasses import replace

import duckdb
import pytest

from retailsql.errors import ProjectError
from retailsql.runner.check.contract import check_contract, columns_for_create, null_refused
from retailsql.runner.node import Column, Node, Place


def column(name, type, line, **more):
    return Column(name, type, "", Place("models/_models.yml", line), **more)


ORDERS = Node(
    "orders",
    "models/orders.sql",
    "table",
    "SELECT 1 AS id,\n 'a' AS name,\n CAST(2 AS DECIMAL(18, 2)) AS total",
    lines=tuple(Place("models/orders.sql", n) for n in (2, 3, 4)),
    columns=(
        column("total", "numeric(18,2)", 9),
        column("id", "int", 5),
        column("name", "text", 7),
    ),
    contract=True,
    place=Place("models/_models.yml", 3),
)


@pytest.fixture
def con():
    with duckdb.connect() as con:
        yield con


def refused(con, **changes):
    with pytest.raises(ProjectError) as error:
        check_contract(con, replace(ORDERS, **changes))
    return str(error.value)


def test_types_count_as_duckdb_spells_them_and_order_does_not(con):
    check_contract(con, ORDERS)


def test_without_contract_nothing_is_checked(con):
    check_contract(con, replace(ORDERS, contract=False, sql="not SQL"))


def test_a_changed_type_names_line_seen_and_wanted(con):
    sql = "SELECT 1 AS id, 'a' AS name, 2.5::DOUBLE AS total"
    assert refused(con, sql=sql) == (
        "models/_models.yml:9: models/orders.sql breaks the contract of its column total. "
        "Seen: DOUBLE. Wanted: DECIMAL(18,2). What to do: cast it in the SQL, or change data_type."
    )


def test_a_missing_column(con):
    said = refused(con, sql="SELECT 1 AS id, 2::DECIMAL(18,2) AS total")
    assert said.startswith("models/_models.yml:7: models/orders.sql does not make the column name")
    assert "of its contract. Wanted: name VARCHAR. What" in said


def test_an_unexpected_column(con):
    said = refused(con, sql=ORDERS.sql + ", DATE '2026-01-01' AS day")
    assert said.startswith("models/_models.yml:3: models/orders.sql makes a column day that its")
    assert "Seen: day DATE. What" in said


def test_the_case_of_a_name_counts_as_in_dbt(con):
    said = refused(con, sql=ORDERS.sql.replace("AS name", "AS Name"))
    assert said.startswith("models/_models.yml:7:")
    assert "Seen: Name (case counts). Wanted: name VARCHAR" in said


def test_several_columns_are_told_at_once(con):
    said = refused(con, sql="SELECT '1' AS id, 5 AS name, 2 AS other")
    assert said.startswith("models/_models.yml:9: models/orders.sql breaks the contract of 4")
    assert (
        "Seen: missing: total (models/_models.yml:9); not in the contract: other INTEGER; types "
        "that differ: id VARCHAR, wanted INTEGER (models/_models.yml:5), name INTEGER, wanted "
        "VARCHAR (models/_models.yml:7). What"
    ) in said


def test_a_misspelt_column_is_told_without_the_ones_that_are_right(con):
    said = refused(con, sql=ORDERS.sql.replace("AS name", "AS nmae"))
    assert "Seen: missing: name (models/_models.yml:7); not in the contract: nmae VARCHAR." in said
    said = refused(con, sql=ORDERS.sql.replace("AS name", "AS Name") + ", 1 AS more")
    assert "missing: name (there is Name (case counts), models/_models.yml:7); not in" in said


def test_sql_that_does_not_bind_names_its_own_line(con):
    said = refused(con, sql="SELECT 1 AS id,\n nope AS name,\n 2 AS total")
    assert said.startswith("models/orders.sql:3: the engine refuses it. Seen: Binder")


def test_the_sql_of_a_later_run_is_checked_with_its_own_lines(con):
    node = replace(ORDERS, again="SELECT nope", lines_again=(Place("models/orders.sql", 40),))
    with pytest.raises(ProjectError, match=r"models/orders\.sql:40: the engine refuses"):
        check_contract(con, node, node.again)


def test_a_contract_needs_columns_and_types(con):
    assert "models/_models.yml:3: the contract of orders names no columns" in refused(
        con, columns=()
    )
    said = refused(con, columns=(column("id", "", 5),))
    assert said.startswith("models/_models.yml:5: column id of orders has no data_type")
    said = refused(con, columns=(column("id", "INT", 5), column("name", "STRIN", 7)))
    assert said.startswith("models/_models.yml:7: data_type of column name is no type. Seen: STRIN")


def test_nothing_is_run(con):
    """DESCRIBE calls no function: a contract over a score costs nothing."""
    con.create_function("never", lambda x: 1 / 0, ["INT"], "INT", side_effects=True)
    node = replace(ORDERS, sql="SELECT never(1) AS id", columns=(column("id", "INT", 5),))
    check_contract(con, node)


def test_not_null_is_a_constraint_of_the_table(con):
    """The two statements that dbt-duckdb makes a table under contract with."""
    node = replace(ORDERS, columns=(column("total", "DECIMAL(18,2)", 9),
                                    column("id", "int", 5, not_null=True)))  # fmt: skip
    con.execute(f"CREATE TABLE orders {columns_for_create(node)}")
    con.execute("INSERT INTO orders (total, id) SELECT total, id FROM (SELECT 1 AS id, 2 AS total)")
    assert [c[0] for c in con.execute("FROM orders").description] == ["total", "id"]
    with pytest.raises(duckdb.ConstraintException) as raised:
        con.execute("INSERT INTO orders (total, id) SELECT 1, NULL")
    said = str(null_refused(node, raised.value))
    assert said.startswith("models/_models.yml:5: models/orders.sql has a NULL in column id, which")
    other = duckdb.ConstraintException("Constraint Error: Duplicate key")
    assert null_refused(node, other) is None
