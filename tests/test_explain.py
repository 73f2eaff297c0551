"""ML.EXPLAIN_PREDICT, ML.GLOBAL_EXPLAIN and ``<model>_explain``: they add up, and are pure."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import retailsql
from retailsql.errors import CorruptModelError, ImportModelError, RetailSQLError, StatementError
from retailsql.functions import scorers
from retailsql.registry import store
from retailsql.registry.names import resolve
from retailsql.scoring import explain
from retailsql.scoring.json_columns import columns_of

TYPES = {
    "LINEAR_REG": "y", "BOOSTED_TREE_REGRESSOR": "y", "RANDOM_FOREST_REGRESSOR": "y",
    "DNN_REGRESSOR": "y", "LOGISTIC_REG": "two", "BOOSTED_TREE_CLASSIFIER": "two",
    "RANDOM_FOREST_CLASSIFIER": "three", "DNN_CLASSIFIER": "three",
}  # fmt: skip
SMALL = {"max_iterations": 30} | {"num_parallel_tree": 10}
ABC = {"a": "DOUBLE", "b": "DOUBLE", "c": "DOUBLE"}
BACKGROUND = "SELECT i * 1.0 AS a, i % 3 AS b, sin(i) AS c FROM range(40) r(i)"


@pytest.fixture(scope="module")
def trained():
    """A small model of each type over columns of every kind; label ``three`` has three classes."""
    con = retailsql.connect()
    con.execute(
        "CREATE TABLE t AS SELECT sin(i) * 10 AS x, cos(i * 3) AS s, "
        "['a', 'b', 'c', NULL][i % 4 + 1] AS t, i % 3 = 0 AS f, "
        "DATE '2024-01-01' + CAST(i % 50 AS INTEGER) AS d, "
        "TIMESTAMP '2024-01-01' + INTERVAL 7 HOURS * (i % 90) AS w, "
        "sin(i) * 3 + (i % 4) + cos(i * 3) * sin(i) * 4 AS y, "
        "IF(sin(i) + (i % 4) * 0.3 > 0.4, 'yes', 'no') AS two, "
        "['p', 'q', 'r'][1 + (sin(i) > 0.1)::INT + (cos(i * 3) > 0.5)::INT] AS three "
        "FROM range(400) r(i)"
    )
    for kind, label in TYPES.items():
        options = {"model_type": kind, "input_label_cols": [label], "data_split_method": "NO_SPLIT"}
        known = ("max_iterations",) if "TREE" in kind and "BOOST" in kind else ()
        options |= {k: v for k, v in SMALL.items() if k in known}
        query = f"SELECT x, s, t, f, d, w, {label} FROM t"
        retailsql.create_model(con, kind.lower(), options, query)
    yield con
    con.close()


def columns(con, query):
    return {row[0]: row[1] for row in con.execute(f"DESCRIBE {query}").fetchall()}


def attributions(rows, features):
    """Lists of (position, attribution) as a matrix in feature order."""
    out = np.zeros((len(rows), features))
    for i, row in enumerate(rows):
        for pair in row["top"]:
            out[i, pair["position"] - 1] = pair["attribution"]
    return out


def test_linear_by_hand(con, tiny):
    """2a - b + 0.5c + 0.25: each feature's coefficient times its distance from the mean."""
    retailsql.import_onnx(con, "line", tiny("line"), ABC, background=BACKGROUND)
    stored = store.find(con.connection, resolve(con.connection, "line"))
    con.execute("CREATE TABLE r AS SELECT 100.0 AS a, -7.0 AS b, 0.5 AS c")
    row = con.execute(
        "SELECT top_feature_attributions, baseline_prediction_value, prediction_value, "
        "approximation_error FROM ML.EXPLAIN_PREDICT(MODEL line, TABLE r)"
    ).fetchall()[0]
    reference = con.execute(
        "SELECT unnest(CAST(rows AS STRUCT(a DOUBLE, b DOUBLE, c DOUBLE)[])[:32], "
        "recursive := true) "
        "FROM retailsql.reports WHERE report = 'background'"
    ).fetchall()
    means = np.mean(reference, axis=0)
    wanted = dict(
        zip("abc", np.array([2, -1, 0.5]) * (np.array([100, -7, 0.5]) - means), strict=True)
    )
    assert {p["feature"]: p["attribution"] for p in row[0]} == pytest.approx(wanted, abs=1e-4)
    assert row[1:] == pytest.approx((np.dot(means, [2, -1, 0.5]) + 0.25, 207.5, 0.0), abs=1e-4)
    assert stored.signature.options["background_sha256"]


@pytest.mark.parametrize("kind", TYPES)
def test_attributions_add_up(trained, kind):
    """To the prediction, up to 1e-9; for every kind of column and NULLs in it."""
    rows = trained.execute(
        f"SELECT * FROM ML.EXPLAIN_PREDICT(MODEL {kind.lower()}, "
        "(SELECT * REPLACE (nullif(f, true) AS f) FROM t LIMIT 60), STRUCT(99 AS top_k_features))"
    )
    names = [c[0] for c in rows.description]
    for values in rows.fetchall():
        row = dict(zip(names, values, strict=True))
        parts = [p["attribution"] for p in row["top_feature_attributions"]]
        assert len(parts) == 6
        assert parts == sorted(parts, key=abs, reverse=True)
        total = row["baseline_prediction_value"] + sum(parts)
        assert total == pytest.approx(row["prediction_value"], abs=1e-9)


@pytest.mark.parametrize("kind", ["LOGISTIC_REG", "BOOSTED_TREE_CLASSIFIER", "DNN_CLASSIFIER"])
def test_the_scale_is_log_odds(trained, kind):
    """Of the predicted class; with three classes the logits that softmax turns into
    probabilities."""
    rows = trained.execute(
        "SELECT prediction_value, probability "
        f"FROM ML.EXPLAIN_PREDICT(MODEL {kind.lower()}, TABLE t)"
    ).fetchall()
    if kind == "DNN_CLASSIFIER":
        probabilities = trained.execute(
            "SELECT list_transform(dnn_classifier_predict(r).predicted_three_probs, "
            "lambda p: p.prob) FROM t r"
        ).fetchall()
        for (value, top), (all_,) in zip(rows, probabilities, strict=True):
            assert value == pytest.approx(math.log(top) - np.mean(np.log(all_)), abs=1e-4)
        return
    for value, probability in rows:
        assert probability >= 0.5
        assert value == pytest.approx(math.log(probability / (1 - probability)), abs=1e-3)


def test_output_columns(trained):
    """Names, order and types as Google's reference of ML.EXPLAIN_PREDICT has them."""
    top = "STRUCT(feature VARCHAR, attribution DOUBLE)[]"
    rest = {
        "top_feature_attributions": top, "baseline_prediction_value": "DOUBLE",
        "prediction_value": "DOUBLE", "approximation_error": "DOUBLE", "x": "DOUBLE",
        "k": "INTEGER",
    }  # fmt: skip
    rows = "(SELECT * EXCLUDE (x, y, two, three, s, t, f, d, w), x, 1 AS k, s, t, f, d, w FROM t)"
    for model, first in {
        "linear_reg": {"predicted_y": "DOUBLE"},
        "logistic_reg": {"predicted_two": "VARCHAR", "probability": "DOUBLE"},
        "dnn_classifier": {"predicted_three": "VARCHAR", "probability": "DOUBLE"},
    }.items():
        got = columns(trained, f"SELECT * FROM ML.EXPLAIN_PREDICT(MODEL {model}, {rows})")
        assert list(got.items())[: len(first) + 6] == list((first | rest).items())
    got = columns(trained, "SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL linear_reg)")
    assert list(got.items()) == [("feature", "VARCHAR"), ("attribution", "DOUBLE")]


def test_predictions_are_those_of_predict(trained):
    """Label and probability, also at a threshold; the other class turns the signs."""
    label, probability, top, base = trained.execute(
        "SELECT predicted_two, probability, top_feature_attributions, baseline_prediction_value "
        "FROM ML.EXPLAIN_PREDICT(MODEL logistic_reg, TABLE t, STRUCT(2 AS top_k_features))"
    ).fetchall()[0]
    said, probs = trained.execute(
        "SELECT predicted_two, predicted_two_probs FROM ML.PREDICT(MODEL logistic_reg, TABLE t)"
    ).fetchall()[0]
    assert (label, probability, len(top)) == (said, probs[0]["prob"], 2)
    cut = 0.0 if label == "no" else 1.0
    other, chance, turned, below = trained.execute(
        "SELECT predicted_two, probability, top_feature_attributions, baseline_prediction_value "
        "FROM ML.EXPLAIN_PREDICT(MODEL logistic_reg, TABLE t, "
        f"STRUCT(2 AS top_k_features, {cut} AS threshold))"
    ).fetchall()[0]
    assert other != label
    assert chance == pytest.approx(1 - probability)
    assert [p["attribution"] for p in turned] == [-p["attribution"] for p in top]
    assert below == -base


def test_public_function(trained):
    """Every feature with its value as text; two classes for the positive one, like the score."""
    rows = trained.execute(
        "SELECT logistic_reg_explain(r), logistic_reg_score(r), x, d FROM t r LIMIT 20"
    ).fetchall()
    for why, score, x, day in rows:
        assert {w["feature"] for w in why} == {"x", "s", "t", "f", "d", "w"}
        values = {w["feature"]: w["value"] for w in why}
        assert (float(values["x"]), values["d"]) == (x, str(day))
        sizes = [abs(w["attribution"]) for w in why]
        assert sizes == sorted(sizes, reverse=True)
        assert score is not None
    named = trained.execute(
        "SELECT logistic_reg_explain(x := 1, s := NULL, t := 'zz', f := true, d := NULL, w := NULL)"
    ).fetchall()[0][0]
    assert {w["feature"]: w["value"] for w in named}["t"] == "zz"


def test_an_empty_row_has_no_explanation(trained):
    """As it has no score: an unmatched LEFT JOIN is not the average customer."""
    nothing = {
        "x": "DOUBLE",
        "s": "DOUBLE",
        "t": "VARCHAR",
        "f": "BOOL",
        "d": "DATE",
        "w": "TIMESTAMP",
    }
    empty = f"(SELECT {', '.join(f'NULL::{kind} AS {name}' for name, kind in nothing.items())})"
    row = trained.execute(
        f"SELECT * FROM ML.EXPLAIN_PREDICT(MODEL logistic_reg, {empty})"
    ).fetchall()[0]
    assert set(row) == {None}
    assert trained.execute(f"SELECT logistic_reg_explain(r) FROM {empty} r").fetchall() == [(None,)]
    none = trained.execute("SELECT * FROM ML.EXPLAIN_PREDICT(MODEL linear_reg, (FROM t LIMIT 0))")
    assert none.fetchall() == []


def test_a_feature_without_effect_has_none(con):
    """A column the trees never look at, and one that is the same in all rows."""
    con.execute(
        "CREATE TABLE t AS SELECT i % 7 AS a, 5 AS same, i % 7 > 3 AS y FROM range(300) r(i)"
    )
    con.execute(
        "CREATE MODEL m OPTIONS(model_type='BOOSTED_TREE_CLASSIFIER', input_label_cols=['y'], "
        "data_split_method='NO_SPLIT') AS FROM t"
    )
    effects = con.execute("SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL m)").fetchall()
    assert [name for name, _ in effects] == ["a", "same"]
    assert effects[1][1] == pytest.approx(0, abs=1e-12)


def test_global_is_the_mean_size(trained):
    """Over the stored rows; per class for classifiers, whose classes differ."""
    stored = store.find(trained.connection, resolve(trained.connection, "random_forest_classifier"))
    scorer = scorers.lazy_scorer(stored.name.name, stored.content_hash, stored.signature)
    rows = scorer._load_background()
    assert len(rows) == 100
    told = trained.execute(
        "SELECT class_name, feature, attribution FROM "
        "ML.GLOBAL_EXPLAIN(MODEL random_forest_classifier, STRUCT(TRUE AS class_level_explain))"
    ).fetchall()
    assert len(told) == 18
    of_q = {f: a for c, f, a in told if c == "q"}
    second = pa.array([2] * 100, pa.int32())
    direct = scorer.explainer().explain(columns_of(stored.signature, rows), second).to_pylist()
    names = [f.name for f in stored.signature.features]
    mean = dict(zip(names, np.abs(attributions(direct, 6)).mean(axis=0), strict=True))
    assert of_q == pytest.approx(mean)
    model = dict(
        trained.execute(
            "SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL random_forest_classifier)"
        ).fetchall()
    )
    for feature, size in model.items():
        assert size == pytest.approx(np.mean([a for _, f, a in told if f == feature]))


KINDS = [pa.float64(), pa.float64(), pa.string(), pa.bool_(), pa.date32(), pa.timestamp("us")]
NUMBER = st.one_of(st.none(), st.floats(-100, 100, width=32), st.just(float("nan")))
ROWS = st.lists(
    st.tuples(
        NUMBER, NUMBER, st.one_of(st.none(), st.sampled_from(["a", "b", "unseen"])),
        st.one_of(st.none(), st.booleans()), st.one_of(st.none(), st.dates()),
        st.one_of(st.none(), st.datetimes()),
    ),
    max_size=12,
)  # fmt: skip


@pytest.mark.parametrize("kind", TYPES)
@settings(max_examples=8, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 99), size=st.integers(1, 5))
def test_same_row_same_explanation(trained, kind, rows, seed, size):
    """To the last bit: alone, shuffled, and in chunks of any size; and it adds up."""
    stored = store.find(trained.connection, resolve(trained.connection, kind.lower()))
    explainer = scorers.lazy_scorer(
        stored.name.name, stored.content_hash, stored.signature
    ).explainer()

    def told(some):
        arrays = [pa.array([r[i] for r in some], k) for i, k in enumerate(KINDS)]
        return explainer.explain(arrays).to_pylist()

    whole = told(rows)
    pieces = [told(rows[i : i + size]) for i in range(0, len(rows), size)]
    assert sum(pieces, []) == whole
    order = np.random.default_rng(seed).permutation(len(rows))
    assert told([rows[i] for i in order]) == [whole[i] for i in order]
    for row, values in zip(whole, rows, strict=True):
        assert (row is None) == all(v is None or v != v for v in values)
        if row:
            total = row["baseline"] + sum(p["attribution"] for p in row["top"])
            assert total == pytest.approx(row["prediction"], abs=1e-9)


def test_memory_is_sliced(trained, monkeypatch):
    """A chunk that is explained in many slices is explained as in one."""
    stored = store.find(trained.connection, resolve(trained.connection, "dnn_regressor"))
    scorer = scorers.lazy_scorer(stored.name.name, stored.content_hash, stored.signature)
    rows = columns_of(stored.signature, scorer._load_background()[:40])
    whole = scorer.explainer().explain(rows).to_pylist()
    monkeypatch.setattr(explain, "CELLS", 1)
    assert scorer.explainer().explain(rows).to_pylist() == whole


def test_threads_change_nothing(trained):
    """Two row groups, on one thread and on two."""
    trained.execute(
        "CREATE OR REPLACE TABLE many AS SELECT i, x, s, t, f, d, w FROM t, range(320) r(i)"
    )
    sums = set()
    for threads in (1, 2):
        trained.execute(f"SET threads = {threads}")
        sums.add(
            trained.execute("SELECT bit_xor(hash(i, linear_reg_explain(m))) FROM many m")
            .fetchall()[0][0]
        )  # fmt: skip
    assert len(sums) == 1


def test_survives_reopening_and_plain_connections(tmp_path, trained):
    """What the file says after training is what it says in the next process."""
    path = tmp_path / "shop.duckdb"
    with retailsql.connect(path) as con:
        con.execute(
            "CREATE TABLE t AS SELECT i % 7 AS a, sin(i) AS b, i % 7 > 3 AS y FROM range(300) r(i)"
        )
        con.execute("BEGIN")
        con.execute(
            "CREATE MODEL m OPTIONS(model_type='BOOSTED_TREE_CLASSIFIER', input_label_cols=['y'], "
            "data_split_method='NO_SPLIT') AS FROM t"
        )
        first = con.execute("SELECT m_explain(t) FROM t LIMIT 50").fetchall()
        con.execute("COMMIT")
    scorers._SCORERS.clear()
    plain = duckdb.connect(str(path))
    try:
        retailsql.attach(plain)
        assert plain.execute("SELECT m_explain(t) FROM t LIMIT 50").fetchall() == first
    finally:
        plain.close()


def test_changed_background_is_refused(con, tiny):
    """It is part of what was registered, like the bytes of the graph."""
    retailsql.import_onnx(con, "line", tiny("line"), ABC, background="SELECT 1 a, 2 b, 3 c")
    con.execute("UPDATE retailsql.reports SET rows = replace(rows, '3', '4')")
    scorers._SCORERS.clear()
    retailsql.attach(con.connection)
    with pytest.raises(CorruptModelError, match="background"):
        con.execute("SELECT line_explain(a := 1, b := 2, c := 3)").fetchall()


def test_models_without_background_say_so(con, tiny):
    retailsql.import_onnx(con, "line", tiny("line"), ABC)
    rows = "(SELECT 1.0 AS a, 2.0 AS b, 3.0 AS c)"
    for query in (f"ML.EXPLAIN_PREDICT(MODEL line, {rows})", "ML.GLOBAL_EXPLAIN(MODEL line)"):
        with pytest.raises(StatementError, match="no typical rows.*background='SELECT"):
            con.execute(f"SELECT * FROM {query}")
    with pytest.raises(RetailSQLError, match="line_explain"):
        con.execute("SELECT line_explain(a := 1, b := 2, c := 3)")
    with pytest.raises(ImportModelError, match="background rows cannot be read.*columns a, b, c"):
        retailsql.import_onnx(con, "line", tiny("line"), ABC, background="SELECT 1 AS a")
    with pytest.raises(ImportModelError, match="No background row has a score"):
        nothing = "SELECT NULL AS a, NULL AS b, NULL AS c"
        retailsql.import_onnx(con, "line", tiny("line"), ABC, background=nothing)


def test_wrong_settings_are_errors(trained):
    for settings_, words in {
        "0 AS top_k_features": "top_k_features", "2 AS num_permutations": "num_permutations",
        "0.5 AS threshold": "has no threshold", "1 AS top_k": "no setting 'top_k'",
    }.items():  # fmt: skip
        with pytest.raises(StatementError, match=words):
            trained.execute(
                f"SELECT * FROM ML.EXPLAIN_PREDICT(MODEL linear_reg, TABLE t, STRUCT({settings_}))"
            )
    with pytest.raises(StatementError, match="is a regressor and has no classes"):
        trained.execute(
            "SELECT * FROM ML.GLOBAL_EXPLAIN(MODEL linear_reg, STRUCT(TRUE AS class_level_explain))"
        )
