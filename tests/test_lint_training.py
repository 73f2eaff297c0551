"""Lint of training queries: leakage, the future, samples, splits; the project's own are clean."""

# ruff: noqa: E501  (a case of a table stands on one line)
from __future__ import annotations

import re

import pytest

import retailsql
from retailsql.runner.graph import select
from retailsql.runner.materialize.model import model_options
from retailsql.runner.materialize.seed import types
from retailsql.runner.project import load_project
from tests.conftest import ROOT

DAY = "DATE '2020-06-01'"
PAST = f"(SELECT customer_id, sum(amount) AS spend FROM lines WHERE ordered_on < {DAY} GROUP BY 1)"
FUTURE = (
    "(SELECT customer_id, count(*) AS n, sum(amount) AS m FROM lines "
    f"WHERE ordered_on >= {DAY} GROUP BY 1)"
)


@pytest.fixture(scope="module")
def shop():
    with retailsql.connect() as con:
        con.execute("""
            CREATE TABLE snap (customer_id INT, spend DOUBLE, orders_next_60 INT, orders INT,
                               churned BOOLEAN, joined DATE);
            CREATE TABLE lines (customer_id INT, ordered_on DATE, amount DOUBLE);
            CREATE TABLE weeks (week DATE, product_id INT, units DOUBLE, price DOUBLE);
            CREATE VIEW renamed AS SELECT customer_id, spend, churned AS gone, churned FROM snap;
            CREATE MACRO is_none(n) AS n = 0;
            CREATE MACRO since(day) AS TABLE
                SELECT customer_id, count(*) AS n FROM lines WHERE ordered_on >= day GROUP BY 1;
        """)
        yield con


def findings(con, query, **options):
    options = {"model_type": "LOGISTIC_REG", "data_split_method": "NO_SPLIT", **options}
    given = ", ".join(f"{k} = {v!r}" for k, v in options.items())
    head = f"CREATE MODEL m OPTIONS (input_label_cols = ['churned'], {given}) AS\n"
    return [f for f in con.lint(head + query) if f.code != "RS405"]


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("SELECT spend, churned, churned AS x FROM snap", 24),
        ("SELECT spend, CASE WHEN churned THEN 1 END AS x, churned FROM snap", 25),
        ("SELECT spend, orders_next_60, orders_next_60 = 0 AS churned FROM snap", 15),
        ("SELECT spend, 2 * orders_next_60 AS x, is_none(orders_next_60) AS churned FROM snap", 19),
        ("SELECT * EXCLUDE (churned), orders_next_60 = 0 AS churned FROM snap", 8),
        ("SELECT * FROM renamed", 8),
        ("WITH a AS (SELECT spend, churned AS y FROM snap), b AS (SELECT *, NOT y AS z FROM a) "
         "SELECT spend, z, y AS churned FROM b", 100),
        (f"SELECT s.spend, coalesce(f.n, 0) AS q, f.n IS NULL AS churned FROM snap s "
         f"LEFT JOIN {FUTURE} f USING (customer_id)", 26),
        ("SELECT product_id, avg(units) OVER (PARTITION BY product_id) AS a, units AS churned "
         "FROM weeks", 24),
        ("SELECT product_id, avg(units) OVER (ORDER BY week ROWS BETWEEN 3 PRECEDING AND CURRENT "
         "ROW) AS a, units AS churned FROM weeks", 24),
        ("SELECT product_id, max(units) AS churned, sum(units) AS s FROM weeks GROUP BY 1", 47),
        ("SELECT spend, orders, spend + orders > 3 AS churned FROM snap", 15),
    ],
)  # fmt: skip
def test_a_feature_made_of_the_label_is_told_at_its_place(shop, query, column):
    found = [f for f in findings(shop, query) if f.code == "RS201"]
    assert len(found) == 1
    assert (found[0].line, found[0].severity) == (2, "error")
    # The place is the first word of the item that sqlglot notes, the function's name at the latest.
    assert abs(found[0].column - column) <= 12


@pytest.mark.parametrize(
    "query",
    [
        "SELECT spend, orders, churned FROM snap",
        "SELECT spend, orders_next_60 > spend AS churned FROM snap",  # the other half is unknown
        "SELECT product_id, lag(units) OVER w AS a, avg(units) OVER (w ROWS BETWEEN 4 PRECEDING AND "
        "1 PRECEDING) AS b, units AS churned FROM weeks WINDOW w AS "
        "(PARTITION BY product_id ORDER BY week)",
        "SELECT a.units AS before, b.units AS churned FROM weeks a JOIN weeks b "
        "ON a.product_id = b.product_id AND a.week = b.week - 7",
        "SELECT i AS a, i % 2 AS churned FROM range(10) t(i)",  # rows made up are no secret
        "SELECT customer_id, max(ordered_on) - min(ordered_on) AS days, sum(amount) AS churned "
        "FROM lines GROUP BY 1",
        f"SELECT p.spend, f.n IS NULL AS churned FROM {PAST} p LEFT JOIN {FUTURE} f "
        "USING (customer_id)",
        f"SELECT customer_id, sum(amount) FILTER (ordered_on < {DAY}) AS spend, "
        f"sum(CASE WHEN ordered_on < {DAY} THEN 1 END) AS n, "
        f"count(*) FILTER (ordered_on >= {DAY}) = 0 AS churned FROM lines GROUP BY 1",
        "WITH o AS (SELECT * FROM lines WHERE ordered_on >= '2019-01-01') SELECT customer_id, "
        "sum(amount) AS s, count(DISTINCT ordered_on) > 3 AS churned FROM o GROUP BY 1",
        "SELECT s.spend, NOT EXISTS (FROM lines l WHERE l.customer_id = s.customer_id "
        f"AND l.ordered_on >= {DAY}) AS churned FROM snap s",
        "SELECT s.spend, (SELECT count(*) FROM lines l WHERE l.customer_id = s.customer_id AND "
        "l.ordered_on < getvariable('cutoff')) AS n, NOT EXISTS (FROM lines l WHERE l.customer_id "
        "= s.customer_id AND l.ordered_on >= getvariable('cutoff')) AS churned FROM snap s",
        "PIVOT weeks ON product_id USING sum(units)",
        "SELECT COLUMNS('spend|churned') FROM snap",
    ],
)
def test_honest_queries_are_clean(shop, query):
    assert [f for f in findings(shop, query) if f.code.startswith("RS2")] == []


@pytest.mark.parametrize(
    ("query", "features"),
    [
        (f"SELECT p.spend, f.n IS NULL AS churned FROM {PAST.replace('WHERE', 'WHERE true OR')} p "
         f"LEFT JOIN {FUTURE} f USING (customer_id)", []),  # its date is named: not judged
        ("SELECT p.spend, f.n IS NULL AS churned FROM (SELECT customer_id, sum(amount) AS spend "
         f"FROM lines GROUP BY 1) p LEFT JOIN {FUTURE} f USING (customer_id)", ["spend"]),
        (f"SELECT p.spend, f.m, f.n IS NULL AS churned FROM {PAST} p LEFT JOIN {FUTURE} f "
         "USING (customer_id)", ["m"]),
        (f"SELECT customer_id, sum(amount) AS spend, sum(amount) FILTER (ordered_on < {DAY}) AS b, "
         f"count(*) FILTER (ordered_on >= {DAY}) = 0 AS churned FROM lines GROUP BY 1", ["spend"]),
        ("SELECT s.spend, (SELECT count(*) FROM lines l WHERE l.customer_id = s.customer_id) AS n, "
         "NOT EXISTS (FROM lines l WHERE l.customer_id = s.customer_id AND "
         "l.ordered_on >= getvariable('cutoff')) AS churned FROM snap s", ["n"]),
        ("SELECT customer_id, sum(amount) FILTER (ordered_on < '2020-09-01') AS spend, "
         f"count(*) FILTER (ordered_on >= {DAY}) = 0 AS churned FROM lines GROUP BY 1", ["spend"]),
        ("SELECT a.customer_id, sum(a.amount) AS spend, any_value(f.n) IS NULL AS churned FROM "
         f"lines a LEFT JOIN since({DAY}) f USING (customer_id) GROUP BY 1", ["spend"]),
    ],
)  # fmt: skip
def test_a_feature_that_reads_the_future_is_told(shop, query, features):
    found = [f for f in findings(shop, query) if f.code == "RS202"]
    assert [f.sentence.split()[1] for f in found] == features


@pytest.mark.parametrize(
    ("query", "options", "codes"),
    [
        ("SELECT spend, churned FROM snap USING SAMPLE 10%", {}, ["RS401"]),
        ("SELECT spend, churned FROM snap USING SAMPLE 10% (bernoulli, 42)", {}, []),
        ("SELECT spend, churned FROM snap TABLESAMPLE reservoir(10) REPEATABLE (42)", {}, []),
        ("SELECT spend, churned FROM snap WHERE random() < 0.5", {}, ["RS401"]),
        ("SELECT spend, churned FROM snap ORDER BY uuid()", {}, ["RS401"]),
        ("SELECT spend, churned FROM snap WHERE hash(customer_id) % 10 = 0", {}, []),
        ("SELECT spend, churned FROM snap LIMIT 10", {}, ["RS402"]),
        ("SELECT spend, churned FROM snap ORDER BY customer_id LIMIT 10", {}, []),
        ("SELECT row_number() OVER () AS r, churned FROM snap", {}, ["RS402"]),
        ("SELECT row_number() OVER (ORDER BY customer_id) AS r, churned FROM snap", {}, []),
        ("SELECT week, sum(units) AS u, true AS churned FROM weeks GROUP BY ALL ORDER BY week",
         {"data_split_method": "RANDOM"}, ["RS403"]),
        ("SELECT week, sum(units) AS u, true AS churned FROM weeks GROUP BY ALL ORDER BY week",
         {"data_split_method": "SEQ", "data_split_col": "week"}, []),
        ("SELECT joined, spend, churned FROM snap", {"data_split_method": "RANDOM"}, []),
        ("SELECT spend, churned FROM snap", {"data_split_method": "SEQ"}, ["RS404"]),
        ("SELECT spend, churned FROM snap",
         {"data_split_method": "SEQ", "data_split_col": "wek"}, ["RS404"]),
        ("SELECT spend, churned, nope FROM snap", {}, ["RS002"]),
    ],
)  # fmt: skip
def test_samples_and_splits(shop, query, options, codes):
    assert [f.code for f in findings(shop, query, **options)] == codes


def test_rows_out_of_a_join_want_an_order(shop):
    head = "CREATE MODEL m OPTIONS (model_type = 'LINEAR_REG') AS "
    query = "SELECT product_id, sum(units) AS label FROM weeks GROUP BY 1"
    assert [f.code for f in shop.lint(head + query)] == ["RS405"]
    assert shop.lint(f"{head}{query} ORDER BY 1") == []


def test_create_model_says_what_lint_says_of_its_training_query(shop):
    shop.execute(
        "CREATE OR REPLACE TABLE told AS SELECT i % 17 AS a, (i * 7) % 11 AS n FROM range(300) t(i)"
    )
    row = shop.execute(
        "CREATE OR REPLACE MODEL told OPTIONS (model_type = 'LOGISTIC_REG') AS "
        "SELECT a, n, n > 5 AS label FROM told"
    )
    said = dict(zip([c[0] for c in row.description], row.fetchone(), strict=True))["warning"]
    assert "Feature n is computed from the label" in said
    shop.execute("DROP MODEL told")


def project():
    """The shipped project as one script."""

    def text(value):
        return f"[{', '.join(map(text, value))}]" if isinstance(value, list) else repr(value)

    loaded = load_project(ROOT / "sql", {"cutoff": "2026-01-19"})
    out = []
    for node in select(loaded.nodes, None):
        kind = "VIEW" if node.kind == "view" else "TABLE"
        head, sql = f"CREATE {kind} main.{node.name} AS", node.sql
        if node.kind == "model":
            options = {k: v for k, v in model_options(node).items() if k != "description"}
            given = ", ".join(f"{k} = {text(v)}" for k, v in options.items())
            head = f"CREATE MODEL {node.name} OPTIONS ({given}) AS"
        elif node.kind == "score":
            scores = ", ".join(f"{sql} AS {name}" for name, sql in node.options["scores"].items())
            sql = f"SELECT {scores} FROM (\n{sql}\n) AS r"
        elif node.kind == "seed":
            columns = types(loaded.path / node.file, node.file, {})
            sql = "SELECT " + ", ".join(f"NULL::{t} AS {c}" for c, t in columns.items())
        out.append(f"{head}\n{sql}")
    return ";\n".join([*out, *(q.sql for q in loaded.queries.values())])


@pytest.fixture(scope="module")
def raw():
    with retailsql.connect() as con:
        con.execute("""
            CREATE SCHEMA raw;
            CREATE TABLE raw.customers (customer_id TEXT, country TEXT, joined_on DATE);
            CREATE TABLE raw.products (product_id TEXT, description TEXT, category TEXT, brand TEXT);
            CREATE TABLE raw.order_lines (order_id TEXT, line_no INT, customer_id TEXT,
                product_id TEXT, store_id TEXT, ordered_at TIMESTAMP, quantity INT,
                unit_price DOUBLE, on_promotion BOOLEAN);
        """)
        yield con


def test_the_shipped_project_is_clean(raw):
    assert [f.text for f in raw.lint(project())] == []


@pytest.mark.parametrize(
    ("old", "new", "code", "features"),
    [
        (r"AND ordered_on < \(DATE '2026-01-19' - \d+\)", "", "RS202", "recency_days"),
        (r"lag\(units\) OVER earlier", "units + 1", "RS201", "units_1w"),
        (r"ROWS BETWEEN 4 PRECEDING AND 1 PRECEDING\)  AS", "ROWS 3 PRECEDING) AS", "RS201",
         "units_4w"),
        (r"main\.churn_score\(c\)", "churn_scor(c)", "RS102", ""),
        (r"\n    tenure_days,\n    orders,", "\n    tenur_days,\n    orders,", "RS002", ""),
    ],
)  # fmt: skip
def test_a_mistake_put_into_the_shipped_project_is_found(raw, old, new, code, features):
    """Its cleanness is not blindness."""
    text, n = re.subn(old, new, project())
    assert n
    found = raw.lint(text)
    assert {f.code for f in found} == {code}
    assert features in " ".join(f.sentence for f in found)


def test_columns_that_a_transform_leaves_out_are_no_features(shop):
    head = "CREATE MODEL m TRANSFORM({}, churned) OPTIONS (model_type = 'LOGISTIC_REG', " \
           "input_label_cols = ['churned']) AS SELECT spend, churned AS x, churned FROM snap"  # fmt: skip
    assert shop.lint(head.format("ln(spend) AS s")) == []
    assert [f.code for f in shop.lint(head.format("x"))] == ["RS201"]


def test_a_table_of_a_model_yet_to_be_trained_hides_nothing_but_itself(raw):
    """What its function returns is known once it is trained; all else is judged."""
    script = """
        CREATE MODEL basket OPTIONS (model_type = 'ITEM_KNN', user_col = 'customer_id',
            item_col = 'product_id') AS SELECT customer_id, product_id FROM raw.order_lines;
        CREATE TABLE offers AS
            SELECT customer_id, basket_recommend(customer_id, 10) AS items FROM raw.customers;
        CREATE TABLE best AS SELECT customer_id, items[1].item_id AS item FROM offers;
        SELECT anything FROM offers; SELECT item, more FROM best;
        {}
    """
    assert raw.lint(script.format("")) == []
    assert [f.code for f in raw.lint(script.format("SELECT nope FROM raw.customers"))] == ["RS002"]
    again = "CREATE OR REPLACE TABLE offers AS SELECT 1 AS x; SELECT nope FROM offers"
    assert [f.code for f in raw.lint(script.format(again))] == ["RS002"]
    gone = "DROP TABLE offers; SELECT items FROM offers"
    assert [f.code for f in raw.lint(script.format(gone))] == ["RS002"]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("lines", True),
        ("(FROM lines QUALIFY row_number() OVER (PARTITION BY id ORDER BY day DESC) = 1)", True),
        (
            "(FROM lines QUALIFY id IS NULL OR rank() OVER (PARTITION BY id ORDER BY day) <= 3)",
            True,
        ),
        ("(SELECT *, row_number() OVER (ORDER BY day) AS n FROM lines) AS l WHERE n = 1", True),
        ("(FROM lines WHERE day < DATE '2026-01-01')", False),
        ("(FROM lines QUALIFY lag(day) OVER (ORDER BY day) < DATE '2026-01-01')", False),
        ("(FROM lines WHERE id = 1 OR day < DATE '2026-01-01')", False),
    ],
)
def test_a_row_chosen_by_its_rank_among_dates_is_of_any_date(raw, rows, told):
    """row_number() = 1 keeps one row of each key; it does not say until when rows are read."""
    raw.execute("CREATE OR REPLACE TABLE lines (id INT, day TIMESTAMP, spend DOUBLE)")
    found = raw.lint(f"""
        CREATE MODEL m OPTIONS (model_type = 'LOGISTIC_REG', input_label_cols = ['stays']) AS
        WITH f AS (SELECT id, sum(spend) AS spent FROM {rows} GROUP BY id),
             y AS (SELECT id, count(*) > 0 AS stays FROM lines
                   WHERE day >= DATE '2026-01-01' GROUP BY id)
        SELECT f.spent, y.stays FROM f JOIN y USING (id) ORDER BY f.id
    """)
    assert [f.code for f in found] == (["RS202"] if told else [])
