"""Every task keeps the contract: trained once on a small made-up shop, then asked."""

from __future__ import annotations

import json
import re

import pytest

import retailsql
from retailsql.demo.shop import ShopSize, make_shop
from retailsql.functions.macros import VERBS
from retailsql.runner.project import default_project, load_project
from retailsql.runner.run import run
from retailsql.tasks import TASKS
from retailsql.training.create import create_model
from retailsql.training.families import FAMILIES
from tests.conftest import ROOT
from tests.tasks.contract import CASES

BY_NAME = {t.name: t for t in TASKS}
QUICK = {"demand": {"max_iterations": 1, "hidden_units": 8, "horizon": 7, "window": 28}}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A shop with the models of all tasks, trained in seconds."""
    file = tmp_path_factory.mktemp("shop") / "shop.duckdb"

    def train(con, name, options, query, **settings):
        return create_model(con, name, {**options, **QUICK.get(name, {})}, query, **settings)

    with retailsql.connect(file) as con:
        make_shop(ShopSize(150, 24, 2, 500), seed=1).load(con)
        parts = ("path:seeds", "path:models/staging", "path:models/features", "path:training")
        run(con, load_project(default_project()), parts, train=train)
    return file


@pytest.fixture(scope="module")
def shop(path):
    with retailsql.connect(path) as con:
        yield con


def test_every_task_has_a_case():
    assert {c.task for c in CASES} == set(BY_NAME)


@pytest.mark.parametrize("task", TASKS, ids=lambda t: t.name)
def test_a_task_is_declared_as_its_files_are(task):
    """Its model types exist, its training file uses one of them, and its query is there."""
    project = load_project(default_project())
    assert set(task.model_types) <= set(FAMILIES)
    assert project.nodes[task.model].options["model_type"] in task.model_types
    assert task.function in project.queries[task.query].sql
    assert task.verb in VERBS[task.kind]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.task)
class TestContract:
    def test_the_type_is_as_said(self, shop, case):
        types = shop.sql(f"SELECT {case.call} FROM {case.rows} r").types
        assert str(types[0]) == case.result

    def test_most_rows_have_an_answer(self, shop, case):
        rows = shop.execute(f"SELECT count(*), count({case.call}) FROM {case.rows} r").fetchall()
        assert rows[0][0] > 20
        assert rows[0][1] >= 0.9 * rows[0][0]

    def test_nothing_known_is_null(self, shop, case):
        assert shop.execute(case.nothing).fetchall() == [(None,)]

    def test_same_row_same_answer(self, shop, case):
        """In order, in another order, one row at a time, on one thread and two."""
        answers = set()
        for threads, order in ((1, "id"), (2, "hash(id)")):
            shop.execute(f"SET threads = {threads}")
            rows = f"(SELECT * FROM {case.rows} ORDER BY {order})"
            sql = f"SELECT bit_xor(hash(id, {case.call}::VARCHAR)) FROM {rows} r"
            answers.add(shop.execute(sql).fetchall()[0][0])
        assert len(answers) == 1
        all_rows = shop.execute(f"SELECT id, {case.call} FROM {case.rows} r ORDER BY id LIMIT 5")
        for key, answer in all_rows.fetchall():
            one = f"SELECT {case.call} FROM (SELECT * FROM {case.rows} WHERE id = ?) r"
            assert shop.execute(one, [key]).fetchall() == [(answer,)]

    def test_the_statement_equals_the_function(self, shop, case):
        assert shop.execute(case.statement).fetchall() == shop.execute(case.check).fetchall()

    def test_what_the_registry_holds(self, shop, case):
        """Metrics beside a baseline on other rows, parity within tolerance, profile, SQL."""
        model = BY_NAME[case.task].model
        row = shop.execute(
            "SELECT evaluation, certificate, profile, training_sql, libraries, kind "
            "FROM retailsql.versions WHERE model_name = ?", [model]
        ).fetchall()[0]  # fmt: skip
        evaluation, certificate, profile = map(json.loads, row[:3])
        assert evaluation["baselines"]
        assert evaluation["rows_eval"] > 0
        assert evaluation["rows_train"] > 0
        assert certificate["rows"] > 0
        assert certificate["rows_over_tolerance"] <= 0.01 * certificate["rows"]
        assert profile
        assert "SELECT" in row[3]
        assert json.loads(row[4])["duckdb"]
        assert row[5] == BY_NAME[case.task].kind

    def test_a_read_only_session_answers_the_same(self, shop, path, tmp_path, case):
        shop.execute("CHECKPOINT")
        copy = tmp_path / "copy.duckdb"
        copy.write_bytes(path.read_bytes())
        sql = f"SELECT bit_xor(hash(id, {case.call}::VARCHAR)) FROM {case.rows} r"
        with retailsql.connect(copy, read_only=True) as other:
            assert other.execute(sql).fetchall() == shop.execute(sql).fetchall()

    def test_drop_removes_every_function(self, shop, case):
        task = BY_NAME[case.task]
        shop.execute("BEGIN")
        shop.execute(f"DROP MODEL {task.model}")
        left = shop.execute(
            "SELECT function_name FROM duckdb_functions() WHERE function_name = ANY(?)",
            [[f"{task.model}_{verb}" for verb in VERBS[task.kind]]],
        ).fetchall()
        shop.execute("ROLLBACK")
        assert left == []
        assert shop.execute(f"SELECT {case.call} FROM {case.rows} r LIMIT 1").fetchall()


def test_forecast_statement_without_rows_uses_stored_histories(shop):
    """As BigQuery's: ids, timestamps going on from the last, intervals that hold the value."""
    result = shop.execute("FROM ML.FORECAST(MODEL demand, STRUCT(2 AS horizon)) ORDER BY ALL")
    columns = [c[0] for c in result.description]
    assert columns == [
        "product_id", "forecast_timestamp", "forecast_value", "standard_error",
        "confidence_level", "prediction_interval_lower_bound", "prediction_interval_upper_bound",
        "confidence_interval_lower_bound", "confidence_interval_upper_bound",
    ]  # fmt: skip
    rows = result.fetchall()
    last = shop.execute("SELECT max(day) FROM fct_sales_daily").fetchall()[0][0]
    assert (rows[0][1].date() - last).days == 1
    assert all(r[5] <= r[2] <= r[6] for r in rows)


def test_recommend_statement_without_rows_answers_for_all_customers(shop):
    rows = shop.execute("FROM ML.RECOMMEND(MODEL basket) ORDER BY customer_id, rank").fetchall()
    held = shop.execute("SELECT count(DISTINCT customer_id) FROM fct_purchases").fetchall()[0][0]
    assert len({r[0] for r in rows}) == held
    assert rows[0][3] == 1


def test_an_unknown_customer_gets_popular_items(shop):
    rows = shop.execute("SELECT basket_recommend('nobody', 3), basket_recommend([], 3)").fetchall()
    assert rows[0][0] == rows[0][1]
    assert len(rows[0][0]) == 3


def test_seen_items_are_left_out_unless_asked_for(shop):
    sql = """
    SELECT count(*) FROM (SELECT customer_id, unnest(basket_recommend(customer_id, 5{})).item_id AS
    product_id FROM customer_features) JOIN fct_purchases USING (customer_id, product_id)"""
    assert shop.execute(sql.format("")).fetchall() == [(0,)]
    assert shop.execute(sql.format(", exclude_seen := false")).fetchall()[0][0] > 0


def test_short_and_long_histories(shop):
    """Three days, or a thousand: both have a forecast; beyond the horizon is an error in words."""
    sql = "SELECT len(demand_forecast(list(i % 5), 7)) FROM range({}) r(i)"
    assert shop.execute(sql.format(3)).fetchall() == [(7,)]
    assert shop.execute(sql.format(1000)).fetchall() == [(7,)]
    with pytest.raises(retailsql.RetailSQLError, match="horizon"):
        shop.execute("SELECT demand_forecast([1, 2, 3], 99)").fetchall()


def test_stored_keys_keep_their_types(con):
    """Several ids, one id, no id; whole numbers stay whole numbers."""
    con.execute(
        "CREATE TABLE s AS SELECT i % 3 AS shop, 's' || (i % 2) AS sku, DATE '2024-01-01' + "
        "(i // 6)::INT AS day, (i * 7) % 10 AS units FROM range(600) r(i)"
    )
    options = "model_type='LSTM', time_series_timestamp_col='day', time_series_data_col='units', "
    options += "horizon=5, max_iterations=1"
    ids = ", time_series_id_col=['shop', 'sku']"
    con.execute(f"CREATE MODEL many OPTIONS({options}{ids}) AS FROM s")
    con.execute(
        f"CREATE MODEL one OPTIONS({options}) AS SELECT day, sum(units) AS units FROM s GROUP BY 1"
    )
    many = con.sql("FROM ML.FORECAST(MODEL many, STRUCT(1 AS horizon)) ORDER BY ALL")
    assert many.columns[:3] == ["shop", "sku", "forecast_timestamp"]
    assert [r[:2] for r in many.fetchall()] == [(a, b) for a in range(3) for b in ("s0", "s1")]
    one = con.sql("FROM ML.FORECAST(MODEL one, STRUCT(2 AS horizon)) ORDER BY ALL")
    assert one.columns[0] == "forecast_timestamp"
    assert len(one.fetchall()) == 2
    con.execute(
        "CREATE MODEL k OPTIONS(model_type='ITEM_KNN', user_col='cust', item_col='item', "
        "timestamp_col='day') AS SELECT i % 40 AS cust, (i * 7) % 53 AS item, "
        "DATE '2024-01-01' + (i // 6)::INT AS day FROM range(600) r(i)"
    )
    rows = con.sql("FROM ML.RECOMMEND(MODEL k, STRUCT(2 AS top_k)) ORDER BY cust, rank")
    assert [str(t) for t in rows.types] == ["BIGINT", "BIGINT", "DOUBLE", "INTEGER"]
    assert rows.fetchall()[0][0] == 0


def test_every_sql_example_of_the_readme_runs(shop):
    """As it stands, on the demo's tables; only the network is trained for less long."""
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    statements = [s for b in blocks for s in b.split(";\n") if s.strip() and "..." not in s]
    shop.execute("BEGIN")
    for statement in statements:
        short = statement.replace("horizon = 28", "horizon = 7, window = 28, max_iterations = 1")
        shop.execute(short.replace("ay), 28)", "ay), 7)")).fetchall()
    shop.execute("ROLLBACK")
    assert len(statements) >= 8
