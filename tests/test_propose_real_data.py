"""The proposed mapping of real shops: every column is found, and none that is not there."""

from __future__ import annotations

import duckdb
import pytest

from retailsql.errors import ProjectError
from retailsql.starter.propose import propose
from tests.conftest import shared
from tests.own_shops import theirs

# ── real data ─────────────────────────────────────────────────────────────────────────────────────

REAL = {
    "online_retail_2010_2011/online_retail_2010_2011.parquet": {
        "order_id": "InvoiceNo", "customer_id": "CustomerID", "product_id": "StockCode",
        "ordered_at": "InvoiceDate", "quantity": "Quantity", "unit_price": "UnitPrice",
        "description": "Description", "country": "Country",
    },
    "completejourney/transactions_sample.parquet": {
        "order_id": "basket_id", "customer_id": "household_id", "product_id": "product_id",
        "store_id": "store_id", "ordered_at": "transaction_timestamp", "quantity": "quantity",
        "unit_price": "sales_value", "on_promotion": "retail_disc",
    },
    "cdnow/cdnow.parquet": {
        "customer_id": "customer_id", "ordered_at": "date", "quantity": "cds",
        "unit_price": "dollars",
    },
    "price_indices/coffee.parquet": {
        "product_id": "prodID", "store_id": "retID", "ordered_at": "time",
        "quantity": "quantities", "unit_price": "prices", "description": "description",
    },
    "groceries/groceries.parquet": {
        "order_id": "basket", "product_id": "item", "category": "level1",
    },
    "weekly_sales_uci/weekly_sales_uci.parquet": {"product_id": "product", "quantity": "units"},
}  # fmt: skip


@pytest.mark.parametrize("file", REAL)
def test_columns_of_real_data(file):
    """Every column is found, and none that is not there."""
    path = shared(*file.split("/"))
    with duckdb.connect() as con:
        proposal = propose(con, f"'{path}'")
    found = {**theirs(proposal["customers"]), **theirs(proposal["products"]),
             **theirs(proposal["order_lines"])}  # fmt: skip
    found.pop("joined_on", None)
    found.pop("known_from", None)
    assert found == REAL[file]


def test_online_retail_is_sure_of_all_and_tells_returns_from_sales():
    path = shared("online_retail_2010_2011", "online_retail_2010_2011.parquet")
    with duckdb.connect() as con:
        proposal = propose(con, f"'{path}'")
        kept = con.execute(f"SELECT count(*) FROM ({proposal.query('order_lines')})").fetchall()
    assert proposal.unsure == ()
    assert kept == [(531_285,)]  # 541,909 less 10,624 returns, 9,288 of them with a C
    assert any("exact copies" in note for note in proposal.notes)


def test_sums_of_completejourney_become_prices():
    """sales_value is of the line: found by how it varies with the quantity, product by product."""
    path = shared("completejourney", "transactions_sample.parquet")
    with duckdb.connect() as con:
        choice = propose(con, f"'{path}'")["order_lines"]["unit_price"]
    assert choice.sql == "sales_value / nullif(quantity, 0)"
    assert choice.sure


@pytest.mark.parametrize(
    "file", ["orange_juice/yx", "telco_churn/telco_churn", "m3/m3_values", "banking77/banking77"]
)
def test_files_without_order_lines_are_refused(file):
    path = shared(*f"{file}.parquet".split("/"))
    with duckdb.connect() as con, pytest.raises(ProjectError, match="No order lines"):
        propose(con, f"'{path}'")
