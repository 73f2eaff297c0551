"""The made-up shop is what it says it is: a correct method recovers its truth."""

import duckdb
import numpy as np
import pytest

from retailsql.demo.shop import LAST_DAY, SIZES, ShopSize, make_shop
from retailsql.errors import RetailSQLError


@pytest.fixture(scope="module")
def con():
    con = duckdb.connect()
    con.execute("SET threads = 1")
    make_shop("default", seed=0).load(con)
    yield con
    con.close()


def test_same_seed_same_shop():
    """A demo is repeatable: nothing depends on the clock."""
    size = ShopSize(60, 24, 2, 480)
    a, b, c = make_shop(size, 3), make_shop(size, 3), make_shop(size, 4)
    assert all(a.tables[name].equals(b.tables[name]) for name in a.tables)
    assert not a.tables["order_lines"].equals(c.tables["order_lines"])


@pytest.mark.parametrize("table", ["customers", "products", "order_lines"])
def test_raw_vocabulary(con, table):
    """Columns and types are those the staging files read."""
    wanted = {
        "customers": "customer_id VARCHAR, country VARCHAR, joined_on DATE",
        "products": "product_id VARCHAR, description VARCHAR, category VARCHAR, brand VARCHAR",
        "order_lines": "order_id VARCHAR, line_no INTEGER, customer_id VARCHAR, product_id VARCHAR,"
        " store_id VARCHAR, ordered_at TIMESTAMP, quantity INTEGER, unit_price DOUBLE,"
        " on_promotion BOOLEAN",
    }[table]
    rows = con.execute(f"DESCRIBE raw.{table}").fetchall()
    assert ", ".join(f"{r[0]} {r[1]}" for r in rows) == wanted


def test_keys_and_values(con):
    """Keys are unique, references hold, prices and quantities are positive, the end is fixed."""
    row = con.execute("""
        SELECT count(*), count(DISTINCT (order_id, line_no)),
               count(DISTINCT (order_id, product_id)),
               min(quantity), min(unit_price), max(ordered_at)::DATE
        FROM raw.order_lines""").fetchone()
    assert row[0] == row[1] == row[2] > 300_000
    assert row[3] >= 1
    assert row[4] > 0
    assert row[5] == LAST_DAY
    orphans = con.execute("""
        SELECT count(*) FROM raw.order_lines l
        LEFT JOIN raw.customers c USING (customer_id) LEFT JOIN raw.products p USING (product_id)
        WHERE p.product_id IS NULL OR (c.customer_id IS NULL AND l.customer_id IS NOT NULL)
           OR l.ordered_at::DATE < c.joined_on""").fetchone()
    assert orphans == (0,)
    assert con.execute("SELECT count(*) FROM raw.products").fetchone() == (200,)
    duplicates = "SELECT count(*) - count(DISTINCT description || category) FROM raw.products"
    assert con.execute(duplicates).fetchone() == (0,)


def test_nobody_buys_after_leaving(con):
    """Churn has a truth: the day a customer left."""
    late = con.execute("""
        SELECT count(*) FROM raw.order_lines JOIN raw.truth_customers USING (customer_id)
        WHERE ordered_at::DATE >= left_on""").fetchone()
    assert late == (0,)


def test_closed_days(con):
    days = con.execute("""
        SELECT count(*) FROM raw.order_lines
        WHERE strftime(ordered_at, '%m-%d') IN ('12-25', '01-01')""").fetchone()
    assert days == (0,)


def test_weekday_traffic_is_recovered(con):
    """Orders by weekday follow the truth within 5 %."""
    rows = con.execute("""
        WITH days AS (
            SELECT ordered_at::DATE AS day, count(DISTINCT order_id) AS n
            FROM raw.order_lines GROUP BY 1
        )
        SELECT isodow, avg(n), any_value(traffic)
        FROM days JOIN raw.truth_weekdays ON isodow = isodow(day) GROUP BY 1 ORDER BY 1""")
    _, seen, truth = (np.array(x, dtype=float) for x in zip(*rows.fetchall(), strict=True))
    assert np.allclose(seen / seen.mean(), truth / truth.mean(), atol=0.05)


def test_yearly_season_is_there(con):
    """Garden sells in May, chocolate in December."""
    share = dict(
        con.execute("""
        SELECT category, avg((month(ordered_at) = 12)::INT) / avg((month(ordered_at) = 5)::INT)
        FROM raw.order_lines JOIN raw.products USING (product_id) GROUP BY 1""").fetchall()
    )
    assert share["chocolate"] > 1.5
    assert share["garden"] < 0.7


CELLS = """
    SELECT p.category, p.brand, l.product_id || l.store_id AS cell,
           date_diff('week', DATE '2023-01-02', ordered_at) // 4 AS period,
           ln(sum(quantity)) AS y, avg(ln(unit_price)) AS x, max(on_promotion::INT) AS promo
    FROM raw.order_lines l JOIN raw.products p USING (product_id)
    GROUP BY 1, 2, 3, date_diff('week', DATE '2023-01-02', ordered_at)
    QUALIFY sum(count(*)) OVER (PARTITION BY cell) >= 10 * 105
    ORDER BY 1, 2, 3, 4, 5"""


def test_elasticities_are_recovered(con):
    """Log-log within product and store, promotion beside it, finds each brand's elasticity.

    Only shelves with 10 lines a week: below that, dropping the weeks without a sale bends the
    logarithm.
    """
    data = con.execute(CELLS).fetchnumpy()
    truth = con.execute("SELECT category, brand, elasticity FROM raw.truth_brands").fetchall()
    errors, uplifts = [], []
    for category, brand, elasticity in truth:
        rows = (data["category"] == category) & (data["brand"] == brand)
        if rows.sum() < 300:
            continue
        cell = np.unique(data["cell"][rows], return_inverse=True)[1]
        period = np.unique(data["period"][rows], return_inverse=True)[1]
        design = np.column_stack(
            [data["x"][rows], data["promo"][rows]]
            + [cell == k for k in range(cell.max() + 1)]
            + [period == k for k in range(1, period.max() + 1)]
        ).astype(float)
        slope = np.linalg.lstsq(design, data["y"][rows], rcond=None)[0]
        errors.append(slope[0] - elasticity)
        uplifts.append(np.exp(slope[1]))
    uplift = con.execute("SELECT value FROM raw.truth_numbers").fetchone()[0]
    assert len(errors) >= 6
    assert np.max(np.abs(errors)) < 0.5
    assert np.mean(np.abs(errors)) < 0.3
    assert abs(np.mean(errors)) < 0.15
    assert abs(np.mean(uplifts) - uplift) < 0.15


def test_tastes_make_co_purchases(con):
    """Customers of one taste share products: neighbours must be able to beat popularity."""
    rows = con.execute("""
        SELECT taste, product_id, count(*) FROM raw.order_lines
        JOIN raw.truth_customers USING (customer_id) GROUP BY ALL""").fetchall()
    products = sorted({r[1] for r in rows})
    counts = np.zeros((8, len(products)))
    for taste, product, n in rows:
        counts[taste, products.index(product)] = n
    share = counts / counts.sum(axis=1, keepdims=True)
    overall = counts.sum(axis=0) / counts.sum()
    own = np.mean([share[k][np.argsort(-share[k])[:10]].sum() for k in range(8)])
    popular = overall[np.argsort(-overall)[:10]].sum()
    assert own > 1.8 * popular


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("huge", "no size 'huge'"),
        (ShopSize(10, 5, 1, 500), "more products"),
        (ShopSize(10, 24, 1, 100), "more days"),
    ],
)
def test_impossible_sizes(size, words):
    with pytest.raises(RetailSQLError, match=words):
        make_shop(size)


def test_named_sizes():
    assert list(SIZES) == ["small", "default", "large"]
