"""The tests of sql/ pass on the demo shop, and each fails where it should: no dbt needed."""

import shutil
from pathlib import Path

import duckdb
import pytest
import yaml

from retailsql.demo.online_retail import load_online_retail
from retailsql.demo.shop import ShopSize, make_shop
from retailsql.runner.build import build, run_tests
from retailsql.runner.project import load_project
from tests.conftest import shared

SQL = Path(__file__).parents[1] / "sql"
UNIT_TESTS = [
    u
    for f in (SQL / "models").rglob("*.yml")
    for u in yaml.safe_load(f.read_text("utf-8")).get("unit_tests", [])
]
CHOSEN = ["path:seeds", "path:models/staging", "path:models/features"]


@pytest.fixture(scope="module")
def built():
    """The small demo shop, built with every test; read only."""
    with duckdb.connect(config={"threads": 1}) as con:
        make_shop("small", seed=0).load(con)
        yield con, build(con, load_project(SQL), CHOSEN, exclude=["path:models/scores"])


def test_the_light_runner_builds_with_every_test_passing(built):
    """The same tests as in dbt, none skipped."""
    _, report = built
    assert not [r for r in report if r.status not in ("ok", "unchanged")], report.counts
    kinds = [r.kind for r in report.tests]
    assert kinds.count("unit test") == len(UNIT_TESTS)
    assert kinds.count("test") > 60


# Each breaks one line of SQL; at least one of the unit tests must notice.
MISTAKES = {
    "customer_features": ("macros/customer_features_at.sql", "days_ago <= 30", "days_ago < 30"),
    "churn_training": ("models/features/churn_training.sql", "l.ordered_on >= s.as_of", "true"),
    "fct_purchases": ("models/features/fct_purchases.sql", ", order_id", ""),
    "fct_sales_daily": (
        "models/features/fct_sales_daily.sql", "WHEN o.day IS NOT NULL", "WHEN true",
    ),
    "fct_sales_weekly": (
        "models/features/fct_sales_weekly.sql", "count(*) = 7", "count(units) = 7",
    ),
    "price_features": (
        "models/features/price_features.sql", "total - coalesce(y.regular_price_now, 0)", "total",
    ),
    "unit_features": ("models/features/unit_features.sql", "median(units)", "avg(units)"),
    "stg_order_lines": ("models/staging/stg_order_lines.sql", "AND m.quantity > 0", ""),
    "stg_customers": ("macros/newest_known.sql", "known_from DESC", "known_from"),
    "stg_products": ("models/staging/stg_products.sql", "ANTI JOIN", "SEMI JOIN"),
}  # fmt: skip


@pytest.mark.parametrize("model", MISTAKES)
def test_unit_tests_notice_mistakes(tmp_path, built, model):
    """One mistake planted in every model: each fails a unit test of that model."""
    file, right, wrong = MISTAKES[model]
    root = shutil.copytree(SQL, tmp_path / "sql")
    text = (root / file).read_text("utf-8")
    assert right in text
    (root / file).write_text(text.replace(right, wrong), "utf-8")
    con, _ = built
    report = run_tests(con, load_project(root), model)
    units = {u["name"] for u in UNIT_TESTS if u["model"] == model}
    assert units & {r.name for r in report.failed}, [(r.name, r.status) for r in report]


LATE = {
    "customer_features": ("as_of", "+ 1"),
    "churn_training": ("as_of", "+ 61"),
    "fct_purchases": ("ordered_at", "+ INTERVAL 900 DAY"),
    "fct_sales_daily": ("day", "+ 1"),
    "fct_sales_weekly": ("week", "+ 7"),
    "price_features": ("week", "+ 7"),
    "unit_features": ("week", "+ 7"),
}


@pytest.mark.parametrize("model", LATE)
def test_a_row_after_the_cutoff_is_found(built, model):
    """One row moved beyond the cutoff fails the model's no_rows_after_cutoff, by one day too."""
    con, _ = built
    column, move = LATE[model]
    con.execute("BEGIN")
    try:
        con.execute(
            f"UPDATE {model} SET {column} = {column} {move} WHERE {column} ="
            f" (SELECT max({column}) FROM {model})"
        )
        report = run_tests(con, load_project(SQL), model)
    finally:
        con.execute("ROLLBACK")
    failed = [r.name for r in report.failed]
    assert any(name.startswith(f"no_rows_after_cutoff_{model}_") for name in failed), failed


def test_an_empty_source_stops_what_is_made_of_it():
    with duckdb.connect() as con:
        make_shop(ShopSize(20, 24, 2, 480), seed=1).load(con)
        con.execute("DELETE FROM raw.order_lines")
        report = build(con, load_project(SQL), ["source:raw", *CHOSEN])
    status = {r.name: r.status for r in report}
    assert status["raw.order_lines"] == "failed"
    assert status["source_has_rows_raw_order_lines_"] == "skipped"
    assert status["stg_order_lines"] == status["customer_features"] == "skipped"
    assert status["stg_customers"] == "ok"


@pytest.mark.slow
def test_a_published_file_is_mapped_by_variables_alone():
    """Online Retail's file as it is: the same features as from the tables that the loader makes."""
    file = shared("online_retail_2010_2011", "online_retail_2010_2011.parquet")
    sales = {"where": "InvoiceNo NOT LIKE 'C%'"}
    mapping = {
        "order_lines": {
            "from": f"(SELECT DISTINCT * FROM '{file}')", **sales,
            "columns": {
                "order_id": "InvoiceNo", "customer_id": "CustomerID", "store_id": "Country",
                "product_id": "upper(StockCode)", "ordered_at": "InvoiceDate",
                "quantity": "Quantity", "unit_price": "UnitPrice",
            },
        },
        "customers": {
            "from": f"'{file}'", **sales,
            "columns": {
                "customer_id": "CustomerID", "country": "Country", "joined_on": "InvoiceDate",
            },
        },
        "products": {
            "from": f"'{file}'",
            "columns": {"product_id": "upper(StockCode)", "description": "Description"},
        },
    }  # fmt: skip
    tables = ["customer_features", "fct_sales_weekly", "fct_purchases"]
    chosen = [f"+{t}" for t in tables]
    with duckdb.connect() as con:
        load_online_retail(con, file)
        build(con, load_project(SQL), chosen, tests=False)
        loaded = {t: con.execute(f"FROM {t}").fetchall() for t in tables}
        con.execute("DROP SCHEMA raw CASCADE")
        build(con, load_project(SQL, mapping), chosen, tests=False)
        for table in tables:
            assert con.execute(f"FROM {table}").fetchall() == loaded[table], table
