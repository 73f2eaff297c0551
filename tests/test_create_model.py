"""CREATE MODEL: from a SELECT to functions, and every way it can go wrong without a trace."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import date

import pytest

import retailsql
from retailsql.errors import (
    ModelNotFoundError,
    NameTakenError,
    RegistryError,
    SignatureError,
    StatementError,
    TrainingError,
)
from retailsql.training.create import _stored_parameters
from retailsql.training.fitted import Fitted

TABLE = """
CREATE TABLE customers AS
SELECT i AS id, (i * 7919) % 100 AS tenure, CASE WHEN i % 11 = 0 THEN NULL ELSE (i * 31) % 50 END
       AS spend, ['basic', 'plus', NULL][i % 3 + 1] AS plan, i % 2 = 0 AS paperless,
       DATE '2024-01-01' + (i % 300)::INTEGER AS joined,
       CASE WHEN (i * 7919) % 100 + (i * 104729) % 40 < 60 THEN 'Yes' ELSE 'No' END AS churned,
       2.0 * ((i * 7919) % 100) + (i * 31) % 50 AS value, i // 100 AS week
FROM range(1200) r(i)
"""
FEATURES = "tenure, spend, plan, paperless, joined"


@pytest.fixture
def shop(con):
    con.execute(TABLE)
    return con


def create(con, name="churn", select=f"SELECT {FEATURES}, churned FROM customers", **options):
    options = {"model_type": "LOGISTIC_REG", "input_label_cols": ["churned"], **options}
    listed = ", ".join(
        f"{k} = {json.dumps(v).replace(chr(34), chr(39))}" for k, v in options.items()
    )
    con.execute(f"CREATE OR REPLACE MODEL {name} OPTIONS({listed}) AS {select}")
    return dict(zip([c[0] for c in con.description], con.fetchall()[0], strict=True))


def nothing_left(con) -> bool:
    return con.execute("SHOW MODELS").fetchall() == []


def test_the_result_row(shop):
    row = create(shop)
    assert (row["model"], row["version"], row["model_type"]) == ("churn", 1, "LOGISTIC_REG")
    assert row["metric"] == "roc_auc"
    assert row["value"] > 0.8 > row["baseline_value"]
    assert row["rows_train"] + row["rows_eval"] == 1200
    assert row["rows_eval"] == 240
    assert row["warning"] is None
    held = shop.execute("SELECT certificate ->> 'max_abs_diff' FROM retailsql.versions").fetchall()
    assert row["parity_max_abs_diff"] == float(held[0][0])
    assert 0 <= row["parity_max_abs_diff"] < 1e-5


def test_all_types_score_in_all_forms(shop):
    """Numbers, text, booleans, dates and NULLs: row, table, names and ML.PREDICT agree."""
    create(shop)
    row = shop.execute("SELECT churn_score(c) FROM customers c ORDER BY id").fetchall()
    named = ", ".join(f"{f} := {f}" for f in FEATURES.split(", "))
    assert row == shop.execute(f"SELECT churn_score({named}) FROM customers ORDER BY id").fetchall()
    table = shop.execute(
        "SELECT predicted_churned_probs, predicted_churned, churn_score(x) FROM "
        "churn_predict('customers') AS x ORDER BY id"
    ).fetchall()
    ml = shop.execute(
        "SELECT predicted_churned_probs, predicted_churned FROM "
        "ML.PREDICT(MODEL churn, TABLE customers) ORDER BY id"
    ).fetchall()
    assert [t[:2] for t in table] == ml
    assert [(t[2],) for t in table] == row
    for probs, label, score in table:
        assert label == ("Yes" if score > 0.5 else "No") == probs[0]["label"]
        assert probs[0]["prob"] >= probs[1]["prob"]


def test_threshold(shop):
    create(shop)
    sql = (
        "SELECT count(*) FROM ML.PREDICT(MODEL churn, TABLE customers{}) "
        "WHERE predicted_churned = 'Yes'"
    )
    low = shop.execute(sql.format(", STRUCT(0.2 AS threshold)")).fetchall()[0][0]
    assert low > shop.execute(sql.format("")).fetchall()[0][0]


def test_nulls_and_unseen_follow_the_rule(shop):
    """All NULL scores NULL; one NULL is filled in; an unseen category is none of the known."""
    create(shop)
    nulls = ", ".join(f"{f} := NULL" for f in FEATURES.split(", "))
    assert shop.execute(f"SELECT churn_score({nulls})").fetchall() == [(None,)]
    one = (
        "churn_score(tenure := 10, spend := {}, plan := {}, paperless := true, "
        "joined := DATE '2024-03-01')"
    )
    a, b, c, d = shop.execute(
        "SELECT " + ", ".join(one.format(*v) for v in [("NULL", "'plus'"), ("5", "'plus'"),
                                                       ("5", "NULL"), ("5", "'gold'")])
    ).fetchall()[0]  # fmt: skip
    assert len({b, c, d}) == 3
    assert None not in (a, b, c, d)


def test_regressor(shop):
    row = create(
        shop, "value", f"SELECT {FEATURES}, value FROM customers",
        model_type="LINEAR_REG", input_label_cols=["value"],
    )  # fmt: skip
    assert row["metric"] == "mean_absolute_error"
    got = shop.execute("SELECT max(abs(value_predict(c) - value)) FROM customers c WHERE spend > 0")
    assert got.fetchall()[0][0] < 2.0


def test_what_is_written(shop):
    create(shop)
    row = shop.execute(
        "SELECT training_sql, evaluation, profile, certificate, libraries, options, metric_value, "
        "baseline_name, beats_baseline FROM retailsql.versions"
    ).fetchall()[0]
    assert row[0] == f"SELECT {FEATURES}, churned FROM customers"
    assert "base rate" in json.loads(row[1])["baselines"]
    assert set(FEATURES.split(", ")) <= set(json.loads(row[2]))
    certificate = json.loads(row[3])
    assert certificate["framework"] == "scikit-learn"
    assert certificate["rows"] == 1000
    assert certificate["max_abs_diff"] <= certificate["tolerance"]
    assert "scikit-learn" in json.loads(row[4])
    assert json.loads(row[5])["input_label_cols"] == ["churned"]
    assert row[7] is not None
    assert row[8] is True


def test_create_model_is_one_python_function(shop):
    """The statement, the Session and the function write the same model."""
    create(shop)
    query = f"SELECT {FEATURES}, churned FROM customers"
    options = {"model_type": "LOGISTIC_REG", "input_label_cols": ["churned"]}
    retailsql.create_model(shop, "churn", options, query)
    hashes = shop.execute("SELECT content_hash FROM retailsql.versions").fetchall()
    assert hashes[0] == hashes[1]


def test_create_without_replace_and_if_not_exists(shop):
    create(shop)
    with pytest.raises(NameTakenError, match="OR REPLACE"):
        shop.execute("CREATE MODEL churn OPTIONS(model_type='LINEAR_REG') AS SELECT 1")
    row = shop.execute("CREATE MODEL IF NOT EXISTS churn OPTIONS(a=1) AS SELECT 1").fetchall()
    assert row == [("churn", "The model exists; nothing was done.")]


def test_parameters_of_the_training_select(shop):
    shop.execute(
        "CREATE MODEL churn OPTIONS(model_type='LOGISTIC_REG', input_label_cols=['churned']) AS "
        f"SELECT {FEATURES}, churned FROM customers WHERE id < ?",
        [600],
    )
    assert sum(shop.execute("SHOW MODELS").fetchall()[0][2:3]) == 1
    e = json.loads(shop.execute("SELECT evaluation FROM retailsql.versions").fetchall()[0][0])
    assert e["rows_train"] + e["rows_eval"] == 600


def test_parameters_are_stored_with_the_options(shop):
    """So that the training can be done again: dates and their like as text."""
    query = f"SELECT {FEATURES}, churned FROM customers WHERE joined > ? AND id < ?"
    options = {"MODEL_TYPE": "LOGISTIC_REG", "Input_Label_Cols": ["churned"]}
    retailsql.create_model(shop, "churn", options, query, parameters=[date(2024, 2, 1), 900])
    query = f"SELECT {FEATURES}, churned FROM customers WHERE id < $x"
    retailsql.create_model(shop, "few", options, query, parameters={"x": 700})
    retailsql.create_model(shop, "plain", options, query.split(" WHERE")[0])
    rows = shop.execute("SELECT options FROM retailsql.versions ORDER BY model_name").fetchall()
    label = {"input_label_cols": ["churned"]}
    assert [json.loads(row[0]) for row in rows] == [
        {**label, "query_parameters": ["2024-02-01", 900]},
        {**label, "query_parameters": {"x": 700}},
        label,
    ]


def test_parameters_that_json_does_not_hold_are_stored_as_text():
    assert _stored_parameters([math.nan]) == {"query_parameters": "[nan]"}
    assert _stored_parameters(None) == {}


def test_ml_functions_in_the_training_select(shop):
    """A model may learn from another's answers, from Python as in a statement; the SELECT is
    stored as written."""
    create(shop, "value", f"SELECT {FEATURES}, value FROM customers",
           model_type="LINEAR_REG", input_label_cols=["value"])  # fmt: skip
    query = (
        "SELECT tenure, predicted_value, churned FROM ML.PREDICT(MODEL value, "
        "(SELECT * FROM customers WHERE id < ?))"
    )
    options = {"model_type": "LOGISTIC_REG", "input_label_cols": ["churned"]}
    for con in (shop, shop.connection):
        row = retailsql.create_model(con, "churn", options, f"{query};", parameters=[700])
        assert row["rows_train"] + row["rows_eval"] == 700
    stored = shop.execute("SELECT training_sql FROM retailsql.versions WHERE model_name = 'churn'")
    assert stored.fetchall() == [(f"{query};",)] * 2


@pytest.mark.parametrize(
    ("query", "error", "words"),
    [
        ("SELECT * FROM ML.PREDICT(MODEL nobody, TABLE customers)", ModelNotFoundError, "nobody"),
        ("SELECT * FROM ML.PREDIKT(MODEL churn, TABLE customers)", StatementError, "PREDICT"),
        ("DROP MODEL churn", TrainingError, "is no SELECT"),
        ("SELECT 1; SHOW MODELS", TrainingError, "is no SELECT"),
        ("SET threads = 2", TrainingError, "is no SELECT"),
        ("CREATE TABLE made (x INTEGER)", TrainingError, "is no SELECT"),
        ("DELETE FROM customers", TrainingError, "is no SELECT"),
    ],
)
def test_what_is_no_training_select(shop, query, error, words):
    options = {"model_type": "LOGISTIC_REG", "input_label_cols": ["churned"]}
    with pytest.raises(error, match=words):
        retailsql.create_model(shop, "churn", options, query)
    assert nothing_left(shop)
    assert shop.execute("SELECT count(*) FROM customers").fetchall() == [(1200,)]


def test_an_option_in_two_cases_is_refused(shop):
    options = {"model_type": "LOGISTIC_REG", "L2_reg": 1.0, "l2_REG": 2.0}
    with pytest.raises(TrainingError, match="l2_reg is given twice"):
        retailsql.create_model(shop, "churn", options, "SELECT 1")


@pytest.mark.parametrize("name", ["Tenure", "tenure"])
def test_columns_that_differ_in_case_only_are_refused(shop, name):
    with pytest.raises(TrainingError, match=f"Seen: 'tenure' and '{name}'"):
        create(shop, select=f'SELECT tenure, spend AS "{name}", churned FROM customers')
    assert nothing_left(shop)


def test_a_read_only_database_is_refused_before_training(tmp_path, monkeypatch):
    """It says so at once, not when the trained model is to be written."""
    path = tmp_path / "shop.duckdb"
    with retailsql.connect(path) as con:
        con.execute(TABLE)
    monkeypatch.setattr("retailsql.training.create.load", None)
    words = "open for reading only.*without read_only"
    with retailsql.connect(path, read_only=True) as con, pytest.raises(RegistryError, match=words):
        create(con)
    with retailsql.connect() as con:
        con.execute(f"ATTACH '{path}' AS shop (READ_ONLY)")
        with pytest.raises(RegistryError, match="'shop' is open for reading only"):
            create(con, "Shop.churn", f"SELECT {FEATURES}, churned FROM shop.customers")


def test_rollback_removes_a_trained_model(shop):
    shop.execute("BEGIN")
    create(shop)
    assert shop.execute("SELECT churn_score(c) FROM customers c LIMIT 1").fetchall()[0][0] > 0
    shop.execute("ROLLBACK")
    assert nothing_left(shop)
    assert create(shop)["version"] == 1


def test_a_worse_version_says_so(shop):
    """The result row holds the figures and the statement that goes back."""
    create(shop)
    row = create(shop, select="SELECT spend, churned FROM customers")
    assert "ALTER MODEL churn ROLLBACK" in row["warning"]
    assert row["version"] == 2


def test_a_model_below_its_baseline_says_so(shop):
    row = create(
        shop, "value", "SELECT spend, value + 0 AS rule, value FROM customers",
        model_type="LINEAR_REG", input_label_cols=["value"], baseline_col="rule",
    )  # fmt: skip
    assert "does not beat its baseline" in row["warning"]
    assert "DROP MODEL value" in row["warning"]


@pytest.mark.parametrize(
    ("select", "options", "words"),
    [
        ("SELECT tenure, spend FROM customers", {}, "churned"),
        ("SELECT tenure, spend AS churnd FROM customers", {}, "churnd"),
        ("SELECT tenure, 'Yes' AS churned FROM customers", {}, "churned"),
        ("SELECT tenure, NULL::VARCHAR AS churned FROM customers", {}, "churned"),
        ("SELECT tenure, churned FROM customers WHERE false", {}, "no rows"),
        ("SELECT tenure, NULL::DOUBLE AS empty, churned FROM customers", {}, "empty"),
        ("SELECT tenure, IF(id = 5, 'inf'::DOUBLE, 1) AS odd, churned FROM customers", {}, "odd"),
        ("SELECT churned FROM customers", {}, "feature"),
        ("SELECT tenure, [[1], [2]] AS l, churned FROM customers", {}, "'l'"),
        ("SELECT tenure, churned FROM nowhere", {}, "nowhere"),
        ("SELECT tenure, tenure, churned FROM customers", {}, "tenure"),
        ("SELECT tenure, churned FROM customers", {"max_iteration": 5}, "max_iterations"),
        ("SELECT tenure, churned FROM customers", {"model_type": "LOGISTIC"}, "LOGISTIC_REG"),
        ("SELECT tenure, churned FROM customers", {"data_split_method": "SOON"}, "RANDOM"),
        ("SELECT tenure, churned FROM customers", {"model_type": "LINEAR_REG"}, "churned"),
        ("SELECT tenure, churned FROM customers", {"positive_class": "maybe"}, "maybe"),
    ],
)
def test_bad_input_is_refused_and_leaves_nothing(shop, select, options, words):
    with pytest.raises((TrainingError, SignatureError), match=f"(?s).*{words}"):
        create(shop, select=select, **options)
    assert nothing_left(shop)
    assert shop.execute("SELECT count(*) FROM customers").fetchall() == [(1200,)]


def test_nan_in_training_is_missing(shop):
    select = "SELECT tenure, IF(id % 7 = 0, 'nan'::DOUBLE, spend) AS spend, churned FROM customers"
    create(shop, select=select)
    assert (
        shop.execute("SELECT churn_score(tenure := 3, spend := 'nan'::DOUBLE)").fetchall()[0][0] > 0
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_training_registers_nothing(shop, monkeypatch, error):
    """Wherever it stops: in the fit, or in the midst of writing."""

    def stop(*_: object, **__: object) -> Fitted:
        raise error("stopped")

    with monkeypatch.context() as patch:
        patch.setattr("retailsql.training.tabular.fit.fit", stop)
        with pytest.raises(error):
            create(shop)
    with monkeypatch.context() as patch:
        patch.setattr("retailsql.functions.publish._point_macros", stop)
        with pytest.raises(error):
            create(shop)
    registry = shop.execute("SELECT * FROM duckdb_tables() WHERE schema_name = 'retailsql'")
    assert registry.fetchall() == []
    assert create(shop)["version"] == 1


def test_a_missing_extra_says_what_to_install():
    """In a process of its own: what is imported here must not be torn out of other tests."""
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "import retailsql\n"
        "from retailsql.errors import MissingExtraError\n"
        "try:\n"
        "    retailsql.connect().execute(\"CREATE MODEL m OPTIONS(model_type='LINEAR_REG') "
        'AS SELECT 1 AS a, 2 AS label")\n'
        "except MissingExtraError as error:\n"
        "    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'retailsql[train]'" in done.stdout


def test_the_time_split_never_straddles(shop):
    row = create(shop, select="SELECT tenure, spend, week, churned FROM customers",
                 data_split_method="SEQ", data_split_col="week")  # fmt: skip
    assert row["rows_eval"] in (200, 300)
    assert "week" in row["split"]
