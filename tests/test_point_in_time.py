"""No feature and no label reads past the cutoff, whatever the shop: tried to be proven wrong.

The tables made at a cutoff from all data must be, row by row and to the last bit, those made from
data that ends at the cutoff. Shops are drawn at random, with what real ones have: lines loaded
twice and corrected later, returns, guests, postage, customers that move and products that change
their category after the cutoff.
"""

import datetime as dt
import shutil
from functools import cache
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from retailsql.runner.graph import select
from retailsql.runner.project import load_project

SQL = Path(__file__).parents[1] / "sql"
FIRST = dt.datetime(2026, 1, 5)
DAYS = 80
# Short windows, so that 80 days hold every snapshot.
WINDOWS = {"churn_days": 9, "active_days": 25, "train_snapshots": 1, "snapshot_gap_days": 6}
HISTORY = {
    table: {"from": f"raw.{table}", "columns": {c: c for c in columns.split()}}
    for table, columns in {
        "customers": "customer_id country joined_on known_from",
        "products": "product_id description category brand known_from",
    }.items()
}
COLUMNS = {
    "order_lines": "order_id VARCHAR, line_no INT, customer_id VARCHAR, product_id VARCHAR,"
    " store_id VARCHAR, ordered_at TIMESTAMP, quantity INT, unit_price DOUBLE,"
    " on_promotion BOOLEAN",
    "customers": "customer_id VARCHAR, country VARCHAR, joined_on DATE, known_from TIMESTAMP",
    "products": "product_id VARCHAR, description VARCHAR, category VARCHAR, brand VARCHAR,"
    " known_from TIMESTAMP",
}

customer = st.sampled_from(["ann", "bob", "cat"])
product = st.sampled_from(["tea", "mug", "lamp", "POST"])
word = st.sampled_from(["one", "two", None])
moment = st.builds(
    lambda day, hour: FIRST + dt.timedelta(days=day, hours=hour),
    st.integers(0, DAYS - 1) | st.sampled_from([51, 52, 53]), st.sampled_from([0, 9, 23]),
)  # fmt: skip
line = st.tuples(
    st.integers(1, 12).map("o{}".format),  # few orders: lines come twice, at other times
    st.sampled_from([1, 2, None]),
    customer | st.none(),
    product,
    st.sampled_from(["north", "south", None]),
    moment,
    st.integers(-1, 5),
    st.sampled_from([0.0, 1.0, 2.5, 9.99]),
    st.sampled_from([True, False, None]),
)
shops = st.fixed_dictionaries(
    {
        "order_lines": st.lists(line, min_size=20, max_size=60),
        "customers": st.lists(
            st.tuples(customer, word, st.none(), moment | st.none()), max_size=6
        ),
        "products": st.lists(
            st.tuples(product, word, word, word, moment | st.none()), max_size=6
        ),
    }
)  # fmt: skip
cutoffs = st.sampled_from([1, 49, 52, 79])  # 49: a Monday; 1: no whole week yet
QUICK = settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@cache
def _nodes(root, cutoff, models):
    """What to run, in order, and which of it is compared: models of models/features."""
    project = load_project(root, {"cutoff": str(cutoff), **WINDOWS, **HISTORY})
    features = {n.name for n in project.nodes.values() if n.file.startswith("models/features/")}
    compared = sorted(models or features)  # a new model is held to the same
    return select(project, [f"+{name}" for name in compared]), compared


def _load(con, shop, before=None):
    """Fill schema raw; of the time from ``before`` on nothing."""
    con.execute("CREATE SCHEMA raw")
    for table, columns in COLUMNS.items():
        con.execute(f"CREATE TABLE raw.{table} ({columns})")
        names = [c.split()[0] for c in columns.split(", ")]
        stamp = names.index("ordered_at" if table == "order_lines" else "known_from")
        rows = [
            row for row in shop[table]
            if before is None or row[stamp] is None or row[stamp].date() < before
        ]  # fmt: skip
        if rows:
            marks = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in rows)
            con.execute(f"INSERT INTO raw.{table} VALUES {marks}", [v for row in rows for v in row])


def _made(root, nodes, compared, shop, before=None):
    """Tables as rows, in their order."""
    with duckdb.connect(config={"threads": 1}) as con:
        _load(con, shop, before)
        for node in nodes:
            query = f"FROM read_csv('{root / node.file}')" if node.kind == "seed" else node.sql
            con.execute(f"CREATE TABLE {node.name} AS {query}")
        return {name: con.execute(f"FROM {name}").fetchall() for name in compared}


def _check(root, shop, days, models=()):
    cutoff = (FIRST + dt.timedelta(days=days)).date()
    nodes, compared = _nodes(root, cutoff, models)
    whole = _made(root, nodes, compared, shop)
    cut = _made(root, nodes, compared, shop, cutoff)
    assert whole.keys() == cut.keys() != set()
    for name in whole:
        assert whole[name] == cut[name], name


@given(shop=shops, days=cutoffs)
@QUICK
def test_no_feature_reads_past_the_cutoff(shop, days):
    """All data or data that ends at the cutoff: every table is the same, labels too."""
    _check(SQL, shop, days)


LEAKS = {
    "the door to a customer's past is ajar": (
        "customer_features", "macros/customer_features_at.sql",
        "ordered_on < {{ as_of }}", "ordered_on <= {{ as_of }}",
    ),
    "an unfinished week": (
        "price_features", "models/features/price_features.sql",
        "week + 7 <= {{ cutoff() }}", "week < {{ cutoff() }}",
    ),
    "purchases of tomorrow": (
        "fct_purchases", "models/features/fct_purchases.sql", "ordered_on < {{ cutoff() }}", "true",
    ),
    "labels of days to come": (
        "churn_training", "models/features/churn_training.sql",
        "l.ordered_on < s.as_of + {{ churn_days }}\n"
        "              AND l.ordered_on < {{ cutoff() }}", "true",
    ),
    "of lines that come twice the newest": (
        "fct_purchases", "models/staging/stg_order_lines.sql",
        "ORDER BY ordered_at, product_id, quantity",
        "ORDER BY ordered_at DESC, product_id, quantity",
    ),
    "a customer who moves tomorrow": (
        "customer_features", "macros/newest_known.sql", "known_from < {{ cutoff() }}", "true",
    ),
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(tmp_path, leak):
    """The property above is no empty one: each way of looking ahead breaks it."""
    model, file, right, wrong = LEAKS[leak]
    root = shutil.copytree(SQL, tmp_path / "sql")
    text = (root / file).read_text("utf-8")
    assert right in text
    (root / file).write_text(text.replace(right, wrong), "utf-8")

    @given(shop=shops)
    @settings(QUICK, max_examples=60, report_multiple_bugs=False)
    def property_on_the_leak(shop):
        _check(root, shop, days=52, models=(model,))

    with pytest.raises(AssertionError):
        property_on_the_leak()
