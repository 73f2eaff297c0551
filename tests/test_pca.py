"""PCA: directions whose truth is known, the documented columns, and models that survive."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn.decomposition import PCA

import retailsql

ROWS = """
CREATE TABLE t AS SELECT i AS id, u AS a, 3 * u + v / 10 AS b, v AS c,
    ['x', 'y'][1 + i % 2] AS kind
FROM (SELECT i, hash(i) % 1000 / 100.0 AS u, hash(i + 7) % 1000 / 100.0 AS v FROM range(800) r(i))
"""
MAKE = "CREATE OR REPLACE MODEL {} OPTIONS(model_type='PCA', {}) AS SELECT {} FROM t"


@pytest.fixture(scope="module")
def pca():
    """``p``: two components of three numbers, of which two are nearly one; ``k``: of a category."""
    with retailsql.connect() as con:
        con.execute(ROWS)
        con.execute(MAKE.format("p", "num_principal_components=2", "a, b, c"))
        con.execute(MAKE.format("k", "num_principal_components=2", "a, b, c, kind"))
        yield con


def told(con, model):
    sql = f"SELECT evaluation FROM retailsql.versions WHERE model_name = '{model}'"
    return json.loads(con.execute(sql).fetchall()[0][0])


def test_components_are_those_of_scikit_learn(pca):
    """The projection, the variances, and the loadings, to 32 bits; the sign is the library's."""
    x = np.array(pca.execute("SELECT a, b, c FROM t ORDER BY id").fetchall(), float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    same = PCA(2).fit(x)
    mine = np.array(
        [r[0] for r in pca.execute("SELECT p_predict(t) FROM t ORDER BY id").fetchall()]
    )
    assert np.abs(mine) == pytest.approx(np.abs(same.transform(x)), abs=1e-5)
    info = pca.execute("FROM ML.PRINCIPAL_COMPONENT_INFO(MODEL p)").fetchall()
    assert [r[0] for r in info] == [0, 1]
    assert [r[1] for r in info] == pytest.approx(list(same.explained_variance_), rel=1e-6)
    assert [r[2] for r in info] == pytest.approx(list(same.explained_variance_ratio_), rel=1e-6)
    assert info[-1][3] == pytest.approx(same.explained_variance_ratio_.sum(), rel=1e-6)
    loadings = pca.execute(
        "SELECT numerical_value FROM ML.PRINCIPAL_COMPONENTS(MODEL p)"
    ).fetchnumpy()["numerical_value"]
    expected = np.abs(same.components_).reshape(-1)
    assert np.abs(loadings) == pytest.approx(expected, abs=1e-5)


def test_documented_columns(pca):
    """Without keep_original_columns what the model reads is left out, other columns pass."""
    assert pca.sql("FROM ML.PREDICT(MODEL p, TABLE t)").columns == [
        "principal_component_1", "principal_component_2", "id", "kind",
    ]  # fmt: skip
    kept = pca.sql("FROM ML.PREDICT(MODEL p, TABLE t, STRUCT(true AS keep_original_columns))")
    assert kept.columns[2:] == ["id", "a", "b", "c", "kind"]
    assert [str(t) for t in kept.types[:2]] == ["DOUBLE", "DOUBLE"]
    table = pca.sql("FROM p_predict('t')")
    assert table.columns == ["id", "a", "b", "c", "kind", *kept.columns[:2]]
    odd = pca.sql("FROM ML.DETECT_ANOMALIES(MODEL p, STRUCT(0.1 AS contamination), TABLE t)")
    assert odd.columns == ["is_anomaly", "mean_squared_error", "id", "a", "b", "c", "kind"]
    listed = pca.sql("FROM ML.GENERATE_EMBEDDING(MODEL p, TABLE t)")
    assert listed.columns[0] == "ml_generate_embedding_result"
    parts = pca.sql("FROM ML.PRINCIPAL_COMPONENTS(MODEL k)")
    assert parts.columns == [
        "principal_component_id", "feature", "numerical_value", "categorical_value",
    ]  # fmt: skip
    kinds = {r[1]: [c["category"] for c in r[3]] for r in parts.fetchall()}
    assert kinds == {"a": [], "b": [], "c": [], "kind": ["x", "y"]}
    assert pca.execute("SELECT count(*) FROM ML.FEATURE_INFO(MODEL k)").fetchall() == [(4,)]


def test_all_forms_say_the_same(pca):
    sql = """
    SELECT count(*) FROM t JOIN (FROM ML.PREDICT(MODEL p, TABLE t)) m USING (id)
    JOIN (FROM ML.GENERATE_EMBEDDING(MODEL p, TABLE t)) e USING (id)
    WHERE p_predict(t) = [principal_component_1, principal_component_2]
      AND p_predict(a := t.a, b := t.b, c := t.c) = e.ml_generate_embedding_result"""
    assert pca.execute(sql).fetchall() == [(800,)]


def test_nothing_known_is_null(pca):
    nothing, some = pca.execute(
        "SELECT p_predict(NULL), p_predict(a := 1, b := NULL, c := NULL)"
    ).fetchall()[0]
    assert nothing is None
    assert len(some) == 2
    row = "(SELECT NULL::DOUBLE AS a, NULL::DOUBLE AS b, NULL::DOUBLE AS c)"
    sql = f"FROM ML.DETECT_ANOMALIES(MODEL p, STRUCT(0.1 AS contamination), {row})"
    assert pca.execute(sql).fetchall() == [(None, None, None, None, None)]


def test_evaluation_beside_trivial_rules(pca):
    e = told(pca, "p")
    assert e["rows_eval"] == 160
    mine = e["metrics"]["total_explained_variance_ratio"]
    rules = {k: v["total_explained_variance_ratio"] for k, v in e["baselines"].items()}
    assert set(rules) == {"random projection", "the widest columns"}
    assert mine > 0.99 > max(rules.values())
    assert pca.execute("FROM ML.EVALUATE(MODEL p)").fetchall() == [(mine,)]


def test_evaluate_on_rows_is_the_share_of_their_variance(pca):
    """On the training rows: exactly the cumulative ratio of the components kept."""
    value = pca.execute("FROM ML.EVALUATE(MODEL k, TABLE t)").fetchall()[0][0]
    sql = (
        "SELECT max(cumulative_explained_variance_ratio) FROM ML.PRINCIPAL_COMPONENT_INFO(MODEL k)"
    )
    assert value == pytest.approx(pca.execute(sql).fetchall()[0][0], rel=1e-6)


def test_contamination_is_the_share_of_training_rows_flagged(pca):
    for share, rows in ((0, 0), (0.05, 40), (0.25, 200)):
        sql = (
            f"SELECT count(*) FROM ML.DETECT_ANOMALIES(MODEL p, STRUCT({share} AS contamination), "
            "TABLE t) WHERE is_anomaly"
        )
        assert pca.execute(sql).fetchall() == [(rows,)]
    broken = "(SELECT 5 AS a, -15 AS b, 5 AS c)"  # b is three times a everywhere else
    sql = f"FROM ML.DETECT_ANOMALIES(MODEL p, STRUCT(0.0001 AS contamination), {broken})"
    assert pca.execute(sql).fetchall()[0][0] is True


def test_as_many_components_as_the_share_needs(con):
    con.execute(ROWS)
    for share, count in ((0.5, 1), (0.9, 2)):
        con.execute(MAKE.format("p", f"pca_explained_variance_ratio={share}", "a, b, c"))
        sql = "SELECT count(*) FROM ML.PRINCIPAL_COMPONENT_INFO(MODEL p)"
        assert con.execute(sql).fetchall() == [(count,)]


def test_unscaled_features_weigh_by_their_variance(con):
    """b varies three times as much as a: left unscaled it makes up the first component."""
    con.execute(ROWS)
    con.execute(MAKE.format("p", "num_principal_components=1, scale_features=false", "a, b, c"))
    sql = "SELECT abs(numerical_value) FROM ML.PRINCIPAL_COMPONENTS(MODEL p) WHERE feature = 'b'"
    assert con.execute(sql).fetchall()[0][0] > 0.9


def test_solvers_agree(con):
    con.execute(ROWS)
    values = []
    for solver in ("FULL", "RANDOMIZED"):
        con.execute(
            MAKE.format("p", f"num_principal_components=2, pca_solver='{solver}'", "a, b, c, kind")
        )
        sql = "SELECT eigenvalue FROM ML.PRINCIPAL_COMPONENT_INFO(MODEL p) ORDER BY ALL"
        values.append([r[0] for r in con.execute(sql).fetchall()])
    assert values[0] == pytest.approx(values[1], rel=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("seed=1", "how many components"),
        ("num_principal_components=2, pca_explained_variance_ratio=0.5", "one of the two"),
        ("pca_explained_variance_ratio=1.5", "between 0 and 1"),
        ("num_principal_components=9", "at most 3"),
        ("num_principal_component=2", "num_principal_components"),
    ],
)
def test_what_makes_no_sense_is_refused(con, options, words):
    con.execute(ROWS)
    with pytest.raises(retailsql.RetailSQLError, match=words):
        con.execute(MAKE.format("p", options, "a, b, c"))


def test_equal_rows_have_no_components(con):
    con.execute("CREATE TABLE t AS SELECT 1 AS a, 2 AS b FROM range(50)")
    with pytest.raises(retailsql.RetailSQLError, match="Every row is the same"):
        con.execute(MAKE.format("p", "num_principal_components=1", "*"))


def test_all_components_reduce_nothing_and_say_so(con):
    con.execute(ROWS)
    row = con.execute(MAKE.format("p", "num_principal_components=3", "a, b, c")).fetchdf()
    assert "nothing is reduced" in row["warning"][0]


def test_wrong_functions_name_the_kind(pca):
    with pytest.raises(retailsql.RetailSQLError, match="PCA"):
        pca.execute("FROM ML.RECONSTRUCTION_LOSS(MODEL p, TABLE t)")
    with pytest.raises(retailsql.RetailSQLError, match="reducer"):
        pca.execute("FROM ML.CENTROIDS(MODEL p)")


def test_a_model_survives(tmp_path):
    """Saved, opened by another process for reading only, replaced and rolled back."""
    path = tmp_path / "shop.duckdb"
    ask = "SELECT bit_xor(hash(id, p_predict(t))) FROM t"
    with retailsql.connect(path) as con:
        con.execute(ROWS)
        con.execute(MAKE.format("p", "num_principal_components=2", "a, b, c, kind"))
        before = con.execute(ask).fetchall()
    code = (
        f"import retailsql, sys; con = retailsql.connect({str(path)!r}, read_only=True)\n"
        f"print(con.execute({ask!r}).fetchall(), 'sklearn' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"{before} False"
    with retailsql.connect(path) as con:
        con.execute(MAKE.format("p", "num_principal_components=1", "a, b, c, kind"))
        assert con.execute("SELECT len(p_predict(t)) FROM t LIMIT 1").fetchall() == [(1,)]
        con.execute("ALTER MODEL p ROLLBACK")
        assert con.execute(ask).fetchall() == before
