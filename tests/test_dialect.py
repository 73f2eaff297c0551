"""Statements about models are read exactly; everything else is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retailsql.dialect.statements import (
    AlterModel,
    CreateModel,
    DropModel,
    Query,
    ShowModels,
    read_script,
)
from retailsql.errors import StatementError


def one(sql):
    (statement,) = read_script(sql)
    return statement


def test_create_model_in_full():
    sql = """
    CREATE OR REPLACE MODEL shop.churn
    OPTIONS(model_type='RANDOM_FOREST_CLASSIFIER', input_label_cols=['churned'],
            max_tree_depth=8, subsample=0.5, l1_reg=-1e-3, auto_class_weights=TRUE, note="it's")
    AS WITH x AS (SELECT 1) SELECT * FROM x WHERE y = ';' -- done
    """
    statement = one(sql)
    assert isinstance(statement, CreateModel)
    assert (statement.name, statement.replace, statement.if_not_exists) == (
        "shop.churn",
        True,
        False,
    )
    assert statement.options == {
        "model_type": "RANDOM_FOREST_CLASSIFIER", "input_label_cols": ["churned"],
        "max_tree_depth": 8, "subsample": 0.5, "l1_reg": -0.001, "auto_class_weights": True,
        "note": "it's",
    }  # fmt: skip
    assert statement.query == "WITH x AS (SELECT 1) SELECT * FROM x WHERE y = ';'"


def test_names():
    assert one("CREATE MODEL IF NOT EXISTS `p.d.m` OPTIONS(a=1) AS SELECT 1").name == "`p.d.m`"
    assert one('DROP MODEL "My Shop".m') == DropModel('"My Shop".m', False, None)


def test_the_small_statements():
    assert one("drop model if exists m version 3;") == DropModel("m", True, 3)
    assert one("ALTER MODEL m SET OPTIONS(deployed_version=2)") == AlterModel(
        "m", False, {"deployed_version": 2}
    )
    assert one("ALTER MODEL IF EXISTS m ROLLBACK") == AlterModel("m", True, None)
    assert one("SHOW MODELS") == ShowModels()


def test_show_models_is_read_of_exactly_two_words():
    """Whether a table called models is meant instead, the session asks the catalog."""
    assert read_script("SHOW models") == [ShowModels()]
    assert read_script('SHOW "models"') is None
    assert read_script("SHOW models FROM x") is None


def test_a_script_of_several():
    kinds = [type(s) for s in read_script("SELECT 1; DROP MODEL m; SELECT 2")]
    assert kinds == [Query, DropModel, Query]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 'CREATE MODEL m'",
        "SELECT model, ml FROM cars AS ml",
        "CREATE TABLE model (ml INTEGER)",
        "DROP TABLE model",
        'SELECT "ML.PREDICT(MODEL x, TABLE y)"',
        "SELECT $$ ML.PREDICT(MODEL m, TABLE t) $$",
        "SELECT a.ml.predict(model) FROM t",
        "-- ML.PREDICT(MODEL m, TABLE t)\nSELECT 1",
        "SELECT * FROM models; SELECT ml.predict(1)",
        "SELECT 'unclosed MODEL",
    ],
)
def test_text_without_ml_is_duckdbs(sql):
    """None means: handed over as it is, to the letter."""
    assert read_script(sql) is None


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("CREATE MODEL m AS", "Expected a query behind AS at line 1, column 16"),
        ("CREATE MODEL m OPTIONS(a=1, a=2) AS SELECT 1", "Option a stands twice"),
        ("CREATE MODEL m OPTIONS(a=b) AS SELECT 1", "Expected a literal at line 1, column 26"),
        ("CREATE MODEL m OPTIONS(a=1 AS SELECT 1", "not closed|more than one value"),
        ("CREATE MODEL OPTIONS(a=1) AS SELECT 1", "Expected AS"),
        ("CREATE MODEL m TRANSFORM a OPTIONS(a=1) AS SELECT 1", r"Expected \( at line 1"),
        ("CREATE MODEL m OPTIONS(a=1) AS (data AS (SELECT 1))", "training_data"),
        ("DROP MODEL m n", "Did not expect more"),
        ("DROP MODEL m VERSION x", "version number"),
        ("ALTER MODEL m SET OPTIONS(color=1)", "cannot set option .color. at line 1, column 26"),
        ("CREATE MODEL m OPTIONS(a=1e400) AS SELECT 1", "too large at line 1, column 26"),
        ("CREATE MODEL m OPTIONS(a=-1e400) AS SELECT 1", "too large"),
        (f"CREATE MODEL m OPTIONS(a={'9' * 400}) AS SELECT 1", "too large"),
        ("CREATE MODEL m OPTIONS(a=-NULL) AS SELECT 1", "Expected a literal"),
    ],
)
def test_malformed_statements_name_the_place(sql, words):
    with pytest.raises(StatementError, match=words):
        read_script(sql)


TEXT = """CREATE MODEL OR REPLACE m OPTIONS ( ) [ ] = , ; 'x' "y" ` ML . PREDICT TABLE STRUCT AS
SELECT 1 -- /* */ $$ DROP ALTER SHOW MODELS FROM IF EXISTS ROLLBACK VERSION ?"""
WORDS = st.sampled_from([*TEXT.split(), "\n"])


@settings(max_examples=500, deadline=None)
@given(st.lists(WORDS, max_size=25).map(" ".join))
def test_any_text_is_read_or_refused_in_words(sql):
    """No crash and no hang; and a text without ML parts is never changed."""
    try:
        statements = read_script(sql)
    except StatementError:
        return
    for statement in statements or []:
        if isinstance(statement, Query):
            assert statement.sql in sql
