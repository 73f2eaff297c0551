"""AUTOENCODER: better than the PCA it starts from, every option has an effect, models survive."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import retailsql
from retailsql.scoring.onnx_session import open_graph

ROWS = """
CREATE TABLE t AS SELECT i AS id, u AS a, u * u / 10 AS b, sin(u) AS c, v AS d, u * v / 10 AS e,
    ['x', 'y', NULL][1 + i % 3] AS kind
FROM (SELECT i, hash(i) % 1000 / 100.0 AS u, hash(i + 7) % 1000 / 100.0 AS v FROM range(900) r(i))
"""
MAKE = "CREATE OR REPLACE MODEL {} OPTIONS(model_type='AUTOENCODER', {}) AS SELECT {} FROM t"
CURVE = "hidden_units=[32, 2, 32], learn_rate=0.01, max_iterations=40"


@pytest.fixture(scope="module")
def net():
    """``n``: five curved columns through two dimensions, which no plane can hold."""
    with retailsql.connect() as con:
        con.execute(ROWS)
        con.execute(MAKE.format("n", CURVE, "a, b, c, d, e, kind"))
        yield con


def told(con, model="n"):
    sql = "SELECT evaluation FROM retailsql.versions WHERE model_name = ? ORDER BY version DESC"
    return json.loads(con.execute(sql, [model]).fetchall()[0][0])


def error(con, options, columns="a, b, c, d, e"):
    con.execute(MAKE.format("m", options, columns))
    return told(con, "m")["metrics"]["mean_squared_error"]


def test_better_than_pca_of_the_same_rank(net):
    """On held-out rows, beside the column means."""
    e = told(net)
    assert e["rows_eval"] == 180
    rules = {name: m["mean_squared_error"] for name, m in e["baselines"].items()}
    assert set(rules) == {"column means", "PCA of rank 2"}
    assert e["metrics"]["mean_squared_error"] < 0.9 * rules["PCA of rank 2"]
    assert rules["PCA of rank 2"] < rules["column means"]


def test_never_worse_than_pca_on_the_rows_that_stop(con):
    """It starts as a PCA and keeps the best pass: one pass at a ruinous rate changes nothing."""
    con.execute(ROWS)
    value = error(con, "hidden_units=[8, 2, 8], max_iterations=1, learn_rate=30.0")
    rules = told(con, "m")["baselines"]
    assert value == pytest.approx(rules["PCA of rank 2"]["mean_squared_error"], rel=1e-4)


def test_documented_columns(net):
    told_columns = net.sql("FROM ML.PREDICT(MODEL n, TABLE t)")
    inputs = ["id", "a", "b", "c", "d", "e", "kind"]
    assert told_columns.columns == ["latent_col_1", "latent_col_2", *inputs]
    assert str(told_columns.types[0]) == "DOUBLE"
    losses = ["mean_absolute_error", "mean_squared_error", "mean_squared_log_error"]
    assert net.sql("FROM ML.EVALUATE(MODEL n)").columns == losses
    assert net.sql("FROM ML.RECONSTRUCTION_LOSS(MODEL n, TABLE t)").columns == [*losses, *inputs]
    odd = net.sql("FROM ML.DETECT_ANOMALIES(MODEL n, STRUCT(0.1 AS contamination), TABLE t)")
    assert odd.columns == ["is_anomaly", "mean_squared_error", *inputs]


def test_losses_agree(net):
    """Of each row, of all rows, and with numpy over the standardized columns."""
    means = "SELECT avg(mean_absolute_error), avg(mean_squared_error), avg(mean_squared_log_error) "
    each = net.execute(f"{means} FROM ML.RECONSTRUCTION_LOSS(MODEL n, TABLE t)").fetchall()
    assert net.execute("FROM ML.EVALUATE(MODEL n, TABLE t)").fetchall()[0] == pytest.approx(each[0])
    saved = net.execute("FROM ML.EVALUATE(MODEL n)").fetchall()[0]
    metrics = told(net)["metrics"]
    assert saved == tuple(
        metrics[m] for m in ("mean_absolute_error", "mean_squared_error", "mean_squared_log_error")
    )
    same = net.execute(
        "SELECT count(*) FROM (FROM ML.RECONSTRUCTION_LOSS(MODEL n, TABLE t)) r JOIN "
        "(FROM ML.DETECT_ANOMALIES(MODEL n, STRUCT(0.1 AS contamination), TABLE t)) d USING (id) "
        "WHERE r.mean_squared_error = d.mean_squared_error"
    ).fetchall()
    assert same == [(900,)]


def test_contamination_is_the_share_of_training_rows_flagged(net):
    sql = (
        "SELECT count(*) FROM ML.DETECT_ANOMALIES(MODEL n, STRUCT({} AS contamination), TABLE t) "
        "WHERE is_anomaly"
    )
    assert net.execute(sql.format(0.1)).fetchall() == [(90,)]
    assert net.execute(sql.format(0)).fetchall() == [(0,)]
    broken = "(SELECT 5 AS a, 9 AS b, 1 AS c, 5 AS d, 9 AS e, 'x' AS kind)"
    sql = f"FROM ML.DETECT_ANOMALIES(MODEL n, STRUCT(0.02 AS contamination), {broken})"
    assert net.execute(sql).fetchall()[0][0] is True


def test_rows_and_nulls(net):
    nothing, some = net.execute(
        "SELECT n_predict(NULL), "
        "n_predict(a := 1, b := NULL, c := 1, d := 1, e := 1, kind := 'new')"
    ).fetchall()[0]
    assert nothing is None
    assert len(some) == 2
    sql = """SELECT count(*) FROM t JOIN (FROM ML.PREDICT(MODEL n, TABLE t)) p USING (id)
    JOIN (FROM n_predict('t')) f USING (id)
    WHERE n_predict(t) = [p.latent_col_1, p.latent_col_2] AND f.latent_col_1 = p.latent_col_1"""
    assert net.execute(sql).fetchall() == [(900,)]


def test_training_info_falls(net):
    rows = net.execute("FROM ML.TRAINING_INFO(MODEL n) ORDER BY iteration").fetchall()
    assert 5 < len(rows) <= 40
    assert rows[-1][2] < 0.5 * rows[0][2]
    assert {r[4] for r in rows} == {0.01}


def test_same_seed_same_network(con):
    con.execute(ROWS)
    for seed in (1, 1, 2):
        con.execute(MAKE.format("m", f"max_iterations=1, seed={seed}", "a, b, c"))
    sql = "SELECT content_hash FROM retailsql.versions ORDER BY version"
    one, two, three = (r[0] for r in con.execute(sql).fetchall())
    assert one == two
    assert one != three


@pytest.mark.slow
def test_every_option_has_an_effect(con):
    """Optimizers, rates, batches and dropout each lead to another network."""
    con.execute(ROWS)
    base = "hidden_units=[8, 2, 8], max_iterations=2, learn_rate=0.01"
    options = ("", ", activation_fn='TANH'", ", optimizer='SGD'", ", batch_size=7", ", dropout=0.5")
    found = {o: error(con, base + o) for o in options}
    assert len(set(found.values())) == len(options)


@pytest.mark.parametrize("activation", ["RELU", "RELU6", "ELU", "SELU", "SIGMOID", "TANH"])
@pytest.mark.parametrize("hidden", [(4, 2, 3), (2,)])
def test_the_graph_is_the_network(activation, hidden):
    """Each activation, also where it saturates: ONNX says what Keras says."""
    from retailsql.training.tabular.data import Column
    from retailsql.training.tabular.prefix import fit_prefix
    from retailsql.training.tabular.prefix_graph import Nodes, upright
    from retailsql.training.unsupervised import autoencoder_net as an

    rng = np.random.default_rng(0)
    columns = [Column(name, "DOUBLE", "number", rng.normal(size=50)) for name in "abc"]
    prefix = fit_prefix(columns, np.arange(50), standardize=True)
    x = prefix.matrix(prefix.inputs(columns))
    options = {"seed": 0, "dropout": 0.5, "l1_reg_activation": 0.0}
    net = an.Network(an.Shape(3, hidden, activation), np.eye(3)[:2], np.zeros(3), options)
    drawn = [rng.normal(scale=4, size=w.shape) for w in net.model.get_weights()]
    net.model.set_weights(drawn)
    latent, back = net.predict(x)
    expected = np.column_stack([latent, an.losses(x.astype(float), back)])
    g = Nodes(prefix.features)
    an.write_network(g, upright(g, prefix), "score", net.weights())
    graph = open_graph(g.model("score", 5).SerializeToString())
    (got,) = graph.run(["score"], dict(zip("abc", prefix.inputs(columns), strict=True)))
    assert got == pytest.approx(expected, rel=1e-4, abs=1e-4)


@pytest.mark.slow
def test_sparse_activations(con):
    """l1_reg_activation shrinks the latent space."""
    con.execute(ROWS)
    size = "SELECT avg(list_sum(list_transform(m_predict(t), lambda x: abs(x)))) FROM t"
    sizes = []
    for weight in (0, 1):
        con.execute(
            MAKE.format("m", f"learn_rate=0.02, max_iterations=8, l1_reg_activation={weight}",
                        "a, b, c, d, e")
        )  # fmt: skip
        sizes.append(con.execute(size).fetchall()[0][0])
    assert sizes[1] < 0.5 * sizes[0]


def test_one_hidden_layer_has_the_activation(con):
    """As in BigQuery ML; a RELU leaves nothing negative."""
    con.execute(ROWS)
    con.execute(MAKE.format("m", "hidden_units=[3], max_iterations=5, learn_rate=0.01", "a, b, c"))
    sql = "SELECT min(list_min(m_predict(t))), max(len(m_predict(t))) FROM t"
    assert con.execute(sql).fetchall() == [(0.0, 3)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("hidden_units=[8, 2]", "odd number"),
        ("hidden_units=[8, 0, 8]", "odd number"),
        ("activation_fn='CRELU'", "RELU6"),
        ("dropout=1.0", "dropout is too large"),
        ("batch_size=9000", "batch_size is too large"),
        ("exclude_cols=['b', 'c', 'd', 'e']", "one column only"),
    ],
)
def test_what_makes_no_sense_is_refused(con, options, words):
    con.execute(ROWS)
    with pytest.raises(retailsql.RetailSQLError, match=words):
        con.execute(MAKE.format("m", options, "a, b, c, d, e"))


def test_too_few_rows(con):
    con.execute("CREATE TABLE t AS SELECT i AS a, i * 2 AS b FROM range(10) r(i)")
    with pytest.raises(retailsql.RetailSQLError, match="too few rows for an autoencoder"):
        con.execute(MAKE.format("m", "seed=0", "*"))


def test_a_model_survives(net, tmp_path):
    """In another process, for reading only, without any training library; and a rollback."""
    path = tmp_path / "shop.duckdb"
    ask = "SELECT bit_xor(hash(id, n_predict(t))) FROM t"
    with retailsql.connect(path) as con:
        con.execute(ROWS)
        con.execute(MAKE.format("n", "max_iterations=1", "a, b, c"))
        before = con.execute(ask).fetchall()
    code = (
        f"import retailsql, sys; con = retailsql.connect({str(path)!r}, read_only=True)\n"
        f"print(con.execute({ask!r}).fetchall(), 'keras' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"{before} False"
    with retailsql.connect(path) as con:
        con.execute(MAKE.format("n", "max_iterations=1, hidden_units=[4, 1, 4]", "a, b, c"))
        con.execute("ALTER MODEL n ROLLBACK")
        assert con.execute(ask).fetchall() == before


def test_the_log_loss_is_that_of_keras():
    """Values below 0 count as 0."""
    from retailsql.training.unsupervised.autoencoder_net import keras, losses

    rng = np.random.default_rng(0)
    x, back = rng.normal(size=(2, 5, 4))
    expected = keras.losses.mean_squared_logarithmic_error(x, back).numpy()
    assert losses(x, back)[:, 2] == pytest.approx(expected, abs=1e-5)
