"""What a proposed mapping says it is unsure of, and why."""

from __future__ import annotations

import pytest

from retailsql.errors import ProjectError
from retailsql.starter.propose import propose
from tests.own_shops import base_shop, columns_but, of_csv, same_as_base, theirs, unsure


@pytest.fixture(scope="module")
def shop():
    with base_shop() as con:
        yield con


def test_day_and_month_that_cannot_be_told_apart_are_doubted(shop):
    """Only days up to 12, in no order: both readings fit, and both are named."""
    day = (
        "strftime(make_date(2024, 1 + CAST(hash(order_id, 1) % 12 AS INTEGER),"
        " 1 + CAST(hash(order_id, 2) % 12 AS INTEGER)), '%m/%d/%Y')"
    )
    choice = propose(shop, columns_but(shop, {"ordered_at": day}))["order_lines"]["ordered_at"]
    assert not choice.sure
    assert "day and month cannot be told apart" in choice.why
    assert "'%m/%d/%Y'" in choice.why + choice.sql
    assert "'%d/%m/%Y'" in choice.why + choice.sql


def test_day_and_month_are_told_apart_by_the_order_of_the_rows(shop):
    """The same dates, but the file is in order by one of the readings."""
    shop.execute(
        "CREATE OR REPLACE TABLE in_order AS SELECT * REPLACE (strftime(make_date(2024, 1 + CAST("
        "i // 504 AS INTEGER) % 12, 1 + CAST(i // 42 AS INTEGER) % 12), '%d/%m/%Y') AS ordered_at)"
        " FROM (SELECT *, row_number() OVER (ORDER BY order_id, line_no) - 1 AS i FROM base)"
        " WHERE i < 6000 ORDER BY i"
    )
    choice = propose(shop, "in_order")["order_lines"]["ordered_at"]
    assert "'%d/%m/%Y'" in choice.sql
    assert "told apart" not in choice.why


def test_dates_that_do_not_parse_are_counted_and_become_null(shop):
    bad = (
        "CASE WHEN hash(order_id) % 50 = 0 THEN 'unknown' ELSE strftime(ordered_at, '%d.%m.%Y') END"
    )
    proposal = propose(shop, columns_but(shop, {"ordered_at": bad}))
    choice = proposal["order_lines"]["ordered_at"]
    assert not choice.sure
    assert 0.005 < choice.unread < 0.05
    assert "not read and become NULL" in choice.why
    nulls = f"SELECT count(*) FROM ({proposal.query('order_lines')}) WHERE ordered_at IS NULL"
    expected = shop.execute("SELECT count(*) FROM base WHERE hash(order_id) % 50 = 0").fetchall()
    assert shop.execute(nulls).fetchall() == expected


def test_two_columns_that_fit_as_well_are_both_named(shop):
    """Billing and shipping country differ: one is taken, the other is told."""
    table = columns_but(shop, {
        "billing_country": "country",
        "shipping_country": "CASE WHEN hash(order_id) % 9 = 0 THEN 'Malta' ELSE country END",
    })  # fmt: skip
    choice = propose(shop, table)["customers"]["country"]
    assert not choice.sure
    assert {choice.sql, choice.other} == {"billing_country", "shipping_country"}


def test_two_columns_that_say_the_same_are_no_doubt(shop):
    table = columns_but(shop, {"product_code": "'X' || product_id"})
    choice = propose(shop, table)["order_lines"]["product_id"]
    assert choice.sure
    assert choice.other == "product_code"


def test_names_that_say_nothing_are_guessed_from_values_and_doubted(shop):
    """ordered_at, quantity and unit_price by their values; never sure."""
    table = columns_but(shop, {"ordered_at": "", "quantity": "", "unit_price": "",
                               "x": "ordered_at", "y": "quantity", "z": "unit_price"})  # fmt: skip
    proposal = propose(shop, table)
    found = theirs(proposal["order_lines"])
    assert (found["ordered_at"], found["quantity"], found["unit_price"]) == ("x", "y", "z")
    assert {"ordered_at", "quantity", "unit_price"} <= unsure(proposal)
    assert "values alone" in proposal["order_lines"]["unit_price"].why


def test_a_price_that_grows_with_the_quantity_is_a_sum_and_doubted(shop):
    """Called price, but of one product it varies with the quantity."""
    proposal = propose(
        shop, columns_but(shop, {"unit_price": "", "price": "unit_price * quantity"})
    )
    choice = proposal["order_lines"]["unit_price"]
    assert not choice.sure
    assert choice.columns == ("price", "quantity")
    same_as_base(shop, proposal, ("product_id", "quantity", "unit_price"))


def test_cents_are_recognised_and_doubted_where_the_name_does_not_say_so(shop):
    cents = "CAST(round(unit_price * 100) AS INTEGER)"
    named = propose(shop, columns_but(shop, {"unit_price": "", "price_cents": cents}))
    assert named["order_lines"]["unit_price"].sure
    assert named["order_lines"]["unit_price"].sql == "price_cents / 100"
    same_as_base(shop, named, ("product_id", "unit_price"))
    ends = "100 * CAST(round(unit_price) AS INTEGER) + 99"
    guessed = propose(shop, columns_but(shop, {"unit_price": "", "price": ends}))
    assert guessed["order_lines"]["unit_price"].sql == "price / 100"
    assert not guessed["order_lines"]["unit_price"].sure


def test_customers_who_never_come_back_are_doubted(shop):
    choice = propose(shop, columns_but(shop, {"customer_id": "md5(order_id)"}))["order_lines"]
    assert not choice["customer_id"].sure
    assert "nobody comes back" in choice["customer_id"].why


def test_an_order_number_that_never_repeats_is_doubted(shop):
    table = columns_but(shop, {"order_id": "'L' || order_id || line_no"})
    assert "never repeats" in propose(shop, table)["order_lines"]["order_id"].why


def test_weights_are_doubted(shop):
    choice = propose(shop, columns_but(shop, {"quantity": "quantity * 0.37"}))["order_lines"]
    assert "fractions" in choice["quantity"].why


def test_returns_and_cancelled_orders_are_left_out(shop):
    """C before the number, and quantities below 0, as in Online Retail."""
    table = columns_but(shop, {
        "order_id": "CASE WHEN hash(order_id) % 30 = 0 THEN 'C' ELSE '' END || substr(order_id, 2)",
        "quantity": "CASE WHEN hash(order_id) % 30 = 0 THEN -quantity ELSE quantity END",
    })  # fmt: skip
    where = propose(shop, table)["order_lines"].where
    assert where == "upper(left(order_id, 1)) <> 'C' AND quantity > 0"


def test_a_key_is_held_against_the_order_lines(shop):
    """A number without a name of its own is right if it holds the products sold, else doubted."""
    shop.execute("""
        CREATE OR REPLACE TABLE right_goods AS SELECT product_id AS nummer, description AS titel,
            category AS warengruppe FROM raw.products;
        CREATE OR REPLACE TABLE other_goods AS SELECT 'Z' || product_id AS product_id,
            description AS title, category FROM raw.products""")
    table = columns_but(shop, {})
    right = propose(shop, [table, "right_goods"])["products"]["product_id"]
    assert (right.sql, right.sure) == ("nummer", True)
    wrong = propose(shop, [table, "other_goods"])
    assert not wrong["products"]["product_id"].sure
    assert any("100.0 % of the products in the order lines" in note for note in wrong.notes)


def test_guests_are_told_and_no_customers_at_all_means_no_churn(shop):
    assert "guests" in propose(shop, columns_but(shop, {}))["order_lines"]["customer_id"].why
    proposal = propose(shop, columns_but(shop, {"customer_id": ""}))
    assert any("churn scores and offers cannot be made" in m for m in proposal.missing)
    assert proposal["order_lines"]["customer_id"].missing


def test_types_that_csv_would_guess_wrongly_stay_text(shop, tmp_path):
    """Zeros before an article number are kept, and prices are numbers all the same."""
    query = (
        "SELECT order_id, customer_id, lpad(substr(product_id, 2), 6, '0') AS product_id,"
        " ordered_at, quantity, unit_price FROM base"
    )
    proposal = propose(shop, of_csv(shop, tmp_path, query))
    rows = f"FROM ({proposal.query('order_lines')}) SELECT min(product_id), typeof(min(unit_price))"
    smallest, kind = shop.execute(rows).fetchall()[0]
    assert smallest.startswith("00")
    assert kind.startswith("DECIMAL")


def test_the_same_data_gives_the_same_proposal(shop):
    """Whatever the number of threads, and a file that is not looked at whole."""
    shop.execute(
        "CREATE OR REPLACE TABLE big AS SELECT base.* FROM base, range(60) AS r(i)"
        " ORDER BY order_id, i"
    )
    told = []
    for threads in (1, 4):
        shop.execute(f"SET threads = {threads}")
        told.append(propose(shop, "big"))
    shop.execute("RESET threads")
    assert told[0] == told[1]
    assert told[0].rows["big"] > 200_000


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("SELECT 1 AS a, 'x' AS b FROM range(50)", "No order lines were found"),
        ("SELECT 1 AS a WHERE false", "has no rows"),
        ("FROM nowhere", "cannot be read"),
    ],
)
def test_what_holds_no_order_lines_is_refused_with_a_reason(shop, query, words):
    with pytest.raises(ProjectError, match=words):
        propose(shop, f"({query})")


def test_nothing_is_left_in_the_database(shop):
    def tables():
        return shop.execute("SELECT database_name, table_name FROM duckdb_tables() ORDER BY ALL")

    before = tables().fetchall()
    propose(shop, "base")
    assert tables().fetchall() == before
