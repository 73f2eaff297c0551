"""The features of sql/: worked out by hand, and blind to the future."""

import datetime as dt
import math
import os
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retailsql.demo.online_retail import load_online_retail
from retailsql.demo.shop import ShopSize, make_shop
from retailsql.runner.project import load_project
from retailsql.runner.run import run

SQL = Path(__file__).parents[1] / "sql"
SHARED = Path(os.environ.get("RETAILSQL_DATA", Path(__file__).parents[2] / "shared" / "data"))
REAL = SHARED / "online_retail_2010_2011" / "online_retail_2010_2011.parquet"
TABLES = (
    "customer_features", "churn_training", "fct_sales_daily", "fct_sales_weekly", "price_features",
    "unit_features", "fct_purchases",
)  # fmt: skip

# Six lines on five days in two weeks (5 January 2026 is a Monday), and one on the cutoff itself.
SIX = """
    ('o1', 1, 'ann', 'tea', 'north', TIMESTAMP '2026-01-05 10:00', 2, 3.00, false),
    ('o1', 2, 'ann', 'mug', 'north', TIMESTAMP '2026-01-05 10:00', 1, 8.00, true),
    ('o2', 1, 'bob', 'tea', 'south', TIMESTAMP '2026-01-06 11:00', 4, 3.50, false),
    ('o3', 1, NULL,  'mug', 'south', TIMESTAMP '2026-01-08 12:00', 1, 9.00, false),
    ('o4', 1, 'ann', 'tea', 'north', TIMESTAMP '2026-01-13 09:00', 3, 2.50, true),
    ('o5', 1, 'ann', 'tea', 'south', TIMESTAMP '2026-01-15 09:00', 1, 4.00, false),
    ('o6', 1, 'bob', 'mug', 'north', TIMESTAMP '2026-01-19 00:00', 9, 1.00, false)
"""


@pytest.fixture(scope="module")
def six():
    con = duckdb.connect()
    con.execute(f"""
        CREATE SCHEMA raw;
        CREATE TABLE raw.customers AS SELECT 'ann' AS customer_id, 'France' AS country,
            DATE '2025-12-01' AS joined_on UNION ALL SELECT 'bob', 'Spain', DATE '2026-01-06';
        CREATE TABLE raw.products AS SELECT * FROM (VALUES ('tea', 'Tea', 'home', 'Leaf'),
            ('mug', 'Mug', 'home', 'Clay')) t(product_id, description, category, brand);
        CREATE TABLE raw.order_lines AS SELECT * FROM (VALUES {SIX}) t(order_id, line_no,
            customer_id, product_id, store_id, ordered_at, quantity, unit_price, on_promotion);
    """)
    run(con, load_project(SQL, {"cutoff": "2026-01-19"}))
    yield con
    con.close()


def _rows(con, query):
    result = con.execute(query)
    names = [c[0] for c in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def test_customer_features_by_hand(six):
    """Ann: three orders on 5, 13, 15 January, 2 x 3 + 8 + 3 x 2.5 + 4 = 25.5; seen on the 19th."""
    ann, bob = _rows(six, "FROM customer_features ORDER BY customer_id")
    assert ann == {
        "customer_id": "ann", "as_of": dt.date(2026, 1, 19), "country": "France",
        "recency_days": 4, "tenure_days": 14, "orders": 3, "orders_30d": 3, "orders_90d": 3,
        "months": 1, "lines": 4, "products": 2, "spend": 25.5, "spend_90d": 25.5, "basket": 8.5,
        "basket_units": pytest.approx(7 / 3), "promotion_share": 0.5, "days_between": 5.0,
        "lateness": 0.8, "log_recency": pytest.approx(math.log(5)),
        "log_tenure": pytest.approx(math.log(15)), "log_orders": pytest.approx(math.log(3)),
        "log_orders_90d": pytest.approx(math.log(4)), "log_spend": pytest.approx(math.log(26.5)),
        "log_products": pytest.approx(math.log(3)),
    }  # fmt: skip
    # Bob's order on the morning of the cutoff is not known: one order, so no wait to compare with.
    assert (bob["recency_days"], bob["orders"], bob["spend"]) == (13, 1, 14.0)
    assert (bob["days_between"], bob["lateness"]) == (None, None)


def test_sales_daily_by_hand(six):
    """0 where the shop was open, NULL where nobody bought anything at all."""
    rows = six.execute("SELECT day, units FROM fct_sales_daily WHERE product_id = 'tea'").fetchall()
    assert [r[0] for r in rows] == [dt.date(2026, 1, d) for d in range(5, 19)]
    none = None
    assert [r[1] for r in rows] == [
        2, 4, none, 0, none, none, none, none, 3, none, 1, none, none, none,
    ]  # fmt: skip
    weekly = six.execute(
        "SELECT week, units FROM fct_sales_weekly WHERE product_id = 'tea'"
    ).fetchall()
    assert weekly == [(dt.date(2026, 1, 5), 6.0), (dt.date(2026, 1, 12), 4.0)]


def test_price_features_by_hand(six):
    """Tea in the second week: last week's own price, the other store's, the other product's."""
    north, south = _rows(six, "FROM price_features WHERE product_id = 'tea' ORDER BY store_id")
    assert (north["week"], north["price"], north["last_price"]) == (dt.date(2026, 1, 12), 2.5, 3.0)
    assert (north["promotion"], north["regular_price"], north["promoted_price"]) == (1, 3.0, 3.0)
    # The mug next to it was on promotion: what it usually costs is not known yet.
    assert (north["other_stores_price"], north["category_price"]) == (3.5, None)
    assert (south["price"], south["last_price"]) == (4.0, 3.5)
    assert (south["other_stores_price"], south["category_price"]) == (3.0, 9.0)
    assert (south["usual_price"], south["weeks_since"]) == (3.5, 1)
    assert six.execute("SELECT count(*) FROM price_features").fetchone() == (2,)


def test_unit_features_by_hand(six):
    """Mugs were not bought in the second week: zero... unless no day of it is known."""
    rows = _rows(six, "SELECT * FROM unit_features ORDER BY product_id")
    assert [(r["product_id"], r["units"], r["units_1w"]) for r in rows] == [
        ("mug", 0.0, 2.0), ("tea", 4.0, 6.0),
    ]  # fmt: skip
    # One line each at 3 and 3.5, then at 2.5 and 4: of equals the higher. The mug's tag stays.
    assert [(r["price"], r["price_ratio"], r["promotion"]) for r in rows] == [
        (9.0, 1.0, 0), (4.0, 4.0 / 3.5, 1),
    ]  # fmt: skip


@pytest.fixture
def sold():
    """A function: order lines (product, day, quantity, price, on_promotion), cutoff -> a shop."""
    cons = []

    def sold(lines, cutoff):
        con = duckdb.connect()
        cons.append(con)
        con.execute("""
            CREATE SCHEMA raw;
            CREATE TABLE raw.customers (customer_id VARCHAR, country VARCHAR, joined_on DATE);
            CREATE TABLE raw.products (product_id VARCHAR, description VARCHAR, category VARCHAR,
                brand VARCHAR);
            CREATE TABLE raw.order_lines (order_id VARCHAR, line_no INT, customer_id VARCHAR,
                product_id VARCHAR, store_id VARCHAR, ordered_at TIMESTAMP, quantity INT,
                unit_price DOUBLE, on_promotion BOOLEAN)""")
        insert = "INSERT INTO raw.order_lines VALUES (?, 1, NULL, ?, 'north', ?, ?, ?, ?)"
        con.executemany(insert, [[str(i), *line] for i, line in enumerate(lines)])
        run(con, load_project(SQL, {"cutoff": str(cutoff)}), select="+unit_features")
        return con

    yield sold
    for con in cons:
        con.close()


FIRST = dt.date(2026, 1, 5)


def _day(n):
    return FIRST + dt.timedelta(days=n)


def test_a_pause_is_zero_in_the_past_and_at_the_end(sold):
    """The lamp is sold on days 0, 50 and 60, then no more; the shop is closed on Sundays."""
    lines = [("tea", _day(n), 1, 3.0, False) for n in range(100) if n % 7 != 6]
    lines += [("lamp", _day(n), 2, 30.0, False) for n in (0, 50, 60)]
    rows = sold(lines, _day(100)).execute(
        "SELECT day, units FROM fct_sales_daily WHERE product_id = 'lamp' ORDER BY day"
    )
    wanted = {n: None if n % 7 == 6 else 0.0 for n in range(100)} | {0: 2.0, 50: 2.0, 60: 2.0}
    assert rows.fetchall() == [(_day(n), units) for n, units in wanted.items()]


def test_a_closed_shop_is_not_known(sold):
    """Two weeks of holidays: NULL days, and NULL weeks where no day at all is known."""
    lines = [("tea", _day(n), 1, 3.0, False) for n in range(49) if not 14 <= n < 30]
    con = sold(lines, _day(49))
    units = [r[0] for r in con.execute("SELECT units FROM fct_sales_daily ORDER BY day").fetchall()]
    assert units == [None if 14 <= n < 30 else 1.0 for n in range(49)]
    weekly = con.execute("SELECT units FROM fct_sales_weekly ORDER BY week").fetchall()
    assert weekly == [(7.0,), (7.0,), (None,), (None,), (5.0,), (7.0,), (7.0,)]


def test_the_price_is_the_tag_whatever_is_bought(sold):
    """A bulk order at half the price, or more buyers on promotion, tell nothing of the units."""
    week = [("tea", _day(0), 1, 3.0, False)]
    retail = [("tea", _day(7), 1, 2.0, False)] * 3
    bulk = [("tea", _day(8), 500, 1.0, True)]

    def asked(lines):
        query = "SELECT price, price_ratio, promotion, units FROM unit_features"
        return sold(lines, _day(14)).execute(query).fetchall()

    assert asked(week + retail) == [(2.0, 2 / 3, 0, 3.0)]
    assert asked(week + retail + bulk) == [(2.0, 2 / 3, 1, 503.0)]
    assert asked(week + retail + bulk * 2) == [(2.0, 2 / 3, 1, 1003.0)]


def test_a_product_long_unsold_is_not_asked_about(sold):
    """Twelve weeks without a sale: decided by the past alone, so the thirteenth week is out."""
    lines = [("tea", _day(n), 1, 3.0, False) for n in range(140)]
    lines += [("lamp", _day(n), 1, 30.0, False) for n in (0, 98)]
    con = sold(lines, _day(140))
    weeks = con.execute(
        "SELECT (week - DATE '2026-01-05') // 7, units FROM unit_features WHERE product_id = 'lamp'"
        " ORDER BY week"
    ).fetchall()
    assert weeks == [(n, 0.0) for n in range(1, 13)] + [(n, 0.0) for n in range(15, 20)]


def test_purchases_by_hand(six):
    """Guests are not customers; the order of the cutoff's morning is not known."""
    assert six.execute("SELECT customer_id, product_id FROM fct_purchases").fetchall() == [
        ("ann", "mug"), ("ann", "tea"), ("ann", "tea"), ("ann", "tea"), ("bob", "tea"),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def shop():
    return make_shop(ShopSize(80, 24, 2, 560), seed=5)


@pytest.fixture(scope="module")
def features(shop):
    """A function: cutoff, SQL that tampers -> every feature table as rows."""

    def features(cutoff, tamper=""):
        with duckdb.connect() as con:
            shop.load(con)
            con.execute(tamper or "SELECT 1")
            run(con, load_project(SQL, {"cutoff": str(cutoff)} if cutoff else {}))
            return {t: con.execute(f"FROM {t}").fetchall() for t in TABLES}

    return features


# Lines of the future: removed, made huge, moved by years, or bought by someone else.
TAMPERS = (
    "DELETE FROM raw.order_lines WHERE {future}",
    "UPDATE raw.order_lines SET quantity = 1000, unit_price = unit_price * 100 WHERE {future}",
    "UPDATE raw.order_lines SET ordered_at = ordered_at + INTERVAL 900 DAY WHERE {future}",
    "UPDATE raw.order_lines SET customer_id = 'C00001', product_id = 'P0001', on_promotion = true"
    " WHERE {future}",
)


@given(days_back=st.integers(0, 60), tamper=st.sampled_from(TAMPERS))
@settings(
    max_examples=5, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_no_feature_sees_past_the_cutoff(features, days_back, tamper):
    """Whatever happens on the cutoff's day or later, every table is the same to the last bit."""
    cutoff = dt.date(2025, 6, 30) - dt.timedelta(days=days_back)
    future = tamper.format(future=f"ordered_at >= DATE '{cutoff}'")
    assert features(cutoff) == features(cutoff, future)


@given(days_back=st.integers(1, 120))
@settings(
    max_examples=4, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_history_is_not_rewritten(features, days_back):
    """What a day's or week's row says on some morning it says for good, whatever is sold later."""
    cutoff = dt.date(2025, 6, 30)
    earlier = cutoff - dt.timedelta(days=days_back)
    then, now = features(earlier), features(cutoff)
    for table, column, width in (
        ("fct_sales_daily", 1, 1), ("fct_sales_weekly", 1, 7), ("unit_features", 1, 7),
        ("price_features", 2, 7),
    ):  # fmt: skip
        known = [r for r in now[table] if r[column] + dt.timedelta(days=width) <= earlier]
        assert known == then[table], table


def test_snapshots_see_only_their_past(features):
    """In the training snapshots, too: what came after one changes its label and nothing else."""
    cutoff = dt.date(2025, 6, 30)
    test_day = cutoff - dt.timedelta(days=60)
    future = TAMPERS[0].format(future=f"ordered_at >= DATE '{test_day}'")
    whole, cut = (features(cutoff, t)["churn_training"] for t in ("", future))
    assert [r[:-1] for r in whole] == [r[:-1] for r in cut]
    labels = {r[1]: set() for r in cut}
    for r in cut:
        labels[r[1]].add(r[-1])
    assert labels[test_day] == {True}  # nobody came back to a shop that ended
    earlier = [r for r in whole if r[1] < test_day]
    assert earlier == [r for r in cut if r[1] < test_day]  # their labels were known by then
    assert len({r[1] for r in earlier}) == 4


def test_default_cutoff_is_the_day_after_the_last_order(features):
    assert features(None) == features(dt.date(2025, 7, 1))


def test_training_snapshots_and_scoring_agree(features):
    """The snapshot of a day is what customer_features was on that day: no train/serve skew."""
    cutoff = dt.date(2025, 6, 30)
    test_day = cutoff - dt.timedelta(days=60)
    snapshot = [r[:-2] for r in features(cutoff)["churn_training"] if r[1] == test_day]
    on_the_day = [r for r in features(test_day)["customer_features"] if r[3] <= 180]
    assert snapshot == on_the_day


@pytest.mark.skipif(not REAL.exists(), reason=f"{REAL} is missing")
def test_churn_snapshot_of_online_retail():
    """The test snapshot is quality.md's: the trivial rule scores .719 and .628 on it."""
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is of the extra train")
    with duckdb.connect() as con:
        con.execute("SET threads = 1")
        load_online_retail(con, REAL)
        run(con, load_project(SQL), select="+churn_training")
        rows = con.execute("""
            SELECT as_of, churned, -orders AS fewer FROM churn_training WHERE is_test""").fetchall()
        none_known_late = con.execute("""
            SELECT max(as_of) + 60 <= DATE '2011-10-11' FROM churn_training WHERE NOT is_test""")
        assert none_known_late.fetchone() == (True,)
    assert {r[0] for r in rows} == {dt.date(2011, 10, 11)}
    churned, fewer = [r[1] for r in rows], [r[2] for r in rows]
    assert metrics.roc_auc_score(churned, fewer) == pytest.approx(0.719, abs=5e-4)
    assert metrics.average_precision_score(churned, fewer) == pytest.approx(0.628, abs=5e-4)
