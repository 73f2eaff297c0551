"""Lint: mistakes a first user planted, each of which a run refuses."""

# ruff: noqa: E501  (a case of a table stands on one line)
from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

import retailsql
from retailsql.cli import cli
from retailsql.dialect.lint.bigquery import lint_bigquery
from retailsql.dialect.lint.check import lint
from retailsql.errors import SignatureError
from retailsql.training.check_options import check_options

CHURN = """CREATE MODEL churn
TRANSFORM(ln(1 + spend) AS s, upper(channel) AS channel, date_part('month', day) AS m, len(tags) AS n, churned)
OPTIONS(model_type='LOGISTIC_REG', input_label_cols=['churned']) AS SELECT * EXCLUDE customer_id FROM customers"""
ONLY = """CREATE MODEL only TRANSFORM(ln(1 + spend) AS s, upper(channel) AS channel)
OPTIONS(model_type='TRANSFORM_ONLY') AS SELECT spend, channel FROM customers"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("mistakes") / "shop.duckdb"
    with retailsql.connect(file) as con:
        con.execute(
            "CREATE TABLE customers AS SELECT i AS customer_id, i * 1.5 AS spend, "
            "CASE WHEN i % 3 = 0 THEN 'web' ELSE 'shop' END AS channel, "
            "DATE '2024-01-01' + (i % 50)::INT AS day, ['a', 'b'] AS tags, i % 2 = 0 AS churned "
            "FROM range(200) t(i)"
        )
        con.execute(CHURN)
        con.execute(ONLY)
    return file


@pytest.fixture(scope="module")
def con(path):
    with retailsql.connect(path, read_only=True) as con:
        yield con


def told(con, sql):
    return [(f.code, f.line, f.column) for f in con.lint(sql)]


@pytest.mark.parametrize(
    ("options", "at", "words"),
    [
        ("model_type='LOGISTIC_REG', input_label_cols=['churnd']", "'churnd'", "churned"),
        ("model_type='LOGISTIC_REG', input_label_cols=['churned'], max_iteration=5", "max_iteration", "max_iterations"),
        ("model_type='LOGISTIC_REG', input_label_cols=['churned'], l2_reg='lots'", "'lots'", "float"),
        ("model_type='LOGISTC_REG', input_label_cols=['churned']", "model_type", "LOGISTIC_REG"),
        ("input_label_cols=['churned']", "", "model_type"),
        ("model_type='LOGISTIC_REG'", "", "'label'"),
        ("model_type='KMEANS', num_clusters=2, exclude_cols=['chanel']", "'chanel'", "channel"),
    ],
)  # fmt: skip
def test_options_that_training_refuses_are_told_at_their_place(con, options, at, words):
    head = "CREATE MODEL m "
    (found,) = con.lint(
        f"{head}OPTIONS({options}) AS SELECT churned, spend, channel FROM customers"
    )
    assert found.code == "RS003"
    assert words in found.sentence + found.fix
    if at:
        assert found.column == len(f"{head}OPTIONS(") + options.index(at) + 1


@pytest.mark.parametrize(
    "options",
    [
        "model_type='LOGISTIC_REG', input_label_cols=['churned'], learn_rate=0.1, description='d'",
        "model_type='logistic_reg', labels=['churned'], l2_reg=HPARAM_RANGE(0, 5), num_trials=4",
        "model_type='LOGISTIC_REG', input_label_cols=['CHURNED'], exclude_cols='spend'",
        "model_type='PCA', num_principal_components=1, exclude_cols=['churned']",
    ],
)
def test_options_that_training_takes_give_no_finding(con, options):
    sql = f"CREATE MODEL m OPTIONS({options}) AS SELECT churned, spend, channel FROM customers"
    assert told(con, sql) == []


def test_options_are_not_judged_where_the_training_libraries_are_missing():
    """In a process of its own: modules are not to be torn out of other tests."""
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from retailsql.training.check_options import check_options\n"
        "print(list(check_options({'model_type': 'LOGISTIC_REG', 'nope': 1}, ['label'])))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("item", "code", "word", "words"),
    [
        ("ML.STANDARD_SCALER(spnd) OVER ()", "RS002", "spnd", "spend"),
        ("ML.MINMAX_SCALER(spend) OVER ()", "RS001", "ML", "ML.MIN_MAX_SCALER"),
        ("ML.NONSENSE(spend)", "RS001", "ML", "NONSENSE"),
        ("ML.STANDARD_SCALER(spend)", "RS001", None, "OVER ()"),
    ],
)
def test_preprocessing_functions_are_read_in_transform_and_alone(con, item, code, word, words):
    lists = f"CREATE MODEL m TRANSFORM({item} AS s, churned) OPTIONS(model_type='LOGISTIC_REG', input_label_cols=['churned']) AS SELECT spend, churned FROM customers"
    for sql in (lists, f"SELECT {item} AS s FROM customers"):
        (found,) = con.lint(sql)
        assert found.code == code
        assert words in found.sentence + found.fix
        assert word is None or sql[found.column - 1 :].startswith(word)


@pytest.mark.parametrize(
    "items",
    [
        "ML.STANDARD_SCALER(ML.MIN_MAX_SCALER(spend) OVER ()) OVER () AS s, churned",
        "* EXCEPT (day), ML.BUCKETIZE(spend, [1, 5]) AS b,",
        "* REPLACE (ln(1 + spend) AS spend)",
        "churned, ML.ONE_HOT_ENCODER(channel) OVER () AS o, ML.NGRAMS(tags, [1, 2]) AS g",
    ],
)
def test_a_right_transform_gives_no_finding_with_and_without_a_database(con, items):
    sql = f"CREATE MODEL m TRANSFORM({items}) OPTIONS(model_type='LOGISTIC_REG', input_label_cols=['churned']) AS SELECT * FROM customers"
    assert told(con, sql) == [] == lint(None, sql, None, check_options)


@pytest.mark.parametrize(
    ("sql", "column", "words"),
    [
        ("SELECT * FROM custmers", 15, "Did you mean customers?"),
        ("SELEC 1", 1, "SELEC"),
        ("SELECT customer_idd FROM customers", 8, "customer_id"),
        ("SELECT churn_score(c) FROM custmers c", 28, "Did you mean customers?"),
        ("UPDATE custmers SET spend = 1", 8, "Did you mean customers?"),
        ("SELECT * FROM `main.customers`", 15, "--dialect bigquery"),
        ("SELECT * FROM ML.PREDICT(MODEL churn, TABLE `main.customers`)", 45, "--dialect bigquery"),
    ],
)
def test_plain_sql_beside_statements_about_models_is_bound(con, sql, column, words):
    (found,) = con.lint(f"DROP MODEL IF EXISTS old;\n{sql}")
    assert (found.code, found.line, found.column) == ("RS002", 2, column)
    assert words in found.sentence + found.fix
    assert lint(None, f"DROP MODEL IF EXISTS old;\n{sql}") == [] or "`" in sql


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE made AS SELECT spend FROM customers; SELECT spend FROM made",
        "SELECT * FROM retailsql.models",
        "SELECT 'a'::mood; SELECT nextval('numbers')",
        "SELECT * FROM 'not_here_yet.csv'",
        "PRAGMA database_list; SHOW MODELS; SHOW TABLES",
        "SELECT * FROM ML.EXPLAIN_PREDICT(MODEL churn, TABLE customers)",
        "ATTACH 'other.duckdb' AS other; SELECT * FROM other.orders",
    ],
)
def test_what_only_the_run_can_know_gives_no_finding(con, sql):
    assert told(con, f"DROP MODEL IF EXISTS old; {sql}") == []


@pytest.mark.parametrize(
    ("replaced", "seen", "wanted"),
    [
        ("7 AS channel", "INTEGER", "VARCHAR"),
        ("true AS channel", "BOOLEAN", "VARCHAR"),
        ("'x' AS spend", "VARCHAR", "DOUBLE"),
        ("3 AS day", "INTEGER", "DATE"),
        ("3 AS tags", "INTEGER", r"VARCHAR\[\]"),
    ],
)
def test_a_raw_column_of_the_wrong_type_is_refused_by_lint_and_by_the_run(
    con, replaced, seen, wanted
):
    column = replaced.split()[-1]
    rows = f"(SELECT * REPLACE ({replaced}) FROM customers)"
    calls = [
        f"SELECT * FROM ML.{v}(MODEL churn, {rows})"
        for v in ("PREDICT", "TRANSFORM", "EXPLAIN_PREDICT", "EVALUATE")
    ]
    calls += [f"SELECT churn_{v}(x) FROM {rows} AS x" for v in ("score", "predict")]
    if column in ("channel", "spend"):
        calls += [
            f"SELECT * FROM ML.TRANSFORM(MODEL only, {rows})",
            f"SELECT only_transform(x) FROM {rows} AS x",
        ]
    for sql in calls:
        assert [code for code, *_ in told(con, sql)] == ["RS104"], sql
        with pytest.raises(
            SignatureError,
            match=rf"Column '{column}' of model '\w+' has the wrong type. Seen: {seen}. Wanted: {wanted}",
        ):
            con.execute(sql)


@pytest.mark.parametrize(
    "replaced",
    ["7 AS spend", "7::DOUBLE AS spend", "7.5::DECIMAL(5, 2) AS spend", "NULL AS channel",
     "'web'::ENUM('web', 'x') AS channel", "[] AS tags", "NULL AS tags"],
)  # fmt: skip
def test_raw_columns_are_taken_as_leniently_as_those_of_a_plain_model(con, replaced):
    sql = f"SELECT * FROM ML.PREDICT(MODEL churn, (SELECT * REPLACE ({replaced}) FROM customers))"
    assert told(con, sql) == []
    assert len(con.execute(sql).fetchall()) == 200


def test_the_check_of_types_is_planned_away(con):
    for sql in (
        "SELECT churn_score(c) FROM customers AS c",
        "SELECT * FROM ML.TRANSFORM(MODEL churn, TABLE customers)",
    ):
        assert "_raw(" not in con.execute(f"EXPLAIN {sql}").fetchall()[0][1]


SCRIPT = """DECLARE d INT64 DEFAULT 3;
CREATE TABLE IF NOT EXISTS `shop.main.tmp` AS
SELECT customer_id, SAFE_DIVIDE(spend, 2) AS half FROM `main.customers`;
SELECT * FROM ML.PREDICT(MODEL `main.churn`, TABLE `main.customers`);
SELECT half FROM tmp;
SELECT *
FROM ML.PREDICT(MODEL `main.churn`, (SELECT * REPLACE (7 AS channel) FROM `main.customers`));
SELECT * FROM ML.PREDICT(MODEL `main.chrn`, TABLE `main.customers`);
IF d > 2 THEN
  SELECT customer_idd FROM `main.customers` WHERE customer_id > d;
END IF;
CREATE OR REPLACE MODEL `main.m` OPTIONS(model_type='LOGISTIC_REG', input_label_cols=['churned'], max_iteration=5) AS
SELECT churned, spend FROM `main.customers`;
SELECT * FROM `main.custmers`;  -- lint: allow RS002
"""


def test_a_script_in_bigquerys_dialect_is_judged_where_it_is_written(con):
    found = [(f.code, f.line) for f in con.lint(SCRIPT, "q.sql", "bigquery")]
    assert found == [("RS104", 7), ("RS101", 8), ("RS002", 10), ("RS003", 12)]
    assert [(f.code, f.line) for f in lint_bigquery(None, SCRIPT, "q.sql", check_options)] == [
        ("RS003", 12)
    ]


def test_what_cannot_be_translated_is_told_at_its_line():
    (found,) = lint_bigquery(None, "SELECT 1;\nSELECT 2 |> WHERE x;\nSELECT 3")
    assert (found.code, found.line) == ("RS001", 2)
    (found,) = lint_bigquery(None, "SELECT 1;\nSELECT 'open")
    assert (found.code, found.line) == ("RS001", 2)


def test_the_command_line_takes_the_dialect(path, tmp_path):
    file = tmp_path / "q.sql"
    file.write_text("SELECT * FROM ML.PREDICT(MODEL `main.churn`,\n TABLE `main.customers`)")
    said = CliRunner().invoke(cli, ["lint", str(file), "--db", str(path), "--dialect", "bigquery"])
    assert (said.exit_code, said.output) == (0, "")
    said = CliRunner().invoke(cli, ["lint", str(file), "--db", str(path)])
    assert said.exit_code == 1
    assert "--dialect bigquery" in said.output
    assert CliRunner().invoke(cli, ["lint", str(file), "--dialect", "bigquery"]).exit_code == 0


@pytest.mark.parametrize(
    ("items", "codes"),
    [
        ("churned, churned + 1 AS c2, spend", ["RS201"]),
        ("*, churned::INT AS c2", ["RS201"]),
        ("a > 3 AS churned, (a > 3)::INT AS z, b", ["RS201"]),
        ("l.churned, r.churned + 1 AS c2", []),
        ("churned, spend, a AS b", []),
        ("a > 3 AS churned, a + 3 AS b", []),
        ("churned, (SELECT avg(o.churned) FROM o) AS mean", []),
    ],
)
def test_a_feature_computed_from_the_label_beside_it_needs_no_database(items, codes):
    sql = f"CREATE MODEL m OPTIONS(model_type='LOGISTIC_REG', input_label_cols=['churned']) AS SELECT {items} FROM rows_"
    assert [f.code for f in lint(None, sql)] == codes
