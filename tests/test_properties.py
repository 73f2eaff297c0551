"""Scores are pure: equal to ONNX Runtime's, in any order, chunking and number of threads."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import retailsql
from retailsql.registry import store
from retailsql.registry.names import resolve
from retailsql.scoring.onnx_session import open_graph
from retailsql.scoring.rows import RowScorer

NUMBER = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32), st.just(float("nan")))
TEXT = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "unseen", ""]))
ROWS = st.lists(st.tuples(NUMBER, NUMBER, TEXT, st.one_of(st.none(), st.booleans())), max_size=40)
TYPES = ["LOGISTIC_REG", "BOOSTED_TREE_CLASSIFIER", "RANDOM_FOREST_CLASSIFIER", "LINEAR_REG",
         "SVM_REGRESSOR", "DECISION_TREE_REGRESSOR"]  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    """One small model of each type over mixed columns, and its scorer called directly."""
    con = retailsql.connect()
    con.execute(
        "CREATE TABLE train AS SELECT sin(i) * 1000 AS x, cos(i * 3) * 10 AS y, "
        "['a', 'b', 'c', NULL][i % 4 + 1] AS t, i % 3 = 0 AS f, "
        "IF(sin(i) + (i % 4) * 0.3 > 0.4, 'yes', 'no') AS label FROM range(600) r(i)"
    )
    scorers = {}
    for kind in TYPES:
        name = kind.lower()
        label = "label" if "CLASS" in kind or "LOG" in kind else "(label = 'yes')::INT AS label"
        options = {"model_type": kind, "data_split_method": "NO_SPLIT"}
        retailsql.create_model(con, name, options, f"SELECT x, y, t, f, {label} FROM train")
        stored = store.find(con.connection, resolve(con.connection, name))
        onnx, _ = store.load_artefact(con.connection, "memory", stored.content_hash)
        scorers[kind] = RowScorer(open_graph(onnx), stored.signature)
    yield con, scorers
    con.close()


def arrow(rows):
    kinds = [pa.float64(), pa.float64(), pa.string(), pa.bool_()]
    return [pa.array([r[i] for r in rows], k) for i, k in enumerate(kinds)]


def same(a, b):
    return np.array_equal(np.array(a, dtype=float), np.array(b, dtype=float), equal_nan=True)


@pytest.mark.parametrize("kind", TYPES)
@settings(max_examples=25, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 99), size=st.integers(1, 7))
def test_sql_equals_onnx_runtime_in_any_order(trained, kind, rows, seed, size):
    """To the last bit: through SQL, alone, shuffled, and in chunks of any size."""
    con, scorers = trained
    table = pa.table(dict(zip("xytf", arrow(rows), strict=True)))
    table = table.append_column("i", pa.array(range(len(rows)), pa.int64()))
    shuffled = table.take(np.random.default_rng(seed).permutation(len(rows)))
    con.register("rows", shuffled)
    query = f"SELECT {kind.lower()}_score(r) FROM rows r ORDER BY i"
    through_sql = [r[0] for r in con.execute(query).fetchall()]
    direct = scorers[kind].score(arrow(rows)).to_pylist()
    assert same(through_sql, direct)
    pieces = [scorers[kind].score(arrow(rows[i : i + size])).to_pylist()
              for i in range(0, len(rows), size)]  # fmt: skip
    assert same(sum(pieces, []), direct)
    empty = [all(v is None or v != v for v in row) for row in rows]
    assert [s is None for s in through_sql] == empty


@pytest.mark.parametrize("kind", TYPES)
def test_threads_change_nothing(trained, kind):
    """Three hundred thousand rows on one thread and on two: the same score for every row."""
    con, _ = trained
    con.execute(
        "CREATE OR REPLACE TABLE many AS SELECT i, sin(i) * 1000 AS x, cos(i * 3) * 10 AS y, "
        "['a', 'b', 'zz', NULL][i % 4 + 1] AS t, i % 3 = 0 AS f FROM range(300000) r(i)"
    )
    sums = set()
    for threads in (1, 2):
        con.execute(f"SET threads = {threads}")
        con.execute(
            f"CREATE OR REPLACE TABLE s AS SELECT i, {kind.lower()}_score(m) AS s FROM many m"
        )
        sums.add(con.execute("SELECT bit_xor(hash(i, s)) FROM s").fetchall()[0][0])
    assert len(sums) == 1
