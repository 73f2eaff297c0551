"""ML.VALIDATE_DATA_SKEW: drift from the rows a model was trained on, by its stored profile."""

from __future__ import annotations

import pytest

import retailsql
from retailsql.errors import StatementError
from tests.test_data_checks import drift


@pytest.fixture(scope="module")
def trained():
    with retailsql.connect() as con:
        con.execute("SELECT setseed(0.5)")
        con.execute(
            """CREATE TABLE train AS SELECT i % 7 AS few, random() * i AS x, random() < 0.4 AS b,
               CASE WHEN random() < 0.9 THEN 'c' || (i % 5) END AS c,
               DATE '2024-01-01' + (i % 9)::INTEGER AS day,
               TIMESTAMP '2024-01-01 10:00:00.12' + INTERVAL (i % 4) HOUR AS moment,
               'v' || (i % 1500) AS wide, random() AS y FROM range(3000) r(i)"""
        )
        con.execute(
            "CREATE MODEL m OPTIONS(model_type='LINEAR_REG', input_label_cols=['y'], "
            "data_split_method='RANDOM') AS FROM train"
        )
        con.execute(
            "CREATE TABLE later AS SELECT few + 2 AS few, x * 1.5 AS x, true AS b, "
            "replace(c, 'c1', 'n1') AS c, day + 3 AS day, moment, wide, 1 AS extra FROM train"
        )
        yield con


def skew(con, rows, settings="", model="m"):
    sql = f"FROM ML.VALIDATE_DATA_SKEW(MODEL {model}, {rows}{settings})"
    return {row[0]: row[1:] for row in con.sql(sql).fetchall()}


def test_skew_is_drift_from_the_training_rows(trained):
    """The stored profile says of each feature what the training table would, to the last digit."""
    from_profile = skew(trained, "TABLE later")
    from_rows = drift(trained, "(SELECT * EXCLUDE (y) FROM train)", "TABLE later")
    assert list(from_profile) == list(from_rows)
    del from_rows["wide"]  # more categories than a profile counts
    for name, told in from_rows.items():
        assert from_profile[name] == (*told[:2], pytest.approx(told[2], abs=1e-12), told[3])
    assert from_profile["b"][3]
    assert not from_profile["moment"][3]


def test_skew_of_the_training_rows_is_none(trained):
    """Also of 1,500 categories, of which the profile counts 1,000: the others are taken as one."""
    told = skew(trained, "TABLE train", ", STRUCT(true AS enable_visualization_link)")
    assert [v[2] for v in told.values()] == pytest.approx([0.0] * len(told), abs=1e-12)


def test_skew_compares_features_only(trained):
    assert list(skew(trained, "(SELECT 1 AS few, 2 AS extra)")) == ["few"]
    with pytest.raises(StatementError, match="no column that model 'm' was trained on"):
        skew(trained, "(SELECT 2 AS extra)")


@pytest.mark.parametrize(
    "options",
    ["model_type='KMEANS', num_clusters=3", "model_type='PCA', num_principal_components=1"],
)
def test_skew_of_models_without_a_label(trained, options):
    """Every column was a feature, so each is compared."""
    select = "SELECT few, x, b, c FROM train"
    trained.execute(f"CREATE OR REPLACE MODEL plain OPTIONS({options}) AS {select}")
    told = skew(trained, "TABLE later", model="plain")
    wanted = drift(trained, f"({select})", "TABLE later")
    assert list(told) == list(wanted)
    for name, (*head, value, _) in wanted.items():
        assert told[name][: len(head)] == tuple(head)
        assert told[name][2] == pytest.approx(value, abs=1e-12)


def test_skew_behind_transform_is_of_the_columns_before_it(trained):
    """The rows have the columns of the SELECT, under their names, whatever TRANSFORM makes."""
    trained.execute(
        "CREATE OR REPLACE MODEL made TRANSFORM(ML.MIN_MAX_SCALER(x) OVER () AS x, "
        "few * 100 AS wide, upper(c) AS letters, y) OPTIONS(model_type='LINEAR_REG', "
        "input_label_cols=['y'], data_split_method='RANDOM') AS SELECT x, few, c, y FROM train"
    )
    same = skew(trained, "TABLE train", model="made")
    assert {name: told[2] for name, told in same.items()} == pytest.approx(
        dict.fromkeys(["x", "few", "c"], 0.0), abs=1e-12
    )
    moved = skew(trained, "(SELECT x, few + 9 AS few, c FROM train)", model="made")
    assert [name for name, told in moved.items() if told[3]] == ["few"]


def test_skew_of_a_factorization_is_refused_as_by_bigquery(trained):
    trained.execute(
        "CREATE OR REPLACE MODEL mf OPTIONS(model_type='MATRIX_FACTORIZATION', user_col='few', "
        "item_col='c', rating_col='y') AS SELECT few, c, y FROM train"
    )
    with pytest.raises(StatementError, match="not for this kind of model"):
        skew(trained, "TABLE train", model="mf")
