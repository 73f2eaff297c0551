"""Lineage of the shipped project: worked out by hand, and held against what changes what."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO

import duckdb
import pytest
from rich.console import Console

import retailsql
from retailsql.demo.shop import make_shop
from retailsql.errors import ProjectError
from retailsql.runner.graph import order
from retailsql.runner.lineage import column_lineage, downstream, draw, to_json
from retailsql.runner.lineage.filters import Filters
from retailsql.runner.lineage.upstream import Upstream, open_files
from retailsql.runner.lineage.users import ROWS
from retailsql.runner.node import Node, Place
from retailsql.runner.project import load_project, shipped_project

MODELS = {
    "churn": {"model_type": "LOGISTIC_REG", "data_split_method": "CUSTOM",
              "data_split_col": "is_test", "baseline_col": "fewer_orders"},
    "price": {"model_type": "LINEAR_REG", "data_split_method": "SEQ", "data_split_col": "week",
              "baseline_col": ["same_as_last_week", "regular_or_cut"]},
    "basket": {"model_type": "ITEM_KNN", "user_col": "customer_id", "item_col": "product_id",
               "timestamp_col": "ordered_at"},
}  # fmt: skip
"""Trained here: models of the same columns that are quick to train."""
LABELS = {"churn": ["churned"], "price": ["price"]}
UNTRAINED = {"demand", "units", "int_demand_forecasts", "fct_demand_forecasts"}


@pytest.fixture(scope="module")
def project():
    return load_project(shipped_project())


@pytest.fixture(scope="module")
def shop(project):
    """The small shop, with every table of the project that needs no slow model."""
    with retailsql.connect() as con:
        make_shop("small", 0).load(con)
        build(con, project)
        yield con


def build(con, project, train=True):
    """Make the tables of a project with nothing but their SQL."""
    for node in order(project.nodes):
        if node.name in UNTRAINED:
            continue
        if node.kind == "model":
            if train:
                options = {**MODELS[node.name], "input_label_cols": LABELS.get(node.name)}
                options = {k: v for k, v in options.items() if v is not None}
                retailsql.create_model(con, node.name, options, node.sql, replace=True)
            continue
        con.execute(f"CREATE OR REPLACE TABLE main.{node.name} AS {query_of(node, project)}")


def query_of(node, project):
    """The SELECT of a node's table; of a score file what the run makes of it."""
    if node.kind == "seed":
        return f"FROM read_csv('{project.path / node.file}')"
    if node.kind != "score":
        return node.sql
    keys = node.options["unique_key"]
    kept = [*([keys] if isinstance(keys, str) else keys), *node.options.get("keep", [])]
    scores = [f"{text} AS {name}" for name, text in node.options["scores"].items()]
    made = "1 AS model_version, TIMESTAMP '2025-01-01' AS scored_at, hash(r) AS row_hash"
    return f"SELECT {', '.join([*kept, *scores, made])} FROM ({node.sql}\n) AS r"


def raw(tree):
    return {f"{table}.{column}" for table, column in tree.raw}


# ── By hand ────────────────────────────────────────────────────────────────────────────────────

# churn_score(r) takes the thirteen features that training/churn.sql names, without the split, the
# baseline and the label. Read backwards through customer_features_at.sql, stg_order_lines.sql and
# mapped.sql:
#   recency_days, tenure_days, months, days_between, lateness   ordered_on           <- ordered_at
#   orders, orders_30d, orders_90d, basket   order_id <- order_id, and where a shop has none
#                                            customer_id and the day  (30d, 90d: ordered_on too)
#   products                                 product_id
#   spend, spend_90d, basket                 amount                      <- quantity, unit_price
#   lines                                    counts rows
CHURN_SCORE = {
    "raw.order_lines.order_id", "raw.order_lines.customer_id", "raw.order_lines.ordered_at",
    "raw.order_lines.product_id", "raw.order_lines.quantity", "raw.order_lines.unit_price",
}  # fmt: skip

# Rows are chosen by: the lines that are sales (product_id, ordered_at, quantity, unit_price, and
# the seed's codes that are no products); the first of lines that come twice (all columns of a
# line); active customers (ordered_at); the join with customers, one row of each (all three).
CHURN_FILTERS = {
    "raw.order_lines.line_no", "raw.order_lines.store_id", "raw.order_lines.on_promotion",
    "raw.customers.customer_id", "raw.customers.country", "raw.customers.joined_on",
    "non_products.code",
}  # fmt: skip

BY_HAND = {
    "fct_churn_scores.churn_score": CHURN_SCORE,
    "fct_churn_scores.customer_id": {"raw.order_lines.customer_id"},
    "fct_churn_scores.as_of": {"raw.order_lines.ordered_at"},
    "fct_churn_scores.model_version": set(),
    "fct_churn_scores.scored_at": set(),
    # the hash is of the whole row: besides the features country and promotion_share
    "fct_churn_scores.row_hash": CHURN_SCORE
    | {"raw.customers.country", "raw.order_lines.on_promotion"},
    "churn_risk.at_risk": CHURN_SCORE,
    "customer_features.lines": set(),
    "customer_features.country": {"raw.customers.country"},
    "customer_features.promotion_share": {"raw.order_lines.on_promotion"},
    "customer_features.lateness": {"raw.order_lines.ordered_at"},
    "customer_features.basket_units": {
        "raw.order_lines.quantity", "raw.order_lines.order_id", "raw.order_lines.customer_id",
        "raw.order_lines.ordered_at",
    },
    # there was an order of this customer in the days after the snapshot
    "churn_training.churned": {"raw.order_lines.customer_id", "raw.order_lines.ordered_at"},
    "churn_training.is_test": set(),
    # the newest price off promotion before, OVER (PARTITION BY product, store ORDER BY week)
    "price_features.regular_price": {
        "raw.order_lines.unit_price", "raw.order_lines.on_promotion",
        "raw.order_lines.product_id", "raw.order_lines.store_id", "raw.order_lines.ordered_at",
    },
    "price_features.category": {"raw.products.category"},
    # 0 unless the weeks known are of more than a year
    "unit_features.week_of_year": {"raw.order_lines.ordered_at"},
    # the history that is handed over: products in the order of their first times
    "fct_customer_offers.product_id": {"raw.order_lines.product_id", "raw.order_lines.ordered_at"},
    "fct_customer_offers.model_version": set(),
    "basket_offers.description": {"raw.products.description"},
    "fct_demand_forecasts.units": {"raw.order_lines.quantity", "raw.order_lines.ordered_at"},
    "non_products.code": {"non_products.code"},
}  # fmt: skip


@pytest.mark.parametrize("column", BY_HAND)
def test_raw_columns_are_those_worked_out_by_hand(shop, project, column):
    tree = column_lineage(shop, project, column)
    assert raw(tree) == BY_HAND[column]
    assert not tree.lost


def test_columns_that_only_choose_rows_are_apart(shop, project):
    tree = column_lineage(shop, project, "fct_churn_scores.churn_score", filters=True)
    assert {f"{f.table}.{f.column}" for f in tree.filters} == CHURN_FILTERS
    assert column_lineage(shop, project, "fct_churn_scores.churn_score").filters == ()


def test_the_way_goes_through_the_model_and_every_file(shop, project):
    """score -> model -> feature -> staging -> source, each at the line where it is made."""
    tree = column_lineage(shop, project, "fct_churn_scores.churn_score")
    (model,) = tree.children
    assert (tree.kind, model.kind, model.table, model.column) == (
        "score", "model", "churn", "score",
    )  # fmt: skip
    feature = next(c for c in model.children if c.column == "recency_days")
    assert (feature.table, feature.kind, feature.expression) == (
        "customer_features", "table", "min(days_ago)",
    )  # fmt: skip
    assert says(project, feature) == "min(days_ago)"
    (again,) = feature.children
    assert (again.table, again.column, again.shown) == ("stg_order_lines", "ordered_on", True)
    staged = next(n for n in tree.walk() if n.column == "ordered_on" and not n.shown)
    assert says(project, staged) == "CAST(ordered_at AS DATE)"
    (source,) = staged.children
    assert (source.kind, source.table, source.place) == ("source", "raw.order_lines", None)


def says(project, tree):
    """What stands in the line that a tree names, without its alias."""
    text = (project.path / tree.place.file).read_text("utf-8").splitlines()[tree.place.line - 1]
    return re.split(r"\s+AS\s+\w+,?$", text.split("  --")[0].strip())[0].rstrip(",").strip()


def test_every_expression_stands_in_the_line_named(shop, project):
    """Of every column of every file that is an expression of one line."""
    files, checked = open_files(shop, project), 0
    for node in project.nodes.values():
        if node.kind in ("seed", "score"):
            continue
        for column in columns_of(files, node):
            tree = Upstream(files, training=False).of(node, column)
            file = project.path / tree.place.file
            line = file.read_text("utf-8").splitlines()[tree.place.line - 1]
            if "{{" not in line and "(SELECT" not in tree.expression:
                first = re.split(r"[\s(]", tree.expression, maxsplit=1)[0]
                assert first in line, (tree.place, tree.expression)
                checked += 1
    assert checked > 80


def test_features_are_those_that_the_models_function_reads(shop, project):
    """The signature and the macro that DuckDB expands say the same."""
    tree = column_lineage(shop, project, "fct_churn_scores.churn_score")
    (body,) = shop.execute(
        "SELECT macro_definition FROM duckdb_functions() WHERE function_name = 'churn_score' "
        "AND parameters = ['r']"
    ).fetchone()
    read = set(re.findall(r"\br\.\"?(\w+)", body))
    assert len(read) == 13
    assert {child.column for child in tree.children[0].children} == read


def test_training_adds_what_the_model_learned_from(shop, project):
    tree = column_lineage(shop, project, "fct_churn_scores.churn_score", training=True)
    learned = {(n.table, n.column) for n in tree.walk() if n.role == "training"}
    assert ("churn", "churned") in learned
    assert ("churn_training", "churned") in learned
    alone = column_lineage(shop, project, "fct_price_scores.expected_price")
    with_label = column_lineage(shop, project, "fct_price_scores.expected_price", training=True)
    assert ("price_features", "price") not in {(n.table, n.column) for n in alone.walk()}
    assert ("price_features", "price") in {(n.table, n.column) for n in with_label.walk()}


def test_named_arguments_read_what_is_given_to_them(shop, project):
    """Only what stands behind ``:=``; NULL and constants bring nothing."""
    (names,) = shop.execute(
        "SELECT list(f.name) FROM (SELECT unnest(from_json(signature->'features', "
        "'[{\"name\": \"VARCHAR\"}]')) AS f FROM retailsql.versions WHERE model_name = 'churn')"
    ).fetchone()
    given = dict.fromkeys(names, "1") | {"orders": "c.lines + c.products", "spend": "c.spend"}
    call = f"main.churn_score({', '.join(f'{n} := {v}' for n, v in given.items())})"
    shop.execute(f"SELECT {call} FROM customer_features AS c LIMIT 1").fetchall()
    asked = with_query(project, f"SELECT {call} AS s FROM main.customer_features AS c")
    tree = column_lineage(shop, asked, "asked.s")
    found = {(n.table, n.column) for n in tree.walk() if n.table == "customer_features"}
    assert found == {("customer_features", c) for c in ("lines", "products", "spend")}


def with_query(project, sql):
    """The project with one more query, ``asked``."""
    lines = tuple(Place("queries/asked.sql", i + 1) for i in range(sql.count("\n") + 1))
    node = Node("asked", "queries/asked.sql", "query", sql, lines=lines)
    return replace(project, queries={**project.queries, "asked": node})


# ── Against what happens ───────────────────────────────────────────────────────────────────────

CHANGES = {
    "raw.order_lines.order_id": "'x' || (hash(order_id) % 2000)",
    "raw.order_lines.line_no": "line_no % 2",
    "raw.order_lines.customer_id": "CASE WHEN hash(order_id) % 5 > 0 THEN customer_id END",
    "raw.order_lines.product_id": "CASE WHEN line_no = 1 THEN 'P1' ELSE product_id END",
    "raw.order_lines.store_id": "CASE WHEN hash(order_id) % 3 = 0 THEN 'S9' ELSE store_id END",
    "raw.order_lines.ordered_at": "ordered_at - to_days(CAST(hash(order_id) % 9 AS INTEGER))",
    "raw.order_lines.quantity": "quantity + CAST(hash(order_id) % 3 AS INTEGER)",
    "raw.order_lines.unit_price": "unit_price * 1.5",
    "raw.order_lines.on_promotion": "hash(order_id) % 2 = 0",
    "raw.customers.customer_id": "CASE WHEN hash(customer_id) % 2 = 0 THEN customer_id END",
    "raw.customers.country": "upper(country)",
    "raw.customers.joined_on": "joined_on - 7",
    "raw.products.product_id": "CASE WHEN hash(product_id) % 2 = 0 THEN product_id END",
    "raw.products.description": "upper(description)",
    "raw.products.category": "CASE WHEN hash(product_id) % 2 = 0 THEN category ELSE 'other' END",
    "raw.products.brand": "upper(brand)",
}
"""Every raw column of the demo shop -> what its values are changed to."""


@pytest.fixture(scope="module")
def lineages(shop, project):
    """Column of a table -> its values, and its values and filters."""
    files, found = open_files(shop, project), {}
    for node in project.nodes.values():
        if node.name in UNTRAINED or node.kind in ("model", "seed"):
            continue
        for column in columns_of(files, node):
            tree = Upstream(files, training=False).of(node, column)
            filters = {f"{f.table}.{f.column}" for f in Filters(files).of(node, column, tree.raw)}
            found[node.name, column] = (raw(tree), raw(tree) | filters)
    return found


def columns_of(files, node):
    return [c.name for c in files.relation(node.name).columns]


@pytest.fixture(scope="module")
def prints(shop, lineages):
    return fingerprints(shop, lineages)


def fingerprints(con, columns):
    """What is in every column, whatever the order of the rows."""
    found = {}
    tables = dict.fromkeys(table for table, _ in columns)
    for table in tables:
        names = [c for t, c in columns if t == table]
        sums = ", ".join(f'sum(hash("{n}")) || \' \' || count("{n}")' for n in names)
        row = con.execute(f"SELECT {sums} FROM main.{table}").fetchone()
        found |= {(table, n): v for n, v in zip(names, row, strict=True)}
    return found


@pytest.mark.parametrize("column", CHANGES)
def test_what_changes_with_a_raw_column_has_it_in_its_lineage(
    shop, project, lineages, prints, column
):
    """One raw column is changed and every table made again; models stay as they were trained."""
    table, _, name = column.rpartition(".")
    shop.execute("BEGIN")
    try:
        shop.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * REPLACE ({CHANGES[column]} AS {name}) "
            f"FROM {table}"
        )
        build(shop, project, train=False)
        after = fingerprints(shop, lineages)
    finally:
        shop.execute("ROLLBACK")
    changed = {key for key in prints if after[key] != prints[key]}
    assert {key for key in changed if column not in lineages[key][1]} == set()
    # and the values are no idle claim: what says it is computed from this column changes with it,
    # but for prices that nobody paid on promotion and numbers that the shop always has
    if column not in ("raw.order_lines.customer_id", "raw.order_lines.order_id"):
        assert changed & {key for key, (values, _) in lineages.items() if column in values}


def test_the_table_in_the_database_has_the_columns_that_are_told(shop, lineages):
    for table in {t for t, _ in lineages}:
        names = [row[0] for row in shop.execute(f"DESCRIBE main.{table}").fetchall()]
        assert [c for t, c in lineages if t == table] == names


# ── The other way ──────────────────────────────────────────────────────────────────────────────


def test_downstream_is_upstream_read_backwards(shop, project, lineages):
    """A column is found below a raw column if and only if that is found behind it."""
    for column in (
        "raw.order_lines.on_promotion",
        "raw.order_lines.customer_id",
        "raw.products.brand",
    ):
        tree = downstream(shop, project, column)
        below = {
            (n.table, n.column)
            for n in without_training(tree)
            if n.role == "value" and n.column != ROWS
        }
        above = {key for key, (values, _) in lineages.items() if column in values}
        assert {key for key in below if key in lineages} == above


def without_training(tree):
    for child in tree.children:
        if child.role == "value":
            yield child
            yield from without_training(child)


def test_dropping_a_raw_column_breaks_what_downstream_names(shop, project):
    tree = downstream(shop, project, "raw.order_lines.store_id")
    found = {(n.table, n.column, n.kind, n.role) for n in tree.walk()}
    assert ("stg_order_lines", "store_id", "table", "value") in found
    assert ("stg_order_lines", ROWS, "table", "filter") in found
    assert ("fct_price_scores", "expected_price", "score", "value") in found
    assert ("price", "last_price", "model", "training") in found
    assert ("not_null_stg_order_lines_store_id", "", "test", "value") in found
    exposures = {n.table for n in tree.walk() if n.kind == "exposure"}
    assert exposures == {e.name for e in project.exposures}
    brand = downstream(shop, project, "stg_products.brand")
    assert {n.table for n in brand.walk() if n.kind == "exposure"} <= exposures
    assert ("unit_features", "brand") in {(n.table, n.column) for n in brand.walk()}


# ── A shop of one's own ────────────────────────────────────────────────────────────────────────

OWN = {
    "order_lines": {
        "from": "erp.sales",
        "where": "Storno = 0",
        "columns": {
            "order_id": "OrderNo", "line_no": "NULL", "customer_id": "Cust",
            "product_id": '"Item no"', "ordered_at": "strptime(Stamp, '%d.%m.%Y')",
            "quantity": "Qty", "unit_price": "Total / Qty",
        },
    }
}  # fmt: skip


def test_raw_columns_have_the_names_of_the_persons_own_tables():
    project = load_project(shipped_project(), OWN)
    with duckdb.connect() as con:
        make_shop("small", 0).load(con)
        con.execute(
            'CREATE SCHEMA erp; CREATE TABLE erp.sales (OrderNo INT, Cust INT, "Item no" VARCHAR, '
            "Stamp VARCHAR, Qty INT, Total DOUBLE, Storno INT)"
        )
        tree = column_lineage(con, project, "customer_features.basket", filters=True)
        assert raw(tree) == {f"erp.sales.{c}" for c in ("OrderNo", "Cust", "Stamp", "Qty", "Total")}
        leaf = next(n for n in tree.walk() if n.kind == "source")
        assert (leaf.table, leaf.source) == ("erp.sales", "raw.order_lines")
        filters = {f"{f.table}.{f.column}" for f in tree.filters}
        assert {"erp.sales.Storno", "erp.sales.Item no"} <= filters
        users = downstream(con, project, 'erp.sales."Item no"')
        again = downstream(con, project, 'raw.order_lines."Item no"')
        assert to_json(users) == to_json(again)
        assert ("customer_features", "products") in {(n.table, n.column) for n in users.walk()}


def test_files_stand_for_tables(tmp_path):
    (tmp_path / "lines.csv").write_text("no;who;what;day;n;paid\n1;2;3;2025-01-01;1;2.5\n")
    relation = f"read_csv('{tmp_path / 'lines.csv'}', delim = ';')"
    columns = {"order_id": "no", "customer_id": "who", "product_id": "what", "ordered_at": "day"}
    own = {"from": relation, "columns": {**columns, "quantity": "n", "unit_price": "paid"}}
    project = load_project(shipped_project(), {"order_lines": own})
    with duckdb.connect() as con:
        tree = column_lineage(con, project, "customer_features.spend")
    assert {(t, c) for t, c in tree.raw} == {(relation, "n"), (relation, "paid")}
    assert not tree.lost


# ── Told, drawn, refused ───────────────────────────────────────────────────────────────────────


def test_json_holds_the_whole_tree(shop, project):
    tree = column_lineage(shop, project, "fct_churn_scores.churn_score", filters=True)
    told = json.loads(to_json(tree))
    assert told["complete"]
    assert {f"{r['table']}.{r['column']}" for r in told["raw"]} == CHURN_SCORE
    assert told["place"].startswith("models/scores/fct_churn_scores.sql:")

    def count(entry):
        return 1 + sum(count(child) for child in entry.get("children", []))

    assert count(told) == len(list(tree.walk()))
    assert {f"{f['table']}.{f['column']}" for f in told["filters"]} == CHURN_FILTERS


def test_a_column_is_drawn_out_once(shop, project):
    tree = column_lineage(shop, project, "fct_churn_scores.churn_score")
    drawn = [(n.table, n.column) for n in tree.walk() if not n.shown and n.kind == "table"]
    assert len(drawn) == len(set(drawn))
    assert any(n.shown for n in tree.walk())


def test_it_is_drawn_with_file_and_line(shop, project):
    console = Console(width=200, record=True, file=StringIO())
    console.print(draw(column_lineage(shop, project, "customer_features.lateness", filters=True)))
    text = console.export_text()
    assert re.search(
        r"customer_features.lateness  table  macros/customer_features_at.sql:\d+", text
    )
    assert "raw.order_lines.ordered_at  source" in text
    assert "rows chosen by, besides these columns" in text
    console.print(draw(downstream(shop, project, "raw.products.brand")))
    assert "exposure" in console.export_text()


@pytest.mark.parametrize(("column", "message"), [
    ("fct_churn_score.churn_score", "makes no table 'fct_churn_score'.*fct_churn_scores"),
    ("fct_churn_scores.score", "fct_churn_scores.sql: .* has no column 'score'.*churn_score"),
    ("churn_score", "names no column. Wanted: TABLE.COLUMN"),
])  # fmt: skip
def test_a_wrong_name_is_refused_with_the_nearest(shop, project, column, message):
    with pytest.raises(ProjectError, match=message):
        column_lineage(shop, project, column)


def test_downstream_refuses_a_wrong_name(shop, project):
    with pytest.raises(ProjectError, match=r"has no column 'storeid'.*store_id"):
        downstream(shop, project, "raw.order_lines.storeid")
    with pytest.raises(ProjectError, match="neither a table of the project nor a source"):
        downstream(shop, project, "nowhere.a")


def test_without_a_database_it_says_what_it_does_not_know(project):
    """Models are not known then: all that a score is given is listed, and a note says so."""
    tree = column_lineage(None, project, "fct_churn_scores.churn_score")
    assert raw(tree) > CHURN_SCORE
    assert "not trained in this database" in tree.children[0].note
    assert raw(column_lineage(None, project, "customer_features.lateness")) == {
        "raw.order_lines.ordered_at"
    }
